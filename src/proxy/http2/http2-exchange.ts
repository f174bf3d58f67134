import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { TrailerField } from '../../http/trailer-fields.ts'
import type { ClientConnectionFacts } from '../connection-facts.ts'
import type { ProxyContext } from '../context.ts'
import type { Downstream, ResponseCoding } from '../downstream.ts'
import type { ProxyExchange } from '../exchange.ts'
import type { FailureCode } from '../gateway-error.ts'
import type { BodySource, RequestBody } from '../request-body.ts'
import type { Transport } from '../transport/transport.ts'
import { http2ResponseHead, isConnectionField } from './response-head.ts'
import { Http2StreamTransport } from './stream-transport.ts'
import { StreamWatch } from './stream-watch.ts'

/** Whoever counts the streams of a session. */
export interface Http2Home {
  onStreamClosed(): void
  /** Bytes of bodies, in either direction. */
  countPayload(bytes: number): void
}

/** The client's side of an exchange that came as an HTTP/2 stream. */
export class Http2Exchange implements Downstream, BodySource {
  readonly facts: ClientConnectionFacts
  readonly httpVersion = '2'
  readonly viaVersion = '2 '
  /** Other streams of the connection are no matter of this one. */
  readonly keepsAlive = true
  isCongested = false
  exchange: ProxyExchange | undefined
  readonly #home: Http2Home
  readonly #context: ProxyContext
  readonly #stream: ServerHttp2Stream
  #awaitsContinue: boolean
  #isOver = false
  /** A head that waits for what follows it, so that one without a body ends the stream itself. */
  #heldHead: string | undefined
  #mayHaveTrailers = false
  #trailers: OutgoingHttpHeaders | undefined
  readonly #watch: StreamWatch
  readonly #isTunnel: boolean

