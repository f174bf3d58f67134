import { describe, expect, it } from 'vitest'
import type { RemoteCounters } from '../../plugin-kit/redis-counters.ts'
import { testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { rateLimiting } from './plugin.ts'
import type { Window } from './policies.ts'
import { MOST_BYTES, syncedPolicy } from './synced-policy.ts'

const MINUTE: Window = { period: 'minute', limit: 3, key: 'k', startMs: 0 }

function remote() {
  const values = new Map<string, number>()
  const reads: string[] = []
  const counters: RemoteCounters & { fails?: boolean } = {
    async read(keys) {
      reads.push(...keys)
      return keys.map((key) => values.get(key) ?? 0)
    },
    async increment(increments) {
      if (counters.fails === true) throw new Error('gone')
      return increments.map(({ key, by }) => {
        values.set(key, (values.get(key) ?? 0) + by)
        return values.get(key)!
      })
    },
  }
  return { values, reads, counters }
}

describe('syncedPolicy', () => {
  it('asks Redis once, then counts here, and pushes what it counted', async () => {
    const { values, reads, counters } = remote()
    values.set('k', 1)
    const { policy, push } = syncedPolicy(counters, testContext(rateLimiting).node.log)
    expect([await policy([MINUTE], 0), await policy([MINUTE], 0)]).toEqual([[1], [2]])
    expect([reads, values.get('k')]).toEqual([['k'], 1])
    await push()
    expect(values.get('k')).toBe(3)
    expect(await policy([MINUTE], 0)).toEqual([3])
    expect(reads).toEqual(['k', 'k'])
  })

  it('does not count what it stops', async () => {
    const { values, counters } = remote()
    values.set('k', 3)
    const { policy, push } = syncedPolicy(counters, testContext(rateLimiting).node.log)
    expect(await policy([MINUTE], 0)).toEqual([3])
    await push()
    expect(values.get('k')).toBe(3)
  })

  it('pushes before its time when clients have made up more than there is room for', async () => {
    const { values, reads, counters } = remote()
    const { policy } = syncedPolicy(counters, testContext(rateLimiting).node.log)
    const long = 'x'.repeat(MOST_BYTES / 32)
    const ask = (client: number) => policy([{ ...MINUTE, key: `${long}${client}` }], 0)
    for (let client = 0; client <= 32; client += 1) await ask(client)
    expect(values.size).toBe(32)
    // What was counted since is known, and what was pushed is asked for again.
    expect(await ask(32)).toEqual([1])
    expect(reads.length).toBe(33)
    expect(await ask(0)).toEqual([1])
    expect(reads.length).toBe(34)
  })

  it('reports counters that it cannot push', async () => {
    const { counters } = remote()
    const logged: string[] = []
    const { log } = testContext(rateLimiting, { logged }).node
    const { policy, push } = syncedPolicy(counters, log)
    await policy([MINUTE], 0)
    counters.fails = true
    await push()
    expect(logged).toEqual([expect.stringContaining('cannot push')])
  })
})
