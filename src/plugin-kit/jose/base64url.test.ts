import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url, isBase64Url } from './base64url.ts'

const letter = fc.constantFrom(...Array.from('ABYZabyz0189-_=+/. \n\u00e9\u0141'))
const texts = fc.oneof(
  fc.string({ unit: letter, maxLength: 12 }),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64')),
)

describe('isBase64Url', () => {
  it('tells what can be decoded', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(isBase64Url(text)).toBe(decodeBase64Url(text) !== undefined)
      }),
    )
  })

  it.each(['', 'AA', 'AAA', 'AAAA', 'AA==', 'AAA=', '-_8', 'AB', '='])('takes %j', (text) => {
    expect(isBase64Url(text)).toBe(true)
  })

  it.each(['A', '===', 'A=', 'AA=A', '+/8', 'A A', 'AA\n', '\u0141\u0141'])(
    'refuses %j',
    (text) => {
      expect(isBase64Url(text)).toBe(false)
    },
  )
})
