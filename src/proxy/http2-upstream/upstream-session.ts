import type { Deadline, DeadlineWheel } from '../../base/deadline-wheel.ts'
import { beginTurn, turnMs } from '../../base/turn-clock.ts'
import { FrameReader, type FrameSink, type HeaderBlock } from '../../http/http2/frame-reader.ts'
import {
  ErrorCode,
  goAwayFrame,
  INITIAL_WINDOW,
  LARGEST_WINDOW,
  pingAck,
  PREFACE,
  resetFrame,
  Setting,
  SETTINGS_ACK,
  settingsFrame,
  windowUpdateFrame,
} from '../../http/http2/frame.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import { giveResponseHead } from '../head-pool.ts'
import { ConnectionOutput, type OutputHome } from '../http2/connection-output.ts'
import { FloodGauge } from '../http2/flood-gauge.ts'
import type { StreamOutput } from '../http2/stream-output.ts'
import { WaitingOutputs } from '../http2/waiting-outputs.ts'
import type { Dialer } from '../transport/sockets.ts'
import type { Transport, TransportOwner } from '../transport/transport.ts'
import { KnownHeads } from './request-frames.ts'
import { HEAD_LIMIT, ResponseReader } from './response-reader.ts'
import { StreamTimer } from './stream-timer.ts'
import {
  STREAM_WINDOW,
  UpstreamStream,
  type StreamHome,
  type StreamLoss,
  type StreamUser,
} from './upstream-stream.ts'

/** Hears how an attempt to reach a session ends; exactly one of the two is called. */
export interface SessionUser {
  /** A stream may be opened on it, now. */
  onSession(session: UpstreamSession): void
  /** @param code as the system names it, such as `ECONNREFUSED` */
  onSessionFailed(code: string): void
}

export interface SessionRules {
  readonly wheel: DeadlineWheel
  /** For the connection, and then for what the upstream says first. */
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Streams over the life of a session. */
  readonly requestsPerConnection: number
  /** Idle sessions to one endpoint that are kept for the next stream. */
  readonly keptIdle: number
}

/** Whoever keeps the sessions. */
export interface SessionHome {
  readonly scheme: 'http' | 'https'
  /** Streams at once that the upstream took last. */
  streamLimit: number
  /** Sessions without streams. */
  idleSessions: number
  /** Finds another session for somebody this one has no room for. */
  reachAgain(user: SessionUser): void
  onSessionOver(session: UpstreamSession): void
  /** @param what has happened, as what the upstream did */
  onMisbehaved(what: string): void
}

/** Streams at once, however many more the upstream would take. */
export const MOST_STREAMS = 128
/**
 * Streams reset before their end after which a session takes no more: upstreams take many resets for an
 * attack and end the connection, which would hit the exchanges of other clients on it.
 */
const RESETS_LIMIT = 100
/** What all streams together may be sent before any of it is taken. */
const SESSION_WINDOW = 4 * 1024 * 1024
/** Answers to PING and SETTINGS, while the upstream reads nothing. */
const UNREAD_ACKS = 1000
/** Ids are 31 bits, and those of a client odd: RFC 9113 §5.1.1. */
const LAST_STREAM = 0x7fffffff
/** How HTTP/1 begins. */
const HTTP1 = 'HTTP/1.'

/**
 * One HTTP/2 connection to an upstream, shared by the streams of many exchanges. It is dialled by
 * the first, takes others while it has room, waits idle for a time, and ends when the upstream wants so.
 * Nothing is asked before the upstream's SETTINGS have come: then it surely speaks HTTP/2, and has said
 * how many streams it takes.
 */
