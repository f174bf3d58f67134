import type { Deadline, DeadlineWheel } from '../base/deadline-wheel.ts'
import { turnMs } from '../base/turn-clock.ts'
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
export function openTunnel(options: TunnelOptions): void {
  const { client, upstream } = options
  const tunnel = new Tunnel(options)
  client.owner = tunnel.side(client, upstream, options.onClientBytes)
  upstream.owner = tunnel.side(upstream, client, options.onUpstreamBytes)
  client.resume()
  upstream.resume()
}

class Tunnel implements Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #options: TunnelOptions
  #openSides = 2
  #isOver = false

  constructor(options: TunnelOptions) {
    this.#options = options
    this.#touch()
  }

  /** What one connection drives: its bytes go to the other one. Its owner so far still learns that it closed. */
  side(from: Transport, to: Transport, onBytes: (length: number) => void): TransportOwner {
    const before = from.owner
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
    this.#options.wheel.set(this, turnMs() + this.#options.idleTimeoutMs)
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
