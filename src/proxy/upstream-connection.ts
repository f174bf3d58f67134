import type { Deadline } from '../base/deadline-wheel.ts'
import { beginTurn } from '../base/turn-clock.ts'
import type { IdleStack } from './idle-stack.ts'
import type { Dialer } from './transport/sockets.ts'
import type { Transport, TransportOwner } from './transport/transport.ts'

/** The exchange a connection works for. */
export interface UpstreamUser {
  onUpstreamConnected(connection: UpstreamConnection): void
  /** Nothing was sent. */
  onUpstreamConnectFailed(code: string): void
  /** Bytes are valid during the call only. */
  onUpstreamBytes(bytes: Buffer, length: number): void
  onUpstreamDrained(): void
  /** The upstream sends no more, which may be the end of its response. */
  onUpstreamEnded(): void
  /** The connection is gone without the upstream having said that it is done. */
  onUpstreamBroken(): void
  onUpstreamDeadline(): void
}

/** One connection to an upstream: with a user it works, without one it waits in its pool. */
export class UpstreamConnection implements TransportOwner, Deadline, Dialer {
  deadlineMs = Infinity
  wheelTick = -1
  readonly stack: IdleStack
  user: UpstreamUser | undefined
  /** Requests it has served. */
  requests = 0
  transport: Transport | undefined
  callOff: (() => void) | undefined
  isOver = false

  constructor(stack: IdleStack) {
    this.stack = stack
  }

  onConnected(transport: Transport): void {
    beginTurn()
    this.callOff = undefined
    this.transport = transport
    transport.owner = this
    transport.resume()
    this.user?.onUpstreamConnected(this)
  }

  onConnectFailed(code: string): void {
    beginTurn()
    this.callOff = undefined
    this.#over()
    this.user?.onUpstreamConnectFailed(code)
  }

  /** What comes unasked answers nobody: whoever is next must not take it for an answer. */
  onBytes(bytes: Buffer, length: number): void {
    if (this.user === undefined) this.destroy()
    else this.user.onUpstreamBytes(bytes, length)
  }

  onDrained(): void {
    this.user?.onUpstreamDrained()
  }

  onEnd(): void {
    const { user } = this
    if (user === undefined) this.destroy()
    else user.onUpstreamEnded()
  }

  onClosed(): void {
    if (this.isOver) return
    this.#over()
    this.user?.onUpstreamBroken()
  }

  onDeadline(): void {
    if (this.user === undefined) this.destroy()
    else this.user.onUpstreamDeadline()
  }

  /** Nothing is told to the user any more. */
  destroy(): void {
    if (this.isOver) return
    this.#over()
    this.user = undefined
    this.callOff?.()
    this.transport?.destroy()
  }

  #over(): void {
    this.isOver = true
    this.deadlineMs = Infinity
    this.stack.onOver(this)
  }
}
