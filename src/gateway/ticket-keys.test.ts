import { describe, expect, it } from 'vitest'
import { makeTicketState, TicketKeys } from './ticket-keys.ts'

const HOUR_MS = 3_600_000

describe('TicketKeys', () => {
  it('are the same in threads that started at different times', () => {
    const first = new TicketKeys(makeTicketState(HOUR_MS, 0))
    const later = new TicketKeys(first.state(5 * HOUR_MS))
    expect(later.keys(7.5 * HOUR_MS)).toEqual(first.keys(7.9 * HOUR_MS))
    expect(first.keys(7.9 * HOUR_MS)).toHaveLength(48)
  })

  it('change after their period, and for each process', () => {
    const keys = new TicketKeys(makeTicketState(HOUR_MS, 0))
    const early = keys.keys(0)
    expect(keys.keys(HOUR_MS - 1)).toEqual(early)
    expect(keys.keys(HOUR_MS)).not.toEqual(early)
    expect(keys.endsAtMs).toBe(2 * HOUR_MS)
    expect(new TicketKeys(makeTicketState(HOUR_MS, 0)).keys(0)).not.toEqual(early)
  })
})
