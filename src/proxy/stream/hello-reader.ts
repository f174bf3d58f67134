import type { Deadline, DeadlineWheel } from '../../base/deadline-wheel.ts'
import { turnMs } from '../../base/turn-clock.ts'
import type { Transport, TransportOwner } from '../transport/transport.ts'
import { CLIENT_HELLO_LIMIT_BYTES, readClientHello, type ClientHello } from './client-hello.ts'

export interface HelloReaderOptions {
  readonly transport: Transport
  /** What was read of the connection already. */
  readonly first: Buffer
  readonly wheel: DeadlineWheel
  /** @param read everything that came, for whoever does the handshake; the transport is paused */
  readonly onHello: (hello: ClientHello, read: Buffer) => void
  /** @param fault absent when the client left by itself without a byte */
  readonly onRefused: (fault: string | undefined) => void
}

/** As long as nginx waits for the first bytes of a stream. */
const PATIENCE_MS = 30_000

/** Reads the first message of a TLS handshake off a connection, and leaves it for others to answer. */
export class HelloReader implements TransportOwner, Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #options: HelloReaderOptions
  #received: Buffer

  constructor(options: HelloReaderOptions) {
    this.#options = options
    this.#received = options.first
    options.transport.owner = this
    options.wheel.set(this, turnMs() + PATIENCE_MS)
  }

  start(): void {
    if (!this.#look()) this.#options.transport.resume()
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.deadlineMs === Infinity) return
    this.#received = Buffer.concat([this.#received, bytes.subarray(0, length)])
    this.#look()
  }

  /** @returns whether it is decided */
  #look(): boolean {
    const hello = readClientHello(this.#received)
    if (hello === 'malformed') this.#refuse('no TLS handshake can be read')
    else if (hello !== 'incomplete') this.#done(hello)
    else if (this.#received.length <= CLIENT_HELLO_LIMIT_BYTES) return false
    else this.#refuse('the first message of the handshake is too long')
    return true
  }

  #done(hello: ClientHello): void {
    this.deadlineMs = Infinity
    this.#options.transport.pause()
    this.#options.onHello(hello, this.#received)
  }

  onEnd(): void {
    this.#refuse(this.#received.length === 0 ? undefined : 'the client left amid the handshake')
  }

  onDrained(): void {}

  onClosed(): void {
    this.onEnd()
  }

  onDeadline(): void {
    this.#refuse('no handshake in time')
  }

  #refuse(fault: string | undefined): void {
    if (this.deadlineMs === Infinity) return
    this.deadlineMs = Infinity
    this.#options.onRefused(fault)
    this.#options.transport.destroy()
  }
}
