import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { readByWords } from './byte-words.ts'
import { HeadFields } from './message-head.ts'
import { REQUEST_FIELDS } from './request-head.ts'

const shared = Buffer.alloc(4096)
const other = Buffer.alloc(4096)
readByWords(shared)
afterAll(() => readByWords(Buffer.alloc(0)))

/** Mostly what values have, and now and then any byte at all. */
const bytes = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0x20, max: 0xff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff }) },
)
const values = fc.array(bytes, { maxLength: 60 }).map((value) => Buffer.from(value).latin1Slice())

it('reads the same fields whether or not it looks at four bytes at a time', () => {
  fc.assert(
    fc.property(
      fc.array(values, { maxLength: 6 }),
      fc.nat(40),
      fc.nat(600),
      (lines, start, cut) => {
        const text = lines.map((value, index) => `name-${index}: ${value}\r\n`).join('') + '\r\n'
        const end = start + Math.min(text.length, cut)
        const read = (buffer: Buffer): object => {
          buffer.fill(0x2e)
          buffer.write(text, start, 'latin1')
          const fields = new HeadFields(100)
          const after = fields.read(buffer, start, start, end, REQUEST_FIELDS)
          return {
            after,
            count: fields.count,
            spans: [...fields.spans.subarray(0, fields.count * 4)],
          }
        }
        expect(read(shared)).toEqual(read(other))
      },
    ),
    { numRuns: 2000 },
  )
})
