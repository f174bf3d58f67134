import type { Deadline } from '../../base/deadline-wheel.ts'
import { turnMs } from '../../base/turn-clock.ts'
import { responseLines } from '../../http/http2/field-lines.ts'
import { ErrorCode, INITIAL_WINDOW } from '../../http/http2/frame.ts'
import type { TrailerField } from '../../http/trailer-fields.ts'
import { BodyPace } from '../body-pace.ts'
import type { ClientConnectionFacts } from '../connection-facts.ts'
import type { ProxyContext } from '../context.ts'
import type { Downstream, ResponseCoding } from '../downstream.ts'
import type { ProxyExchange } from '../exchange.ts'
import type { FailureCode } from '../gateway-error.ts'
import { RequestBody, type BodySource } from '../request-body.ts'
import type { Transport } from '../transport/transport.ts'
import type { OpenedRequest } from './request-reader.ts'
import { responseFrames } from './response-frames.ts'
import { StreamOutput, type OutputOwner, type SharedOutput } from './stream-output.ts'
import { TunnelTransport } from './tunnel-transport.ts'

/** The connection a stream is one of. */
export interface StreamHome extends SharedOutput {
  readonly context: ProxyContext
  readonly facts: ClientConnectionFacts
  /** Bytes of bodies, in either direction. */
  countPayload(bytes: number): void
  /** @returns whether the next header block must say that the table is empty; true once */
  takeTableUpdate(): boolean
  /** Lets the client send more. @param stream 0: on all streams together */
  credit(stream: number, bytes: number): void
  /** Ends a stream before its time. */
  reset(stream: Http2Stream, code: ErrorCode): void
  /** Nothing more comes or goes on the stream. */
  onStreamClosed(stream: Http2Stream): void
}

/** The client may send more once so much of what it has sent was taken. */
const CREDIT_BYTES = Math.floor(INITIAL_WINDOW / 2)

