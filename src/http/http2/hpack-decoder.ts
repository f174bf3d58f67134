import { Http2Field } from './http2-field.ts'
import { decodeHuffman } from './huffman.ts'
import { STATIC_FIELDS } from './static-table.ts'

/** Takes the fields of a header block, in order. */
export interface FieldTaker {
  takeField(field: Http2Field): void
}

/** Most the table may hold, which no SETTINGS of this side ever change. */
const TABLE_BYTES = 4096
const BROKEN = -1
/** A number that is not longer than this stands in five bytes. */
const LARGEST_NUMBER = 0x7fffffff

/**
 * Reads header blocks of one connection, which must all be given to it, in order: what they say about
 * its table counts for the next ones.
 *
 * @see RFC 7541
 */
export class HpackDecoder {
  /** Counts the changes of the table: equal blocks mean the same as long as it is the same. */
  version = 0
  /** Newest last; those before {@link #oldest} are gone. */
  #entries: (Http2Field | undefined)[] = []
  #oldest = 0
  #size = 0
  #limit = TABLE_BYTES
  #added: Http2Field[] | undefined
  /** What a block adds that was not read, and how often that is still to be done. */
  #repeated: readonly Http2Field[] = []
  #repeats = 0
  /** Where the number or text that was read last ended. */
  #at = 0

  /** @returns false for a block that cannot be read, after which the table is of no use: COMPRESSION_ERROR */
  decode(bytes: Buffer, start: number, end: number, taker: FieldTaker): boolean {
    this.#catchUp()
    this.#added = []
    let at = start
    let hasField = false
    while (at < end) {
      const byte = bytes[at]!
      if (byte >= 128) {
        const field = this.#entryAt(this.#readNumber(bytes, at, end, 127))
        if (field === undefined) return false
        taker.takeField(field)
        hasField = true
      } else if (byte >= 32 && byte < 64) {
        // A change of size belongs before the fields.
        if (hasField || !this.#resize(this.#readNumber(bytes, at, end, 31))) return false
      } else {
        const field = this.#readLiteral(bytes, at, end, byte >= 64 ? 63 : 15)
        if (field === undefined) return false
        if (byte >= 64) this.#add(field)
        taker.takeField(field)
        hasField = true
      }
      at = this.#at
    }
    return true
  }

  /**
   * What the last block has added to the table, if it has asked nothing of it: it means the same then
   * whenever it comes. Some encoders add all they say and never come back to it.
   */
  get added(): readonly Http2Field[] | undefined {
    return this.#added
  }

  /**
   * Takes a block once more without reading it.
   * @param added what it had added
   */
  repeat(added: readonly Http2Field[]): void {
    if (added.length === 0) return
    if (this.#repeated !== added) {
      this.#catchUp()
      this.#repeated = added
    }
    this.#repeats += 1
  }

  /** No more than fills the table: the rest would be pushed out of it again. */
  #catchUp(): void {
    if (this.#repeats === 0) return
    const added = this.#repeated
    const bytes = added.reduce((sum, { size }) => sum + size, 0)
    const times = bytes === 0 ? 0 : Math.min(this.#repeats, Math.ceil(TABLE_BYTES / bytes) + 1)
    this.#repeats = 0
    for (let time = 0; time < times; time += 1) for (const field of added) this.#insert(field)
  }

  #readLiteral(bytes: Buffer, start: number, end: number, mask: number): Http2Field | undefined {
    const number = this.#readNumber(bytes, start, end, mask)
    if (number === BROKEN) return undefined
    const name = number === 0 ? this.#readText(bytes, this.#at, end) : this.#entryAt(number)?.name
    if (name === undefined) return undefined
    const value = this.#readText(bytes, this.#at, end)
    return value === undefined ? undefined : new Http2Field(name, value)
  }

  /** @param mask of the bits of the first byte that belong to it. @see RFC 7541 §5.1 */
  #readNumber(bytes: Buffer, start: number, end: number, mask: number): number {
    const prefix = bytes[start]! & mask
    this.#at = start + 1
    if (prefix < mask) return prefix
    let value = prefix
    let factor = 1
    for (let at = start + 1; at < end; at += 1) {
      const byte = bytes[at]!
      value += (byte & 127) * factor
      if (value > LARGEST_NUMBER || at > start + 5) return BROKEN
      if (byte < 128) {
        this.#at = at + 1
        return value
      }
      factor *= 128
    }
    return BROKEN
  }

  /** @see RFC 7541 §5.2 */
  #readText(bytes: Buffer, start: number, end: number): string | undefined {
    if (start >= end) return undefined
    const length = this.#readNumber(bytes, start, end, 127)
    const from = this.#at
    if (length === BROKEN || length > end - from) return undefined
    this.#at = from + length
    if (bytes[start]! < 128) return bytes.latin1Slice(from, this.#at)
    const room = roomFor(length * 2)
    const decodedEnd = decodeHuffman(bytes, from, this.#at, room, 0)
    return decodedEnd === BROKEN ? undefined : room.latin1Slice(0, decodedEnd)
  }

  #entryAt(number: number): Http2Field | undefined {
    if (number <= 0) return undefined
    if (number <= STATIC_FIELDS.length) return STATIC_FIELDS[number - 1]
    this.#added = undefined
    return this.#entries[this.#entries.length - (number - STATIC_FIELDS.length)]
  }

  #add(field: Http2Field): void {
    this.#insert(field)
    this.#added?.push(field)
  }

  #insert(field: Http2Field): void {
    this.version += 1
    this.#entries.push(field)
    this.#size += field.size
    this.#evict()
  }

  #resize(limit: number): boolean {
    this.#added = undefined
    if (limit === BROKEN || limit > TABLE_BYTES) return false
    this.version += 1
    this.#limit = limit
    this.#evict()
    return true
  }

  /** One that is larger than the whole table leaves it empty. @see RFC 7541 §4.4 */
  #evict(): void {
    while (this.#size > this.#limit) {
      this.#size -= this.#entries[this.#oldest]!.size
      this.#entries[this.#oldest] = undefined
      this.#oldest += 1
    }
    if (this.#oldest <= MOST_GONE) return
    this.#entries = this.#entries.slice(this.#oldest)
    this.#oldest = 0
  }
}

/** Entries that are gone before the others move up: moving them each time would cost more. */
const MOST_GONE = 128

let decoded = Buffer.allocUnsafeSlow(4096)

/** For one text at a time. */
function roomFor(bytes: number): Buffer {
  if (decoded.length < bytes) decoded = Buffer.allocUnsafeSlow(bytes * 2)
  return decoded
}
