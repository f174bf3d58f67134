import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { beginTurn } from '../../base/turn-clock.ts'
import type { Addresses } from '../connection-facts.ts'
import { NOBODY } from '../transport/sockets.ts'
import type { Transport, TransportOwner } from '../transport/transport.ts'

/** A stream of HTTP/2 as a connection of its own, for the protocol in its tunnel. @see RFC 8441 §5 */
export class Http2StreamTransport implements Transport {
  owner: TransportOwner = NOBODY
  isCongested = false
  isClosed = false
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, addresses: Addresses) {
    this.#stream = stream
    this.remoteAddress = addresses.remoteAddress
    this.remotePort = addresses.remotePort
    this.localAddress = addresses.localAddress
    this.localPort = addresses.localPort
    stream.on('data', (bytes: Buffer) => {
      beginTurn()
      this.owner.onBytes(bytes, bytes.length)
    })
    stream.on('end', () => this.owner.onEnd())
    stream.on('drain', () => {
      this.isCongested = false
      this.owner.onDrained()
    })
    stream.on('close', () => {
      this.isClosed = true
      this.owner.onClosed()
    })
    stream.pause()
  }

  writeText(text: string): void {
    if (this.#isWritable && !this.#stream.write(text, 'latin1')) this.isCongested = true
  }

  /** They may lie in a buffer that is read into again, and a stream sends them later. */
  writeBytes(bytes: Buffer): void {
    if (this.#isWritable && !this.#stream.write(Buffer.from(bytes))) this.isCongested = true
  }

  get #isWritable(): boolean {
    return !this.isClosed && !this.#stream.writableEnded && !this.#stream.destroyed
  }

  /** Every read has a buffer of its own here. */
  setBulk(): void {}

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  end(): void {
    if (this.#isWritable) this.#stream.end()
  }

  close(): void {
    this.end()
    const stream = this.#stream
    if (stream.destroyed || stream.closed) return
    if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR)
    else stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
  }

  destroy(): void {
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL)
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
