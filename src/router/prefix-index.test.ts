import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Field, PrefixIndex } from './prefix-index.ts'

/** All items on the way from the longest prefix to the root. */
function found(
  index: PrefixIndex<string>,
  set: ReturnType<PrefixIndex<string>['addSet']>,
  text: string,
) {
  index.prepare(text)
  const items: string[] = []
  for (let node = index.find(set, text); node !== -1; node = index.records[node + Field.PARENT]!)
    items.push(
      ...index.items.slice(index.records[node + Field.START], index.records[node + Field.END]),
    )
  return items
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5 | 0
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

describe(PrefixIndex, () => {
  it('finds exactly the prefixes of a text, the longest first', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 9 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), text), { maxLength: 40 }),
        fc.array(text),
        (entries, texts) => {
          const index = new PrefixIndex<string>()
          const sets = [index.addSet(), index.addSet(), index.addSet()]
          for (const [number, prefix] of entries) index.add(sets[number]!, prefix, prefix)
          index.seal(() => 0)
          for (const [number, set] of sets.entries())
            for (const asked of texts) {
              const expected = entries
                .filter(([own, prefix]) => own === number && asked.startsWith(prefix))
                .map(([, prefix]) => prefix)
                .sort((a, b) => b.length - a.length)
              expect(found(index, set, asked)).toEqual(expected)
            }
        },
      ),
    )
  })

  it('is not misled by texts whose hashes are equal', () => {
    const byHash = new Map<number, string>()
    let pair: readonly [string, string] | undefined
    for (let number = 0; pair === undefined; number += 1) {
      const text = `/${Math.imul(number, 0x9e3779b1).toString(36).padStart(8, '0').slice(-8)}`
      const other = byHash.get(fnv1a(text))
      if (other !== undefined && other !== text) pair = [other, text]
      byHash.set(fnv1a(text), text)
    }
    const [known, alike] = pair
    const index = new PrefixIndex<string>()
    const set = index.addSet()
    index.add(set, '/', 'root')
    index.add(set, known, 'known')
    index.add(set, `${known}/more`, 'more')
    index.seal(() => 0)
    expect(found(index, set, `${alike}/x`)).toEqual(['root'])
    expect(found(index, set, `${known}/x`)).toEqual(['known', 'root'])
    expect(found(index, set, `${known}/more`)).toEqual(['more', 'known', 'root'])
  })
})
