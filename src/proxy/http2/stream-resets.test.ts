import { describe, expect, it } from 'vitest'
import { StreamResets } from './stream-resets.ts'

/** How many of so many at one time are not too many. */
function taken(resets: StreamResets, nowMs: number, attempts = 1000): number {
  let count = 0
  while (count < attempts && resets.count(nowMs)) count += 1
  return count
}

describe('StreamResets', () => {
  it('take 200 at once, then 20 a second', () => {
    const resets = new StreamResets(0)
    expect(taken(resets, 0)).toBe(200)
    const later = new StreamResets(0)
    for (let second = 1; second <= 100; second += 1)
      for (let each = 0; each < 20; each += 1) expect(later.count(second * 1000)).toBe(true)
  })

  it('never save up more than 200, and are not misled by a clock that goes back', () => {
    expect(taken(new StreamResets(0), 3_600_000)).toBe(200)
    const resets = new StreamResets(100_000)
    taken(resets, 100_000, 100)
    expect(taken(resets, 0)).toBe(100)
  })

  it('remember the last 256 that this side has reset', () => {
    const resets = new StreamResets(0)
    expect(resets.has(1)).toBe(false)
    for (let id = 1; id <= 513; id += 2) resets.remember(id)
    expect(resets.has(1)).toBe(false)
    expect(resets.has(3)).toBe(true)
    expect(resets.has(513)).toBe(true)
  })
})
