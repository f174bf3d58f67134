import { describe, expect, it } from 'vitest'
import { testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { openidConnect } from './plugin.ts'
import type { SharedRefreshes } from './redis-refreshes.ts'
import { refreshOnce } from './refresh-once.ts'

/** A node on which a second passes whenever somebody asks for the time. */
function setUp(shared: Partial<SharedRefreshes>) {
  const clock = { ms: Date.UTC(2026, 0, 1) }
  const { node } = testContext(openidConnect, { now: () => (clock.ms += 1000) })
  const state = { asked: 0 }
  const refresh = refreshOnce(node, {
    isRefusal: () => false,
    longestMs: 60_000,
    shared: { outcome: async () => undefined, tell: async () => undefined, ...shared } as never,
  })
  return Object.assign(state, {
    refresh: () =>
      refresh('a token', async () => {
        state.asked += 1
        return { accessToken: 'new' }
      }),
  })
}

describe('openid-connect › a refresh token that several nodes have', () => {
  it('is not used by who has waited too long for another node', async () => {
    const node = setUp({ begin: async () => 'taken' })
    await expect(node.refresh()).rejects.toThrow('Cannot renew a session')
    expect(node.asked).toBe(0)
  })

  it('is used by who has waited for a node that did not come to an end', async () => {
    let ended = 0
    const answers = ['taken', 'taken', { end: async () => void (ended += 1) }] as const
    let begun = 0
    const node = setUp({ begin: async () => answers[begun++]! })
    expect(await node.refresh()).toEqual({ tokens: { accessToken: 'new' } })
    expect([node.asked, ended]).toEqual([1, 1])
  })

  it('is used by a node that can ask no other one', async () => {
    const node = setUp({ begin: async () => 'unknown' })
    expect(await node.refresh()).toEqual({ tokens: { accessToken: 'new' } })
    // What is known on this node is not asked for again.
    await node.refresh()
    expect(node.asked).toBe(1)
  })
})
