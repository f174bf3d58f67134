import type { BodyFraming } from '../http/body-framing.ts'
import { ChunkedDecoder } from '../http/chunked-decoder.ts'

/** Takes a request body on its way to the upstream. */
export interface BodySink {
  /** Bytes are valid during the call only. */
  takeBody(bytes: Buffer): void
  endBody(): void
}

/** What a body needs of the connection it comes from. */
export interface BodySource {
  pauseBody(): void
  resumeBody(): void
}

/** Bytes held while nobody takes them before reading stops. */
const HIGH_WATER_BYTES = 65_536

/**
 * The body of one request: held until somebody takes it, then passed through. It never holds more
 * than {@link HIGH_WATER_BYTES} and one read, unless asked to collect the whole.
 */
export class RequestBody {
  readonly framing: BodyFraming
  isComplete: boolean
  /** The rest cannot be had. */
  isFailed = false
  /** Body bytes received so far. */
  receivedBytes = 0
  heldBytes = 0
  /** What is held stands at its beginning. */
  #room = NO_ROOM
  readonly #decoder: ChunkedDecoder | undefined
  readonly #source: BodySource
  #remaining: number
  #sink: BodySink | undefined
  #collecting: Collecting | undefined
  #isPaused = false
  /** Somebody may still have the held bytes. */
  #isLent = false

