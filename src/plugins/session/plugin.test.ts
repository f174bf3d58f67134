import { describe, expect, it } from 'vitest'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { fakeRecord, fakeSource } from '../../plugin-kit/testing/fake-source.ts'
import {
  configFaults,
  parsedConfig,
  testGateway,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import { keyAuth } from '../key-auth/plugin.ts'
import { session } from './plugin.ts'
import { sealWith } from '../../plugin-kit/sealed.ts'

const ENTITIES = {
  consumers: [
    { id: 'c-ann', username: 'ann' },
    { id: 'c-guest', username: 'guest' },
  ],
  keyauth_credentials: [{ id: 'k-1', key: 'ann-key', consumer: 'ann' }],
}
const SECRET = { secret: 'a secret of the operator' }

function gatewayWith(config: Record<string, unknown> = {}, more: TestSetting = {}) {
  return testGateway(
    [
      [session, { ...SECRET, ...config }],
      [keyAuth, { anonymous: 'guest' }],
    ],
    { entities: ENTITIES, ...more },
  )
}

const cookies = ({ response }: TestOutcome) => response.headerValues('set-cookie')
/** What a browser sends back. */
const sentBack = (lines: readonly string[]) => lines.map((line) => line.split(';')[0]).join('; ')
const withCookie = (cookie: string, more: FakeRequest = {}): FakeRequest => ({
  ...more,
  headers: { Cookie: cookie, ...(more.headers as object) },
})
const KEYED: FakeRequest = { headers: { apikey: 'ann-key' } }

async function loggedIn(gateway: ReturnType<typeof gatewayWith>): Promise<string> {
  return sentBack(cookies(await gateway.send(KEYED)))
}

describe('session', () => {
  it('gives whoever is authenticated a cookie, with which he is known from then on', async () => {
    const gateway = gatewayWith()
    const first = await gateway.send(KEYED)
    expect(cookies(first)).toEqual([
      expect.stringMatching(/^session=[\w-]{40,}; Path=\/; SameSite=Strict; Secure; HttpOnly$/),
    ])
    const second = await gateway.send(withCookie(sentBack(cookies(first))))
    expect([second.consumer?.username, second.credential?.id]).toEqual(['ann', 'k-1'])
    expect(second.upstream.header('x-credential-identifier')).toBe('k-1')
    expect(second.upstream.header('x-anonymous-consumer')).toBeUndefined()
    expect(cookies(second)).toEqual([])
  })

  it('gives nobody anonymous one', async () => {
    const outcome = await gatewayWith().send()
    expect([outcome.consumer?.username, cookies(outcome)]).toEqual(['guest', []])
  })

  it.each([
    ['another secret', { secret: 'other' }, 'guest'],
    ['another audience', { audience: 'other' }, 'guest'],
    ['another name of the cookie', { cookie_name: 'other' }, 'guest'],
    ['the same settings', {}, 'ann'],
  ])('takes a cookie that was made with %s for %s', async (_, config, who) => {
    const cookie = await loggedIn(gatewayWith())
    expect((await gatewayWith(config).send(withCookie(cookie))).consumer?.username).toBe(who)
  })

  it('takes no cookie in which anything was changed', async () => {
    const gateway = gatewayWith()
    const cookie = await loggedIn(gateway)
    for (const at of [10, 30, 60, cookie.length - 2]) {
      const changed = cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1)
      expect((await gateway.send(withCookie(changed))).consumer?.username).toBe('guest')
    }
    for (const cut of ['session=', 'session=x', cookie.slice(0, -8)])
      expect((await gateway.send(withCookie(cut))).consumer?.username).toBe('guest')
  })

  it('forgets whom no consumer is left of', async () => {
    const cookie = await loggedIn(gatewayWith())
    const entities = { consumers: [{ id: 'c-guest', username: 'guest' }] }
    const outcome = await gatewayWith({}, { entities }).send(withCookie(cookie))
    expect(outcome.consumer?.username).toBe('guest')
    expect(cookies(outcome)).toEqual([expect.stringMatching(/^session=;.*Max-Age=0$/)])
  })

  it('knows consumers from a source again, for as long as the source knows them', async () => {
    const consumerSource = fakeSource({
      'keyauth_credentials.key=ada-key': fakeRecord('ada', { key: 'ada-key' }),
      'consumers.id=c-ada': fakeRecord('ada'),
    })
    const gateway = gatewayWith({}, { node: { consumerSource } })
    const cookie = sentBack(cookies(await gateway.send({ headers: { apikey: 'ada-key' } })))
    expect((await gateway.send(withCookie(cookie))).consumer?.username).toBe('ada')
    consumerSource.records.delete('consumers.id=c-ada')
    expect((await gateway.send(withCookie(cookie))).consumer?.username).toBe('guest')
  })

  it('begins a new session when somebody else logs in', async () => {
    const entities = {
      ...ENTITIES,
      keyauth_credentials: [
        ...ENTITIES.keyauth_credentials,
        { id: 'k-2', key: 'ann-2', consumer: 'ann' },
      ],
    }
    const plugins = testGateway(
      [
        [session, SECRET],
        [keyAuth, {}],
      ],
      { entities },
    )
    const cookie = sentBack(cookies(await plugins.send(KEYED)))
    const again = await plugins.send(withCookie(cookie, KEYED))
    expect(cookies(again)).toEqual([])
    const other = await plugins.send(withCookie(cookie, { headers: { apikey: 'ann-2' } }))
    expect(cookies(other)).toHaveLength(1)
  })

  it('remembers the groups that an authentication brought', async () => {
    const grouping: typeof session = {
      ...session,
      name: 'grouping',
      priority: 1000,
      create: () => ({
        access: (exchange) => void exchange.shared.set('authenticated_groups', ['a', 'ä']),
      }),
    }
    const first = await testGateway(
      [
        [session, SECRET],
        [keyAuth, {}],
        [grouping, {}],
      ],
      { entities: ENTITIES },
    ).send(KEYED)
    const second = await gatewayWith().send(
      withCookie(sentBack(cookies(first)), { headers: { 'X-Authenticated-Groups': 'root' } }),
    )
    expect(second.upstream.header('x-authenticated-groups')).toBe('a, \u{c3}\u{a4}')
    expect(second.exchange.shared.get('authenticated_groups')).toEqual(['a', 'ä'])
    const none = await gatewayWith().send(
      withCookie(await loggedIn(gatewayWith()), { headers: { 'X-Authenticated-Groups': 'root' } }),
    )
    expect(none.upstream.header('x-authenticated-groups')).toBeUndefined()
  })
})

