import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commonLines, keepLines } from './keep-lines.ts'

describe('commonLines()', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 })

  it('finds lines that are in both texts, in order, and as many as there can be', () => {
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const kept = [...commonLines(a, b)!].sort(([left], [right]) => left - right)
        for (const [inB, inA] of kept) expect(b[inB]).toBe(a[inA])
        for (const [at, [, inA]] of kept.entries())
          if (at > 0) expect(inA).toBeGreaterThan(kept[at - 1]![1])
        expect(kept.length).toBe(longestCommon(a, b))
      }),
    )
  })
})

function longestCommon(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0
  const row = Array.from({ length: b.length + 1 }, () => 0)
  for (const line of a) {
    let diagonal = 0
    for (let at = 1; at <= b.length; at += 1) {
      const above = row[at]!
      row[at] = line === b[at - 1] ? diagonal + 1 : Math.max(above, row[at - 1]!)
      diagonal = above
    }
  }
  return row[b.length]!
}

describe('keepLines()', () => {
  it('keeps the layout of lines that stay, and indents new ones like their neighbours', () => {
    const written = 'a:\n    - b:   1    # one\n      c: 2\nd: 3'
    const before = 'a:\n- b: 1 # one\n  c: 2\nd: 3'
    expect(keepLines(written, before, 'a:\n- b: 1 # one\n  c: 2\n  e: 5\n- f: 6\nd: 4\ng: 7')).toBe(
      'a:\n    - b:   1    # one\n      c: 2\n      e: 5\n    - f: 6\nd: 4\ng: 7',
    )
  })

  it('gives up where lines do not correspond', () => {
    expect(keepLines('a: [1,\n 2]', 'a: [1, 2]', 'a: [1, 3]')).toBeUndefined()
  })
})