/** The client's side of an exchange that came as a stream of HTTP/2. */
export class Http2Stream implements Downstream, BodySource, OutputOwner, Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly id: number
  readonly facts: ClientConnectionFacts
  readonly httpVersion = '2'
  readonly viaVersion = '2 '
  /** Other streams of the connection are no matter of this one. */
  readonly keepsAlive = true
  readonly request: OpenedRequest
  readonly body: RequestBody
  readonly output: StreamOutput
  readonly isTunnel: boolean
  exchange: ProxyExchange | undefined
  isClosed = false
  /** The client has sent all it will. */
  isRequestEnded: boolean
  readonly #home: StreamHome
  #awaitsContinue: boolean
  /** The exchange is. */
  #isOver = false
  /** The exchange has given the stream up, and ends by itself. */
  #isAborted = false
  /** Why the body fails, found out before there was an exchange to be told. */
  #earlyFault: FailureCode | undefined
  #tunnel: TunnelTransport | undefined
  /** What came of a tunnel that is not open yet. */
  #early: Buffer[] | undefined

  #receiveWindow = INITIAL_WINDOW
  #uncredited = 0
  #isPaused: boolean
  #receivedBytes = 0
  #pace: BodyPace | undefined
  #bodyDueMs = Infinity
  #sendDueMs = Infinity

  constructor(home: StreamHome, id: number, request: OpenedRequest, window: number) {
    this.#home = home
    this.id = id
    this.request = request
    this.facts = home.facts
    this.isTunnel = request.isTunnel
    this.isRequestEnded = request.endsStream
    // Nobody reads a tunnel before it is open.
    this.#isPaused = request.isTunnel
    this.#awaitsContinue = request.awaitsContinue
    this.body = new RequestBody(request.framing, this)
    this.output = new StreamOutput(home, this, window)
    if (!this.body.isComplete) this.#awaitBody()
  }

  /** @param exchange which is about to be handled */
  begin(exchange: ProxyExchange): void {
    this.exchange = exchange
    exchange.bodyFault = this.#earlyFault
  }

  // Request body

  /** @returns false where the client has sent more than it may */
  takeWindow(bytes: number): boolean {
    if (bytes > this.#receiveWindow) return false
    this.#receiveWindow -= bytes
    this.#uncredited += bytes
    return true
  }

  /** Passes on a part of the body, or of what is said in the tunnel. */
  receive(bytes: Buffer, start: number, end: number): void {
    const length = end - start
    this.#home.countPayload(length)
    if (this.isTunnel) {
      this.#receiveForTunnel(bytes.subarray(start, end))
      return
    }
    const { body } = this
    this.#receivedBytes += length
    if (body.framing.kind !== 'chunked' && this.#receivedBytes > this.#announcedBytes)
      this.#home.reset(this, ErrorCode.protocolError)
    else if (!this.#isOver && !body.isFailed) this.#receivePiece(bytes.subarray(start, end))
  }

  #receivePiece(piece: Buffer): void {
    const { body } = this
    const { bodyBytes } = this.#home.context.limits
    if (bodyBytes > 0 && body.receivedBytes + piece.length > bodyBytes) {
      this.#failBody('body_too_large')
      return
    }
    body.receivePiece(piece)
    if (!this.#isPaused && !this.#isOver && !this.isClosed) this.#awaitBody()
  }

  get #announcedBytes(): number {
    const { framing } = this.body
    return framing.kind === 'length' ? framing.length : 0
  }

  /** A frame of the body has been taken. */
  afterFrame(): void {
    if (this.#isPaused || this.isRequestEnded || this.isClosed) return
    if (this.#uncredited < CREDIT_BYTES) return
    this.#home.credit(this.id, this.#uncredited)
    this.#receiveWindow += this.#uncredited
    this.#uncredited = 0
  }

  /** The client has ended its side. @see RFC 9113 §8.1.1: a length that is not kept is an error of the stream */
  endRequest(): void {
    const { body } = this
    if (body.framing.kind === 'length' && this.#receivedBytes !== body.framing.length) {
      this.#home.reset(this, ErrorCode.protocolError)
      return
    }
    this.isRequestEnded = true
    this.#endBodyWatch()
    if (this.isTunnel) this.#tunnel?.receiveEnd()
    else if (!body.isFailed) body.end()
    if (this.output.isEnded) this.#close()
  }

  #failBody(code: FailureCode): void {
    const { exchange } = this
    this.#endBodyWatch()
    if (exchange === undefined) this.#earlyFault = code
    else exchange.bodyFault = code
    this.body.fail()
    exchange?.stage?.onBodyFault(code)
  }

  pauseBody(): void {
    this.#isPaused = true
    this.#pace?.pause(turnMs())
    this.#endBodyWatch()
  }

  resumeBody(): void {
    if (this.isClosed) return
    this.#isPaused = false
    if (!this.isRequestEnded && !this.isTunnel) this.#awaitBody()
    this.afterFrame()
  }

  // Time

  #awaitBody(): void {
    const { limits } = this.#home.context
    this.#pace ??= new BodyPace()
    this.#bodyDueMs = this.#pace.deadlineMs(this.body.receivedBytes, limits, turnMs())
    this.#setDeadline()
  }

  #endBodyWatch(): void {
    if (this.#bodyDueMs === Infinity) return
    this.#bodyDueMs = Infinity
    this.#setDeadline()
  }

  #setDeadline(): void {
    this.#home.context.wheel.set(this, Math.min(this.#bodyDueMs, this.#sendDueMs))
  }

  /** From each move on, the client has so long to take more. */
  onSendingMoved(): void {
    const isWaiting = this.output.waitingBytes > 0
    this.#sendDueMs = isWaiting ? turnMs() + this.#home.context.limits.sendTimeoutMs : Infinity
    this.#setDeadline()
  }

  onDeadline(nowMs: number): void {
    if (this.isClosed) return
    if (nowMs >= this.#sendDueMs) this.#home.reset(this, ErrorCode.cancel)
    else if (nowMs >= this.#bodyDueMs) this.#failBody('request_timed_out')
    else this.#setDeadline()
  }

  // Downstream

  get isCongested(): boolean {
    return this.output.isCongested
  }

  closeAfter(): void {
    // A stream serves one request.
  }

  sendContinue(): void {
    if (!this.#awaitsContinue || !this.output.takesHeads) return
    this.#awaitsContinue = false
    this.output.sendInterim('HTTP/1.1 100 Continue\r\n\r\n')
  }

  sendEarlyHints(links: readonly string[]): void {
    if (!this.output.takesHeads) return
    const lines = links.map((link) => `link: ${link}\r\n`)
    this.output.sendInterim(`HTTP/1.1 103 Early Hints\r\n${lines.join('')}\r\n`)
  }

  sendWhole(text: string): void {
    const headLength = text.indexOf('\r\n\r\n') + 4
    if (this.isTunnel && text.startsWith(SWITCHING)) {
      this.output.sendHead(text)
      this.output.flush()
      return
    }
    this.#home.countPayload(text.length - headLength)
    this.output.sendWhole(text, headLength)
  }

  sendHead(text: string, _coding: ResponseCoding): void {
    this.output.sendHead(text)
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    this.#home.countPayload(end - start)
    this.output.sendBody(bytes, start, end)
  }

  flush(): void {
    this.output.flush()
  }

  sendTrailers(fields: readonly TrailerField[]): void {
    let lines = ''
    for (const [name, value] of fields)
      if (!responseLines.isLeftOut(name.toLowerCase())) lines += `${name}: ${value}\r\n`
    this.output.sendTrailers(lines)
  }

  endBody(): void {
    this.output.end()
  }

  /** What was sent so far stays sent, and is not taken for the whole. */
  abort(): void {
    if (this.isClosed) return
    this.#isAborted = true
    this.output.flush()
    this.#home.reset(this, ErrorCode.internalError)
  }

  framesOf(text: string, headLength: number, endsStream: boolean): string {
    return responseFrames({
      stream: this.id,
      text,
      headLength,
      asksForTunnel: this.isTunnel,
      endsStream,
      emptiesTable: this.#home.takeTableUpdate(),
    })
  }

  onSent(): void {
    this.#tunnel?.onSent()
    this.exchange?.stage?.onDownstreamDrained()
  }

  onOutputEnded(): void {
    if (this.isRequestEnded) this.#close()
    else if (this.#tunnel !== undefined) this.#tunnel.onOutputEnded()
    else if (this.#isOver) this.#home.reset(this, ErrorCode.none)
  }

  next(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#home.context.counters.writing -= 1
    this.#endBodyWatch()
    if (this.isClosed || this.#tunnel !== undefined) return
    // The answer is whole, so the rest of the request is not wanted: RFC 9113 §8.1.
    if (this.output.isEnded && !this.isRequestEnded) this.#home.reset(this, ErrorCode.none)
  }

  // The end

  #close(): void {
    if (!this.isClosed) this.#home.onStreamClosed(this)
  }

  /**
   * Nothing more comes or goes. Whoever waits for anything learns of it.
   * @param isWhole both sides have said all they had to say
   */
  closed(isWhole: boolean): void {
    this.isClosed = true
    this.deadlineMs = Infinity
    this.#bodyDueMs = Infinity
    this.#sendDueMs = Infinity
    this.output.drop()
    this.#tunnel?.closed()
    const { exchange } = this
    if (isWhole || this.#isAborted || this.#isOver) return
    if (exchange === undefined || exchange.isOver) return
    exchange.isOver = true
    exchange.bodyFault ??= 'bad_request'
    this.body.fail()
    exchange.stage?.onClientGone()
  }

  // Tunnel

  #receiveForTunnel(bytes: Buffer): void {
    if (this.#tunnel !== undefined) this.#tunnel.receive(bytes)
    else (this.#early ??= []).push(Buffer.from(bytes))
  }

  /** Only a stream that asked for a tunnel is given away: no other request can ask for a protocol. */
  takeOver(): { readonly transport: Transport; readonly rest: Buffer | undefined } {
    const transport = new TunnelTransport(this)
    this.#tunnel = transport
    const rest = this.#early === undefined ? undefined : Buffer.concat(this.#early)
    this.#early = undefined
    return { transport, rest }
  }

  /** Ends a stream whose tunnel is given up. @param code what to tell a client that has more to say */
  leave(code: ErrorCode): void {
    if (this.isRequestEnded && this.output.isEnded) this.#close()
    else if (!this.isClosed) this.#home.reset(this, code)
  }
}

/** How a head begins that lets a protocol change, in HTTP/1.1. */
const SWITCHING = 'HTTP/1.1 101 '
