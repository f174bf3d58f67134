import { describe, expect, it } from 'vitest'
import type { EntitySet } from '../entities/entity.ts'
import { difference } from '../store/difference.ts'
import type { Store, StoreListener, WriteResult } from '../store/store.ts'
import { changedEntities } from './changed-entities.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import { Publisher } from './publisher.ts'

/**
 * A store whose content is set at will, and workers that serve what they are handed unless told
 * otherwise. Secrets are a `!` at the end of names.
 */
function setUp(options: { readonly refuses?: (entities: EntitySet) => boolean } = {}) {
  let entities: EntitySet = {}
  let inForce: EntitySet = {}
  let listener: StoreListener = () => {}
  const served: EntitySet[] = []
  const dropped: EntitySet[] = []
  const told: string[] = []
  const store = {
    version: 0,
    withInstant: (entities: EntitySet) => entities,
    all: () => entities,
    page: (kind: string) => ({ rows: entities[kind] ?? [], lastId: undefined }),
    subscribe(given: StoreListener) {
      listener = given
      return () => {}
    },
    async replaceAll(given: EntitySet): Promise<WriteResult> {
      return change(given)
    },
  }
  function change(given: EntitySet): WriteResult {
    const changes = difference(entities, given)
    entities = given
    store.version += 1
    listener({ version: store.version, changes, origin: { by: 'start' } })
    return { ok: true, changes, version: store.version }
  }
  async function prepare(given: EntitySet) {
    await Promise.resolve()
    if (options.refuses?.(given)) throw new ConfigurationRefused('no')
    const commit = async () => {
      inForce = given
      served.push(given)
    }
    return { commit, drop: () => void dropped.push(given) }
  }
  const publisher = new Publisher({
    store: store as unknown as Store,
    dataPlane: {
      prepare(given) {
        told.push('all')
        return prepare(given)
      },
      prepareChanges(changes) {
        told.push(changes.map(({ id, after }) => `${after ? '' : 'no '}${id}`).join())
        return prepare(changedEntities(inForce, changes))
      },
    },
    withSecrets: (given) =>
      Object.fromEntries(
        Object.entries(given).map(([kind, rows]) => [
          kind,
          rows.map((row) =>
            typeof row['name'] === 'string' ? { ...row, name: `${row['name']}!` } : row,
          ),
        ]),
      ),
    isServed: (kind) => kind !== 'tokens',
    log: { error() {} },
  })
  return { publisher, store, change, served, dropped, told }
}

const NAMED = (name: string): EntitySet => ({ services: [{ id: name }] })

describe('Publisher', () => {
  it('replaces store and workers together', async () => {
    const { publisher, store, served } = setUp()
    await publisher.replaceAll(NAMED('a'), { by: 'file' })
    expect(store.all()).toEqual(NAMED('a'))
    expect(served).toEqual([NAMED('a')])
  })

  it('changes nothing when a worker refuses', async () => {
    const { publisher, store, served } = setUp({ refuses: () => true })
    await expect(publisher.replaceAll(NAMED('a'), { by: 'file' })).rejects.toThrow('no')
    expect(store.version).toBe(0)
    expect(served).toEqual([])
  })

  it('serves writes that follow each other quickly as one', async () => {
    const { publisher, change, served } = setUp()
    change(NAMED('a'))
    change(NAMED('b'))
    await publisher.whenServed(2)
    expect(served).toEqual([NAMED('b')])
  })

  it('hands workers no rows that they ask for one by one, and keeps nobody waiting for them', async () => {
    const { publisher, change, served, told } = setUp()
    change({ ...NAMED('a'), tokens: [{ id: 't' }] })
    await publisher.whenServed(1)
    change({ ...NAMED('a'), tokens: [{ id: 't' }, { id: 'u' }] })
    await publisher.whenServed(2)
    await publisher.replaceAll({ ...NAMED('b'), tokens: [{ id: 'u' }] }, { by: 'rollback' })
    expect(served).toEqual([NAMED('a'), NAMED('b')])
    expect(told).toEqual(['all', 'all'])
  })

  it('tells nobody too early that a version is served', async () => {
    const { publisher, change, served } = setUp()
    change(NAMED('a'))
    const first = publisher.whenServed(1).then(() => served.length)
    await publisher.whenServed(1)
    change(NAMED('b'))
    await publisher.whenServed(2)
    expect(await first).toBe(1)
    expect(served).toEqual([NAMED('a'), NAMED('b')])
  })

  it('keeps nobody waiting for a write that workers refuse', async () => {
    const { publisher, change, served } = setUp({ refuses: (given) => 'services' in given })
    change(NAMED('a'))
    await publisher.whenServed(1)
    expect(served).toEqual([])
  })

  it('takes a replacement and a write in turn', async () => {
    const { publisher, change, served } = setUp()
    const replacing = publisher.replaceAll(NAMED('whole'), { by: 'file' })
    change(NAMED('single'))
    await replacing
    await publisher.whenServed(2)
    expect(served.at(-1)).toEqual(NAMED('whole'))
  })

  it('tells workers only what has changed, once they have been told everything', async () => {
    const { publisher, change, served, told } = setUp()
    change({ services: [{ id: 'a' }, { id: 'b' }] })
    await publisher.whenServed(1)
    change({ services: [{ id: 'b' }, { id: 'c' }] })
    await publisher.whenServed(2)
    change({ services: [{ id: 'b' }] })
    change({ services: [{ id: 'b' }], routes: [{ id: 'r' }] })
    await publisher.whenServed(4)
    expect(told).toEqual(['all', 'no a,c', 'no c,r'])
    expect(served.at(-1)).toEqual({ services: [{ id: 'b' }], routes: [{ id: 'r' }] })
  })

  it('tells what workers refused again with the next change', async () => {
    const { publisher, change, served, told } = setUp({ refuses: (given) => 'plugins' in given })
    change({ services: [{ id: 's' }] })
    await publisher.whenServed(1)
    change({ services: [{ id: 's' }], plugins: [{ id: 'broken' }] })
    await publisher.whenServed(2)
    change({ services: [{ id: 's' }], plugins: [{ id: 'broken' }], routes: [{ id: 'r' }] })
    await publisher.whenServed(3)
    change({ services: [{ id: 's' }], routes: [{ id: 'r' }] })
    await publisher.whenServed(4)
    expect(told).toEqual(['all', 'broken', 'broken,r', 'no broken,r'])
    expect(served.at(-1)).toEqual({ services: [{ id: 's' }], routes: [{ id: 'r' }] })
  })

  it('fills in secrets of what has changed, and of everything where vaults have', async () => {
    const { publisher, change, served, told } = setUp()
    const plugins = [{ id: 'p', name: 'one' }]
    change({ plugins })
    await publisher.whenServed(1)
    change({ plugins, keys: [{ id: 'k', name: 'two' }] })
    await publisher.whenServed(2)
    expect(served.at(-1)).toEqual({
      plugins: [{ id: 'p', name: 'one!' }],
      keys: [{ id: 'k', name: 'two!' }],
    })
    change({ plugins, vaults: [{ id: 'v' }] })
    await publisher.whenServed(3)
    expect(told).toEqual(['all', 'k', 'all'])
  })

  it('tells everything where more has changed than could be told quickly', async () => {
    const { publisher, change, told } = setUp()
    change(NAMED('a'))
    await publisher.whenServed(1)
    change({ services: Array.from({ length: 5000 }, (_, number) => ({ id: String(number) })) })
    await publisher.whenServed(2)
    expect(told).toEqual(['all', 'all'])
  })
})
