import { describe, expect, it } from 'vitest'
import type { EntitySet } from '../entities/entity.ts'
import type { Store, StoreListener, WriteResult } from '../store/store.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import { Publisher } from './publisher.ts'

/** A store that only counts, and workers that serve what they are handed unless told otherwise. */
function setUp(options: { readonly refuses?: (entities: EntitySet) => boolean } = {}) {
  let entities: EntitySet = {}
  let listener: StoreListener = () => {}
  const served: EntitySet[] = []
  const dropped: EntitySet[] = []
  const store = {
    version: 0,
    all: () => entities,
    subscribe(given: StoreListener) {
      listener = given
      return () => {}
    },
    async replaceAll(given: EntitySet): Promise<WriteResult> {
      return change(given)
    },
  }
  function change(given: EntitySet): WriteResult {
    entities = given
    store.version += 1
    listener({ version: store.version, changes: [], origin: { by: 'start' } })
    return { ok: true, changes: [], version: store.version }
  }
  const publisher = new Publisher({
    store: store as unknown as Store,
    dataPlane: {
      async prepare(given) {
        await Promise.resolve()
        if (options.refuses?.(given)) throw new ConfigurationRefused('no')
        return {
          commit: async () => void served.push(given),
          drop: () => void dropped.push(given),
        }
      },
    },
    withSecrets: (given) => given,
    log: { error() {} },
  })
  return { publisher, store, change, served, dropped }
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
})
