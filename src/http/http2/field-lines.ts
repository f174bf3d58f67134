import { CONNECTION_FIELDS } from '../http2-fields.ts'
import { fieldTable, NAME_BYTES, type FieldTable } from '../field-table.ts'
import { staticNumberOf } from './static-table.ts'

/** What is peculiar to the fields of one kind of message. */
interface FieldRules {
  /** Names that stand in HPACK's table. */
  readonly common: readonly string[]
  /** Lines that do not become fields. */
  readonly leftOut: readonly string[]
  /** Of the common ones, those that nobody on the way may keep. */
  readonly secret: readonly string[]
}

const LITERAL = 0
/** Nobody on the way may keep it. @see RFC 7541 §6.2.3 */
const NEVER_INDEXED = 16
const SPACE = 32
const TAB = 9
const COLON = 58
const CR = 13

/** Of so many bytes at most a text of one becomes the other here. */
export function blockBound(textBytes: number): number {
  return textBytes * 2 + 64
}

/** The pseudo-field that begins every response. */
export function writeStatus(status: number, out: Buffer, at: number): number {
  const number = STATUS_NUMBERS.indexOf(status) + FIRST_STATUS
  if (number >= FIRST_STATUS) {
    out[at] = 128 | number
    return at + 1
  }
  out[at] = LITERAL | FIRST_STATUS
  out[at + 1] = 3
  out[at + 2] = 48 + Math.floor(status / 100)
  out[at + 3] = 48 + (Math.floor(status / 10) % 10)
  out[at + 4] = 48 + (status % 10)
  return at + 5
}

/** From 8 on in HPACK's table. */
const STATUS_NUMBERS = [200, 204, 206, 304, 400, 404, 500]
const FIRST_STATUS = 8

/** @param mask of the bits of the first byte that belong to it. @param rest its other bits. @see RFC 7541 §5.1 */
// oxlint-disable-next-line max-params -- as above
export function writeNumber(
  value: number,
  mask: number,
  rest: number,
  out: Buffer,
  start: number,
): number {
  if (value < mask) {
    out[start] = rest | value
    return start + 1
  }
  out[start] = rest | mask
  let left = value - mask
  let at = start + 1
  while (left >= 128) {
    out[at++] = (left & 127) | 128
    left >>>= 7
  }
  out[at] = left
  return at + 1
}

/**
 * Writes lines of HTTP/1.1 as fields of a header block that says everything anew: no table has to be
 * kept, and equal lines are equal bytes. Names become lower case; fields about the connection are left
 * out.
 */
class FieldLines {
  readonly #names: FieldTable
  /** By number of the name; 0: not in HPACK's table. */
  readonly #staticNumbers: Uint8Array
  /** By number of the name: {@link LITERAL} or {@link NEVER_INDEXED}. */
  readonly #kinds: Uint8Array
  readonly #firstLeftOut: number
  readonly #leftOut: ReadonlySet<string>

  constructor({ common, leftOut, secret }: FieldRules) {
    this.#names = fieldTable([...common, ...leftOut])
    this.#staticNumbers = Uint8Array.from([0, ...common.map((name) => staticNumberOf(name))])
    this.#kinds = Uint8Array.from([
      LITERAL,
      ...common.map((name) => (secret.includes(name) ? NEVER_INDEXED : LITERAL)),
    ])
    this.#firstLeftOut = common.length + 1
    this.#leftOut = new Set(leftOut)
  }

  /** @param name in lower case */
  isLeftOut(name: string): boolean {
    return this.#leftOut.has(name)
  }

  /**
   * @param bytes lines that each end with CRLF; reading stops at an empty one
   * @param out has room for {@link blockBound} of them
   * @returns position after what was written
   */
  // oxlint-disable-next-line max-params -- the hot path of heads: an object here costs more than it says
  write(bytes: Buffer, start: number, end: number, out: Buffer, outStart: number): number {
    let at = start
    let to = outStart
    while (at < end && bytes[at] !== CR) {
      let colon = at
      while (colon < end && bytes[colon] !== COLON) colon += 1
      let from = colon + 1
      while (from < end && (bytes[from] === SPACE || bytes[from] === TAB)) from += 1
      let stop = from
      while (stop < end && bytes[stop] !== CR) stop += 1
      to = this.#writeField(bytes, at, colon, from, stop, out, to)
      at = stop + 2
    }
    return to
  }

  // oxlint-disable-next-line max-params -- as above
  #writeField(
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    lineEnd: number,
    out: Buffer,
    start: number,
  ): number {
    if (nameEnd === nameStart || nameEnd >= lineEnd) return start
    const id = this.#names.find(bytes, nameStart, nameEnd)
    if (id >= this.#firstLeftOut) return start
    const number = this.#staticNumbers[id]!
    const kind = this.#kinds[id]!
    let at = start
    if (number !== 0) at = writeNumber(number, 15, kind, out, at)
    else {
      out[at] = kind
      at = writeNumber(nameEnd - nameStart, 127, 0, out, at + 1)
      for (let index = nameStart; index < nameEnd; index += 1) {
        const byte = NAME_BYTES[bytes[index]!]!
        // No name has such a byte; the field cannot be said.
        if (byte === 0) return start
        out[at++] = byte
      }
    }
    let end = lineEnd
    while (end > valueStart && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end -= 1
    at = writeNumber(end - valueStart, 127, 0, out, at)
    for (let index = valueStart; index < end; index += 1) out[at++] = bytes[index]!
    return at
  }
}

/** Of responses. `Sec-WebSocket-Accept` answers a key that is not sent over HTTP/2: RFC 8441 §5. */
export const responseLines = new FieldLines({
  common: [
    'accept-ranges',
    'access-control-allow-origin',
    'age',
    'cache-control',
    'content-encoding',
    'content-language',
    'content-length',
    'content-range',
    'content-type',
    'date',
    'etag',
    'expires',
    'last-modified',
    'link',
    'location',
    'retry-after',
    'server',
    'set-cookie',
    'strict-transport-security',
    'vary',
    'via',
    'www-authenticate',
  ],
  leftOut: [...CONNECTION_FIELDS, 'sec-websocket-accept'],
  secret: ['set-cookie'],
})

/** Of requests. What Host says, and that trailers are taken, is said before them. */
export const requestLines = new FieldLines({
  common: [
    'accept',
    'accept-charset',
    'accept-encoding',
    'accept-language',
    'authorization',
    'cache-control',
    'content-encoding',
    'content-length',
    'content-type',
    'cookie',
    'from',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'range',
    'referer',
    'user-agent',
    'via',
  ],
  leftOut: [...CONNECTION_FIELDS, 'host'],
  secret: ['authorization', 'cookie'],
})