describe('session › time', () => {
  function clocked(config: Record<string, unknown>) {
    let now = TEST_TIME_MS
    const gateway = gatewayWith(config, { now: () => now })
    return { gateway, wait: (seconds: number) => (now += seconds * 1000) }
  }

  it.each([
    [{ idling_timeout: 100 }, 100],
    [{ idling_timeout: 0, rolling_timeout: 100 }, 100],
    [{ idling_timeout: 0, rolling_timeout: 0, absolute_timeout: 100 }, 100],
  ])('ends a session with %j', async (config, seconds) => {
    const { gateway, wait } = clocked(config)
    const cookie = await loggedIn(gateway)
    wait(seconds - 1)
    expect((await gateway.send(withCookie(cookie))).consumer?.username).toBe('ann')
    wait(1)
    expect((await gateway.send(withCookie(cookie))).consumer?.username).toBe('guest')
  })

  it('takes note of use, and renews in time, with a new cookie', async () => {
    const { gateway, wait } = clocked({ idling_timeout: 200, rolling_timeout: 800 })
    let cookie = await loggedIn(gateway)
    wait(59)
    expect(cookies(await gateway.send(withCookie(cookie)))).toEqual([])
    for (let round = 0; round < 10; round += 1) {
      wait(120)
      const outcome = await gateway.send(withCookie(cookie))
      expect(outcome.consumer?.username).toBe('ann')
      cookie = sentBack(cookies(outcome))
    }
  })

  it('remembers beyond the browser where it shall', async () => {
    const { gateway, wait } = clocked({ remember: true })
    const lines = cookies(await gateway.send(KEYED))
    expect(lines[1]).toMatch(
      /^remember=[\w-]+; Path=\/; SameSite=Strict; Secure; HttpOnly; Expires=Thu, 08 Jan 2026 00:00:00 GMT; Max-Age=604800$/,
    )
    wait(100_000)
    const outcome = await gateway.send(withCookie(sentBack(lines)))
    expect([outcome.consumer?.username, cookies(outcome)]).toEqual([
      'ann',
      [expect.any(String), expect.any(String)],
    ])
    wait(604_800)
    expect((await gateway.send(withCookie(sentBack(lines)))).consumer?.username).toBe('guest')
  })
})