  constructor(home: Http2Home, stream: ServerHttp2Stream, opening: Http2Opening) {
    this.#home = home
    this.#context = opening.context
    this.#stream = stream
    this.facts = opening.facts
    this.#awaitsContinue = opening.awaitsContinue
    this.#isTunnel = opening.isTunnel
    this.#watch = new StreamWatch({
      stream,
      context: opening.context,
      onBodyLate: () => this.#failBody('request_timed_out'),
      onStalled: () => stream.destroy(new Error('The client does not take what is sent')),
    })
    stream.on('drain', () => {
      this.isCongested = false
      this.#watch.endSending()
      this.exchange?.stage?.onDownstreamDrained()
    })
    // The code of a reset says nothing that the close does not.
    stream.on('error', () => {})
    stream.on('aborted', () => this.#leave())
    stream.on('finish', () => this.#watch.endSending())
    stream.on('close', () => {
      this.#watch.stop()
      this.#leave()
      home.onStreamClosed()
    })
  }

  /** Passes the body on; the stream takes off its framing and checks its length. */
  read(body: RequestBody): void {
    const stream = this.#stream
    const { bodyBytes } = this.exchange!.context.limits
    this.#watch.awaitBody(0)
    stream.on('data', (bytes: Buffer) => {
      this.#home.countPayload(bytes.length)
      if (this.#isOver || body.isFailed) return
      this.#watch.awaitBody(body.receivedBytes + bytes.length)
      if (bodyBytes > 0 && body.receivedBytes + bytes.length > bodyBytes)
        this.#failBody('body_too_large')
      else body.receivePiece(bytes)
    })
    stream.on('end', () => {
      this.#watch.endBody()
      if (!body.isFailed) body.end()
    })
  }

  #failBody(code: FailureCode): void {
    const exchange = this.exchange!
    this.#watch.endBody()
    exchange.bodyFault = code
    exchange.body.fail()
    exchange.stage?.onBodyFault(code)
  }

  #leave(): void {
    const { exchange } = this
    if (exchange === undefined || exchange.isOver || this.#isOver) return
    exchange.isOver = true
    exchange.bodyFault ??= 'bad_request'
    exchange.body.fail()
    exchange.stage?.onClientGone()
  }

  pauseBody(): void {
    this.#watch.pauseBody()
    this.#stream.pause()
  }

  resumeBody(): void {
    const body = this.exchange?.body
    if (body !== undefined && !body.isComplete) this.#watch.awaitBody(body.receivedBytes)
    this.#stream.resume()
  }

  closeAfter(): void {
    // A stream serves one request.
  }

  sendContinue(): void {
    if (!this.#awaitsContinue || !this.#takesHeads) return
    this.#awaitsContinue = false
    this.#stream.additionalHeaders({ ':status': 100 })
  }

  sendEarlyHints(links: readonly string[]): void {
    if (this.#takesHeads) this.#stream.additionalHeaders({ ':status': 103, link: [...links] })
  }

  /** A stream that the client has reset is closed, and only destroyed a while later. */
  get #takesHeads(): boolean {
    const { destroyed, closed, headersSent } = this.#stream
    return !destroyed && !closed && !headersSent
  }

  sendWhole(text: string): void {
    const bodyStart = text.indexOf('\r\n\r\n') + 4
    const hasBody = bodyStart < text.length
    const opensTunnel = this.#isTunnel && text.startsWith(SWITCHING)
    this.#respond(text.slice(0, bodyStart), !hasBody && !opensTunnel)
    if (!hasBody || this.#stream.destroyed) return
    this.#home.countPayload(text.length - bodyStart)
    this.#stream.end(text.slice(bodyStart), 'latin1')
    this.#watchEnd()
  }

  #watchEnd(): void {
    if (!this.#stream.destroyed && !this.#stream.writableFinished) this.#watch.awaitSending()
  }

  sendHead(text: string, coding: ResponseCoding): void {
    this.#heldHead = text
    this.#mayHaveTrailers = coding === 'with-trailers'
  }

  #sendHeldHead(endStream: boolean): void {
    const text = this.#heldHead
    if (text === undefined) return
    this.#heldHead = undefined
    this.#respond(text, endStream)
  }

  #respond(text: string, endStream: boolean): void {
    if (!this.#takesHeads) return
    const stream = this.#stream
    const waitForTrailers = this.#mayHaveTrailers && !endStream
    if (waitForTrailers)
      stream.once('wantTrailers', () => {
        if (!stream.destroyed && !stream.closed) stream.sendTrailers(this.#trailers ?? {})
      })
    try {
      stream.respond(http2ResponseHead(text, this.#isTunnel), { endStream, waitForTrailers })
    } catch (error) {
      // A plugin made what HTTP/2 has no way to say. That is one response lost, not all streams.
      this.#context.log.error('Cannot send a response over HTTP/2', error)
      stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    }
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    if (start === end || this.#stream.destroyed) return
    this.#sendHeldHead(false)
    this.#home.countPayload(end - start)
    if (this.#stream.write(Buffer.from(bytes.subarray(start, end)))) return
    this.isCongested = true
    this.#watch.awaitSending()
  }

  flush(): void {
    this.#sendHeldHead(false)
  }

  sendTrailers(fields: readonly TrailerField[]): void {
    const trailers: Record<string, string[]> = Object.create(null) as Record<string, never>
    for (const [name, value] of fields) {
      const lowerName = name.toLowerCase()
      if (!isConnectionField(lowerName)) (trailers[lowerName] ??= []).push(value)
    }
    this.#trailers = trailers
  }

  endBody(): void {
    this.#sendHeldHead(this.#trailers === undefined)
    if (this.#stream.destroyed) return
    this.#stream.end()
    this.#watchEnd()
  }

  abort(): void {
    // `close` with a code would end what was sent so far as if it were whole, then reset.
    this.#stream.destroy(new Error('The response cannot be finished'))
  }

  next(): void {
    const { exchange } = this
    if (exchange === undefined || this.#isOver) return
    this.#isOver = true
    exchange.context.counters.writing -= 1
    this.#watch.endBody()
    const stream = this.#stream
    const isRequestOver = exchange.body.isComplete && !this.#isTunnel
    if (stream.destroyed || isRequestOver) return
    // The answer is whole, so the rest of the request is not wanted: RFC 9113 §8.1.
    if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR)
    else stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
    stream.resume()
  }

  /** Only a stream that asked for a tunnel is given away: no other request can ask for a protocol. */
  takeOver(): { readonly transport: Transport; readonly rest: Buffer | undefined } {
    this.#watch.stop()
    const { peerIp, peerPort, localIp, localPort } = this.facts
    const transport = new Http2StreamTransport(this.#stream, {
      remoteAddress: peerIp,
      remotePort: peerPort,
      localAddress: localIp,
      localPort,
    })
    return { transport, rest: undefined }
  }
}

export interface Http2Opening {
  readonly context: ProxyContext
  readonly facts: ClientConnectionFacts
  readonly awaitsContinue: boolean
  /** It asks for a tunnel to speak another protocol in: RFC 8441. */
  readonly isTunnel: boolean
}

/** How a head begins that lets a protocol change, in HTTP/1.1. */
const SWITCHING = 'HTTP/1.1 101 '
