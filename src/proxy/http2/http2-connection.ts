import type { Deadline } from '../../base/deadline-wheel.ts'
import { turnMs } from '../../base/turn-clock.ts'
import {
  ErrorCode,
  goAwayFrame,
  INITIAL_WINDOW,
  LARGEST_WINDOW,
  pingAck,
  resetFrame,
  Setting,
  SETTINGS_ACK,
  settingsFrame,
  windowUpdateFrame,
} from '../../http/http2/frame.ts'
import { FrameReader, type FrameSink, type HeaderBlock } from '../../http/http2/frame-reader.ts'
import type { ClientConnectionFacts } from '../connection-facts.ts'
import type { ConnectionHome, ServedConnection } from '../connection-home.ts'
import type { ProxyContext } from '../context.ts'
import { ProxyExchange } from '../exchange.ts'
import { GatewayError } from '../gateway-error.ts'
import { handleExchange, refuseExchange } from '../handle-exchange.ts'
import { giveRequestHead } from '../head-pool.ts'
import type { Transport, TransportOwner } from '../transport/transport.ts'
import { ConnectionOutput, type OutputHome } from './connection-output.ts'
import { FloodGauge } from './flood-gauge.ts'
import { Http2Stream, type StreamHome } from './http2-stream.ts'
import { RequestReader } from './request-reader.ts'
import type { StreamOutput } from './stream-output.ts'
import { StreamResets } from './stream-resets.ts'
import { WaitingOutputs } from './waiting-outputs.ts'

/** What is left to be sent when a connection ends may take so long, and the rest of what comes is read away. */
const LINGER_MS = 5000
/** What all streams together may send before any of it is taken. */
const RECEIVE_WINDOW = 1024 * 1024
/** Written while the client takes nothing: beyond that it is not read, so that it cannot ask for more. */
const UNSENT_BYTES = 65_536
/** Streams beyond the most there may be, once the client knows how many that is. */
const MOST_REFUSED = 100

/** What has arrived when nothing has; never added to. */
const NONE: Http2Stream[] = []

