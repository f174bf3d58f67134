import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HealthCounters } from './health-counters.ts'
import type { HealthLimits } from './health-counters.ts'
import type { PeerOutcome } from './peer.ts'

const LIMITS: HealthLimits = {
  successes: 2,
  httpFailures: 3,
  tcpFailures: 2,
  timeouts: 2,
  healthyStatuses: new Set([200]),
  unhealthyStatuses: new Set([500]),
}

const GOOD: PeerOutcome = { kind: 'ok', status: 200 }
const BAD: PeerOutcome = { kind: 'ok', status: 500 }
const OTHER: PeerOutcome = { kind: 'ok', status: 418 }
const REFUSED: PeerOutcome = { kind: 'connect-failed' }
const BROKEN: PeerOutcome = { kind: 'broken' }
const SLOW: PeerOutcome = { kind: 'timed-out' }

function stateAfter(outcomes: readonly PeerOutcome[], limits: HealthLimits = LIMITS): boolean {
  const counters = new HealthCounters()
  for (const outcome of outcomes) counters.count(outcome, limits)
  return counters.isHealthy
}

describe('HealthCounters', () => {
  it.each([
    ['statuses', [BAD, BAD], [BAD, BAD, BAD]],
    ['refused connections', [REFUSED], [REFUSED, REFUSED]],
    ['broken connections, which count with them', [BROKEN], [REFUSED, BROKEN]],
    ['timeouts', [SLOW], [SLOW, SLOW]],
  ])('falls when %s reach their limit, not before', (_, before, reached) => {
    expect(stateAfter(before)).toBe(true)
    expect(stateAfter(reached)).toBe(false)
  })

  it('counts each kind of failure for itself', () => {
    expect(stateAfter([BAD, BAD, REFUSED, SLOW])).toBe(true)
  })

  it('forgets failures at a success', () => {
    expect(stateAfter([BAD, BAD, GOOD, BAD, BAD])).toBe(true)
    expect(stateAfter([BAD, BAD, { kind: 'ok' }, BAD, BAD])).toBe(true)
  })

  it('forgets no failure at a success that is not counted', () => {
    expect(stateAfter([BAD, BAD, GOOD, BAD], { ...LIMITS, successes: 0 })).toBe(false)
  })

  it('comes back when successes reach their limit without a failure between', () => {
    const fallen = [REFUSED, REFUSED]
    expect(stateAfter([...fallen, GOOD])).toBe(false)
    expect(stateAfter([...fallen, GOOD, BAD, GOOD])).toBe(false)
    expect(stateAfter([...fallen, GOOD, BAD, GOOD, GOOD])).toBe(true)
  })

  it('counts nothing for a status in neither list', () => {
    expect(stateAfter([BAD, BAD, OTHER, BAD])).toBe(false)
  })

  it('starts anew after it was set by hand', () => {
    const counters = new HealthCounters()
    counters.count(BAD, LIMITS)
    counters.count(BAD, LIMITS)
    expect(counters.set(false)).toBe(true)
    expect(counters.set(true)).toBe(true)
    expect(counters.count(BAD, LIMITS)).toBe(false)
    expect(counters.set(true)).toBe(false)
  })

  it('tells of a flip exactly when the state changes, and never flips with all limits 0', () => {
    const outcome = fc.constantFrom(GOOD, BAD, OTHER, REFUSED, BROKEN, SLOW)
    const off = { ...LIMITS, successes: 0, httpFailures: 0, tcpFailures: 0, timeouts: 0 }
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 40 }), (outcomes) => {
        const counters = new HealthCounters()
        for (const each of outcomes) {
          const before = counters.isHealthy
          expect(counters.count(each, LIMITS)).toBe(counters.isHealthy !== before)
        }
        expect(stateAfter(outcomes, off)).toBe(true)
      }),
    )
  })
})
