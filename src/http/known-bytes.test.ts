import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readByWords } from './byte-words.ts'
import { KnownBytes } from './known-bytes.ts'

const shared = Buffer.alloc(1024)
readByWords(shared)
afterAll(() => readByWords(Buffer.alloc(0)))

const texts = fc
  .uint8Array({ minLength: 0, maxLength: 400 })
  .map((bytes) => Buffer.from(bytes).latin1Slice())

describe.each([
  ['the buffer compared by words', shared],
  ['another buffer', Buffer.alloc(1024)],
])('a text in %s', (_, buffer) => {
  it('is found where it stands, up to the end of what was read', () => {
    fc.assert(
      fc.property(texts, fc.nat(600), (text, start) => {
        buffer.fill(0x2e)
        buffer.write(text, start, 'latin1')
        const known = new KnownBytes(text)
        expect(known.isAt(buffer, start, start + text.length)).toBe(true)
        if (text.length > 0) expect(known.isAt(buffer, start, start + text.length - 1)).toBe(false)
      }),
    )
  })

  it('is not found where one byte is another one', () => {
    fc.assert(
      fc.property(
        texts,
        fc.nat(600),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (text, start, place, change) => {
          fc.pre(text.length > 0)
          buffer.write(text, start, 'latin1')
          buffer[start + (place % text.length)]! ^= change
          expect(new KnownBytes(text).isAt(buffer, start, buffer.length)).toBe(false)
        },
      ),
    )
  })
})
