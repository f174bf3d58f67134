import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cookieValue, withoutCookie } from './cookies.ts'

describe('withoutCookie', () => {
  it.each([
    ['a=1; jwt=x; b=2', 'a=1; b=2'],
    ['jwt=x', ''],
    ['jwt=x; JWT=y; a=1', 'a=1'],
    ['a=1; jwts=x; notjwt=y', 'a=1; jwts=x; notjwt=y'],
    ['a=1;jwt=x', 'a=1'],
    ['jwt ; a="jwt=x"', 'jwt ; a="jwt=x"'],
  ])('%j', (field, rest) => {
    expect(withoutCookie(field, 'jwt')).toBe(rest)
  })

  it('leaves nothing that would be found, and all that is of others', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('j', 'w', 't', 'J', '=', ';', ' ', '"', 'x') }),
        (field) => {
          const rest = withoutCookie(field, 'jwt')
          expect(cookieValue(rest, 'jwt')).toBeUndefined()
          expect(cookieValue(rest, 'x')).toBe(cookieValue(field, 'x'))
        },
      ),
    )
  })
})
