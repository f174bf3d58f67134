import { FrameReader, type FrameSink, type HeaderBlock } from '../../http/http2/frame-reader.ts'
import {
  ErrorCode,
  LARGEST_WINDOW,
  pingAck,
  Setting,
  SETTINGS_ACK,
  windowUpdateFrame,
} from '../../http/http2/frame.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import { giveResponseHead } from '../head-pool.ts'
import { FloodGauge } from '../http2/flood-gauge.ts'
import { HEAD_LIMIT, ResponseReader } from './response-reader.ts'
import type { StreamLoss, UpstreamStream } from './upstream-stream.ts'

/** The session, as far as it is changed by what its upstream says. */
export interface FramesHome {
  /** What all streams together may send now. */
  sendWindow: number
  readonly isCongested: boolean
  streamOf(id: number): UpstreamStream | undefined
  /** Whether no stream had that id: only this side opens streams. */
  isUnknown(id: number): boolean
  send(frame: string): void
  /** All settings of a frame have been told. */
  onSettings(): void
  setStreamLimit(streams: number): void
  setStreamWindow(bytes: number): void
  /** The next header block must say that the table is empty. */
  emptyTable(): void
  /** What waits for windows is sent as far as it may now. */
  pump(): void
  /** The upstream takes no more streams, and does nothing about those beyond the last. */
  onGoAway(lastStream: number): void
  /** The upstream has ended a stream before its time. */
  onReset(stream: UpstreamStream, loss: StreamLoss): void
  /** A stream is ended for what came on it. */
  reject(stream: UpstreamStream, code: ErrorCode): void
  /** @param what has happened, as what the upstream does; absent: it broke the protocol */
  fail(code: ErrorCode, what?: string): void
}

/** What all streams together may be sent before any of it is taken. */
export const SESSION_WINDOW = 4 * 1024 * 1024
/** Answers to PING and SETTINGS, while the upstream reads nothing. */
const UNREAD_ACKS = 1000
/** A table that is smaller than what is assumed at first. @see RFC 9113 §6.5.2 */
const TABLE_BYTES = 4096

/** What an upstream says on one session, which is bounded in all it can make of it. */
export class SessionFrames implements FrameSink {
  readonly #home: FramesHome
  readonly #reader = new FrameReader(this, { peer: 'server', blockBytes: HEAD_LIMIT * 2 })
  readonly #responses = new ResponseReader()
  readonly #flood = new FloodGauge()
  /** Streams some of which was read with the bytes at hand. */
  #touched: UpstreamStream[] = []
  /** The stream whose DATA is being read; `undefined` where it is passed over. */
  #dataStream: UpstreamStream | undefined
  #uncredited = 0
  /** What may still come on streams that were reset, from before the upstream knew. */
  #lateBytes = 0
  #unreadAcks = 0

  constructor(home: FramesHome) {
    this.#home = home
  }

  /** Reads what has come. Streams hear at the end that this was all. */
  read(bytes: Buffer, length: number): void {
    this.#flood.receive(length)
    const error = this.#reader.read(bytes, 0, length)
    if (error === ErrorCode.enhanceYourCalm)
      this.#home.fail(error, 'sends a head, or settings, without end')
    else if (error !== ErrorCode.none) this.#home.fail(error)
    else if (this.#flood.isFlooded) this.#failForFlood('floods the gateway with frames')
    if (this.#touched.length > 0) this.#endRead()
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

  #failForFlood(what: string): void {
    this.#home.fail(ErrorCode.enhanceYourCalm, what)
  }

  /** Nothing more is read. */
  stop(): void {
    this.#reader.isStopped = true
  }

  /** Counts payload in either direction. */
  countPayload(bytes: number): void {
    this.#flood.count(bytes)
  }

  /** A stream was reset while the upstream could still send so much on it. */
  expectLate(bytes: number): void {
    this.#lateBytes += bytes
  }

  /** The upstream has read all that was sent. */
  onDrained(): void {
    this.#unreadAcks = 0
  }

  // Heads

  onHeaderBlock(block: HeaderBlock): void {
    const stream = this.#home.streamOf(block.stream)
    if (stream === undefined) this.#passOver(block)
    else if (stream.isAnswered) this.#readTrailers(stream, block)
    else this.#readHead(stream, block)
  }

  #readHead(stream: UpstreamStream, block: HeaderBlock): void {
    const { endsStream } = block
    const head = this.#responses.read(block)
    if (head === 'broken') this.#home.fail(ErrorCode.compressionError)
    else if (head === 'malformed') this.#home.reject(stream, ErrorCode.protocolError)
    else {
      // What a head costs is what it says, not how few bytes it says it in.
      this.#flood.count(head.fields.text.length)
      if (head.status >= 200) {
        this.#touch(stream)
        stream.receiveHead(head, endsStream)
      } else this.#readInterim(stream, head, endsStream)
    }
  }

  /** Another protocol cannot be changed to, and no response ends before its final head. */
  #readInterim(stream: UpstreamStream, head: ResponseHead, endsStream: boolean): void {
    const isWrong = endsStream || head.status === 101
    if (!isWrong) stream.receiveInterim(head)
    giveResponseHead(head)
    if (isWrong) this.#home.reject(stream, ErrorCode.protocolError)
  }

