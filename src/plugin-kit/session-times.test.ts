import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAlive, refreshed, secondsLeft, sessionFact } from './session-times.ts'

const NOW = 1_000_000
const begun = { createdAt: NOW, renewedAt: NOW, usedAt: NOW }
const TIMEOUTS = { idling: 900, rolling: 3600, absolute: 86_400 }

describe('refreshed', () => {
  it.each([
    ['is left alone when it was used just now', TIMEOUTS, 59, undefined],
    ['is used anew after a minute', TIMEOUTS, 60, { usedAt: NOW + 60 }],
    [
      'is used anew sooner where it must not rest for long',
      { ...TIMEOUTS, idling: 10 },
      5,
      { usedAt: NOW + 5 },
    ],
    [
      'is renewed in the last quarter',
      TIMEOUTS,
      2700,
      { renewedAt: NOW + 2700, usedAt: NOW + 2700 },
    ],
    ['is not touched without idling timeout', { ...TIMEOUTS, idling: 0 }, 2000, undefined],
  ])('a session %s', (_, timeouts, after, change) => {
    const expected = change && { ...begun, ...change }
    expect(refreshed(begun, timeouts, NOW + after)).toEqual(expected)
  })

  it('never lets a session end that is used at least twice as often as it must', () => {
    const idling = fc.integer({ min: 2, max: 2000 })
    const rests = fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { maxLength: 60 })
    fc.assert(
      fc.property(idling, rests, (seconds, shares) => {
        const timeouts = { idling: seconds, rolling: 0, absolute: 0 }
        let session = begun
        let now = NOW
        for (const share of shares) {
          now += Math.floor(seconds * share)
          expect(isAlive(session, timeouts, now)).toBe(true)
          session = refreshed(session, timeouts, now) ?? session
        }
      }),
    )
  })
})

describe('secondsLeft', () => {
  it.each([
    [TIMEOUTS, 100, 800],
    [{ ...TIMEOUTS, idling: 0 }, 100, 3500],
    [{ idling: 0, rolling: 0, absolute: 0 }, 1e9, Infinity],
    [TIMEOUTS, 900, 0],
  ])('is, with %j after %i seconds, %d', (timeouts, after, left) => {
    expect(secondsLeft(begun, timeouts, NOW + after)).toBe(left)
    expect(isAlive(begun, timeouts, NOW + after)).toBe(left > 0)
  })
})

describe('sessionFact', () => {
  it.each([
    ['id', 'x'],
    ['audience', 'a'],
    ['subject', 's'],
    ['timeout', '800'],
    ['rolling-timeout', '0'],
  ] as const)('tells %s as %j', (fact, text) => {
    const session = { ...begun, id: 'x', audience: 'a', subject: 's' }
    const of = { timeouts: { ...TIMEOUTS, rolling: 0 }, now: NOW + 100 }
    expect(sessionFact(session, fact, of)).toBe(text)
  })
})
