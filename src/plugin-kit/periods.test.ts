import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PERIODS, PERIOD_SECONDS, periodOrderFault, periodStart } from './periods.ts'

describe('periodStart', () => {
  it.each([
    ['second', '2026-02-28T23:59:59.000Z'],
    ['minute', '2026-02-28T23:59:00.000Z'],
    ['hour', '2026-02-28T23:00:00.000Z'],
    ['day', '2026-02-28T00:00:00.000Z'],
    ['month', '2026-02-01T00:00:00.000Z'],
    ['year', '2026-01-01T00:00:00.000Z'],
  ] as const)('of a %s is by the calendar', (period, expected) => {
    const start = periodStart(period, Date.UTC(2026, 1, 28, 23, 59, 59, 999))
    expect(new Date(start).toISOString()).toBe(expected)
  })

  it('is never after the time, nor further back than the window is long', () => {
    const time = fc.integer({ min: 0, max: 4_102_444_800_000 })
    fc.assert(
      fc.property(time, fc.constantFrom(...PERIODS), (now, period) => {
        const start = periodStart(period, now)
        expect(start).toBeLessThanOrEqual(now)
        // A month may have a day more than its thirty, a year one more than its 365.
        expect(now - start).toBeLessThan((PERIOD_SECONDS[period] + 86_400) * 1000)
        expect(periodStart(period, start)).toBe(start)
      }),
    )
  })
})

describe('periodOrderFault', () => {
  it.each([
    [
      { second: 2, minute: 1 },
      'limit for minute(1.0) cannot be lower than the limit for second(2.0)',
    ],
    [
      { second: 1.5, year: 1 },
      'limit for year(1.0) cannot be lower than the limit for second(1.5)',
    ],
    [{ second: 2, minute: 2, hour: 100 }, undefined],
    [{}, undefined],
  ])('of %j', (limits, fault) => {
    expect(periodOrderFault(limits)).toBe(fault)
  })
})
