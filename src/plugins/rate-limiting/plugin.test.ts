import { describe, expect, it } from 'vitest'
import type { Service } from '../../entities/entity.ts'
import {
  configFaults,
  testContext,
  testGateway,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { RemoteCounters } from '../../plugin-kit/redis-counters.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { keyAuth } from '../key-auth/plugin.ts'
import { rateLimiting, rateLimitingWithDatabase } from './plugin.ts'

function limitHeaders({ response }: TestOutcome): Readonly<Record<string, string>> {
  const shown = response.headers().filter(([name]) => /ratelimit|retry/i.test(name))
  return Object.fromEntries(shown)
}

/** Statuses of so many requests in a row. */
async function statuses(
  config: Record<string, unknown>,
  requests: readonly FakeRequest[],
  setting: TestSetting = {},
): Promise<readonly number[]> {
  const gateway = testGateway([[rateLimiting, config]], setting)
  const seen: number[] = []
  for (const request of requests) seen.push((await gateway.send(request)).response.status)
  return seen
}

const times = (count: number, request: FakeRequest = {}) =>
  Array.from({ length: count }, () => request)

describe('rate-limiting', () => {
  it('lets so many through and stops the next', async () => {
    expect(await statuses({ minute: 3 }, times(5))).toEqual([200, 200, 200, 429, 429])
  })

  it('tells how many are left', async () => {
    const now = TEST_TIME_MS + 12_345
    const gateway = testGateway([[rateLimiting, { minute: 2, hour: 100 }]], { now })
    expect(limitHeaders(await gateway.send())).toEqual({
      'X-RateLimit-Limit-Minute': '2',
      'X-RateLimit-Remaining-Minute': '1',
      'X-RateLimit-Limit-Hour': '100',
      'X-RateLimit-Remaining-Hour': '99',
      'RateLimit-Limit': '2',
      'RateLimit-Remaining': '1',
      'RateLimit-Reset': '48',
    })
    await gateway.send()
    const stopped = await gateway.send()
    expect(stopped.answer).toMatchObject({ kind: 'error', message: 'API rate limit exceeded' })
    expect(limitHeaders(stopped)).toEqual({
      'X-RateLimit-Limit-Minute': '2',
      'X-RateLimit-Remaining-Minute': '0',
      'X-RateLimit-Limit-Hour': '100',
      'X-RateLimit-Remaining-Hour': '98',
      'RateLimit-Limit': '2',
      'RateLimit-Remaining': '0',
      'RateLimit-Reset': '48',
      'Retry-After': '48',
    })
  })

  it('speaks of the longer window when two have as much left', async () => {
    const gateway = testGateway([[rateLimiting, { minute: 3, hour: 3 }]])
    expect(limitHeaders(await gateway.send())).toMatchObject({ 'RateLimit-Reset': '3600' })
  })

  it('hides the headers if so configured', async () => {
    const gateway = testGateway([[rateLimiting, { minute: 1, hide_client_headers: true }]])
    const outcomes = [await gateway.send(), await gateway.send()]
    expect(outcomes.map(limitHeaders)).toEqual([{}, {}])
    expect(outcomes[1]?.answer?.status).toBe(429)
  })

  it('answers as configured', async () => {
    const config = { minute: 1, error_code: 418, error_message: 'slow down' }
    const gateway = testGateway([[rateLimiting, config]])
    await gateway.send()
    expect((await gateway.send()).answer).toMatchObject({ status: 418, message: 'slow down' })
  })

  it('begins anew with the next window', async () => {
    let now = TEST_TIME_MS
    const gateway = testGateway([[rateLimiting, { second: 1 }]], { now: () => now })
    const status = async () => (await gateway.send()).response.status
    expect([await status(), await status()]).toEqual([200, 429])
    now += 1000
    expect(await status()).toBe(200)
  })

  it('does not count what it stops', async () => {
    let now = TEST_TIME_MS
    const config = { second: 1, minute: 3 }
    const gateway = testGateway([[rateLimiting, config]], { now: () => now })
    for (const _ of times(10)) await gateway.send()
    now += 1000
    expect(limitHeaders(await gateway.send())['X-RateLimit-Remaining-Minute']).toBe('1')
  })

  it('takes limits that are no integers', async () => {
    expect(await statuses({ minute: 1.5 }, times(3))).toEqual([200, 200, 429])
  })

  it('notes what it decided', async () => {
    const gateway = testGateway([[rateLimiting, { minute: 1 }]], { recordsDecisions: true })
    const codes = [await gateway.send(), await gateway.send()].map(({ exchange }) =>
      exchange.noted.map(({ code }) => code),
    )
    expect(codes).toEqual([['within-limits'], ['over-limit']])
  })
})

describe('rate-limiting › identifiers', () => {
  const header = { limit_by: 'header', header_name: 'X-Tenant', minute: 1 }
  const tenant = (name: string): FakeRequest => ({ headers: { 'X-Tenant': name } })
  const path = { limit_by: 'path', path: '/a', minute: 1 }
  const ip = (address: string): FakeRequest => ({ ip: address })
  const inService = (id: string): FakeRequest => ({ service: { id } as Service })

  it.each([
    [
      'addresses',
      { limit_by: 'ip', minute: 1 },
      [ip('1.1.1.1'), ip('1.1.1.1'), ip('2.2.2.2')],
      [200, 429, 200],
    ],
    ['headers', header, [tenant('a'), tenant('a'), tenant('b'), {}, {}], [200, 429, 200, 200, 429]],
    [
      'one path, others by address',
      path,
      [{ path: '/a' }, { path: '/a?q' }, { path: '/a/b' }, { path: '/c' }],
      [200, 429, 200, 429],
    ],
    [
      'services',
      { limit_by: 'service', minute: 1 },
      [inService('s'), inService('s'), inService('t')],
      [200, 429, 200],
    ],
    [
      'nobody known, by address',
      { limit_by: 'consumer', minute: 1 },
      [{}, {}, ip('3.3.3.3')],
      [200, 429, 200],
    ],
  ])('are %s', async (_, config, requests, expected) => {
    expect(await statuses(config, requests)).toEqual(expected)
  })

  it.each([
    ['consumer', [200, 429, 200]],
    ['credential', [200, 200, 200]],
  ])('are by %s', async (limitBy, expected) => {
    const gateway = testGateway(
      [
        [keyAuth, {}],
        [rateLimiting, { minute: 1, limit_by: limitBy }],
      ],
      {
        entities: {
          consumers: [{ username: 'ann' }, { username: 'ben' }],
          keyauth_credentials: [
            { key: 'ann-1', consumer: 'ann' },
            { key: 'ann-2', consumer: 'ann' },
            { key: 'ben', consumer: 'ben' },
          ],
        },
      },
    )
    const seen: number[] = []
    for (const apikey of ['ann-1', 'ann-2', 'ben'])
      seen.push((await gateway.send({ headers: { apikey } })).response.status)
    expect(seen).toEqual(expected)
  })

  it('count together for one instance, apart for instances bound elsewhere', async () => {
    const { node } = testContext(rateLimiting)
    const status = async (routeId?: string) => {
      const config = { minute: 1, limit_by: 'ip', policy: 'local', fault_tolerant: true }
      const handlers = rateLimiting.create(config as never, {
        ...testContext(rateLimiting, { scope: routeId === undefined ? {} : { routeId } }),
        node,
      })
      const gateway = testGateway([[{ ...rateLimiting, create: () => handlers }, { minute: 1 }]])
      return (await gateway.send()).response.status
    }
    expect([await status('r'), await status('r'), await status('s'), await status()]).toEqual([
      200, 429, 200, 200,
    ])
  })
})

describe('rate-limiting › Redis', () => {
  const config = { minute: 2, policy: 'redis', redis: { host: 'redis.test' } }

  /** A node whose Redis counts, or fails. */
  function nodeWith(increment: RemoteCounters['increment']): Partial<NodeServices> {
    const counters: RemoteCounters = { increment, read: async () => [] }
    return { keep: () => counters as never }
  }

  it('counts there, what is stopped as well', async () => {
    let count = 0
    const node = nodeWith(async (windows) => windows.map(() => (count += 1)))
    expect(await statuses(config, times(4), { node })).toEqual([200, 200, 429, 429])
    expect(count).toBe(4)
  })

  it('lets requests through without headers when it fails, or fails them if so configured', async () => {
    const logged: string[] = []
    const node = nodeWith(() => Promise.reject(new Error('gone')))
    const tolerant = testGateway([[rateLimiting, config]], { logged, node })
    await tolerant.send()
    expect(limitHeaders(await tolerant.send())).toEqual({})
    const strict = testGateway([[rateLimiting, { ...config, fault_tolerant: false }]], { node })
    await expect(strict.send()).rejects.toThrow('Cannot count requests')
  })

  it('is told apart by its name alone, which tells no password', () => {
    const names: string[] = []
    const node: Partial<NodeServices> = {
      keep: (name: string) => {
        names.push(name)
        return undefined as never
      },
    }
    const redis = { host: 'redis.test', password: 'very secret' }
    testGateway([[rateLimiting, { ...config, redis }]], { node })
    expect(names.join()).not.toContain('very secret')
  })
})

describe('rate-limiting › schema', () => {
  it.each([
    [
      {},
      "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'",
    ],
    [
      { minute: 1, second: 2 },
      'config: The limit for minute(1.0) cannot be lower than the limit for second(2.0)',
    ],
    [{ minute: 0 }, 'config.minute: value must be greater than 0'],
    [{ minute: 1, sync_rate: 1 }, 'config: sync_rate can only be used with the redis policy'],
    [
      { minute: 1, policy: 'redis', redis: { host: 'r' }, sync_rate: 0 },
      'config: sync_rate must be greater than 0.02, or -1 to disable',
    ],
    [{ minute: 1, policy: 'cluster' }, 'config.policy: expected one of: local, redis'],
    [{ minute: 1, path: 'a' }, 'config.path: should start with: /'],
    [{ minute: 1, path: '/a//b' }, 'config.path: must not have empty segments'],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(rateLimiting, config)).toEqual([fault])
  })

  it.each([
    [{ minute: 1, limit_by: 'header' }, 'config.header_name: required field missing'],
    [{ minute: 1, limit_by: 'path' }, 'config.path: required field missing'],
    [{ minute: 1, policy: 'redis' }, 'config.redis.host: required field missing'],
  ])('wants what %j needs', (config, fault) => {
    expect(configFaults(rateLimiting, config)).toContain(fault)
  })

  it('takes the names of old, and counters in a database where there is one', () => {
    const old = { minute: 1, policy: 'redis', redis_host: 'r.test', redis_port: 1 }
    expect(configFaults(rateLimiting, old)).toEqual([])
    expect(configFaults(rateLimitingWithDatabase, { minute: 1, policy: 'cluster' })).toEqual([])
  })
})
