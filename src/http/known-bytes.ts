import { wordsOf } from './byte-words.ts'

/** Beyond so many bytes making a string of them costs less than comparing them here. */
const COMPARED_BYTES = 256
/** The same where they cannot be compared by words. */
const COMPARED_SINGLY = 64

/** A text that is expected again at the beginning of a message. */
export class KnownBytes {
  readonly #text: string
  readonly #bytes: Buffer
  /** All but what is left behind the last whole one. */
  readonly #words: Int32Array

  /** @param text latin1 */
  constructor(text: string) {
    this.#text = text
    this.#bytes = Buffer.from(text, 'latin1')
    const whole = this.#bytes.subarray(0, text.length & ~3)
    this.#words = new Int32Array(new Uint8Array(whole).buffer)
  }

  get length(): number {
    return this.#text.length
  }

  /** Whether the bytes from a position on begin with the text. */
  isAt(bytes: Buffer, start: number, end: number): boolean {
    const { length } = this.#text
    if (start + length > end) return false
    const there = length > COMPARED_BYTES ? undefined : wordsOf(bytes)
    if (there === undefined || (start & 3) !== 0) {
      if (length <= COMPARED_SINGLY) return this.#isFrom(0, bytes, start)
      return bytes.latin1Slice(start, start + length) === this.#text
    }
    const words = this.#words
    const first = start >> 2
    for (let index = 0; index < words.length; index += 1)
      if (words[index] !== there[first + index]) return false
    return this.#isFrom(words.length * 4, bytes, start)
  }

  /** Whether the text from an offset on is that of the bytes from the same offset behind `start`. */
  #isFrom(offset: number, bytes: Buffer, start: number): boolean {
    const expected = this.#bytes
    for (let index = offset; index < expected.length; index += 1)
      if (expected[index] !== bytes[start + index]) return false
    return true
  }
}
