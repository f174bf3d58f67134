import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExactTable } from './exact-table.ts'

describe(ExactTable, () => {
  it('finds what a map finds, for any beginning of a text', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 6 })
    fc.assert(
      fc.property(fc.array(name, { maxLength: 40 }), fc.array(name), (names, texts) => {
        const table = new ExactTable<string>()
        for (const own of names) table.obtain(own, () => own)
        table.seal()
        for (const text of texts)
          for (let length = 0; length <= text.length; length += 1) {
            const asked = text.slice(0, length)
            expect(table.find(text, length)).toBe(names.includes(asked) ? asked : undefined)
          }
      }),
    )
  })

  it('makes a value once for each name', () => {
    const table = new ExactTable<object>()
    const first = table.obtain('a', () => ({}))
    expect(table.obtain('a', () => ({}))).toBe(first)
  })
})
