import type { ServerHttp2Stream } from 'node:http2'
import type { Deadline } from '../../base/deadline-wheel.ts'
import { turnMs } from '../../base/turn-clock.ts'
import { BodyPace } from '../body-pace.ts'
import type { ProxyContext } from '../context.ts'

export interface StreamWatchOptions {
  readonly stream: ServerHttp2Stream
  readonly context: ProxyContext
  /** The next part of the request body did not come in time. */
  readonly onBodyLate: () => void
  /** The client does not take what is sent. */
  readonly onStalled: () => void
}

/** The times a client has on one stream: to send the next part of a body, and to take what is sent. */
export class StreamWatch implements Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #options: StreamWatchOptions
  readonly #pace = new BodyPace()
  #bodyDueMs = Infinity
  #sendDueMs = Infinity
  /** Bytes that waited to be taken when last looked at. */
  #waitingBytes = 0

  constructor(options: StreamWatchOptions) {
    this.#options = options
  }

  awaitBody(receivedBytes: number): void {
    const { limits } = this.#options.context
    this.#bodyDueMs = this.#pace.deadlineMs(receivedBytes, limits, turnMs())
    this.#set()
  }

  pauseBody(): void {
    this.#pace.pause(turnMs())
    this.endBody()
  }

  endBody(): void {
    this.#bodyDueMs = Infinity
    this.#set()
  }

  awaitSending(): void {
    const { stream, context } = this.#options
    this.#waitingBytes = stream.writableLength
    this.#sendDueMs = turnMs() + context.limits.sendTimeoutMs
    this.#set()
  }

  endSending(): void {
    this.#sendDueMs = Infinity
    this.#set()
  }

  stop(): void {
    this.#bodyDueMs = Infinity
    this.#sendDueMs = Infinity
    this.deadlineMs = Infinity
  }

  #set(): void {
    this.#options.context.wheel.set(this, Math.min(this.#bodyDueMs, this.#sendDueMs))
  }

  onDeadline(nowMs: number): void {
    const { stream, onBodyLate, onStalled } = this.#options
    if (nowMs >= this.#sendDueMs && stream.writableLength >= this.#waitingBytes) {
      this.stop()
      onStalled()
    } else if (nowMs >= this.#bodyDueMs) {
      this.endBody()
      onBodyLate()
    } else if (nowMs >= this.#sendDueMs) this.awaitSending()
    else this.#set()
  }
}
