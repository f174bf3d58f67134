import { describe, expect, it } from 'vitest'
import { DecisionRing, type KeptRecord } from './decision-ring.ts'

function record(atMs: number, more: Partial<KeptRecord> = {}): KeptRecord {
  return { id: atMs.toString(16).padStart(4, '0'), atMs, status: 401, text: 'x', ...more }
}

function times(records: readonly KeptRecord[]): readonly number[] {
  return records.map(({ atMs }) => atMs)
}

describe('DecisionRing', () => {
  it('keeps the newest so many', () => {
    const ring = new DecisionRing({ count: 3, bytes: 1_000_000 })
    for (let at = 1; at <= 8; at += 1) ring.add(record(at))
    expect(times(ring.list({ size: 10 }))).toEqual([8, 7, 6])
  })

  it('keeps what fits, and drops the oldest for what is new', () => {
    const ring = new DecisionRing({ count: 100, bytes: 2500 })
    for (let at = 1; at <= 4; at += 1) ring.add(record(at, { text: 'x'.repeat(500) }))
    expect(times(ring.list({ size: 10 }))).toEqual([4, 3, 2])
    ring.add(record(5, { text: 'x'.repeat(2200) }))
    expect(times(ring.list({ size: 10 }))).toEqual([5])
    expect(ring.bytes).toBeLessThanOrEqual(2500)
  })

  it('does not keep what alone is too large, nor drop anything for it', () => {
    const ring = new DecisionRing({ count: 100, bytes: 1000 })
    ring.add(record(1))
    ring.add(record(2, { text: 'x'.repeat(5000) }))
    expect(times(ring.list({ size: 10 }))).toEqual([1])
  })

  it('lists by status and class, from a position on, newest first whatever came first', () => {
    const ring = new DecisionRing({ count: 100, bytes: 1_000_000 })
    for (const [at, status] of [
      [3, 401],
      [1, 404],
      [2, 502],
      [4, 401],
    ] as const)
      ring.add(record(at, { status }))
    expect(times(ring.list({ size: 10 }))).toEqual([4, 3, 2, 1])
    expect(times(ring.list({ size: 10, status: 401 }))).toEqual([4, 3])
    expect(times(ring.list({ size: 10, status: 4 }))).toEqual([4, 3, 1])
    expect(times(ring.list({ size: 2, before: { atMs: 3, id: '0003' } }))).toEqual([2, 1])
  })

  it('tells records of one ms apart by their ids, so that no page repeats or leaves out one', () => {
    const ring = new DecisionRing({ count: 100, bytes: 1_000_000 })
    for (const id of ['b', 'a', 'd', 'c']) ring.add(record(7, { id }))
    const ids = ring.list({ size: 2 }).map(({ id }) => id)
    const rest = ring.list({ size: 5, before: { atMs: 7, id: ids[1]! } }).map(({ id }) => id)
    expect([...ids, ...rest]).toEqual(['d', 'c', 'b', 'a'])
  })

  it('finds by the beginning of an id', () => {
    const ring = new DecisionRing({ count: 100, bytes: 1_000_000 })
    for (const [at, id] of ['7f3a1', '7f3b2', '00007f3a'].entries()) ring.add(record(at, { id }))
    expect(ring.find('7f3a').map(({ id }) => id)).toEqual(['7f3a1'])
    expect(ring.find('7f').map(({ id }) => id)).toEqual(['7f3b2', '7f3a1'])
  })
})