  constructor(framing: BodyFraming, source: BodySource) {
    this.framing = framing
    this.#source = source
    this.#remaining = framing.kind === 'length' ? framing.length : 0
    this.#decoder = framing.kind === 'chunked' ? new ChunkedDecoder() : undefined
    this.isComplete = framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0)
  }

  /** Total length when it is known: announced, or counted at the end. */
  get knownLength(): number | undefined {
    if (this.framing.kind === 'length') return this.framing.length
    return this.isComplete ? this.receivedBytes : undefined
  }

  /**
   * Reads body bytes from the connection.
   * @returns position after the body's part of the bytes, or -1 when its coding is broken
   */
  receive(bytes: Buffer, start: number, end: number): number {
    if (this.#decoder === undefined) return this.#receiveLength(bytes, start, end)
    const stop = this.#decoder.read(bytes, start, end, (from, to) => this.#take(bytes, from, to))
    if (stop !== -1) this.#afterRead(this.#decoder.isDone)
    return stop
  }

  #receiveLength(bytes: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#remaining)
    this.#remaining -= stop - start
    if (stop > start) this.#take(bytes, start, stop)
    this.#afterRead(this.#remaining === 0)
    return stop
  }

  /** Body bytes of a source that takes off the coding itself, as HTTP/2 streams do. */
  receivePiece(bytes: Buffer): void {
    this.#take(bytes, 0, bytes.length)
    this.#afterRead(false)
  }

  /** The end of what {@link receivePiece} was given. */
  end(): void {
    this.#afterRead(true)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    this.receivedBytes += end - start
    if (this.#sink !== undefined) {
      this.#sink.takeBody(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
      return
    }
    this.#makeRoom(end - start)
    bytes.copy(this.#room, this.heldBytes, start, end)
    this.heldBytes += end - start
  }

  /**
   * For twice as much as before, and up to {@link GIVEN_BYTES} for all that is announced and may be
   * held, so that it is copied once. More is given to those only who have sent their part of it.
   */
  #makeRoom(bytes: number): void {
    const needed = this.heldBytes + bytes
    if (needed <= this.#room.length) return
    const limit = this.#collecting?.limitBytes ?? HIGH_WATER_BYTES
    const announced = this.framing.kind === 'length' ? Math.min(this.framing.length, limit) : 0
    const doubled = this.#room.length * 2
    const wanted = announced > 0 ? Math.min(announced, Math.max(doubled, GIVEN_BYTES)) : doubled
    const room = newRoom(Math.max(needed, wanted))
    this.#room.copy(room, 0, 0, this.heldBytes)
    this.#room = room
  }

  /** Decisions wait for the end of a read, so that a body that came whole is seen as whole. */
  #afterRead(isEnd: boolean): void {
    const collecting = this.#collecting
    if (isEnd && !this.isComplete) this.#complete(collecting)
    else if (collecting !== undefined && this.heldBytes > collecting.limitBytes) {
      this.#collecting = undefined
      collecting.done('too-large')
    }
    const isWanted = this.#collecting !== undefined || this.#sink !== undefined
    if (!isWanted && !this.isComplete && this.heldBytes > HIGH_WATER_BYTES) this.#source.pauseBody()
  }

  #complete(collecting: Collecting | undefined): void {
    this.isComplete = true
    this.#collecting = undefined
    const sink = this.#sink
    // What follows the body on the connection is no matter of whoever takes the body.
    if (this.#isPaused) this.#resumeSource()
    collecting?.done(this.heldBytes > collecting.limitBytes ? 'too-large' : 'complete')
    sink?.endBody()
  }

  /**
   * Waits until the whole body is held or the limit is passed, and tells at once when it is so already.
   * Held bytes stay held.
   */
  collect(limitBytes: number, done: (outcome: CollectOutcome) => void): void {
    if (this.isFailed) done('failed')
    else if (this.heldBytes > limitBytes || (this.knownLength ?? 0) > limitBytes) done('too-large')
    else if (this.isComplete) done('complete')
    else {
      this.#collecting = { limitBytes, done }
      this.#source.resumeBody()
    }
  }

  /** Waits for the first bytes or the end. */
  whenBegun(done: () => void): void {
    if (this.heldBytes > 0 || this.isComplete) done()
    else this.collect(0, done)
  }

  /** The held bytes as one piece, for whoever may keep it; they stay held. */
  heldAsOne(): Buffer {
    this.#isLent = true
    return this.heldToSend()
  }

  /** The held bytes as one piece, good until {@link recycle}. */
  heldToSend(): Buffer {
    return this.#room.subarray(0, this.heldBytes)
  }

  /** What is held was sent, and is wanted no more; it stays where somebody may have it. */
  recycle(): void {
    if (this.#isLent) return
    giveRoom(this.#room)
    this.#letGo()
  }

  /** Hands what is held, and from then on what comes, to a sink. */
  pipe(sink: BodySink): void {
    this.#sink = sink
    if (this.heldBytes > 0) sink.takeBody(this.heldToSend())
    this.#letGo()
    if (this.isComplete) sink.endBody()
    else if (!this.#isPaused) this.#source.resumeBody()
  }

  pause(): void {
    this.#isPaused = true
    this.#source.pauseBody()
  }

  resume(): void {
    if (!this.isComplete) this.#resumeSource()
  }

  #resumeSource(): void {
    this.#isPaused = false
    this.#source.resumeBody()
  }

  /** Whoever waits for the body learns that it will not come whole. */
  fail(): void {
    const collecting = this.#collecting
    this.isFailed = true
    this.#sink = DISCARD
    this.#collecting = undefined
    collecting?.done('failed')
  }

  /** Drops what is held and what comes, so that the next request can be read. */
  discard(): void {
    this.#sink = DISCARD
    this.#collecting = undefined
    this.#letGo()
    this.resume()
  }

  #letGo(): void {
    this.#room = NO_ROOM
    this.heldBytes = 0
  }
}

const NO_ROOM = Buffer.alloc(0)
/** Room that is made for a body because it is announced. */
const GIVEN_BYTES = 1024 * 1024

/** Making and clearing memory costs more than a body that fills it, so some is kept for the next one. */
const KEPT_ROOMS = 8
const rooms: Buffer<ArrayBuffer>[] = []

function newRoom(bytes: number): Buffer<ArrayBuffer> {
  const isWorthKeeping = bytes > GIVEN_BYTES / 2 && bytes <= GIVEN_BYTES
  if (!isWorthKeeping) return Buffer.allocUnsafe(bytes)
  return rooms.pop() ?? Buffer.allocUnsafeSlow(GIVEN_BYTES)
}

function giveRoom(room: Buffer<ArrayBuffer>): void {
  if (room.length === GIVEN_BYTES && rooms.length < KEPT_ROOMS) rooms.push(room)
}

interface Collecting {
  readonly limitBytes: number
  readonly done: (outcome: CollectOutcome) => void
}

export type CollectOutcome = 'complete' | 'too-large' | 'failed'

const DISCARD: BodySink = { takeBody() {}, endBody() {} }
