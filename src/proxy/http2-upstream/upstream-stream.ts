import { ErrorCode } from '../../http/http2/frame.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import { StreamOutput, type OutputOwner, type SharedOutput } from '../http2/stream-output.ts'
import { requestFrames, type KnownHeads, type RequestStart } from './request-frames.ts'
import type { StreamTimer, TimedUser } from './stream-timer.ts'

/** Hears what becomes of a request. After the end, or the loss, nothing is told any more. */
export interface StreamUser extends TimedUser {
  /** A response that is not the final one. The head is valid during the call only. */
  onInterim(head: ResponseHead): void
  /** @param head the user's own from now on */
  onHead(head: ResponseHead, endsStream: boolean): void
  /** Bytes are valid during the call only. */
  onBody(bytes: Buffer, start: number, end: number): void
  /** @param lines of HTTP/1.1, each with its CRLF */
  onTrailers(lines: string): void
  /** All bytes at hand were read, some of them of this stream, which goes on. */
  onReadEnd(): void
  /** The response is whole. */
  onEnd(): void
  /** Some of what has to wait has gone out, or has begun to wait. */
  onStreamMoved(): void
  /**
   * Nothing waits any more, or the session has room again: more may be sent unless the stream still is
   * congested.
   */
  onStreamDrained(): void
  onLost(loss: StreamLoss): void
}

/** Why a response will not come, or not become whole. */
export type StreamLoss =
  /** The upstream has surely done nothing about the request: RFC 9113 §8.7. */
  | 'untouched'
  /** What came is no response that may be passed on. */
  | 'invalid'
  /** The upstream has ended the stream. */
  | 'reset'
  /** The session is gone. */
  | 'closed'

/** The session, as far as its streams need it. */
export interface StreamHome extends SharedOutput {
  readonly scheme: 'http' | 'https'
  readonly heads: KnownHeads
  /** What may be sent on a new stream. */
  readonly streamWindow: number
  /** @returns whether the next header block must say that the table is empty; true once */
  takeTableUpdate(): boolean
  setTimer(timer: StreamTimer, ms: number): void
  /** Bytes of bodies, in either direction. */
  countPayload(bytes: number): void
  /** Lets the upstream send more. */
  credit(stream: number, bytes: number): void
  /** Nothing more comes or goes on the stream. */
  onStreamClosed(stream: UpstreamStream): void
  /** Ends a stream before its time. */
  reset(stream: UpstreamStream, code: ErrorCode): void
}

/** What the upstream may send before any of it is taken. */
export const STREAM_WINDOW = 256 * 1024
/** It may send more once so much of that was taken. */
const CREDIT_BYTES = STREAM_WINDOW / 2

/** One request and its response, as a stream of a session. */
export class UpstreamStream implements OutputOwner {
  readonly id: number
  /** The session had served others before. */
  readonly isReused: boolean
  /** Made for requests with a body. */
  outputIfAny: StreamOutput | undefined
  /** The final head of the response has come. */
  isAnswered = false
  /** Some of it was read, and the user was not told yet that this was all. */
  isTouched = false
  isClosed = false
  receiveWindow = STREAM_WINDOW
  readonly timer: StreamTimer
  readonly #home: StreamHome
  readonly #user: StreamUser
  readonly #takesTrailers: boolean
  #uncredited = 0
  /** The upstream may send what its window has left, and no more. */
  isPaused = false
  /** The request is whole. */
  #isSent = false
  #isOver = false

  constructor(home: StreamHome, user: StreamUser, start: StreamStart) {
    this.#home = home
    this.#user = user
    this.id = start.id
    this.isReused = start.isReused
    this.timer = start.timer
    this.timer.user = user
    this.#takesTrailers = start.takesTrailers
  }

  // Request

