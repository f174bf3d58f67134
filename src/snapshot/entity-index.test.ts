import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EntityKind } from '../entities/entity.ts'
import { foreign, string } from '../schema/field.ts'
import { indexEntities, watchLookups } from './entity-index.ts'

const ID = '00000000-0000-4000-8000-00000000000'
const CONSUMERS = [
  { id: `${ID}1`, username: 'ann', custom_id: null },
  { id: `${ID}2`, username: `${ID}1`, custom_id: 'x' },
  { id: `${ID}3`, username: null, custom_id: 'y' },
]
const KEYS: EntityKind = {
  name: 'keys',
  endpointKey: 'key',
  fields: { key: string({ unique: true }), consumer: foreign('consumers') },
}

describe('indexEntities', () => {
  const entities = indexEntities(
    {
      consumers: CONSUMERS,
      keys: [
        { id: 'k1', key: 'one', consumer: { id: `${ID}1` } },
        { id: 'k2', key: 'two', consumer: { id: `${ID}1` } },
        { id: 'k3', key: null, consumer: null },
      ],
    },
    [KEYS],
  )

  it('finds rows by id, by field and by parent', () => {
    expect(entities.byId('keys', 'k2')).toMatchObject({ key: 'two' })
    expect(entities.by('keys', 'key', 'one')).toMatchObject({ id: 'k1' })
    expect(entities.referring('keys', 'consumer', `${ID}1`).map(({ id }) => id)).toEqual([
      'k1',
      'k2',
    ])
    expect(entities.rows('keys')).toHaveLength(3)
  })

  it('finds by fields nobody has announced', () => {
    expect(entities.by('consumers', 'custom_id', 'y')).toMatchObject({ id: `${ID}3` })
  })

  it.each(['gone', 'null', 'constructor', '__proto__'])('finds nothing for %s', (value) => {
    expect(entities.byId(value, value)).toBeUndefined()
    expect(entities.by('keys', 'key', value)).toBeUndefined()
    expect(entities.referring('keys', 'consumer', value)).toEqual([])
    expect(entities.rows(value)).toEqual([])
  })

  it('takes a consumer’s id before a username that looks like one', () => {
    expect(entities.consumerByIdOrUsername(`${ID}1`)).toMatchObject({ username: 'ann' })
    expect(entities.consumerByIdOrUsername('ann')).toMatchObject({ id: `${ID}1` })
    expect(entities.consumerByIdOrUsername('x')).toBeUndefined()
  })

  it('agrees with a search through all rows', () => {
    const row = fc.record({ id: fc.uuid(), key: fc.option(fc.string({ maxLength: 2 })) })
    fc.assert(
      fc.property(fc.array(row), fc.string({ maxLength: 2 }), (rows, key) => {
        const index = indexEntities({ keys: rows }, [KEYS])
        expect(index.by('keys', 'key', key)).toBe(rows.find((each) => each.key === key))
        for (const { id } of rows) expect(index.byId('keys', id)?.id).toBe(id)
      }),
    )
  })

  it('agrees with an index made anew after any changes', () => {
    const row = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      key: fc.option(fc.constantFrom('one', 'two', 'three')),
      consumer: fc.constantFrom(null, { id: 'x' }, { id: 'y' }),
    })
    const keys = fc
      .uniqueArray(row, { comparator: (a, b) => a.id === b.id || (a.key ?? a.id) === b.key })
      .map((rows) => rows.sort((a, b) => (a.id < b.id ? -1 : 1)))
    fc.assert(
      fc.property(fc.array(keys, { minLength: 2 }), fc.boolean(), (versions, isKnown) => {
        let rows = versions[0]!
        // The plugin that brings them may be loaded later.
        let index = indexEntities({ keys: rows, consumers: CONSUMERS }, isKnown ? [KEYS] : [])
        for (const version of versions.slice(1)) {
          // A row that does not change is the same object.
          const known = new Map(rows.map((each) => [JSON.stringify(each), each]))
          rows = version.map((each) => known.get(JSON.stringify(each)) ?? each)
          index = index.changed({ keys: rows, consumers: CONSUMERS }, [KEYS])
        }
        const fresh = indexEntities({ keys: rows, consumers: CONSUMERS }, [KEYS])
        for (const id of ['a', 'b', 'c', 'd', 'e', 'f'])
          expect(index.byId('keys', id)).toBe(fresh.byId('keys', id))
        for (const key of ['one', 'two', 'three'])
          expect(index.by('keys', 'key', key)).toBe(fresh.by('keys', 'key', key))
        for (const id of ['x', 'y'])
          expect(index.referring('keys', 'consumer', id)).toEqual(
            fresh.referring('keys', 'consumer', id),
          )
        expect(index.rows('keys')).toEqual(rows)
      }),
    )
  })

  it('leaves the index it was made from as it is, through more changes than are kept beside it', () => {
    const rows = Array.from({ length: 2000 }, (_, number) => ({
      id: String(number).padStart(4, '0'),
      key: `key ${number}`,
      consumer: { id: 'x' },
    }))
    const empty = indexEntities({ keys: [] }, [KEYS])
    let index = empty
    for (let count = 1; count <= rows.length; count += 1)
      index = index.changed({ keys: rows.slice(0, count) }, [KEYS])
    expect(index.by('keys', 'key', 'key 0')).toBe(rows[0])
    expect(index.by('keys', 'key', 'key 1999')).toBe(rows[1999])
    expect(index.referring('keys', 'consumer', 'x')).toEqual(rows)
    expect(empty.by('keys', 'key', 'key 0')).toBeUndefined()
  })
})

describe('watchLookups()', () => {
  it('tells once what was asked, and leaves the lookup as it was', () => {
    const lookup = indexEntities({ consumers: [{ id: 'c', username: 'ann' }] }, [])
    const before = { ...lookup }
    const watch = watchLookups(lookup)
    expect(watch.wasAsked()).toBe(false)
    expect(lookup.by('consumers', 'username', 'ann')?.id).toBe('c')
    expect([watch.wasAsked(), watch.wasAsked()]).toEqual([true, false])
    const kept = { ...lookup }
    watch.end()
    expect({ ...lookup }).toEqual(before)
    expect(kept.consumerByIdOrUsername('ann')?.id).toBe('c')
  })
})
