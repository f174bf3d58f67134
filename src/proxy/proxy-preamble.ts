import type { Deadline, DeadlineWheel } from '../base/deadline-wheel.ts'
import { turnMs } from '../base/turn-clock.ts'
import { readProxyHeader, type ProxiedClient } from '../http/proxy-protocol.ts'
import type { Transport, TransportOwner } from './transport/transport.ts'

export interface PreambleOptions {
  readonly transport: Transport
  readonly wheel: DeadlineWheel
  readonly timeoutMs: number
  /**
   * The header came.
   * @param client absent for connections of the balancer's own
   * @param rest what followed the header already; empty when nothing did
   */
  readonly onHeader: (client: ProxiedClient | undefined, rest: Buffer) => void
  /** The connection is closed, or will be. @param fault absent when the peer left by itself */
  readonly onRefused: (fault: string | undefined) => void
}

/** Bytes of a wrong beginning that are shown in the log. */
const SHOWN_BYTES = 32

/** Reads the header of the PROXY protocol that a connection begins with; nothing is served before. */
export class ProxyPreamble implements TransportOwner, Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #options: PreambleOptions
  #received: Buffer = Buffer.alloc(0)

  constructor(options: PreambleOptions) {
    this.#options = options
    options.transport.owner = this
    options.wheel.set(this, turnMs() + options.timeoutMs)
  }

  start(): void {
    this.#options.transport.resume()
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.deadlineMs === Infinity) return
    const all = Buffer.concat([this.#received, bytes.subarray(0, length)])
    const header = readProxyHeader(all)
    if (header === 'incomplete') this.#received = all
    else if (header === 'malformed') this.#refuse(`broken header: ${shown(all)}`)
    else {
      this.deadlineMs = Infinity
      this.#options.transport.pause()
      this.#options.onHeader(header.client, all.subarray(header.length))
    }
  }

  /** Balancers that only look whether the port is open say nothing at all; that is no fault. */
  onEnd(): void {
    this.#refuse(this.#received.length === 0 ? undefined : 'header cut short')
  }

  onDrained(): void {}

  onClosed(): void {
    if (this.deadlineMs === Infinity) return
    this.deadlineMs = Infinity
    this.#options.onRefused(undefined)
  }

  onDeadline(): void {
    this.#refuse('no header in time')
  }

  #refuse(fault: string | undefined): void {
    if (this.deadlineMs === Infinity) return
    this.deadlineMs = Infinity
    this.#options.onRefused(fault)
    this.#options.transport.destroy()
  }

  destroy(): void {
    this.#options.transport.destroy()
  }
}

/** With everything escaped that could break a log line. */
function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, SHOWN_BYTES))
}