  #readTrailers(stream: UpstreamStream, block: HeaderBlock): void {
    const trailers = this.#responses.readTrailers(block)
    if (trailers === 'broken') this.#home.fail(ErrorCode.compressionError)
    else if (trailers === 'malformed' || !block.endsStream)
      this.#home.reject(stream, ErrorCode.protocolError)
    else stream.receiveTrailers(trailers.lines)
  }

  /** A head for a stream that is no more. */
  #passOver(block: HeaderBlock): void {
    if (this.#home.isUnknown(block.stream)) this.#home.fail(ErrorCode.protocolError)
    else if (!this.#responses.skip(block)) this.#home.fail(ErrorCode.compressionError)
  }

  // DATA

  onDataBegun(id: number, length: number): void {
    this.#dataStream = undefined
    this.#uncredited += length
    // Streams are held back one by one: one that is must not hold up the others.
    if (this.#uncredited >= SESSION_WINDOW / 2) {
      this.#home.send(windowUpdateFrame(0, this.#uncredited))
      this.#uncredited = 0
    }
    const stream = this.#home.streamOf(id)
    if (stream === undefined) this.#passOverData(id, length)
    else if (!stream.isAnswered) this.#home.reject(stream, ErrorCode.protocolError)
    else if (!stream.takeWindow(length)) this.#home.reject(stream, ErrorCode.flowControlError)
    else {
      this.#dataStream = stream
      // What is but padding has taken of the window as well, which is given back after the read.
      if (length > 0) this.#touch(stream)
    }
  }

  #passOverData(id: number, length: number): void {
    if (this.#home.isUnknown(id)) this.#home.fail(ErrorCode.protocolError)
    else if (length > this.#lateBytes) this.#home.fail(ErrorCode.streamClosed)
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

  // Other frames

  onReset(id: number, code: number): void {
    const stream = this.#home.streamOf(id)
    if (stream !== undefined)
      this.#home.onReset(stream, code === ErrorCode.refusedStream ? 'untouched' : 'reset')
    else if (this.#home.isUnknown(id)) this.#home.fail(ErrorCode.protocolError)
  }

  onSetting(id: number, value: number): void {
    if (id === Setting.maxConcurrentStreams) this.#home.setStreamLimit(value)
    else if (id === Setting.initialWindowSize) this.#home.setStreamWindow(value)
    else if (id === Setting.headerTableSize && value < TABLE_BYTES) this.#home.emptyTable()
  }

  onSettingsEnd(): void {
    this.#acknowledge(SETTINGS_ACK)
    this.#home.onSettings()
  }

  onSettingsAck(): void {
    // What was asked of the upstream holds from the beginning, or does no harm.
  }

  onPing(payload: string): void {
    this.#acknowledge(pingAck(payload))
  }

  #acknowledge(frame: string): void {
    this.#home.send(frame)
    if (!this.#home.isCongested) return
    this.#unreadAcks += 1
    if (this.#unreadAcks > UNREAD_ACKS) this.#failForFlood('asks without reading the answers')
  }

  onGoAway(lastStream: number): void {
    this.#home.onGoAway(lastStream)
  }

  onWindowUpdate(id: number, increment: number): void {
    const home = this.#home
    if (id === 0) {
      home.sendWindow += increment
      if (increment === 0) home.fail(ErrorCode.protocolError)
      else if (home.sendWindow > LARGEST_WINDOW) home.fail(ErrorCode.flowControlError)
      else home.pump()
      return
    }
    const stream = home.streamOf(id)
    if (stream !== undefined) this.#growWindow(stream, increment)
    else if (home.isUnknown(id)) home.fail(ErrorCode.protocolError)
  }

  #growWindow(stream: UpstreamStream, increment: number): void {
    const { output } = stream
    output.window += increment
    if (increment === 0) this.#home.reject(stream, ErrorCode.protocolError)
    else if (output.window > LARGEST_WINDOW) this.#home.reject(stream, ErrorCode.flowControlError)
    else output.pumpAll()
  }
}
