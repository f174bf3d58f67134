import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalSecrets } from './equal-secrets.ts'

describe('equalSecrets', () => {
  it('agrees with plain equality of the bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(equalSecrets(a, b)).toBe(Buffer.from(a).equals(Buffer.from(b)))
        expect(equalSecrets(a, Buffer.from(a))).toBe(true)
      }),
    )
  })

  it('tells apart texts that differ in length or in the last byte only', () => {
    expect(equalSecrets('secret', 'secre')).toBe(false)
    expect(equalSecrets('secret', 'secreT')).toBe(false)
  })
})
