import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Circuit, circuitRules } from './circuit.ts'
import type { PeerOutcome } from './peer.ts'

const RULES = circuitRules({
  consecutive_failures: 3,
  http_statuses: [503],
  base_time: 10,
  max_time: 25,
  max_percent: 50,
})

const GOOD: PeerOutcome = { kind: 'ok', status: 200 }
const OTHER: PeerOutcome = { kind: 'ok', status: 500 }
const BAD: PeerOutcome = { kind: 'ok', status: 503 }
const REFUSED: PeerOutcome = { kind: 'connect-failed' }
const SLOW: PeerOutcome = { kind: 'timed-out' }

function circuitAfter(outcomes: readonly PeerOutcome[], nowMs = 0, circuit = new Circuit()) {
  for (const outcome of outcomes) circuit.count(outcome, RULES, { nowMs, mayOpen: () => true })
  return circuit
}

describe(Circuit, () => {
  it('opens when failures of any kind come so many times in a row', () => {
    expect(circuitAfter([BAD, REFUSED]).state(0)).toBe('CLOSED')
    expect(circuitAfter([BAD, REFUSED, SLOW]).state(0)).toBe('OPEN')
    expect(circuitAfter([BAD, BAD, GOOD, BAD, BAD]).state(0)).toBe('CLOSED')
    expect(circuitAfter([BAD, BAD, OTHER, BAD]).state(0)).toBe('CLOSED')
  })

  it('lets requests try when its time is over, and closes at the first that is well', () => {
    const circuit = circuitAfter([BAD, BAD, BAD])
    expect([circuit.state(9_999), circuit.state(10_000)]).toEqual(['OPEN', 'HALF_OPEN'])
    circuitAfter([GOOD], 10_000, circuit)
    expect(circuit.state(10_000)).toBe('CLOSED')
    expect(circuitAfter([BAD, BAD], 10_000, circuit).state(10_000)).toBe('CLOSED')
  })

  it('opens again at the first failure of a trial, each time for longer up to the most', () => {
    const circuit = circuitAfter([BAD, BAD, BAD])
    const openUntil = [circuit.openUntilMs]
    for (let round = 0; round < 3; round += 1) {
      circuitAfter([REFUSED], circuit.openUntilMs, circuit)
      openUntil.push(circuit.openUntilMs)
    }
    expect(openUntil).toEqual([10_000, 30_000, 55_000, 80_000])
    expect(circuit.openings).toBe(4)
  })

  it('takes nothing from exchanges that end while it is open', () => {
    const circuit = circuitAfter([BAD, BAD, BAD])
    expect(circuitAfter([GOOD, BAD, BAD, BAD], 5_000, circuit).openUntilMs).toBe(10_000)
    expect(circuit.state(5_000)).toBe('OPEN')
  })

  it('stays closed while too many others are left out', () => {
    const circuit = new Circuit()
    for (let count = 0; count < 9; count += 1)
      circuit.count(BAD, RULES, { nowMs: 0, mayOpen: () => false })
    expect(circuit.state(0)).toBe('CLOSED')
  })

  it('is never open longer than the most, whatever happens, and tells of every change', () => {
    const outcome = fc.constantFrom(GOOD, BAD, REFUSED, SLOW, OTHER)
    fc.assert(
      fc.property(fc.array(fc.tuple(outcome, fc.nat(20_000))), (events) => {
        const circuit = new Circuit()
        let nowMs = 0
        for (const [each, later] of events) {
          nowMs += later
          const before = circuit.state(nowMs)
          const hasChanged = circuit.count(each, RULES, { nowMs, mayOpen: () => true })
          expect(hasChanged).toBe(circuit.state(nowMs) !== before)
          expect(circuit.openUntilMs - nowMs).toBeLessThanOrEqual(25_000)
        }
      }),
    )
  })
})
