import { blockBound, responseLines, writeStatus } from '../../http/http2/field-lines.ts'
import { headerFrames } from '../../http/http2/frame.ts'
import { roomFor } from './connection-output.ts'
import { bytesOf, messageFrames, type MessageStart } from './message-frames.ts'

/** A response, or the beginning of one, that is to be sent on a stream. */
export interface ResponseStart extends MessageStart {
  /** It answers a client that would take any success for an open tunnel. */
  readonly asksForTunnel: boolean
}

const SWITCHING_PROTOCOLS = 101
const LAST_STATUS = 599
const BAD_GATEWAY = 502

/** The frames of a head, and of a body behind it. */
export function responseFrames(start: ResponseStart): string {
  return messageFrames(start, writeHead)
}

function writeHead(start: ResponseStart, bytes: Buffer, out: Buffer, at: number): number {
  const { text, headLength, asksForTunnel } = start
  const after = writeStatus(http2Status(statusOf(bytes), asksForTunnel), out, at)
  return responseLines.write(bytes, text.indexOf('\r\n') + 2, headLength, out, after)
}

/** A header block without a status, as stands after a body. @param lines each with its CRLF */
export function trailerFrames(stream: number, lines: string): string {
  const bytes = bytesOf(lines)
  const out = roomFor(blockBound(lines.length))
  const end = responseLines.write(bytes, 0, lines.length, out, 0)
  return headerFrames(stream, out.latin1Slice(0, end), true)
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
