import { wordsOf } from './byte-words.ts'

/** Beyond so many bytes making a string of them costs less than comparing them here. */
const COMPARED_BYTES = 256

/** A text that is expected again at the beginning of a message. */
export class KnownBytes {
  readonly #text: string
  readonly #words: Int32Array
  /** What is left behind the last whole word. */
  readonly #rest: Buffer

  /** @param text latin1 */
  constructor(text: string) {
    const bytes = Buffer.from(text, 'latin1')
    const wholeBytes = bytes.length & ~3
    this.#text = text
    this.#words = new Int32Array(new Uint8Array(bytes.subarray(0, wholeBytes)).buffer)
    this.#rest = bytes.subarray(wholeBytes)
  }

  get length(): number {
    return this.#text.length
  }

  /** Whether the bytes from a position on begin with the text. */
  isAt(bytes: Buffer, start: number, end: number): boolean {
    const { length } = this.#text
    if (start + length > end) return false
    const there = wordsOf(bytes)
    if (there === undefined || (start & 3) !== 0 || length > COMPARED_BYTES)
      return bytes.latin1Slice(start, start + length) === this.#text
    const words = this.#words
    const first = start >> 2
    for (let index = 0; index < words.length; index += 1)
      if (words[index] !== there[first + index]) return false
    const rest = this.#rest
    const at = start + words.length * 4
    for (let index = 0; index < rest.length; index += 1)
      if (rest[index] !== bytes[at + index]) return false
    return true
  }
}
