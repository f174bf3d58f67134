import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  testGateway,
  TEST_TIME_MS,
  type TestOutcome,
} from '../../plugin-kit/testing/test-plugin.ts'
import { claimReader, wordsOf } from './claim-at.ts'
import { jwt } from './plugin.ts'
import { jwkFor, keysFor, token } from './testing/tokens.ts'

const NOW = TEST_TIME_MS / 1000
const ISSUER = 'https://issuer.test'

/** Seconds around now, absent, or what is no time at all. */
const time = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map((seconds) => NOW + seconds),
  fc.double({ min: -20, max: 20, noNaN: true }).map((seconds) => NOW + seconds),
  fc.constant(undefined),
  fc.constantFrom(null, true, '', String(NOW + 5), [NOW + 5], {}, -1, 0),
)

/** The rules in one line each, as RFC 7519 §4.1.4 to §4.1.6 have them. */
function isInTime(
  { exp, nbf, iat }: { readonly exp: unknown; readonly nbf: unknown; readonly iat: unknown },
  leeway: number,
  now: number,
): boolean {
  if (typeof exp !== 'number' || now >= exp + leeway) return false
  if (nbf !== undefined && (typeof nbf !== 'number' || now < nbf - leeway)) return false
  return iat === undefined || (typeof iat === 'number' && now >= iat - leeway)
}

const passed = ({ answer }: TestOutcome): boolean => answer === undefined

describe('the times of an issued token', () => {
  it('decide alike whether it is verified or remembered, whenever it comes', async () => {
    const offsets = fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 3, maxLength: 8 })
    const leeways = fc.integer({ min: 0, max: 10 })
    await fc.assert(
      fc.asyncProperty(time, time, time, leeways, offsets, async (exp, nbf, iat, leeway, at) => {
        let now = NOW
        const config = {
          leeway,
          issuers: [{ issuer: ISSUER, jwks: { keys: [jwkFor('EdDSA')] } }],
        }
        const gateway = testGateway([[jwt, config]], { now: () => now * 1000 })
        const claims = { iss: ISSUER, exp, nbf, iat }
        const text = token({ alg: 'EdDSA', key: keysFor('EdDSA').privateKey, claims })
        for (const offset of at) {
          now = NOW + offset
          const outcome = await gateway.send({ headers: { Authorization: `Bearer ${text}` } })
          expect(passed(outcome)).toBe(isInTime(claims, leeway, now))
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('claimReader', () => {
  it('takes a claim of that name before the way to one', () => {
    const read = claimReader('a.b')
    expect(read({ 'a.b': 1, a: { b: 2 } })).toBe(1)
    expect(read({ a: { b: 2 } })).toBe(2)
    expect(read({ a: 'text' })).toBeUndefined()
    expect(read({ a: [{ b: 2 }] })).toBeUndefined()
  })

  it('finds no more than a token says, whatever the names', () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), (path, json) => {
        const claims = JSON.parse(`{"x":${json}}`) as Record<string, unknown>
        const found = claimReader(path)(claims)
        // All that can be found is JSON: nothing that objects have of themselves.
        expect(typeof found).not.toBe('function')
      }),
    )
    for (const path of ['constructor', '__proto__', 'x.constructor', 'x.length', 'toString'])
      expect(claimReader(path)({ x: 'text' })).toBeUndefined()
  })
})

describe('wordsOf', () => {
  it('splits texts at spaces, and keeps lists', () => {
    expect(wordsOf(' a  b ')).toEqual(['a', 'b'])
    expect(wordsOf(['a b', 1, null, 'c'])).toEqual(['a b', 'c'])
    expect([wordsOf(1), wordsOf(null), wordsOf({ a: 'b' })]).toEqual([[], [], []])
  })
})
