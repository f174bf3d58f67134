import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { masked } from './masked.ts'

describe('masked', () => {
  it('shows the first four letters of a long secret', () => {
    expect(masked('abcdefghijklmnop')).toBe('abcd… (16 characters)')
  })

  it('shows nothing of a short secret', () => {
    expect(masked('abcdefghijklmno')).toBe('… (15 characters)')
  })

  it('never shows more than a quarter of a secret', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 100 }), (secret) => {
        const shown = masked(secret).split('… (')[0]!
        expect(shown.length * 4).toBeLessThanOrEqual(secret.length)
      }),
    )
  })
})
