import { atOnce } from '../base/steps.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PrefixIndex } from './prefix-index.ts'
import { Field, type PrefixSet } from './prefix-records.ts'
import { fnv1a } from './text-hash.ts'

/** All items on the way from the longest prefix to the root. */
function found(index: PrefixIndex<string>, root: number, text: string): readonly string[] {
  const { records } = index
  index.begin()
  const items: string[] = []
  for (let node = index.find(root, text); ; node = records[node + Field.PARENT]!) {
    items.push(...index.items.slice(records[node + Field.START], records[node + Field.END]))
    if (node === root) return items
  }
}

/** An index of one set, whose items are the prefixes. */
function indexOf(prefixes: readonly string[]): readonly [PrefixIndex<string>, PrefixSet<string>] {
  const index = new PrefixIndex<string>()
  const set = index.addSet()
  for (const prefix of prefixes) index.add(set, prefix, prefix)
  atOnce(index.seal(() => ({ rank: 0, check: 0 })))
  return [index, set]
}

/** Texts of nine bytes whose hashes are the same, and so are those of what is longer. */
function equalHashes(): readonly [string, string] {
  const byHash = new Map<number, string>()
  for (let number = 0; ; number += 1) {
    const text = `/${Math.imul(number, 0x9e3779b1).toString(36).padStart(8, '0').slice(-8)}`
    const other = byHash.get(fnv1a(text))
    if (other !== undefined && other !== text) return [other, text]
    byHash.set(fnv1a(text), text)
  }
}

describe(PrefixIndex, () => {
  it('finds exactly the prefixes of a text, the longest first', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), text), { maxLength: 60 }),
        fc.array(text),
        (entries, texts) => {
          const index = new PrefixIndex<string>()
          const sets = [index.addSet(), index.addSet('name'), index.addSet()]
          for (const [number, prefix] of entries) index.add(sets[number]!, prefix, prefix)
          atOnce(index.seal(() => ({ rank: 0, check: 0 })))
          for (const [number, { root }] of sets.entries())
            for (const asked of texts) {
              const expected = entries
                .filter(([own, prefix]) => own === number && asked.startsWith(prefix))
                .map(([, prefix]) => prefix)
                .sort((a, b) => b.length - a.length)
              expect(found(index, root, asked)).toEqual(expected)
            }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('keeps with a prefix its first item and the best of all shorter ones', () => {
    const ranks = new Map([
      ['', 7],
      ['/a', 3],
      ['/a/b', 5],
      ['/a/b/c', 1],
    ])
    const index = new PrefixIndex<string>()
    const set = index.addSet()
    for (const prefix of ranks.keys()) index.add(set, prefix, prefix)
    index.add(set, '/a/b', 'second')
    atOnce(index.seal((prefix) => ({ rank: ranks.get(prefix)!, check: 10 + ranks.get(prefix)! })))
    const node = index.find(set.root, '/a/b/d')
    expect(index.records[node + Field.FIRST_RANK]).toBe(5)
    expect(index.records[node + Field.FIRST_CHECK]).toBe(15)
    expect(index.records[node + Field.RANK_ABOVE]).toBe(3)
  })

  it('finds a set by the beginning of a text that is its name', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 40 }),
        fc.array(name),
        fc.array(name),
        (names, prefixes, texts) => {
          const index = new PrefixIndex<string>()
          const sets = new Map(names.map((own) => [own, index.addSet(own)]))
          // Prefixes that are spelled like names are no names.
          const nameless = index.addSet()
          for (const prefix of prefixes) index.add(nameless, prefix, prefix)
          atOnce(index.seal(() => ({ rank: 0, check: 0 })))
          for (const text of texts)
            for (let length = 0; length <= text.length; length += 1)
              expect(index.findNamed(text, length)).toBe(
                sets.get(text.slice(0, length))?.root ?? -1,
              )
        },
      ),
    )
  })

  it('is not misled by a text whose hash is that of a prefix', () => {
    const [known, alike] = equalHashes()
    const [index, { root }] = indexOf(['/', known, `${known}/more`])
    expect(found(index, root, `${alike}/x`)).toEqual(['/'])
    expect(found(index, root, `${alike}/more`)).toEqual(['/'])
    expect(found(index, root, `${known}/x`)).toEqual([known, '/'])
    expect(found(index, root, `${known}/more`)).toEqual([`${known}/more`, known, '/'])
  })

  it('tells prefixes of one hash apart', () => {
    const [one, other] = equalHashes()
    // What lies beyond the one is found at other lengths than what lies beyond the other; the short
    // ones have the search begin at the two themselves.
    const beyond = ['/a', '/a/bcd', '/x/bcd', '/y/bcd'].map((tail) => `${other}${tail}`)
    const prefixes = ['/', '/1', '/2', '/3', '/4', one, `${one}/z`, other, ...beyond]
    const [index, { root }] = indexOf(prefixes)
    for (const head of prefixes)
      for (const tail of ['', '/a', '/a/bcd', '/x/bcd', '/z', '/z/bcd']) {
        const text = `${head}${tail}`
        const expected = prefixes.filter((prefix) => text.startsWith(prefix))
        expect(found(index, root, text)).toEqual(expected.sort((a, b) => b.length - a.length))
      }
  })
})
