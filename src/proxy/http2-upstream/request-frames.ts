import { flat } from '../../base/buffer-slices.ts'
import { FRAME_HEAD_BYTES, headerFrames } from '../../http/http2/frame.ts'
import { requestLines, writeNumber } from '../../http/http2/field-lines.ts'
import { messageFrames, type MessageStart } from '../http2/message-frames.ts'

/** A request, or the beginning of one, that is to be sent on a stream. */
export interface RequestStart extends MessageStart {
  readonly scheme: 'http' | 'https'
  /** The upstream is told so, whatever the head says. */
  readonly takesTrailers: boolean
}

const INDEXED = 128
/** Numbers of HPACK's table. @see RFC 7541 appendix A */
const AUTHORITY = 1
const GET = 2
const POST = 3
const ROOT_PATH = 4
const HTTP = 6
const HTTPS = 7

const VERSION = ' HTTP/1.1'
/** How the gateway writes it: once, and before all that a client has sent. */
const HOST = '\r\nHost: '
const TRAILERS = '\r\nTE: trailers\r\n'
/** `te: trailers`, said anew. */
const TE_FIELD = Buffer.from('\0\x02te\x08trailers', 'latin1')

/** The frames of a head as the gateway writes it for HTTP/1.1, and of a body behind it. @see RFC 9113 §8.3.1 */
export function requestFrames(start: RequestStart): string {
  return messageFrames(start, writeHead)
}

/** Heads that are known at a time; which one a head may be is told by its length. */
const KNOWN_HEADS = 16

interface KnownHead {
  /** The head around the request's id, and the header block around it. */
  readonly before: string
  readonly after: string
  readonly blockStart: string
  readonly blockEnd: string
}

/** Requests are the same again and again but for their ids: what stands around those is encoded once. */
export class KnownHeads {
  readonly #known: (KnownHead | undefined)[] = Array.from({ length: KNOWN_HEADS })
  /** Heads that came once. */
  readonly #last: string[] = Array.from({ length: KNOWN_HEADS }, () => '')

  /** The frames of a request without a body, as {@link requestFrames}. @param id what stands in the head once, or nothing */
  framesOf(start: RequestStart, id: string): string {
    const { text, stream, emptiesTable, takesTrailers } = start
    // It is said in the block, and not in the text by which heads are known.
    if (takesTrailers) return requestFrames(start)
    const place = text.length % KNOWN_HEADS
    const known = this.#known[place]
    if (known !== undefined && !emptiesTable && isKnown(known, text, id))
      return headerFrames(stream, known.blockStart + id + known.blockEnd, true)
    const frames = requestFrames(start)
    if (!emptiesTable && text.length <= REMEMBERED_BYTES)
      this.#remember(place, text, { frames, id })
    return frames
  }

  #remember(
    place: number,
    text: string,
    { frames, id }: { readonly frames: string; readonly id: string },
  ): void {
    const last = this.#last[place]!
    this.#last[place] = text
    const at = text.indexOf(id)
    const blockAt = frames.indexOf(id, FRAME_HEAD_BYTES)
    if (at === -1 || blockAt === -1 || last.length !== text.length) return
    const before = text.slice(0, at)
    const after = text.slice(at + id.length)
    if (!last.startsWith(before) || !last.endsWith(after)) return
    this.#known[place] = {
      before: flat(before),
      after: flat(after),
      blockStart: flat(frames.slice(FRAME_HEAD_BYTES, blockAt)),
      blockEnd: flat(frames.slice(blockAt + id.length)),
    }
  }
}

/** Longest head that is remembered; its block fits one frame. */
const REMEMBERED_BYTES = 4096

/** By slices, which are compared by words where `startsWith` looks at single characters. */
function isKnown({ before, after }: KnownHead, text: string, id: string): boolean {
  const afterAt = before.length + id.length
  return (
    text.length === afterAt + after.length &&
    text.slice(afterAt) === after &&
    text.slice(0, before.length) === before &&
    text.slice(before.length, afterAt) === id
  )
}

function writeHead(start: RequestStart, bytes: Buffer, out: Buffer, begin: number): number {
  const { text, headLength, scheme } = start
  const methodEnd = text.indexOf(' ')
  const lineEnd = text.indexOf('\r\n', methodEnd)
  const hostAt = text.indexOf(HOST, lineEnd) + HOST.length
  const hostEnd = text.indexOf('\r\n', hostAt)
  let at = writeMethod(text.slice(0, methodEnd), out, begin)
  out[at++] = INDEXED | (scheme === 'http' ? HTTP : HTTPS)
  at = writePath(bytes, methodEnd + 1, lineEnd - VERSION.length, out, at)
  at = writeValue(AUTHORITY, bytes, hostAt, hostEnd, out, at)
  if (start.takesTrailers || text.startsWith(TRAILERS, lineEnd)) at += TE_FIELD.copy(out, at)
  return requestLines.write(bytes, lineEnd + 2, headLength, out, at)
}

function writeMethod(method: string, out: Buffer, at: number): number {
  if (method === 'GET' || method === 'POST') {
    out[at] = INDEXED | (method === 'GET' ? GET : POST)
    return at + 1
  }
  out[at] = GET
  const from = writeNumber(method.length, 127, 0, out, at + 1)
  return from + out.latin1Write(method, from)
}

// oxlint-disable-next-line max-params -- the hot path of requests: an object here costs more than it says
function writePath(bytes: Buffer, start: number, end: number, out: Buffer, at: number): number {
  if (end - start === 1 && bytes[start] === SLASH) {
    out[at] = INDEXED | ROOT_PATH
    return at + 1
  }
  return writeValue(ROOT_PATH, bytes, start, end, out, at)
}

const SLASH = 47

/** A field whose name has a number, without an entry in the table. @see RFC 7541 §6.2.2 */
// oxlint-disable-next-line max-params -- as above
function writeValue(
  name: number,
  bytes: Buffer,
  start: number,
  end: number,
  out: Buffer,
  at: number,
): number {
  out[at] = name
  const from = writeNumber(end - start, 127, 0, out, at + 1)
  return from + bytes.copy(out, from, start, end)
}
