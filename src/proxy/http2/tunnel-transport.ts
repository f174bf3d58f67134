import type { Socket } from 'node:net'
import { ErrorCode } from '../../http/http2/frame.ts'
import type { ClientConnectionFacts } from '../connection-facts.ts'
import { NOBODY } from '../transport/sockets.ts'
import type { Transport, TransportOwner } from '../transport/transport.ts'
import type { StreamOutput } from './stream-output.ts'

/** A stream that has become a tunnel. */
export interface TunnelStream {
  readonly facts: ClientConnectionFacts
  readonly output: StreamOutput
  readonly isClosed: boolean
  readonly isRequestEnded: boolean
  pauseBody(): void
  resumeBody(): void
  leave(code: ErrorCode): void
}

/** A stream of HTTP/2 as a connection of its own, for the protocol in its tunnel. @see RFC 8441 §5 */
export class TunnelTransport implements Transport {
  owner: TransportOwner = NOBODY
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #stream: TunnelStream
  /** The client's end is told once somebody reads. */
  #isEndTold = false
  #isReading = false
  #closesWhenSent = false

  constructor(stream: TunnelStream) {
    const { facts } = stream
    this.#stream = stream
    this.remoteAddress = facts.peerIp
    this.remotePort = facts.peerPort
    this.localAddress = facts.localIp
    this.localPort = facts.localPort
  }

  get isCongested(): boolean {
    return this.#stream.output.isCongested
  }

  get isClosed(): boolean {
    return this.#stream.isClosed
  }

  // From the stream

  receive(bytes: Buffer): void {
    this.owner.onBytes(bytes, bytes.length)
  }

  receiveEnd(): void {
    if (this.#isEndTold || !this.#isReading) return
    this.#isEndTold = true
    this.owner.onEnd()
  }

  onSent(): void {
    this.owner.onDrained()
  }

  closed(): void {
    this.owner.onClosed()
  }

  /** All that was written has gone out, the end included. */
  onOutputEnded(): void {
    if (this.#closesWhenSent) this.#stream.leave(ErrorCode.none)
  }

  // To the stream

  writeText(text: string): void {
    this.writeBytes(Buffer.from(text, 'latin1'))
  }

  writeBytes(bytes: Buffer): void {
    const { output } = this.#stream
    output.sendBody(bytes, 0, bytes.length)
    output.flush()
  }

  /** Every read has a buffer of its own here. */
  setBulk(): void {}

  pause(): void {
    this.#isReading = false
    this.#stream.pauseBody()
  }

  resume(): void {
    this.#isReading = true
    this.#stream.resumeBody()
    if (this.#stream.isRequestEnded) this.receiveEnd()
  }

  end(): void {
    this.#stream.output.end()
  }

  /** What the client still says nobody hears, once it has been sent everything. */
  close(): void {
    this.#closesWhenSent = true
    if (this.#stream.output.isEnded) this.#stream.leave(ErrorCode.none)
    else this.#stream.output.end()
  }

  destroy(): void {
    this.#stream.leave(ErrorCode.cancel)
  }

  reset(): void {
    this.destroy()
  }

  setKeepAlive(): void {
    // A matter of the connection that the stream is one of.
  }

  toSocket(): Socket {
    throw new TypeError('Cannot make a socket of a stream: it shares one with others')
  }
}
