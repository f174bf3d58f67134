import { wordsOf } from './byte-words.ts'
import {
  IGNORED,
  NAME_BYTES,
  OTHER,
  PLAIN_NAME_BYTES,
  VALUE_BYTES,
  type FieldTable,
} from './field-table.ts'

const CR = 13
const LF = 10
const COLON = 58
const SPACE = 32
const TAB = 9

/** The head is not complete yet; call again with more bytes. */
export const INCOMPLETE = -1
/** The head breaks the grammar; it is refused, never repaired. */
export const MALFORMED = -2
/** More fields than {@link HeadFields} holds. */
export const TOO_MANY_FIELDS = -3

/**
 * Header fields of one message as offsets into its head, read in one pass over the bytes.
 *
 * Nothing is copied: the text of the head is one string, and a field is a slice of it. A run of
 * fields that goes on unchanged is one slice. Strict where two parsers could differ: a line ends
 * with CRLF and nothing else, no folding, no space around a name, no control bytes in a value.
 *
 * @see RFC 9112 §2.2, §5; stricter than both on bare LF, bare CR and obs-fold
 */
export class HeadFields {
  /** Four numbers a field: start of name, end of name, start of value, end of value. */
  readonly spans: Int32Array
  /** Number of each field's name in the table. */
  readonly ids: Uint8Array
  count = 0
  /** Bit n is set when a field with number n is present. */
  present = 0
  /** Bit n is set when a field with number n is there more than once. */
  repeated = 0
  /** A line had no colon: a name with an empty value, as nginx reads it. See {@link withColons}. */
  hasBareName = false
  /** The head as one string, a character a byte. */
  text = ''

  constructor(limit: number) {
    this.spans = new Int32Array(limit * 4)
    this.ids = new Uint8Array(limit)
  }

  /**
   * Reads field lines up to and with the empty line.
   * @param bytes offsets of fields will count from `origin`
   * @returns the position after the empty line, or one of the negative verdicts
   */
  // oxlint-disable-next-line max-params -- the hot path of the codec: an object here costs more than it says
  read(bytes: Uint8Array, origin: number, start: number, end: number, table: FieldTable): number {
    this.count = 0
    this.present = 0
    this.repeated = 0
    this.hasBareName = false
    let at = start
    while (at < end) {
      if (bytes[at] === CR) {
        if (at + 1 >= end) return INCOMPLETE
        return bytes[at + 1] === LF ? at + 2 : MALFORMED
      }
      if (this.count === this.ids.length) return TOO_MANY_FIELDS
      at = this.#readField(bytes, origin, at, end, table)
      if (at < 0) return at
    }
    return INCOMPLETE
  }