describe('session › logout', () => {
  it.each([
    ['POST', '/?session_logout', {}, true],
    ['DELETE', '/?session_logout=1', {}, true],
    ['GET', '/?session_logout', {}, false],
    ['GET', '/?session_logout', { logout_methods: ['GET'] }, true],
    ['POST', '/?bye', { logout_query_arg: 'bye' }, true],
    ['POST', '/', {}, false],
  ])('by %s %s with %j: %s', async (method, path, config, isOver) => {
    const cookie = await loggedIn(gatewayWith())
    const outcome = await gatewayWith(config).send(withCookie(cookie, { method, path }))
    expect(outcome.answer?.status).toBe(isOver ? 200 : undefined)
    if (isOver)
      expect(cookies(outcome)).toEqual([
        'session=; Path=/; SameSite=Strict; Secure; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0',
      ])
  })

  it.each([true, false])('by a field of the body, where that counts: %s', async (counts) => {
    const cookie = await loggedIn(gatewayWith())
    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'session_logout=1',
    }
    const { answer } = await gatewayWith({ read_body_for_logout: counts }).send(
      withCookie(cookie, request),
    )
    expect(answer?.status).toBe(counts ? 200 : undefined)
  })

  it('is for whoever has a session', async () => {
    const { answer } = await gatewayWith().send({ method: 'POST', path: '/?session_logout' })
    expect(answer).toBeUndefined()
  })
})

describe('session › storage and headers', () => {
  it('can keep sessions in the memory of the node, where a logout ends them for all', async () => {
    const gateway = gatewayWith({ storage: 'kong' })
    const cookie = await loggedIn(gateway)
    expect((await gateway.send(withCookie(cookie))).consumer?.username).toBe('ann')
    await gateway.send(withCookie(cookie, { method: 'POST', path: '/?session_logout' }))
    expect((await gateway.send(withCookie(cookie))).consumer?.username).toBe('guest')
  })

  it('tells client and upstream what it shall', async () => {
    const facts = [
      'id',
      'audience',
      'subject',
      'timeout',
      'idling-timeout',
      'rolling-timeout',
      'absolute-timeout',
    ]
    const gateway = gatewayWith({ response_headers: facts, request_headers: facts })
    const first = await gateway.send(KEYED)
    const told = Object.fromEntries(
      first.response.headers().filter(([name]) => name.startsWith('Session-')),
    )
    expect(told).toEqual({
      'Session-Id': expect.any(String),
      'Session-Audience': 'default',
      'Session-Subject': 'ann',
      'Session-Timeout': '900',
      'Session-Idling-Timeout': '900',
      'Session-Rolling-Timeout': '3600',
      'Session-Absolute-Timeout': '86400',
    })
    const second = await gateway.send(withCookie(sentBack(cookies(first))))
    expect(second.upstream.header('session-id')).toBe(told['Session-Id'])
  })

  it('hides the subject behind a hash where it shall', async () => {
    const { response } = await gatewayWith({
      hash_subject: true,
      response_headers: ['subject'],
    }).send(KEYED)
    expect(response.header('session-subject')).not.toContain('ann')
  })

  it('writes the attributes that are configured', async () => {
    const config = {
      cookie_path: '/a',
      cookie_domain: 'x.test',
      cookie_same_site: 'Default',
      cookie_secure: false,
      cookie_http_only: false,
    }
    expect(cookies(await gatewayWith(config).send(KEYED))[0]).toMatch(
      /^session=[\w-]+; Path=\/a; Domain=x\.test$/,
    )
  })
})

describe('session › schema', () => {
  it('knows the names of old', () => {
    const config = parsedConfig(session, {
      cookie_lifetime: 5,
      cookie_idletime: 6,
      cookie_samesite: 'off',
      cookie_httponly: false,
      cookie_persistent: true,
      cookie_renew: 1,
    })
    expect(config).toMatchObject({
      rolling_timeout: 5,
      idling_timeout: 6,
      cookie_same_site: 'Lax',
      cookie_http_only: false,
      remember: true,
    })
    expect(configFaults(session, { storage: 'redis' })).toEqual([
      'config.storage: expected one of: cookie, kong',
    ])
  })

  it('has a secret of its own when none is configured', () => {
    expect(String(parsedConfig(session, {})['secret'])).toHaveLength(44)
  })
})

describe('sealWith', () => {
  it('opens only what it has sealed, for the same purpose', () => {
    const seal = sealWith('s', 'a')
    const sealed = seal.seal('text')
    expect(seal.open(sealed)).toBe('text')
    expect(seal.seal('text')).not.toBe(sealed)
    expect(sealWith('s', 'b').open(sealed)).toBeUndefined()
    expect(sealWith('t', 'a').open(sealed)).toBeUndefined()
    expect(seal.open('')).toBeUndefined()
  })
})
