import { describe, expect, it } from 'vitest'
import { definePlugin } from '../plugin.ts'
import { testContext } from '../testing/test-plugin.ts'
import { dpopNonces } from './dpop-nonces.ts'

const anyPlugin = definePlugin({ name: 'any', priority: 1, schema: {}, create: () => ({}) })
const LIFETIME = 300

/** Nonces of a node whose clock says so, in seconds. */
function noncesAt(clock: { seconds: number }, secret?: string) {
  const { node } = testContext(anyPlugin, { now: () => clock.seconds * 1000 })
  return dpopNonces(node, secret, LIFETIME)
}

describe('dpopNonces', () => {
  it('are fresh from half a lifetime on, and to the end of it at most', () => {
    const clock = { seconds: 3000 }
    const nonces = noncesAt(clock)
    const nonce = nonces.current()
    const freshAt = (seconds: number) => {
      clock.seconds = seconds
      return nonces.isFresh(nonce)
    }
    expect([3000, 3149, 3150, 3299, 3300, 2999].map(freshAt)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ])
  })

  it('are the same on nodes that share a secret, and others on others', () => {
    const clock = { seconds: 3000 }
    const [one, other] = [
      noncesAt(clock, 'shared by all nodes'),
      noncesAt(clock, 'shared by all nodes'),
    ]
    expect(other.isFresh(one.current())).toBe(true)
    expect(noncesAt(clock, 'of another one').isFresh(one.current())).toBe(false)
    expect(noncesAt(clock).isFresh(noncesAt(clock).current())).toBe(false)
  })
})
