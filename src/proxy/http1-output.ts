import type { TrailerField } from '../http/trailer-fields.ts'
import type { ResponseCoding } from './downstream.ts'
import { JOINED_BYTES, type Transport } from './transport/transport.ts'

/**
 * Writes one response after the other. A head is held back until the first body bytes come or
 * `flush` is called, so that both leave in one system call.
 */
export class Http1Output {
  /** HTTP/0.9: the body is all that is sent. */
  isBare = false
  readonly #transport: Transport
  #held = ''
  #isChunked = false
  #trailers = ''

  constructor(transport: Transport) {
    this.#transport = transport
  }

  sendWhole(text: string): void {
    this.#transport.writeText(this.isBare ? text.slice(text.indexOf('\r\n\r\n') + 4) : text)
  }

  sendHead(text: string, coding: ResponseCoding): void {
    this.#isChunked = coding === 'chunked' || coding === 'with-trailers'
    this.#held = this.isBare ? '' : text
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    const length = end - start
    if (length === 0) return
    if (length <= JOINED_BYTES) {
      const text = bytes.latin1Slice(start, end)
      this.#held += this.#isChunked ? `${length.toString(16)}\r\n${text}\r\n` : text
      if (this.#held.length > JOINED_BYTES) this.flush()
    } else if (this.#isChunked) this.#sendLongChunk(bytes, start, end)
    else {
      this.flush()
      this.#transport.writeBytes(
        start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
      )
    }
  }

  #sendLongChunk(bytes: Buffer, start: number, end: number): void {
    const before = `${this.#held}${(end - start).toString(16)}\r\n`
    const framed = Buffer.allocUnsafe(before.length + end - start + 2)
    framed.latin1Write(before)
    bytes.copy(framed, before.length, start, end)
    framed.latin1Write('\r\n', framed.length - 2)
    this.#held = ''
    this.#transport.writeBytes(framed)
  }

  flush(): void {
    if (this.#held === '') return
    const text = this.#held
    this.#held = ''
    this.#transport.writeText(text)
  }

  sendTrailers(fields: readonly TrailerField[]): void {
    for (const [name, value] of fields) this.#trailers += `${name}: ${value}\r\n`
  }

  endBody(): void {
    if (this.#isChunked) this.#held += `0\r\n${this.#trailers}\r\n`
    this.#trailers = ''
    this.#isChunked = false
    this.flush()
  }
}
