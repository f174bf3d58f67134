import { describe, expect, it } from 'vitest'
import type { AdminErrand, NodeServices } from '../../plugin-kit/plugin.ts'
import { testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { databaseStorage } from './database-storage.ts'
import { memoryStorage } from './memory-storage.ts'
import { acme } from './plugin.ts'
import { redisStorage, type RedisClient } from './redis-storage.ts'
import type { AcmeStorage } from './storage.ts'

interface Clock {
  now: number
}

/** What a Redis does, as far as it is asked. */
function fakeRedis(clock: Clock): RedisClient & { readonly keys: () => readonly string[] } {
  const rows = new Map<string, { value: string; endsAt: number }>()
  const alive = (key: string) => {
    const row = rows.get(key)
    return row !== undefined && row.endsAt > clock.now ? row : undefined
  }
  return {
    keys: () => [...rows.keys()],
    get: async (key) => alive(key)?.value ?? null,
    set: async (key: string, value: string, ...more: unknown[]) => {
      if (more.includes('NX') && alive(key)) return null
      rows.set(key, {
        value,
        endsAt: more[0] === 'EX' ? clock.now + Number(more[1]) * 1000 : Infinity,
      })
      return 'OK'
    },
    del: async (key) => Number(rows.delete(key)),
    scan: async (cursor, _match, pattern) => {
      // One key a time, so that the cursor is followed.
      const all = [...rows.keys()]
      const at = Number(cursor)
      const start = pattern.slice(0, -1).replaceAll('\\', '')
      const next = at + 1 < all.length ? String(at + 1) : '0'
      return [next, all.slice(at, at + 1).filter((key) => key.startsWith(start))]
    },
  }
}

/** A control plane that keeps rows, which the served configuration never gets to see. */
function administered(clock: Clock): NodeServices {
  const { node } = testContext(acme, { now: () => clock.now })
  const rows = new Map<string, { key: string }>()
  return {
    ...node,
    async administer({ method, path, body }: AdminErrand) {
      const id = path.split('/').at(-1)!
      const { key } = (body ?? {}) as { key: string }
      if (method === 'DELETE') rows.delete(id)
      else if ([...rows].some(([other, row]) => other !== id && row.key === key))
        return { status: 409, body: {} }
      else rows.set(id, { key })
      return { status: 200, body: {} }
    },
  }
}

const KINDS: readonly (readonly [string, (clock: Clock) => AcmeStorage])[] = [
  ['memoryStorage', (clock) => memoryStorage(testContext(acme, { now: () => clock.now }).node)],
  [
    'redisStorage',
    (clock) =>
      redisStorage(fakeRedis(clock), {
        extra_options: { namespace: 'mine:', scan_count: 10 },
      } as never),
  ],
  ['databaseStorage', (clock) => databaseStorage(administered(clock), testContext(acme).entities)],
]

describe.each(KINDS)('acme › %s', (_name, make) => {
  it('keeps texts until they are replaced or deleted', async () => {
    const storage = make({ now: 1_767_225_600_000 })
    expect(await storage.get('a')).toBeUndefined()
    await storage.set('a', '1')
    await storage.set('a', '2')
    expect(await storage.get('a')).toBe('2')
    await storage.delete('a')
    expect(await storage.get('a')).toBeUndefined()
    await storage.delete('a')
  })

  it('lets the first of several add, until it is deleted', async () => {
    const storage = make({ now: 1_767_225_600_000 })
    const added = await Promise.all([1, 2, 3].map((text) => storage.add('lock', String(text), 30)))
    expect(added.filter(Boolean)).toHaveLength(1)
    expect(await storage.add('lock', 'again', 30)).toBe(false)
    await storage.delete('lock')
    expect(await storage.add('lock', 'again', 30)).toBe(true)
  })

  it('lists what begins alike, each once', async () => {
    const storage = make({ now: 1_767_225_600_000 })
    for (const key of ['x:1', 'x:2', 'y:1', 'x:1', 'x:3']) await storage.set(key, key)
    await storage.delete('x:3')
    expect([...(await storage.list('x:'))].toSorted()).toEqual(['x:1', 'x:2'])
    expect(await storage.list('z')).toEqual([])
  })
})

/** Rows of a database end there, by themselves. */
const ENDING = KINDS.filter(([name]) => name !== 'databaseStorage')

describe.each(ENDING)('acme › %s', (_name, make) => {
  it('forgets what was kept for a time', async () => {
    const clock = { now: 1_767_225_600_000 }
    const storage = make(clock)
    await storage.set('a', '1', 60)
    expect(await storage.add('lock', '1', 30)).toBe(true)
    clock.now += 31_000
    expect(await storage.get('a')).toBe('1')
    expect(await storage.add('lock', '2', 30)).toBe(true)
    clock.now += 31_000
    expect(await storage.get('a')).toBeUndefined()
  })
})

describe('acme › redisStorage', () => {
  it('keeps its keys apart from others by a namespace', async () => {
    const redis = fakeRedis({ now: 0 })
    const config = { extra_options: { namespace: 'mine:', scan_count: 10 } } as never
    await redisStorage(redis, config).set('a', '1')
    expect(redis.keys()).toEqual(['mine:a'])
  })
})
