import { endFrame } from '../../http/http2/frame.ts'
import { JOINED_BYTES } from '../transport/transport.ts'
import { dataFrame, type ConnectionOutput } from './connection-output.ts'
import { trailerFrames } from './response-frames.ts'

/** The connection, as far as its streams send over it. */
export interface SharedOutput {
  readonly output: ConnectionOutput
  /** What all streams together may send now. */
  sendWindow: number
  /** The transport has not taken what was written yet. */
  readonly isCongested: boolean
  /** What this stream has cannot go out now; it is asked again by {@link StreamOutput.pump}. */
  wait(output: StreamOutput): void
}

/** Whoever has the stream. */
export interface OutputOwner {
  readonly id: number
  /** @param text a head in HTTP/1.1, with its empty line, and a body that fits one frame */
  framesOf(text: string, headLength: number, endsStream: boolean): string
  /** Some of what had to wait has gone out, or has begun to wait. */
  onSendingMoved(): void
  /** All that had to wait has gone out. */
  onSent(): void
  /** The last frame has gone out. */
  onOutputEnded(): void
}

/** A message on its way out: held back to go out together, then as the windows let it. */
export class StreamOutput {
  /** What the stream may send now; below 0 when the client has made it smaller. */
  window: number
  /** Nothing more can be sent. */
  isEnded = false
  /** The head has gone out. */
  hasBegun = false
  readonly #shared: SharedOutput
  readonly #owner: OutputOwner
  /** A head that waits for what follows it, so that one without a body ends the stream itself. */
  #head: string | undefined
  #body = ''
  /** Bytes that the windows do not let out, or the transport. */
  #waiting: Buffer[] | undefined
  #waitingBytes = 0
  #endsAfterWaiting = false
  #trailers = ''

  constructor(shared: SharedOutput, owner: OutputOwner, window: number) {
    this.#shared = shared
    this.#owner = owner
    this.window = window
  }

  /** Writing more now would only fill memory. */
  get isCongested(): boolean {
    return this.#waitingBytes > 0 || this.#shared.isCongested
  }

  /** A head may still go out. */
  get takesHeads(): boolean {
    return !this.isEnded && !this.hasBegun && this.#head === undefined
  }

  /** @param head in HTTP/1.1, with its empty line, of a response that is not the final one */
  sendInterim(head: string): void {
    this.#shared.output.send(this.#owner.framesOf(head, head.length, false))
  }

  /** Head and body at once, which end the stream. @param headLength where in the text the body begins */
  sendWhole(text: string, headLength: number): void {
    if (!this.takesHeads) return
    const length = text.length - headLength
    const isShort = length <= JOINED_BYTES && (length === 0 || this.#allowed(length) === length)
    if (!isShort) {
      const body = Buffer.from(text.slice(headLength), 'latin1')
      this.#head = text.slice(0, headLength)
      this.sendBody(body, 0, length)
      this.end()
      return
    }
    this.hasBegun = true
    this.window -= length
    this.#shared.sendWindow -= length
    this.#shared.output.send(this.#owner.framesOf(text, headLength, true))
    this.#end()
  }

  sendHead(head: string): void {
    if (this.takesHeads) this.#head = head
  }

  /** @param lines each with its CRLF, to be sent at the end */
  sendTrailers(lines: string): void {
    this.#trailers = lines
  }

  /** Bytes are valid during the call only. */
  sendBody(bytes: Buffer, start: number, end: number): void {
    const length = end - start
    if (this.isEnded || length === 0) return
    if (this.#waitingBytes === 0 && this.#body.length + length <= JOINED_BYTES) {
      this.#body += bytes.latin1Slice(start, end)
      return
    }
    this.flush()
    const allowed = this.#waitingBytes > 0 ? 0 : this.#allowed(length)
    if (allowed > 0) this.#sendNow(bytes, start, start + allowed)
    if (allowed < length) this.#wait(Buffer.from(bytes.subarray(start + allowed, end)))
  }

  #allowed(length: number): number {
    const { isCongested, sendWindow } = this.#shared
    return isCongested ? 0 : Math.max(Math.min(length, this.window, sendWindow), 0)
  }

  #sendNow(bytes: Buffer, start: number, end: number): void {
    this.window -= end - start
    this.#shared.sendWindow -= end - start
    this.#shared.output.sendData(this.#owner.id, bytes, start, end)
  }

  #wait(bytes: Buffer): void {
    ;(this.#waiting ??= []).push(bytes)
    this.#waitingBytes += bytes.length
    this.#shared.wait(this)
    this.#owner.onSendingMoved()
  }

  flush(): void {
    if (this.#head !== undefined || this.#body !== '') this.#emit(false)
  }

  end(): void {
    if (!this.isEnded) this.#emit(true)
  }

  /** Nothing more goes out; what waits is dropped. */
  drop(): void {
    this.isEnded = true
    this.#head = undefined
    this.#body = ''
    this.#waiting = undefined
    this.#waitingBytes = 0
  }

  /** Sends what is held, as far as it may go out now. */
  #emit(ends: boolean): void {
    const body = this.#body
    this.#body = ''
    const { length } = body
    const fits = length === 0 || (this.#waitingBytes === 0 && this.#allowed(length) === length)
    const isLast = ends && fits && this.#waitingBytes === 0
    this.#sendHeld(fits ? body : '', isLast)
    if (!fits) this.#wait(Buffer.from(body, 'latin1'))
    if (isLast) this.#end()
    else if (ends) this.#endsAfterWaiting = true
  }

  #sendHeld(body: string, isLast: boolean): void {
    const trailers = this.#trailers
    let frames = this.#takeFrames(body, isLast && trailers === '')
    if (isLast && trailers !== '') frames += trailerFrames(this.#owner.id, trailers)
    if (frames !== '') this.#shared.output.send(frames)
  }

  /** The head, if it has not gone out, and a body that the windows let out. */
  #takeFrames(body: string, endsStream: boolean): string {
    const head = this.#head
    this.window -= body.length
    this.#shared.sendWindow -= body.length
    if (head !== undefined) {
      this.#head = undefined
      this.hasBegun = true
      return this.#owner.framesOf(head + body, head.length, endsStream)
    }
    if (body !== '') return dataFrame(this.#owner.id, body, endsStream)
    return endsStream ? endFrame(this.#owner.id) : ''
  }

  #end(): void {
    this.isEnded = true
    this.#owner.onOutputEnded()
  }

  /** Sends what waits, one piece at a time, as far as it may go out now. @returns whether some did */
  pump(): boolean {
    const piece = this.#waiting?.[0]
    if (piece === undefined) return false
    const allowed = this.#allowed(piece.length)
    if (allowed === 0) {
      this.#shared.wait(this)
      return false
    }
    if (allowed === piece.length) this.#waiting!.shift()
    else this.#waiting![0] = piece.subarray(allowed)
    this.#waitingBytes -= allowed
    this.#sendNow(piece, 0, allowed)
    this.#owner.onSendingMoved()
    if (this.#waitingBytes > 0) this.#shared.wait(this)
    else if (this.#endsAfterWaiting) this.#emit(true)
    else this.#owner.onSent()
    return true
  }

  /** The window has grown: sends all that may go out now. */
  pumpAll(): void {
    let hasMoved = true
    while (hasMoved) hasMoved = this.pump()
  }

  /** Bytes that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }
}
