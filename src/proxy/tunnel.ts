import type { Deadline, DeadlineWheel } from '../base/deadline-wheel.ts'
import type { Transport, TransportOwner } from './transport/transport.ts'

export interface TunnelOptions {
  readonly client: Transport
  readonly upstream: Transport
  readonly wheel: DeadlineWheel
  /** Without a byte in either direction for so long, the tunnel ends. */
  readonly idleTimeoutMs: number
  readonly onClientBytes: (length: number) => void
  readonly onUpstreamBytes: (length: number) => void
  readonly onOver: () => void
}

/**
 * Passes bytes both ways between two connections until both have ended. A side that says it has no
 * more to send is still sent to; a slow reader holds up only what is meant for it.
 */
export class Tunnel implements Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #options: TunnelOptions
  #openSides = 2
  #isOver = false

  constructor(options: TunnelOptions) {
    this.#options = options
    const { client, upstream, onClientBytes, onUpstreamBytes } = options
    const clientOwner = client.owner
    const upstreamOwner = upstream.owner
    client.owner = this.#side({
      from: client,
      to: upstream,
      before: clientOwner,
      onBytes: onClientBytes,
    })
    upstream.owner = this.#side({
      from: upstream,
      to: client,
      before: upstreamOwner,
      onBytes: onUpstreamBytes,
    })
    this.#touch()
    client.resume()
    upstream.resume()
  }

  #side(side: {
    readonly from: Transport
    readonly to: Transport
    readonly before: TransportOwner
    readonly onBytes: (length: number) => void
  }): TransportOwner {
    const { from, to, before, onBytes } = side
    return {
      onBytes: (bytes, length) => {
        this.#touch()
        onBytes(length)
        to.writeBytes(length === bytes.length ? bytes : bytes.subarray(0, length))
        if (to.isCongested) from.pause()
      },
      onDrained: () => to.resume(),
      onEnd: () => {
        this.#openSides -= 1
        if (this.#openSides === 0) this.#close()
        else to.end()
      },
      onClosed: () => {
        this.#close()
        before.onClosed()
      },
    }
  }

  #touch(): void {
    this.#options.wheel.set(this, Date.now() + this.#options.idleTimeoutMs)
  }

  onDeadline(): void {
    this.#close()
  }

  #close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.deadlineMs = Infinity
    this.#options.client.close()
    this.#options.upstream.close()
    this.#options.onOver()
  }
}
