import { blockBound, writeFieldLines, writeStatus } from '../../http/http2/field-lines.ts'
import {
  Flag,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  FrameType,
  headerFrames,
  writeFrameHead,
} from '../../http/http2/frame.ts'
import { dataFrame, roomFor } from './connection-output.ts'

/** A response, or the beginning of one, that is to be sent on a stream. */
export interface ResponseStart {
  readonly stream: number
  /** Head in HTTP/1.1, with its empty line, and a body that fits one frame; a character a byte. */
  readonly text: string
  readonly headLength: number
  /** It answers a client that would take any success for an open tunnel. */
  readonly asksForTunnel: boolean
  /** Nothing follows. */
  readonly endsStream: boolean
  /** The client has made its table smaller, and must be told that this side knows. */
  readonly emptiesTable: boolean
}

const SWITCHING_PROTOCOLS = 101
const LAST_STATUS = 599
const BAD_GATEWAY = 502
/** A change of the table's size to 0. @see RFC 7541 §6.3 */
const EMPTY_TABLE = 32

let source = Buffer.allocUnsafeSlow(8192)

/** The frames of a head, and of a body behind it. */
export function responseFrames(start: ResponseStart): string {
  const { stream, text, headLength } = start
  const bytes = bytesOf(text)
  const bodyLength = text.length - headLength
  const out = roomFor(FRAME_HEAD_BYTES * 2 + blockBound(headLength) + bodyLength)
  let at = FRAME_HEAD_BYTES
  if (start.emptiesTable) out[at++] = EMPTY_TABLE
  at = writeStatus(http2Status(statusOf(bytes), start.asksForTunnel), out, at)
  const blockEnd = writeFieldLines(bytes, text.indexOf('\r\n') + 2, headLength, out, at)
  const length = blockEnd - FRAME_HEAD_BYTES
  if (length > FRAME_BYTES) return longResponse(start, out.latin1Slice(FRAME_HEAD_BYTES, blockEnd))
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
function longResponse(
  { stream, text, headLength, endsStream }: ResponseStart,
  block: string,
): string {
  if (headLength === text.length) return headerFrames(stream, block, endsStream)
  const body = text.slice(headLength)
  return headerFrames(stream, block, false) + dataFrame(stream, body, endsStream)
}

/** A header block without a status, as stands after a body. @param lines each with its CRLF */
export function trailerFrames(stream: number, lines: string): string {
  const bytes = bytesOf(lines)
  const out = roomFor(blockBound(lines.length))
  const end = writeFieldLines(bytes, 0, lines.length, out, 0)
  return headerFrames(stream, out.latin1Slice(0, end), true)
}

/** @param text a character a byte. @returns its bytes, and others behind them */
function bytesOf(text: string): Buffer {
  if (source.length < text.length) source = Buffer.allocUnsafeSlow(text.length * 2)
  source.latin1Write(text)
  return source
}

/** Three digits, as the codec has made sure. */
function statusOf(bytes: Buffer): number {
  return (bytes[9]! - 48) * 100 + (bytes[10]! - 48) * 10 + bytes[11]! - 48
}

function http2Status(status: number, asksForTunnel: boolean): number {
  // A tunnel is opened as any other request is answered: RFC 8441 §5.
  if (status === SWITCHING_PROTOCOLS) return 200
  // An answer that opens none must not pass for one that does: RFC 9110 §9.3.6.
  if (asksForTunnel && status >= 200 && status < 300) return BAD_GATEWAY
  // There is no class of statuses above 5xx, as which clients take them: RFC 9110 §15.
  return status > LAST_STATUS ? BAD_GATEWAY : status
}
