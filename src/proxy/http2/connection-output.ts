import {
  Flag,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  FrameType,
  writeFrameHead,
} from '../../http/http2/frame.ts'
import type { Transport } from '../transport/transport.ts'

/** The connection, as far as its output asks about it. */
export interface OutputHome {
  /** No other stream is open that could have something to send as well. */
  readonly isAlone: boolean
  /** Called after each write, which may not have gone out whole. */
  onWritten(bytes: number): void
}

/**
 * What goes out on one connection. Frames are gathered, so that all that come of one read, or of
 * what the upstreams say to several streams in one turn of the event loop, leave in one write.
 */
export class ConnectionOutput {
  /** Bytes are being read, after which there is a flush. */
  isReading = false
  readonly #transport: Transport
  readonly #home: OutputHome
  #held = ''
  #isDue = false

  constructor(transport: Transport, home: OutputHome) {
    this.#transport = transport
    this.#home = home
  }

  /** @param frames whole ones, a character a byte */
  send(frames: string): void {
    this.#held += frames
    if (this.isReading || this.#isDue) return
    if (this.#home.isAlone) this.flush()
    else {
      this.#isDue = true
      flushSoon(this)
    }
  }

  /** Sends body bytes, which may be valid during the call only, with what is held before them. */
  sendData(stream: number, bytes: Buffer, start: number, end: number): void {
    const held = this.#held
    this.#held = ''
    const frames = Math.ceil((end - start) / FRAME_BYTES)
    const out = Buffer.allocUnsafe(held.length + frames * FRAME_HEAD_BYTES + end - start)
    let at = out.latin1Write(held)
    for (let from = start; from < end; from += FRAME_BYTES) {
      const length = Math.min(FRAME_BYTES, end - from)
      writeFrameHead(out, at, { length, type: FrameType.data, flags: 0, stream })
      bytes.copy(out, at + FRAME_HEAD_BYTES, from, from + length)
      at += FRAME_HEAD_BYTES + length
    }
    this.#transport.writeBytes(out)
    this.#home.onWritten(out.length)
  }

  flush(): void {
    this.#isDue = false
    if (this.#held === '') return
    const text = this.#held
    this.#held = ''
    this.#transport.writeText(text)
    this.#home.onWritten(text.length)
  }
}

/** Connections with something to send; when the event loop has heard all that has come, it goes out. */
let due: ConnectionOutput[] = []

function flushSoon(output: ConnectionOutput): void {
  if (due.push(output) === 1) setImmediate(flushDue)
}

function flushDue(): void {
  const outputs = due
  due = []
  for (const output of outputs) output.flush()
}

/** DATA in one frame. @param body a character a byte */
export function dataFrame(stream: number, body: string, endsStream: boolean): string {
  const out = roomFor(FRAME_HEAD_BYTES + body.length)
  const flags = endsStream ? Flag.endStream : 0
  writeFrameHead(out, 0, { length: body.length, type: FrameType.data, flags, stream })
  out.latin1Write(body, FRAME_HEAD_BYTES)
  return out.latin1Slice(0, FRAME_HEAD_BYTES + body.length)
}

let room = Buffer.allocUnsafeSlow(2 * FRAME_BYTES)

/** Memory for what is made of strings and becomes one at once. */
export function roomFor(bytes: number): Buffer {
  if (room.length < bytes) room = Buffer.allocUnsafeSlow(bytes * 2)
  return room
}