export class UpstreamSession
  implements TransportOwner, Dialer, FrameSink, StreamHome, OutputHome, Deadline
{
  deadlineMs = Infinity
  wheelTick = -1
  callOff: (() => void) | undefined
  sendWindow = INITIAL_WINDOW
  streamWindow = INITIAL_WINDOW
  readonly heads = new KnownHeads()
  readonly scheme: 'http' | 'https'
  readonly #home: SessionHome
  readonly #rules: SessionRules
  readonly #responses = new ResponseReader()
  readonly #flood = new FloodGauge()
  readonly #streams = new Map<number, UpstreamStream>()
  readonly #outputs = new WaitingOutputs()
  readonly #spareTimers: StreamTimer[] = []
  #waiting: SessionUser[] = []
  #transport: Transport | undefined
  #output: ConnectionOutput | undefined
  #reader: FrameReader | undefined
  /** Streams some of which was read with the bytes at hand. */
  #touched: UpstreamStream[] = []
  /** The stream whose DATA is being read; `undefined` where it is passed over. */
  #dataStream: UpstreamStream | undefined
  #nextStream = 1
  #servedStreams = 0
  #resetStreams = 0
  #uncredited = 0
  /** What may still come on streams that were reset, from before the upstream knew. */
  #lateBytes = 0
  #unreadAcks = 0
  #hasTableUpdate = false
  /** The upstream's settings have come. */
  #isOpen = false
  #isIdle = false
  /** Takes no more streams. */
  #isLeaving = false
  #isOver = false

  constructor(home: SessionHome, rules: SessionRules) {
    this.#home = home
    this.#rules = rules
    this.scheme = home.scheme
    rules.wheel.set(this, turnMs() + rules.connectTimeoutMs)
  }

  /** Another stream may be opened, or wait to be. */
  get hasRoom(): boolean {
    return !this.#isLeaving && this.#streams.size + this.#waiting.length < this.#home.streamLimit
  }

  /** Calls the user back, at once when the session is open. */
  use(user: SessionUser): void {
    if (this.#isOpen) user.onSession(this)
    else this.#waiting.push(user)
  }

  // Opening

  onConnected(transport: Transport): void {
    beginTurn()
    this.callOff = undefined
    this.#transport = transport
    this.#reader = new FrameReader(this, { peer: 'server', blockBytes: HEAD_LIMIT * 2 })
    const output = (this.#output = new ConnectionOutput(transport, this))
    transport.owner = this
    output.send(
      PREFACE.latin1Slice() +
        settingsFrame([
          [Setting.enablePush, 0],
          [Setting.initialWindowSize, STREAM_WINDOW],
          [Setting.maxHeaderListSize, HEAD_LIMIT],
        ]) +
        windowUpdateFrame(0, SESSION_WINDOW - INITIAL_WINDOW),
    )
    this.#rules.wheel.set(this, turnMs() + this.#rules.connectTimeoutMs)
    transport.resume()
  }

  onConnectFailed(code: string): void {
    beginTurn()
    this.callOff = undefined
    this.#end(code)
  }

  #open(): void {
    this.#isOpen = true
    const waiting = this.#waiting
    this.#waiting = []
    this.#afterStream()
    if (this.#home.streamLimit === 0) {
      this.#home.onMisbehaved('takes no requests over HTTP/2')
      this.close()
      for (const user of waiting) user.onSessionFailed('ECONNREFUSED')
      return
    }
    for (const user of waiting)
      if (this.hasRoom) user.onSession(this)
      else this.#home.reachAgain(user)
  }

  /** Opens a stream; whoever does must have been called back, or have seen that there is room. */
  openStream(user: StreamUser, takesTrailers: boolean): UpstreamStream {
    const id = this.#nextStream
    this.#nextStream += 2
    const stream = new UpstreamStream(this, user, {
      id,
      isReused: this.#servedStreams > 0,
      timer: this.#spareTimers.pop() ?? new StreamTimer(),
      takesTrailers,
    })
    this.#streams.set(id, stream)
    this.#servedStreams += 1
    this.deadlineMs = Infinity
    this.#noteIdle(false)
    if (this.#servedStreams >= this.#rules.requestsPerConnection || this.#nextStream > LAST_STREAM)
      this.retire()
    return stream
  }

  // Transport

  onBytes(bytes: Buffer, length: number): void {
    if (this.#isOver) return
    const output = this.#output!
    this.#flood.receive(length)
    output.isReading = true
    const error = this.#reader!.read(bytes, 0, length)
    if (error !== ErrorCode.none) this.#fail(error, bytes, length)
    else if (this.#flood.isFlooded) this.#failForFlood('floods the gateway with frames')
    if (this.#touched.length > 0) this.#endRead()
    output.isReading = false
    output.flush()
  }

  #endRead(): void {
    const touched = this.#touched
    this.#touched = []
    for (const stream of touched) stream.afterRead()
  }

  #touch(stream: UpstreamStream): void {
    if (stream.isTouched) return
    stream.isTouched = true
    this.#touched.push(stream)
  }

  onEnd(): void {
    this.#end('ECONNRESET')
  }

  onClosed(): void {
    this.#end('ECONNRESET')
  }

  onDrained(): void {
    this.#unreadAcks = 0
    if (this.#isOver) return
    this.#outputs.pump()
    for (const stream of this.#streams.values()) {
      if (this.isCongested) return
      if ((stream.outputIfAny?.waitingBytes ?? 0) === 0) stream.onSent()
    }
  }

  onDeadline(): void {
    if (this.#isOpen) this.close()
    else this.#end('ETIMEDOUT')
  }

  // Responses

  onHeaderBlock(block: HeaderBlock): void {
    const stream = this.#streams.get(block.stream)
    if (stream === undefined) this.#passOver(block)
    else if (stream.isAnswered) this.#readTrailers(stream, block)
    else this.#readHead(stream, block)
  }

  #readHead(stream: UpstreamStream, block: HeaderBlock): void {
    const { endsStream } = block
    const head = this.#responses.read(block)
    if (head === 'broken') this.#fail(ErrorCode.compressionError)
    else if (head === 'malformed') this.#resetForFault(stream, ErrorCode.protocolError)
    else {
      // What a head costs is what it says, not how few bytes it says it in.
      this.#flood.count(head.fields.text.length)
      if (head.status >= 200) {
        this.#touch(stream)
        stream.receiveHead(head, endsStream)
      } else this.#receiveInterim(stream, head, endsStream)
    }
  }

  /** Another protocol cannot be changed to, and no response ends before its final head. */
  #receiveInterim(stream: UpstreamStream, head: ResponseHead, endsStream: boolean): void {
    const isWrong = endsStream || head.status === 101
    if (!isWrong) stream.receiveInterim(head)
    giveResponseHead(head)
    if (isWrong) this.#resetForFault(stream, ErrorCode.protocolError)
  }

  #readTrailers(stream: UpstreamStream, block: HeaderBlock): void {
    const trailers = this.#responses.readTrailers(block)
    if (trailers === 'broken') this.#fail(ErrorCode.compressionError)
    else if (trailers === 'malformed' || !block.endsStream)
      this.#resetForFault(stream, ErrorCode.protocolError)
    else stream.receiveTrailers(trailers.lines)
  }

  /** A head for a stream that is no more. */
  #passOver(block: HeaderBlock): void {
    if (this.#isUnknown(block.stream)) this.#fail(ErrorCode.protocolError)
    else if (!this.#responses.skip(block)) this.#fail(ErrorCode.compressionError)
  }

  /** Only this side opens streams. */
  #isUnknown(id: number): boolean {
    return id >= this.#nextStream || (id & 1) === 0
  }

  onDataBegun(id: number, length: number): void {
    this.#dataStream = undefined
    this.#uncredited += length
    // Streams are held back one by one: one that is must not hold up the others.
    if (this.#uncredited >= SESSION_WINDOW / 2) {
      this.credit(0, this.#uncredited)
      this.#uncredited = 0
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) this.#passOverData(id, length)
    else if (!stream.isAnswered) this.#resetForFault(stream, ErrorCode.protocolError)
    else if (!stream.takeWindow(length)) this.#resetForFault(stream, ErrorCode.flowControlError)
    else this.#dataStream = stream
  }

  #passOverData(id: number, length: number): void {
    if (this.#isUnknown(id)) this.#fail(ErrorCode.protocolError)
    else if (length > this.#lateBytes) this.#fail(ErrorCode.streamClosed)
    else {
      this.#lateBytes -= length
      this.#flood.count(length)
    }
  }

  onDataBytes(bytes: Buffer, start: number, end: number): void {
    const stream = this.#dataStream
    if (stream === undefined || stream.isClosed) return
    this.#touch(stream)
    stream.receiveBody(bytes, start, end)
  }

  onDataEnded(endsStream: boolean): void {
    if (endsStream) this.#dataStream?.receiveEnd()
  }

  credit(stream: number, bytes: number): void {
    this.#output!.send(windowUpdateFrame(stream, bytes))
  }

  // Other frames

  onReset(id: number, code: number): void {
    const stream = this.#streams.get(id)
    if (stream !== undefined) {
      this.#resetStreams += 1
      this.#lose(stream, code === ErrorCode.refusedStream ? 'untouched' : 'closed')
    } else if (this.#isUnknown(id)) this.#fail(ErrorCode.protocolError)
  }

  onSetting(id: number, value: number): void {
    if (id === Setting.maxConcurrentStreams) this.#home.streamLimit = Math.min(value, MOST_STREAMS)
    if (id === Setting.headerTableSize && value < 4096) this.#hasTableUpdate = true
    if (id !== Setting.initialWindowSize) return
    const change = value - this.streamWindow
    this.streamWindow = value
    for (const { outputIfAny: output } of this.#streams.values()) {
      if (output === undefined) continue
      output.window += change
      if (output.window > LARGEST_WINDOW) this.#fail(ErrorCode.flowControlError)
    }
  }

  onSettingsEnd(): void {
    this.#acknowledge(SETTINGS_ACK)
    if (this.#isOpen) this.#outputs.pump()
    else this.#open()
  }

  onSettingsAck(): void {
    // What was asked of the upstream holds from the beginning, or does no harm.
  }

  onPing(payload: string): void {
    this.#acknowledge(pingAck(payload))
  }

  #acknowledge(frame: string): void {
    this.#output!.send(frame)
    if (!this.isCongested) return
    this.#unreadAcks += 1
    if (this.#unreadAcks > UNREAD_ACKS) this.#failForFlood('asks without reading the answers')
  }

  /** The upstream takes no more streams, and does nothing about those it has not looked at. */
  onGoAway(lastStream: number, _code: number): void {
    this.retire()
    for (const stream of [...this.#streams.values()])
      if (stream.id > lastStream) this.#lose(stream, 'untouched')
  }

  onWindowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.sendWindow += increment
      if (increment === 0) this.#fail(ErrorCode.protocolError)
      else if (this.sendWindow > LARGEST_WINDOW) this.#fail(ErrorCode.flowControlError)
      else this.#outputs.pump()
      return
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      if (this.#isUnknown(id)) this.#fail(ErrorCode.protocolError)
      return
    }
    stream.output.window += increment
    if (increment === 0) this.#resetForFault(stream, ErrorCode.protocolError)
    else if (stream.output.window > LARGEST_WINDOW)
      this.#resetForFault(stream, ErrorCode.flowControlError)
    else stream.output.pumpAll()
  }

  // Sending

  get output(): ConnectionOutput {
    return this.#output!
  }

  get isAlone(): boolean {
    return this.#streams.size <= 1
  }

  get isCongested(): boolean {
    return this.#transport!.isCongested
  }

  setTimer(timer: StreamTimer, ms: number): void {
    this.#rules.wheel.set(timer, turnMs() + ms)
  }

  countPayload(bytes: number): void {
    this.#flood.count(bytes)
  }

  onWritten(): void {
    // Each stream that must wait has a deadline of its own.
  }

  wait(output: StreamOutput): void {
    this.#outputs.add(output)
  }

  takeTableUpdate(): boolean {
    if (!this.#hasTableUpdate) return false
    this.#hasTableUpdate = false
    return true
  }

  // The end of streams

  onStreamClosed(stream: UpstreamStream): void {
    stream.close()
    this.#remove(stream)
  }

  #remove({ id, timer }: UpstreamStream): void {
    this.#streams.delete(id)
    this.#spareTimers.push(timer)
    this.#afterStream()
  }

  reset(stream: UpstreamStream, code: ErrorCode): void {
    this.#sendReset(stream, code)
    this.onStreamClosed(stream)
  }

  #resetForFault(stream: UpstreamStream, code: ErrorCode): void {
    this.#sendReset(stream, code)
    this.#lose(stream, 'invalid')
  }

  #sendReset(stream: UpstreamStream, code: ErrorCode): void {
    this.#resetStreams += 1
    this.#lateBytes += stream.receiveWindow
    this.#output!.send(resetFrame(stream.id, code))
  }

  #lose(stream: UpstreamStream, loss: StreamLoss): void {
    stream.close()
    this.#remove(stream)
    stream.lose(loss)
  }

  #afterStream(): void {
    if (this.#resetStreams >= RESETS_LIMIT) this.retire()
    if (this.#isOver || this.#streams.size > 0) return
    const isKept = this.#home.idleSessions < this.#rules.keptIdle || this.#servedStreams === 0
    if (this.#isLeaving || !isKept) this.close()
    else {
      this.#noteIdle(true)
      this.#rules.wheel.set(this, turnMs() + this.#rules.idleTimeoutMs)
    }
  }

  #noteIdle(isIdle: boolean): void {
    if (this.#isIdle === isIdle) return
    this.#isIdle = isIdle
    this.#home.idleSessions += isIdle ? 1 : -1
  }

  // The end

  /**
   * Opens no further streams; those at hand may end. Also for a session whose upstream has fallen silent:
   * it may be gone, and nothing but its silence tells.
   */
  retire(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#home.onSessionOver(this)
    if (this.#isOpen) this.#afterStream()
  }

  /** Ends when the streams at hand have. */
  close(): void {
    this.retire()
    if (this.#isOver || this.#streams.size > 0) return
    if (this.#isOpen) this.#output!.send(goAwayFrame(0, ErrorCode.none))
    this.#end('ECONNABORTED')
  }

  #fail(error: ErrorCode, bytes?: Buffer, length = 0): void {
    if (this.#isOver) return
    if (!this.#isOpen && bytes?.latin1Slice(0, Math.min(length, HTTP1.length)) === HTTP1)
      this.#home.onMisbehaved('speaks HTTP/1.1 where HTTP/2 is expected')
    else if (error === ErrorCode.enhanceYourCalm)
      this.#home.onMisbehaved('sends a head, or settings, without end')
    this.#output!.send(goAwayFrame(0, error))
    this.#end('EPROTO')
  }

  #failForFlood(what: string): void {
    if (this.#isOver) return
    this.#home.onMisbehaved(what)
    this.#output!.send(goAwayFrame(0, ErrorCode.enhanceYourCalm))
    this.#end('EPROTO')
  }

  /** All who wait for anything learn that it will not come. @param code for those without a stream */
  #end(code: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.deadlineMs = Infinity
    this.#noteIdle(false)
    this.retire()
    this.callOff?.()
    this.callOff = undefined
    if (this.#reader !== undefined) this.#reader.isStopped = true
    this.#output?.flush()
    this.#transport?.close()
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) {
      stream.close()
      stream.lose('closed')
    }
    const waiting = this.#waiting
    this.#waiting = []
    for (const user of waiting) user.onSessionFailed(code)
  }
}
