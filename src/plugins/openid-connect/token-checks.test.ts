import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { parsedConfig, testContext } from '../../plugin-kit/testing/test-plugin.ts'
import type { OidcClient } from './clients.ts'
import { openidConnect } from './plugin.ts'
import { GatewayRefused, GrantRefused } from './provider-errors.ts'
import type { Config } from './schema.ts'
import { tokenChecks } from './token-checks.ts'

const START = Date.UTC(2026, 0, 1)
const NOTHING = { headers: {}, arguments: {} }
const CLIENT = { id: 'gateway' } as OidcClient

/** A provider that says what it is told to, at a time that can be put forward. */
function setUp(options: object, answer: JsonObject) {
  const clock = { ms: START }
  const logged: string[] = []
  const state = { asked: 0, answer, failure: undefined as Error | undefined }
  const say = async (): Promise<JsonObject> => {
    state.asked += 1
    if (state.failure !== undefined) throw state.failure
    return state.answer
  }
  const config = parsedConfig(openidConnect, {
    issuer: 'https://login.example.com',
    auth_methods: ['introspection'],
    ...options,
  }) as unknown as Config
  const { node } = testContext(openidConnect, { now: () => clock.ms, logged })
  const means = { config, node, provided: { introspect: say, userInfo: say }, clients: [CLIENT] }
  const checks = tokenChecks(means as unknown as Parameters<typeof tokenChecks>[0])
  return Object.assign(state, {
    logged,
    at: (seconds: number) => void (clock.ms = START + seconds * 1000),
    introspect: () => checks.introspect(CLIENT, 'a token'),
    userInfo: (provesToken = false) =>
      checks.userInfo('a token', { subject: undefined, provesToken, along: NOTHING }),
  })
}

const endsIn = (seconds: number): JsonObject => ({ active: true, exp: START / 1000 + seconds })
const ACTIVE: JsonObject = { active: true }

describe('openid-connect › what is remembered', () => {
  it.each([
    ['cache_ttl, of what has no end', {}, ACTIVE, 3600],
    ['cache_ttl, of what ends later', {}, endsIn(9000), 3600],
    ['its end', {}, endsIn(50), 50],
    ['cache_ttl_min where that is more', { cache_ttl: 10, cache_ttl_min: 60 }, ACTIVE, 60],
    ['its end, however long cache_ttl_min is', { cache_ttl_min: 9999 }, endsIn(50), 50],
    ['cache_ttl_max, of what ends later', { cache_ttl_max: 7000 }, endsIn(9000), 7000],
    ['cache_ttl_max where cache_ttl is more', { cache_ttl_max: 20 }, ACTIVE, 20],
    ['cache_ttl_neg, that it is not active', { cache_ttl_neg: 5 }, { active: false }, 5],
    ['cache_ttl, that it is not active', { cache_ttl: 30 }, { active: false }, 30],
  ])('is so for %s', async (_, options, answer, seconds) => {
    const provider = setUp(options, answer)
    await provider.introspect()
    provider.at(seconds - 1)
    await provider.introspect()
    expect(provider.asked).toBe(1)
    provider.at(seconds)
    await provider.introspect()
    expect(provider.asked).toBe(2)
  })

  it('is nothing where it is not to be', async () => {
    const provider = setUp({ cache_introspection: false, cache_user_info: false }, ACTIVE)
    for (const ask of [provider.introspect, provider.userInfo]) {
      provider.asked = 0
      await ask()
      await ask()
      expect(provider.asked).toBe(2)
    }
  })
})

describe('openid-connect › a provider that cannot be asked', () => {
  const failure = new Error('it is down')

  it('fails what has become old, unless that is to be used on', async () => {
    const provider = setUp({ cache_ttl: 10 }, ACTIVE)
    await provider.introspect()
    provider.at(10)
    provider.failure = failure
    await expect(provider.introspect()).rejects.toBe(failure)
  })

  it('is not asked again for cache_ttl_resurrect, after which its answers are good no more', async () => {
    const provider = setUp({ cache_ttl: 10, cache_ttl_resurrect: 30 }, ACTIVE)
    await provider.introspect()
    provider.failure = failure
    for (const [seconds, asked] of [
      [10, 2],
      [39, 2],
    ] as const) {
      provider.at(seconds)
      expect(await provider.introspect()).toEqual(ACTIVE)
      expect(provider.asked).toBe(asked)
    }
    expect(provider.logged).toEqual([
      expect.stringContaining('cannot be asked; what it said before is used on'),
    ])
    for (const seconds of [40, 41, 69, 70]) {
      provider.at(seconds)
      await expect(provider.introspect()).rejects.toBe(failure)
    }
    provider.failure = undefined
    provider.answer = { active: false }
    provider.at(71)
    expect(await provider.introspect()).toBeUndefined()
  })

  it('lets no token live beyond its end, and none that it has refused', async () => {
    const options = { cache_ttl: 10, cache_ttl_resurrect: 300 }
    const ending = setUp(options, endsIn(60))
    await ending.introspect()
    ending.failure = failure
    for (const [seconds, isActive] of [
      [10, true],
      [59, true],
      [60, false],
    ] as const) {
      ending.at(seconds)
      expect((await ending.introspect()) !== undefined).toBe(isActive)
    }
    const refusing = setUp(options, ACTIVE)
    await refusing.introspect()
    refusing.at(10)
    refusing.failure = new GrantRefused(new Error('invalid_token'))
    await expect(refusing.introspect()).rejects.toThrow('invalid_token')
    refusing.failure = new GatewayRefused(new Error('invalid_client'))
    await expect(refusing.introspect()).rejects.toThrow('invalid_client')
  })

  it('says nothing any more of what was forgotten long ago', async () => {
    const provider = setUp({ cache_ttl: 10, cache_ttl_resurrect: 30 }, ACTIVE)
    await provider.introspect()
    provider.at(41)
    provider.failure = failure
    await expect(provider.introspect()).rejects.toBe(failure)
  })

  it('is no proof of a token by user info of before', async () => {
    const provider = setUp({ cache_ttl: 10, cache_ttl_resurrect: 30 }, { sub: 'ann' })
    for (const provesToken of [true, false]) await provider.userInfo(provesToken)
    provider.at(10)
    provider.failure = failure
    expect(await provider.userInfo()).toEqual({ sub: 'ann' })
    await expect(provider.userInfo(true)).rejects.toBe(failure)
  })
})