  // oxlint-disable-next-line max-params, complexity -- the hot loop of the codec: calls and objects here cost a tenth of it
  #readField(
    bytes: Uint8Array,
    origin: number,
    start: number,
    end: number,
    table: FieldTable,
  ): number {
    let at = start
    let isPlain = 1
    while (at < end && NAME_BYTES[bytes[at]!] !== 0) isPlain &= PLAIN_NAME_BYTES[bytes[at++]!]!
    if (at >= end) return INCOMPLETE
    const nameEnd = at
    if (bytes[at] === CR && at > start) {
      this.hasBareName = true
      if (at + 1 >= end) return INCOMPLETE
      if (bytes[at + 1] !== LF) return MALFORMED
      this.count += 1
      return at + 2
    }
    if (bytes[at] !== COLON) {
      const skipped = skipOddName(bytes, at, end)
      if (skipped < 0) return skipped
      at = skipped
      isPlain = 0
    }
    if (at === start) return MALFORMED
    at += 1
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1
    const valueStart = at
    at = valueEndOf(bytes, at, end)
    if (at + 1 >= end) return at < end && bytes[at] !== CR ? MALFORMED : INCOMPLETE
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return MALFORMED
    let valueEnd = at
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB))
      valueEnd -= 1
    this.#add(isPlain === 1 ? table.find(bytes, start, nameEnd) : IGNORED)
    const span = this.count * 4
    this.count += 1
    this.spans[span] = start - origin
    this.spans[span + 1] = nameEnd - origin
    this.spans[span + 2] = valueStart - origin
    this.spans[span + 3] = valueEnd - origin
    return at + 2
  }

  #add(id: number): void {
    this.ids[this.count] = id
    if (id === OTHER || id === IGNORED) return
    const bit = 1 << id
    if ((this.present & bit) !== 0) this.repeated |= bit
    this.present |= bit
  }

  /** Takes over another's fields; there must be room for them. */
  copyFrom(other: HeadFields): void {
    this.spans.set(other.spans.subarray(0, other.count * 4))
    this.ids.set(other.ids.subarray(0, other.count))
    this.count = other.count
    this.present = other.present
    this.repeated = other.repeated
    this.text = other.text
  }

  /** Makes it a head without fields. */
  clear(): void {
    this.count = 0
    this.present = 0
    this.repeated = 0
    this.hasBareName = false
    this.text = ''
  }

  nameAt(index: number): string {
    return this.text.slice(this.spans[index * 4], this.spans[index * 4 + 1])
  }

  valueAt(index: number): string {
    return this.text.slice(this.spans[index * 4 + 2], this.spans[index * 4 + 3])
  }

  has(id: number): boolean {
    return (this.present & (1 << id)) !== 0
  }

  /** The first field with this number; -1 when there is none. */
  indexOf(id: number): number {
    if ((this.present & (1 << id)) === 0) return -1
    for (let index = 0; index < this.count; index += 1) if (this.ids[index] === id) return index
    return -1
  }

  /** Value of the first field with this number. */
  get(id: number): string | undefined {
    const index = this.indexOf(id)
    return index === -1 ? undefined : this.valueAt(index)
  }

  /** Whether the field at an index has this name. @param name lower-case */
  isNamed(index: number, name: string): boolean {
    const start = this.spans[index * 4]!
    if (this.spans[index * 4 + 1]! - start !== name.length || this.ids[index] === IGNORED)
      return false
    for (let offset = 0; offset < name.length; offset += 1)
      if (NAME_BYTES[this.text.charCodeAt(start + offset)] !== name.charCodeAt(offset)) return false
    return true
  }

  /** Values of all fields of a name, in order. @param name lower-case */
  values(name: string): string[] {
    const found: string[] = []
    for (let index = 0; index < this.count; index += 1)
      if (this.isNamed(index, name)) found.push(this.valueAt(index))
    return found
  }

  /** The first value of a name. @param name lower-case */
  value(name: string): string | undefined {
    for (let index = 0; index < this.count; index += 1)
      if (this.isNamed(index, name)) return this.valueAt(index)
    return undefined
  }

  /** End of the field's line with its CRLF; the start of the next one. */
  lineEnd(index: number): number {
    return index + 1 < this.count ? this.spans[(index + 1) * 4]! : this.text.length - 2
  }
}

/**
 * A head whose lines all have a colon: lines without one are names with an empty value, and go on
 * as what they were read as.
 */
export function withColons(head: string): Buffer {
  const [first, ...lines] = head.slice(0, -4).split('\r\n')
  const mended = lines.map((line) => (line.includes(':') ? line : `${line}:`))
  return Buffer.from(`${[first, ...mended].join('\r\n')}\r\n\r\n`, 'latin1')
}

/**
 * Passes over a name with bytes that no token has, such as `X(A)`: the field is then left out, as
 * nginx does. White space in or after a name, and a line without a colon, are refused.
 */
function skipOddName(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!
    if (byte === COLON) return at
    if (byte <= SPACE || byte === 127) return MALFORMED
  }
  return INCOMPLETE
}

/** Position of the first byte that no value has, which is where a line ends. */
export function valueEndOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  const words = wordsOf(bytes)
  if (words !== undefined) {
    const aligned = Math.min((start + 3) & ~3, end)
    while (at < aligned && VALUE_BYTES[bytes[at]!] === 1) at += 1
    if (at < aligned) return at
    while (at + 4 <= end && isWithoutControls(words[at >> 2]!)) at += 4
  }
  while (at < end && VALUE_BYTES[bytes[at]!] === 1) at += 1
  return at
}

/**
 * Whether none of four bytes is a control byte: then none has the high bit set that a byte gets when
 * more is taken away from it than it has. Values may have some of those, so they are looked at singly.
 */
function isWithoutControls(word: number): boolean {
  return ((word - 0x20202020) & ~word & 0x80808080) === 0
}