/** A connection that speaks HTTP/2: each stream is an exchange like any other. */
export class Http2Connection
  implements ServedConnection, TransportOwner, FrameSink, StreamHome, OutputHome, Deadline
{
  deadlineMs = Infinity
  wheelTick = -1
  readonly facts: ClientConnectionFacts
  readonly context: ProxyContext
  readonly output: ConnectionOutput
  sendWindow = INITIAL_WINDOW
  readonly #home: ConnectionHome
  readonly #transport: Transport
  readonly #reader: FrameReader
  readonly #requests: RequestReader
  readonly #flood = new FloodGauge()
  readonly #resets = new StreamResets(turnMs())
  readonly #streams = new Map<number, Http2Stream>()
  /** Requests that have come with the bytes at hand; handled when those are read. */
  #arrived: Http2Stream[] = NONE
  readonly #waiting = new WaitingOutputs()
  /** The stream whose DATA is being read; `undefined` where it is passed over. */
  #dataStream: Http2Stream | undefined
  #lastStream = 0
  #streamWindow = INITIAL_WINDOW
  /** What has come in DATA and was not yet given back. */
  #uncredited = 0
  #refused = 0
  #unsentBytes = 0
  #hasTableUpdate = false
  #knowsSettings = false
  #isPaused = false
  /** Further requests are refused; the connection ends with those at hand. */
  #isEnding = false
  #isClosing = false

  constructor(home: ConnectionHome, transport: Transport, facts: ClientConnectionFacts) {
    const { context } = home
    const { head, streamsPerConnection, headTimeoutMs } = context.limits
    this.#home = home
    this.context = context
    this.facts = facts
    this.#transport = transport
    this.#requests = new RequestReader(head)
    // Fields may take more room than the text they are a code of, though no sensible code has them do so.
    this.#reader = new FrameReader(this, { peer: 'client', blockBytes: head.headBytes * 2 })
    this.output = new ConnectionOutput(transport, this)
    transport.owner = this
    this.output.send(
      settingsFrame([
        [Setting.maxConcurrentStreams, streamsPerConnection],
        [Setting.maxHeaderListSize, head.headBytes],
        [Setting.enableConnectProtocol, 1],
      ]) + windowUpdateFrame(0, RECEIVE_WINDOW - INITIAL_WINDOW),
    )
    this.#setDeadline(headTimeoutMs)
  }

  /** @param first bytes that were read before the connection was handed over */
  start(first?: Buffer): void {
    if (first !== undefined && first.length > 0) this.onBytes(first, first.length)
    if (!this.#transport.isClosed) this.#transport.resume()
  }

  // Transport

  onBytes(bytes: Buffer, length: number): void {
    if (this.#isClosing) return
    this.#flood.receive(length)
    this.output.isReading = true
    const error = this.#reader.read(bytes, 0, length)
    if (error === ErrorCode.enhanceYourCalm)
      this.#failForFlood('sent a head, or settings, without end')
    else if (error !== ErrorCode.none) this.#fail(error)
    else if (this.#flood.isFlooded) this.#failForFlood('flooded with frames')
    if (this.#arrived.length > 0) this.#handleArrived()
    this.output.isReading = false
    this.output.flush()
  }

  /** A client that ends its side is taken to be gone, as nginx takes it. */
  onEnd(): void {
    this.#leave()
    this.#transport.close()
  }

  onDrained(): void {
    this.#unsentBytes = 0
    if (this.#isClosing) return
    if (this.#streams.size === 0) this.#setDeadline(this.context.limits.idleTimeoutMs)
    else this.deadlineMs = Infinity
    if (this.#isPaused) {
      this.#isPaused = false
      this.#transport.resume()
    }
    this.#waiting.pump()
    for (const stream of this.#streams.values()) {
      if (this.#transport.isCongested) return
      if (stream.output.waitingBytes === 0) stream.onSent()
    }
  }

  onClosed(): void {
    this.deadlineMs = Infinity
    this.#leave()
    this.#home.onConnectionClosed(this)
  }

  onDeadline(): void {
    if (this.#isClosing || this.#transport.isCongested) this.#transport.destroy()
    else if (this.#streams.size === 0) this.#end()
  }

  #setDeadline(afterMs: number): void {
    this.context.wheel.set(this, turnMs() + afterMs)
  }

  /** From each write that does not go out at once the client has so long to take more. */
  onWritten(bytes: number): void {
    if (!this.#transport.isCongested || this.#isClosing) return
    this.#setDeadline(this.context.limits.sendTimeoutMs)
    this.#unsentBytes += bytes
    if (this.#unsentBytes <= UNSENT_BYTES || this.#isPaused) return
    this.#isPaused = true
    this.#transport.pause()
  }

  // Requests

  onHeaderBlock(block: HeaderBlock): void {
    const { stream: id } = block
    const stream = this.#streams.get(id)
    if (stream !== undefined) this.#readTrailers(stream, block)
    else if ((id & 1) === 0) this.#fail(ErrorCode.protocolError)
    else if (id <= this.#lastStream) this.#passOver(block)
    else this.#open(block)
  }

  #open(block: HeaderBlock): void {
    const { stream: id } = block
    this.#lastStream = id
    if (this.#isEnding || this.#streams.size >= this.context.limits.streamsPerConnection) {
      this.#refuse(block)
      return
    }
    const request = this.#requests.read(block)
    if (request === 'broken') this.#fail(ErrorCode.compressionError)
    else if (request === 'malformed') {
      this.#sendReset(id, ErrorCode.protocolError)
      this.#countReset()
    } else {
      // What a head costs the client is what it says, not how few bytes it says it in.
      this.#flood.count(request.head.fields.text.length)
      const stream = new Http2Stream(this, id, request, this.#streamWindow)
      this.#streams.set(id, stream)
      if (!this.#transport.isCongested) this.deadlineMs = Infinity
      if (this.#arrived === NONE) this.#arrived = [stream]
      else this.#arrived.push(stream)
    }
  }

  #refuse(block: HeaderBlock): void {
    if (!this.#requests.skip(block)) {
      this.#fail(ErrorCode.compressionError)
      return
    }
    this.#sendReset(block.stream, ErrorCode.refusedStream)
    if (!this.#knowsSettings || this.#isEnding) return
    this.#refused += 1
    if (this.#refused > MOST_REFUSED) this.#failForFlood('asked for more streams than there may be')
  }

  /** A head for a stream that is no more. */
  #passOver(block: HeaderBlock): void {
    if (!this.#requests.skip(block)) this.#fail(ErrorCode.compressionError)
    else if (!this.#resets.has(block.stream)) this.#fail(ErrorCode.streamClosed)
  }

  #readTrailers(stream: Http2Stream, block: HeaderBlock): void {
    const verdict = this.#requests.readTrailers(block)
    if (verdict === 'broken') this.#fail(ErrorCode.compressionError)
    else if (stream.isRequestEnded) this.#resetForFault(stream, ErrorCode.streamClosed)
    else if (verdict === 'malformed') this.#resetForFault(stream, ErrorCode.protocolError)
    else stream.endRequest()
  }

  /** Those that were reset in the same breath are not looked at. */
  #handleArrived(): void {
    const arrived = this.#arrived
    this.#arrived = NONE
    for (const stream of arrived)
      if (stream.isClosed) giveRequestHead(stream.request.head)
      else this.#handle(stream)
  }

  #handle(stream: Http2Stream): void {
    const { head, failure } = stream.request
    const { holder, counters, limits } = this.context
    const snapshot = holder.current
    snapshot.enter()
    this.facts.requests += 1
    counters.requests += 1
    counters.writing += 1
    if (this.facts.requests >= limits.requestsPerConnection) this.#goAway()
    const exchange = new ProxyExchange({
      startedAtMs: turnMs(),
      context: this.context,
      downstream: stream,
      snapshot,
      head,
      body: stream.body,
    })
    stream.begin(exchange)
    if (failure === undefined) handleExchange(exchange)
    else refuseExchange(exchange, new GatewayError(failure, 'The request cannot be read'))
  }

  // DATA

  onDataBegun(id: number, length: number): void {
    this.#dataStream = undefined
    this.#uncredited += length
    // Streams are held back one by one: one that is must not hold up the others.
    if (this.#uncredited >= RECEIVE_WINDOW / 2) {
      this.credit(0, this.#uncredited)
      this.#uncredited = 0
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) this.#passOverData(id)
    else if (stream.isRequestEnded) this.#resetForFault(stream, ErrorCode.streamClosed)
    else if (!stream.takeWindow(length)) this.#resetForFault(stream, ErrorCode.flowControlError)
    else this.#dataStream = stream
  }

  #passOverData(id: number): void {
    if (this.#isIdle(id)) this.#fail(ErrorCode.protocolError)
    else if (!this.#resets.has(id)) {
      this.#sendReset(id, ErrorCode.streamClosed)
      this.#countReset()
    }
  }

  #isIdle(id: number): boolean {
    return id > this.#lastStream || (id & 1) === 0
  }

  onDataBytes(bytes: Buffer, start: number, end: number): void {
    const stream = this.#dataStream
    if (stream !== undefined && !stream.isClosed) stream.receive(bytes, start, end)
  }

  onDataEnded(endsStream: boolean): void {
    const stream = this.#dataStream
    if (stream === undefined || stream.isClosed) return
    if (endsStream) stream.endRequest()
    else stream.afterFrame()
  }

  credit(stream: number, bytes: number): void {
    this.output.send(windowUpdateFrame(stream, bytes))
  }

  countPayload(bytes: number): void {
    this.#flood.count(bytes)
  }

  // Other frames

  onReset(id: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      if (this.#isIdle(id)) this.#fail(ErrorCode.protocolError)
      return
    }
    this.#streams.delete(id)
    stream.closed(false)
    this.#countReset()
    this.#afterStream()
  }

  onSetting(id: number, value: number): void {
    if (id === Setting.headerTableSize && value < 4096) this.#hasTableUpdate = true
    if (id !== Setting.initialWindowSize) return
    const change = value - this.#streamWindow
    this.#streamWindow = value
    for (const { output } of this.#streams.values()) {
      output.window += change
      if (output.window > LARGEST_WINDOW) this.#fail(ErrorCode.flowControlError)
    }
  }

  onSettingsEnd(): void {
    this.output.send(SETTINGS_ACK)
    this.#waiting.pump()
  }

  onSettingsAck(): void {
    this.#knowsSettings = true
  }

  takeTableUpdate(): boolean {
    if (!this.#hasTableUpdate) return false
    this.#hasTableUpdate = false
    return true
  }

  onPing(payload: string): void {
    this.output.send(pingAck(payload))
  }

  /** The client opens no more streams. */
  onGoAway(): void {
    this.#end()
  }

  onWindowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.sendWindow += increment
      if (increment === 0) this.#fail(ErrorCode.protocolError)
      else if (this.sendWindow > LARGEST_WINDOW) this.#fail(ErrorCode.flowControlError)
      else this.#waiting.pump()
      return
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      if (this.#isIdle(id)) this.#fail(ErrorCode.protocolError)
      return
    }
    stream.output.window += increment
    if (increment === 0) this.#resetForFault(stream, ErrorCode.protocolError)
    else if (stream.output.window > LARGEST_WINDOW)
      this.#resetForFault(stream, ErrorCode.flowControlError)
    else stream.output.pumpAll()
  }

  // Sending

  get isAlone(): boolean {
    return this.#streams.size <= 1
  }

  get isCongested(): boolean {
    return this.#transport.isCongested
  }

  wait(output: StreamOutput): void {
    this.#waiting.add(output)
  }

  // The end of streams

  onStreamClosed(stream: Http2Stream): void {
    this.#streams.delete(stream.id)
    stream.closed(true)
    this.#afterStream()
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    this.#streams.delete(stream.id)
    this.#sendReset(stream.id, code)
    stream.closed(false)
    this.#afterStream()
  }

  /** Clients that have this side reset their streams are no better than those that do it themselves. */
  #resetForFault(stream: Http2Stream, code: ErrorCode): void {
    this.reset(stream, code)
    this.#countReset()
  }

  #sendReset(id: number, code: ErrorCode): void {
    this.#resets.remember(id)
    this.output.send(resetFrame(id, code))
  }

  #countReset(): void {
    if (!this.#resets.count(turnMs())) this.#failForFlood('reset too many streams')
  }

  #afterStream(): void {
    if (this.#streams.size > 0 || this.#isClosing) return
    if (this.#isEnding) this.#close()
    else if (!this.#transport.isCongested) this.#setDeadline(this.context.limits.idleTimeoutMs)
  }

  // The end

  /** Says that no further streams are taken. */
  #goAway(): void {
    if (this.#isEnding || this.#isClosing) return
    this.#isEnding = true
    this.output.send(goAwayFrame(this.#lastStream, ErrorCode.none))
  }

  /** Closes when the streams at hand are over. */
  #end(): void {
    this.#goAway()
    if (this.#streams.size === 0) this.#close()
  }

  drain(): void {
    this.#end()
  }

  destroy(): void {
    this.#transport.destroy()
  }

  #fail(code: ErrorCode): void {
    if (this.#isClosing) return
    this.output.send(goAwayFrame(this.#lastStream, code))
    this.#close()
  }

  #failForFlood(what: string): void {
    if (this.#isClosing) return
    this.context.log.warn(`Closed HTTP/2 connection of ${this.facts.peerIp}: ${what}`)
    this.output.send(goAwayFrame(this.#lastStream, ErrorCode.enhanceYourCalm))
    this.output.flush()
    this.#leave()
    this.#setDeadline(LINGER_MS)
    this.#transport.close()
  }

  /**
   * Closes so that the client gets what was sent: a socket closed with unread bytes is reset, which
   * can overtake it.
   */
  #close(): void {
    this.output.flush()
    this.#leave()
    this.#setDeadline(LINGER_MS)
    this.#transport.end()
    this.#transport.resume()
  }

  /** All streams hear that the client is gone. */
  #leave(): void {
    this.#isClosing = true
    this.#reader.isStopped = true
    for (const stream of this.#streams.values()) stream.closed(false)
    this.#streams.clear()
  }
}
