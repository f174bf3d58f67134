import { blockBound } from '../../http/http2/field-lines.ts'
import {
  Flag,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  FrameType,
  headerFrames,
  writeFrameHead,
} from '../../http/http2/frame.ts'
import { dataFrame, roomFor } from './connection-output.ts'

/** A message, or the beginning of one, that is to be sent on a stream. */
export interface MessageStart {
  readonly stream: number
  /** Head in HTTP/1.1, with its empty line, and a body that fits one frame; a character a byte. */
  readonly text: string
  readonly headLength: number
  /** Nothing follows. */
  readonly endsStream: boolean
  /** The peer has made its table smaller, and must be told that this side knows. */
  readonly emptiesTable: boolean
}

/** Writes the fields of a head, pseudo-fields first. @returns position after what was written */
export type HeadWriter<Start extends MessageStart> = (
  start: Start,
  bytes: Buffer,
  out: Buffer,
  at: number,
) => number

/** A change of the table's size to 0. @see RFC 7541 §6.3 */
const EMPTY_TABLE = 32
/** More than all pseudo-fields take beyond what the head says in their place. */
const PSEUDO_BYTES = 64

let source = Buffer.allocUnsafeSlow(8192)

/** The frames of a head, and of a body behind it. */
export function messageFrames<Start extends MessageStart>(
  start: Start,
  writeHead: HeadWriter<Start>,
): string {
  const { stream, text, headLength } = start
  const bytes = bytesOf(text)
  const bodyLength = text.length - headLength
  const out = roomFor(FRAME_HEAD_BYTES * 2 + PSEUDO_BYTES + blockBound(headLength) + bodyLength)
  let at = FRAME_HEAD_BYTES
  if (start.emptiesTable) out[at++] = EMPTY_TABLE
  const blockEnd = writeHead(start, bytes, out, at)
  const length = blockEnd - FRAME_HEAD_BYTES
  if (length > FRAME_BYTES) return longMessage(start, out.latin1Slice(FRAME_HEAD_BYTES, blockEnd))
  const isAll = bodyLength === 0
  const headFlags = isAll && start.endsStream ? Flag.endHeaders | Flag.endStream : Flag.endHeaders
  writeFrameHead(out, 0, { length, type: FrameType.headers, flags: headFlags, stream })
  if (isAll) return out.latin1Slice(0, blockEnd)
  const flags = start.endsStream ? Flag.endStream : 0
  writeFrameHead(out, blockEnd, { length: bodyLength, type: FrameType.data, flags, stream })
  const bodyAt = blockEnd + FRAME_HEAD_BYTES
  bytes.copy(out, bodyAt, headLength, text.length)
  return out.latin1Slice(0, bodyAt + bodyLength)
}

/** @param block too long for one frame */
function longMessage(
  { stream, text, headLength, endsStream }: MessageStart,
  block: string,
): string {
  if (headLength === text.length) return headerFrames(stream, block, endsStream)
  const body = text.slice(headLength)
  return headerFrames(stream, block, false) + dataFrame(stream, body, endsStream)
}

/** @param text a character a byte. @returns its bytes, and others behind them; for one text at a time */
export function bytesOf(text: string): Buffer {
  if (source.length < text.length) source = Buffer.allocUnsafeSlow(text.length * 2)
  source.latin1Write(text)
  return source
}
