import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentMap } from './recent-map.ts'

describe('RecentMap', () => {
  it('gives what was set last, and nothing for others', () => {
    const map = new RecentMap<string, number>(4)
    map.set('a', 1)
    map.set('a', 2)
    expect([map.get('a'), map.get('b')]).toEqual([2, undefined])
  })

  it('keeps what is asked for, however many others come', () => {
    const map = new RecentMap<number, number>(10)
    map.set(-1, 1)
    for (let other = 0; other < 1000; other += 1) {
      map.set(other, other)
      expect(map.get(-1)).toBe(1)
    }
  })

  it('holds the half used last, and no more than it may', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 200 }),
        (most, keys) => {
          const map = new RecentMap<number, number>(most)
          keys.forEach((key, turn) => map.set(key, turn))
          const recent = [...new Set(keys.toReversed())].slice(0, Math.floor(most / 2))
          for (const key of recent.toReversed()) expect(map.get(key)).toBe(keys.lastIndexOf(key))
          const held = Array.from({ length: 31 }, (_, key) => map.get(key) !== undefined)
          expect(held.filter(Boolean).length).toBeLessThanOrEqual(most)
        },
      ),
    )
  })

  it('counts an entry once, wherever it is, and tells of those that had to go', () => {
    const gone: number[] = []
    const map = new RecentMap<string, number>(4, (value) => gone.push(value))
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const)
      map.set(key, value)
    expect(map.size).toBe(3)
    map.set('a', 4)
    expect([map.size, map.get('a')]).toEqual([3, 4])
    map.set('d', 5)
    expect(gone).toEqual([2])
    expect(map.entries().toSorted()).toEqual([
      ['a', 4],
      ['c', 3],
      ['d', 5],
    ])
    map.delete('a')
    map.delete('d')
    expect(map.entries()).toEqual([['c', 3]])
    expect(gone).toEqual([2])
  })
})
