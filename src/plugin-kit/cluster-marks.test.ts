import { describe, expect, it } from 'vitest'
import { endedThings, oneTimeIds } from './cluster-marks.ts'
import { definePlugin, type NodeServices } from './plugin.ts'
import type { RedisConfig } from './redis-fields.ts'
import { testContext } from './testing/test-plugin.ts'

const anyPlugin = definePlugin({ name: 'any', priority: 1, schema: {}, create: () => ({}) })
const REDIS = { host: 'redis.test', port: 6379 } as RedisConfig
const NOW = 1_700_000_000

/** A Redis of which several nodes are clients, as far as it is needed here. */
function fakeRedis() {
  const marks = new Set<string>()
  const state = { isDown: false, asked: 0 }
  const answer = <Value>(value: () => Value): Promise<Value> => {
    state.asked += 1
    return state.isDown ? Promise.reject(new Error('it is down')) : Promise.resolve(value())
  }
  const client = {
    set: (key: string) =>
      answer(() => {
        if (marks.has(key)) return null
        marks.add(key)
        return 'OK'
      }),
    exists: (key: string) => answer(() => (marks.has(key) ? 1 : 0)),
  }
  return Object.assign(state, { client, marks })
}

function nodeWith(redis: ReturnType<typeof fakeRedis>, clock = { seconds: NOW }) {
  const logged: string[] = []
  const { node } = testContext(anyPlugin, { logged, now: () => clock.seconds * 1000 })
  const keep: NodeServices['keep'] = (name, make) =>
    name.startsWith('redis client') ? (redis.client as never) : node.keep(name, make)
  return { node: { ...node, keep }, logged, clock }
}

describe('oneTimeIds', () => {
  it('counts an id once for each purpose, until it ends', () => {
    const { node, clock } = nodeWith(fakeRedis())
    const ids = oneTimeIds(node, 'proofs', undefined)
    expect([ids.use('a', NOW + 10), ids.use('a', NOW + 10), ids.use('b', NOW + 10)]).toEqual([
      true,
      false,
      true,
    ])
    expect(oneTimeIds(node, 'others', undefined).use('a', NOW + 10)).toBe(true)
    clock.seconds = NOW + 10
    expect(ids.use('a', NOW + 20)).toBe(true)
  })

  it('counts it once on all nodes that share a Redis', async () => {
    const redis = fakeRedis()
    const [one, other] = [nodeWith(redis), nodeWith(redis)].map(({ node }) =>
      oneTimeIds(node, 'proofs', REDIS),
    )
    expect(await one!.use('a secret', NOW + 10)).toBe(true)
    expect(await other!.use('a secret', NOW + 10)).toBe(false)
    expect(await other!.use('b', NOW + 10)).toBe(true)
    expect([...redis.marks].join(' ')).not.toContain('a secret')
  })

  it('goes by the node while the Redis is down, and says so once', async () => {
    const redis = fakeRedis()
    const { node, logged, clock } = nodeWith(redis)
    const ids = oneTimeIds(node, 'proofs', REDIS)
    redis.isDown = true
    expect(await ids.use('a', NOW + 10)).toBe(true)
    expect(await ids.use('a', NOW + 10)).toBe(false)
    expect(await ids.use('b', NOW + 10)).toBe(true)
    // Nobody waits for it again so soon.
    expect([redis.asked, logged.length]).toEqual([1, 1])
    redis.isDown = false
    clock.seconds += 1
    expect(await ids.use('c', NOW + 10)).toBe(true)
    expect([redis.asked, redis.marks.size]).toEqual([2, 1])
  })
})

describe('endedThings', () => {
  it('are ended on all nodes that share a Redis, and on one without', async () => {
    const redis = fakeRedis()
    const [one, other] = [nodeWith(redis).node, nodeWith(redis).node]
    await endedThings(one, 'sessions', REDIS).end('a', NOW + 10)
    await endedThings(one, 'alone', undefined).end('a', NOW + 10)
    expect(await endedThings(other, 'sessions', REDIS).hasEnded('a')).toBe(true)
    expect(await endedThings(other, 'sessions', REDIS).hasEnded('b')).toBe(false)
    expect(endedThings(other, 'alone', undefined).hasEnded('a')).toBe(false)
    expect(endedThings(one, 'alone', undefined).hasEnded('a')).toBe(true)
  })
})
