import { describe, expect, it } from 'vitest'
import { countersOver, type RedisCommands } from './redis-counters.ts'

/** As much of a Redis as is used. */
function fakeRedis(failure?: Error) {
  const values = new Map<string, number>()
  const expiries: string[] = []
  const commands: RedisCommands = {
    mget: async (...keys) => keys.map((key) => values.get(key)?.toString() ?? null),
    pipeline: (list) => ({
      exec: async () =>
        list.map(([name, key, value]): [Error | null, unknown] => {
          if (failure !== undefined) return [failure, undefined]
          if (name === 'expire') return [null, expiries.push(`${key} ${value}`)]
          values.set(String(key), (values.get(String(key)) ?? 0) + Number(value))
          return [null, values.get(String(key))]
        }),
    }),
  }
  return { commands, expiries }
}

describe('countersOver', () => {
  it('adds, and sets an expiry when a counter begins', async () => {
    const { commands, expiries } = fakeRedis()
    const counters = countersOver(commands)
    const add = (by: number) => counters.increment([{ key: 'a', by, ttlSeconds: 60 }])
    expect([await add(1), await add(2)]).toEqual([[1], [3]])
    expect(expiries).toEqual(['a 60'])
    expect(await counters.read(['a', 'none'])).toEqual([3, 0])
  })

  it('rejects when a command fails', async () => {
    const counters = countersOver(fakeRedis(new Error('READONLY')).commands)
    await expect(counters.increment([{ key: 'a', by: 1, ttlSeconds: 1 }])).rejects.toThrow(
      'READONLY',
    )
  })
})