  get output(): StreamOutput {
    return (this.outputIfAny ??= new StreamOutput(this.#home, this, this.#home.streamWindow))
  }

  /** More would only fill memory. */
  get isCongested(): boolean {
    return this.outputIfAny?.isCongested ?? this.#home.isCongested
  }

  /** @param text head of a request without a body. @param id what it has in it that no other has */
  sendBare(text: string, id: string): void {
    this.#isSent = true
    this.#home.output.send(this.#home.heads.framesOf(this.#startOf(text, text.length, true), id))
  }

  /** @param text head in HTTP/1.1 and a short body; a character a byte */
  sendWhole(text: string, headLength: number): void {
    this.#home.countPayload(text.length - headLength)
    this.output.sendWhole(text, headLength)
  }

  /** Goes out with what follows it, or when it is flushed. */
  sendHead(head: string): void {
    this.output.sendHead(head)
  }

  flush(): void {
    this.output.flush()
  }

  /** Bytes are valid during the call only. */
  sendBody(bytes: Buffer): void {
    this.#home.countPayload(bytes.length)
    this.output.sendBody(bytes, 0, bytes.length)
    this.output.flush()
  }

  endBody(): void {
    this.output.end()
  }

  framesOf(text: string, headLength: number, endsStream: boolean): string {
    return requestFrames(this.#startOf(text, headLength, endsStream))
  }

  #startOf(text: string, headLength: number, endsStream: boolean): RequestStart {
    return {
      stream: this.id,
      text,
      headLength,
      endsStream,
      scheme: this.#home.scheme,
      takesTrailers: this.#takesTrailers,
      emptiesTable: this.#home.takeTableUpdate(),
    }
  }

  onSendingMoved(): void {
    if (!this.isClosed) this.#user.onStreamMoved()
  }

  onSent(): void {
    if (!this.isClosed) this.#user.onStreamDrained()
  }

  onOutputEnded(): void {
    this.#isSent = true
    if (this.#isOver) this.#home.onStreamClosed(this)
    else this.#user.onStreamDrained()
  }

  // Response

  /** @returns false where the upstream has sent more than it may */
  takeWindow(bytes: number): boolean {
    if (bytes > this.receiveWindow) return false
    this.receiveWindow -= bytes
    this.#uncredited += bytes
    return true
  }

  receiveHead(head: ResponseHead, endsStream: boolean): void {
    this.isAnswered = true
    this.#user.onHead(head, endsStream)
    if (endsStream) this.receiveEnd()
  }

  receiveInterim(head: ResponseHead): void {
    this.#user.onInterim(head)
  }

  receiveBody(bytes: Buffer, start: number, end: number): void {
    this.#home.countPayload(end - start)
    this.#user.onBody(bytes, start, end)
  }

  receiveTrailers(lines: string): void {
    this.#user.onTrailers(lines)
    this.receiveEnd()
  }

  receiveEnd(): void {
    if (this.isClosed) return
    this.#isOver = true
    if (this.#isSent) this.#home.onStreamClosed(this)
    this.#user.onEnd()
  }

  /** All bytes at hand were read. */
  afterRead(): void {
    this.isTouched = false
    if (this.isClosed) return
    this.#user.onReadEnd()
    this.#credit()
  }

  #credit(): void {
    if (this.isPaused || this.#isOver || this.isClosed || this.#uncredited < CREDIT_BYTES) return
    this.#home.credit(this.id, this.#uncredited)
    this.receiveWindow += this.#uncredited
    this.#uncredited = 0
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.#credit()
  }

  // Time

  /** The user hears of it when so much time has passed. @param ms `Infinity`: not any more */
  expectWithin(ms: number): void {
    if (!this.isClosed) this.#home.setTimer(this.timer, ms)
  }

  // The end

  /** Lets go of the stream; one that is not over is reset, so that the upstream stops working for it. */
  leave(): void {
    if (!this.isClosed) this.#home.reset(this, ErrorCode.cancel)
  }

  /** Nothing more comes or goes. */
  close(): void {
    this.isClosed = true
    this.timer.stop()
    this.outputIfAny?.drop()
  }

  /** The user learns that it was closed before its time. */
  lose(loss: StreamLoss): void {
    this.#user.onLost(loss)
  }
}

export interface StreamStart {
  readonly id: number
  readonly isReused: boolean
  readonly timer: StreamTimer
  readonly takesTrailers: boolean
}
