import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entity } from '../entities/entity.ts'
import { isSameRow } from './same-row.ts'

const value = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, 0, -0, 1, 'a', ''),
  fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
  fc.record({ id: fc.constantFrom('a', 'b') }, { noNullPrototype: true }),
)
const row = fc.record(
  { id: fc.constantFrom('x', 'y'), name: value, tags: value, updated_at: value },
  { requiredKeys: ['id'], noNullPrototype: true },
)

describe(isSameRow, () => {
  it('agrees with a comparison of whole objects', () => {
    fc.assert(
      fc.property(row, row, (one, other) => {
        expect(isSameRow(one, other)).toBe(isDeepStrictEqual(one, other))
        expect(isSameRow(one, structuredClone(one))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves out what is ignored, whether there or not', () => {
    const times = new Set(['created_at', 'updated_at'])
    const old: Entity = { id: 'x', name: 'a', created_at: 1 }
    expect(isSameRow(old, { id: 'x', name: 'a', created_at: 2, updated_at: 2 }, times)).toBe(true)
    expect(isSameRow(old, { id: 'x', name: 'b', created_at: 1 }, times)).toBe(false)
    expect(isSameRow(old, { id: 'x', created_at: 1 }, times)).toBe(false)
  })
})
