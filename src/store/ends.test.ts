import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ends } from './ends.ts'

describe('Ends', () => {
  it('knows which are over, as a plain map would, after any changes', () => {
    const step = fc.record({
      what: fc.constantFrom('set', 'set', 'delete'),
      id: fc.integer({ min: 0, max: 60 }).map(String),
      end: fc.integer({ min: 0, max: 20 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const ends = new Ends()
        const expected = new Map<string, number>()
        for (const [turn, { what, id, end }] of steps.entries()) {
          if (what === 'set') {
            ends.set(id, end)
            expected.set(id, end)
          } else {
            ends.delete(id)
            expected.delete(id)
          }
          const now = turn % 21
          const over = [...expected].filter(([, at]) => at <= now).map(([each]) => each)
          expect(ends.over(now).toSorted()).toEqual(over.sort())
          expect(ends.get(id)).toBe(expected.get(id))
        }
      }),
    )
  })

  it('holds no more than is left when most are taken out', () => {
    const ends = new Ends()
    for (let round = 0; round < 100; round += 1) {
      for (let id = 0; id < 1000; id += 1) ends.set(String(id), id)
      for (let id = 0; id < 1000; id += 1) ends.delete(String(id))
      expect(ends.over(Infinity)).toEqual([])
    }
    ends.set('last', 1)
    expect(ends.over(1)).toEqual(['last'])
  })
})
