import type { Deadline, DeadlineWheel } from '../../base/deadline-wheel.ts'
import { beginTurn, turnMs } from '../../base/turn-clock.ts'
import {
  ErrorCode,
  goAwayFrame,
  INITIAL_WINDOW,
  LARGEST_WINDOW,
  PREFACE,
  resetFrame,
  Setting,
  settingsFrame,
  windowUpdateFrame,
} from '../../http/http2/frame.ts'
import { ConnectionOutput, type OutputHome } from '../http2/connection-output.ts'
import type { StreamOutput } from '../http2/stream-output.ts'
import { WaitingOutputs } from '../http2/waiting-outputs.ts'
import type { Dialer } from '../transport/sockets.ts'
import type { Transport, TransportOwner } from '../transport/transport.ts'
import { KnownHeads } from './request-frames.ts'
import { HEAD_LIMIT } from './response-reader.ts'
import { SESSION_WINDOW, SessionFrames, type FramesHome } from './session-frames.ts'
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
  /** Streams at once that a session to this upstream has last said it takes: what to expect of the next. */
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
  implements TransportOwner, Dialer, FramesHome, StreamHome, OutputHome, Deadline
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
  readonly #frames = new SessionFrames(this)
  readonly #streams = new Map<number, UpstreamStream>()
  readonly #outputs = new WaitingOutputs()
  readonly #spareTimers: StreamTimer[] = []
  #waiting: SessionUser[] = []
  #transport: Transport | undefined
  #output: ConnectionOutput | undefined
  /** Streams at once that the upstream takes; before its settings have come, what is expected. */
  #streamLimit: number
  #hasSaidLimit = false
  #nextStream = 1
  #servedStreams = 0
  #resetStreams = 0
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
    this.#streamLimit = home.streamLimit
    rules.wheel.set(this, turnMs() + rules.connectTimeoutMs)
  }

  /** Another stream may be opened, or wait to be. */
  get hasRoom(): boolean {
    return !this.#isLeaving && this.#streams.size + this.#waiting.length < this.#streamLimit
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
    if (!this.#hasSaidLimit) this.setStreamLimit(MOST_STREAMS)
    const waiting = this.#waiting
    this.#waiting = []
    this.#afterStream()
    if (this.#streamLimit === 0) {
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
    this.#noteHttp1(bytes, length)
    const { output } = this
    output.isReading = true
    this.#frames.read(bytes, length)
    output.isReading = false
    output.flush()
  }

  /** What says that it speaks HTTP/1.1 deserves a clearer word than that it broke a protocol. */
  #noteHttp1(bytes: Buffer, length: number): void {
    if (this.#isOpen || length < HTTP1.length) return
    if (bytes.latin1Slice(0, HTTP1.length) === HTTP1)
      this.#home.onMisbehaved('speaks HTTP/1.1 where HTTP/2 is expected: see upstream_http2')
  }

  onEnd(): void {
    this.#end('ECONNRESET')
  }

  onClosed(): void {
    this.#end('ECONNRESET')
  }

  onDrained(): void {
    this.#frames.onDrained()
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

  // What the upstream says

  streamOf(id: number): UpstreamStream | undefined {
    return this.#streams.get(id)
  }

  isUnknown(id: number): boolean {
    return id >= this.#nextStream || (id & 1) === 0
  }

  onSettings(): void {
    if (this.#isOpen) this.#outputs.pump()
    else this.#open()
  }

  setStreamLimit(streams: number): void {
    this.#hasSaidLimit = true
    this.#streamLimit = Math.min(streams, MOST_STREAMS)
    this.#home.streamLimit = this.#streamLimit
  }

  setStreamWindow(bytes: number): void {
    const change = bytes - this.streamWindow
    this.streamWindow = bytes
    for (const { outputIfAny: output } of this.#streams.values()) {
      if (output === undefined) continue
      output.window += change
      if (output.window > LARGEST_WINDOW) this.fail(ErrorCode.flowControlError)
    }
  }

  emptyTable(): void {
    this.#hasTableUpdate = true
  }

  pump(): void {
    this.#outputs.pump()
  }

  onGoAway(lastStream: number): void {
    this.retire()
    for (const stream of this.#streams.values())
      if (stream.id > lastStream) this.#lose(stream, 'untouched')
  }

  onReset(stream: UpstreamStream, loss: StreamLoss): void {
    this.#resetStreams += 1
    if (loss === 'untouched') this.#noteRefusal()
    this.#lose(stream, loss)
  }

  /** With what it has besides the refused stream it has enough: whoever tries again had better ask elsewhere. */
  #noteRefusal(): void {
    this.#streamLimit = Math.min(this.#streamLimit, Math.max(this.#streams.size - 1, 1))
  }

  reject(stream: UpstreamStream, code: ErrorCode): void {
    this.#sendReset(stream, code)
    this.#lose(stream, 'invalid')
  }

  // Sending

  get output(): ConnectionOutput {
    return this.#output!
  }

  send(frame: string): void {
    this.output.send(frame)
  }

  credit(stream: number, bytes: number): void {
    this.send(windowUpdateFrame(stream, bytes))
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
    this.#frames.countPayload(bytes)
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

  #sendReset(stream: UpstreamStream, code: ErrorCode): void {
    this.#resetStreams += 1
    this.#frames.expectLate(stream.receiveWindow)
    this.send(resetFrame(stream.id, code))
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
    if (this.#isOpen) this.send(goAwayFrame(0, ErrorCode.none))
    this.#end('ECONNABORTED')
  }

  fail(code: ErrorCode, what?: string): void {
    if (this.#isOver) return
    if (what !== undefined) this.#home.onMisbehaved(what)
    this.send(goAwayFrame(0, code))
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
    this.#frames.stop()
    this.#output?.flush()
    this.#closeTransport()
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

  /** What an upstream that does not read has not taken by now it perhaps never will: nobody waits for that. */
  #closeTransport(): void {
    if (this.#transport?.isCongested === true) this.#transport.destroy()
    else this.#transport?.close()
  }
}
