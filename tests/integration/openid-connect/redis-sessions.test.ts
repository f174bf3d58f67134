import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisClient } from '../../../src/plugin-kit/redis-counters.ts'
import { testContext } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { openidConnect } from '../../../src/plugins/openid-connect/plugin.ts'
import { redisRefreshes } from '../../../src/plugins/openid-connect/redis-refreshes.ts'
import { redisSessions } from '../../../src/plugins/openid-connect/redis-sessions.ts'
import type { Config } from '../../../src/plugins/openid-connect/schema.ts'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { startTcpGate, type TcpGate } from '../../support/tcp-gate.ts'
import { cookieBrowser, type CookieBrowser } from './cookie-browser.ts'
import { CLIENT, seenBy, startMirror, startOidcGateway } from './setting.ts'

const redisUrl = process.env['TEST_REDIS_URL']
if (redisUrl === undefined)
  console.warn('openid-connect: skipped what needs Redis; set TEST_REDIS_URL')

const PREFIX = `portunus-test-${process.pid}`
const PATIENT = { timeout: 20_000 }

describe.skipIf(redisUrl === undefined)('openid-connect › sessions in a Redis', () => {
  let provider: TestProvider
  let upstream: TestUpstream
  let gate: TcpGate
  let one: TestGateway
  let other: TestGateway
  let redis: Redis

  beforeAll(async () => {
    const { hostname: host, port } = new URL(redisUrl!)
    redis = new Redis(redisUrl!)
    gate = await startTcpGate(Number(port))
    // Access tokens end at once, so that requests renew them.
    provider = await startOidcProvider({ accessTokenSeconds: 1 })
    upstream = await startMirror()
    const login = {
      issuer: provider.issuer,
      ...CLIENT,
      auth_methods: ['authorization_code', 'session'],
      scopes: ['openid', 'offline_access'],
      authorization_query_args_names: ['prompt'],
      authorization_query_args_values: ['consent'],
      logout_query_arg: 'logout',
      logout_methods: ['GET'],
      session_storage: 'redis',
      session_request_headers: ['id', 'subject', 'idling-timeout', 'absolute-timeout'],
      session_response_headers: ['audience'],
    }
    const near = { host, port: Number(port), prefix: PREFIX }
    const routes = {
      hello: { ...login, redis: near },
      // The names of before; and by another way, which can be cut.
      callback: {
        ...login,
        session_redis_host: '127.0.0.1',
        session_redis_port: gate.port,
        session_redis_prefix: PREFIX,
        redis: { read_timeout: 5000 },
      },
      elsewhere: { ...login, redis: near, session_audience: 'elsewhere' },
      kept: { ...login, redis: near, session_storage: 'cookie' },
      lasting: { ...login, redis: near, session_remember: true },
    }
    one = await startOidcGateway(upstream, routes)
    other = await startOidcGateway(upstream, routes)
  }, 60_000)

  beforeEach(async () => {
    gate.open()
    const keys = await redis.keys(`${PREFIX}*`)
    if (keys.length > 0) await redis.del(keys)
  })

  afterAll(async () => {
    await other?.[Symbol.asyncDispose]()
    await one?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
    await gate?.[Symbol.asyncDispose]()
    redis?.disconnect()
  })

  async function loggedIn(name = 'ann', path = 'hello'): Promise<CookieBrowser> {
    const browser = cookieBrowser()
    const { response, body } = await browser.logIn(`${one.url}/${path}`, name)
    if (response.status !== 200) throw new Error(`${response.status} ${body}`)
    return browser
  }

  /** What comes of the cookie alone, in no browser. */
  function ask(cookie: string, { gateway = one, path = 'hello' } = {}): Promise<Response> {
    return fetch(`${gateway.url}/${path}`, {
      headers: { cookie: `session=${cookie}` },
      redirect: 'manual',
    })
  }

  const statusOf = async (cookie: string, at?: Parameters<typeof ask>[1]): Promise<number> =>
    (await ask(cookie, at)).status

  /** Without what nodes tell each other of refreshes. */
  async function sessionKeys(): Promise<readonly string[]> {
    const keys = await redis.keys(`${PREFIX}:*`)
    return keys.filter((key) => !key.startsWith(`${PREFIX}:refresh`))
  }

  async function row(): Promise<{ key: string; value: string; ttl: number }> {
    const [key, ...others] = (await sessionKeys()) as [string]
    expect(others).toEqual([])
    return { key, value: (await redis.get(key))!, ttl: await redis.ttl(key) }
  }

  it('are known on every node, and their cookie has no more than an id', async () => {
    const cookie = (await loggedIn()).cookies.get('session')!
    expect(cookie.length).toBeLessThan(150)
    const seen = await seenBy(await ask(cookie, { gateway: other }))
    expect(seen.headers).toMatchObject({
      'session-subject': 'ann',
      'session-idling-timeout': expect.stringMatching(/^(900|8\d\d)$/),
      'session-absolute-timeout': expect.stringMatching(/^86[34]\d\d$/),
    })
    expect(cookie).not.toContain(seen.headers['session-id'])
    expect((await ask(cookie)).headers.get('session-audience')).toBe('default')
  })

  it('tell nothing to who reads the Redis: neither a token nor the id', async () => {
    const cookie = (await loggedIn()).cookies.get('session')!
    const { headers } = await seenBy(await ask(cookie))
    const { key, value, ttl } = await row()
    expect(value).toMatch(/^[\w-]+$/)
    const hidden = [headers['session-id']!, headers['authorization']!.slice(7), 'ann', 'gateway']
    for (const secret of hidden)
      for (const text of [key, value, Buffer.from(value, 'base64url').toString('latin1')])
        expect(text).not.toContain(secret)
    // It goes by itself, when the session does.
    expect(ttl).toBeGreaterThan(800)
    expect(ttl).toBeLessThanOrEqual(900)
  })

  it('cannot be made, or got at, by who reads and writes the Redis', async () => {
    const ben = (await loggedIn('ben')).cookies.get('session')!
    const bens = await row()
    await redis.del(bens.key)
    const ann = (await loggedIn('ann')).cookies.get('session')!
    const anns = await row()
    const { headers } = await seenBy(await ask(ann))
    const id = headers['session-id']!
    const hash = anns.key.slice(PREFIX.length + 1)
    // What is in the Redis, or derived from it, is no cookie.
    for (const forged of [id, `1.${id}`, hash, `1.${hash}`, anns.value, `1.${anns.value}`])
      expect(await statusOf(forged)).toBe(302)
    // A session in the place of another one, and one that was changed.
    const changed = `${anns.value.slice(0, 50)}${anns.value[50] === 'A' ? 'B' : 'A'}${anns.value.slice(51)}`
    for (const value of [bens.value, changed, '', 'x', '{"id":"x","tokens":{}}']) {
      await redis.set(anns.key, value)
      expect(await statusOf(ann)).toBe(302)
    }
    await redis.set(bens.key, anns.value)
    expect(await statusOf(ben)).toBe(302)
    // Nor is one good for another audience, or where sessions are in their cookies, or the other way round.
    await redis.set(anns.key, anns.value)
    expect(await statusOf(ann)).toBe(200)
    expect(await statusOf(ann, { path: 'elsewhere' })).toBe(302)
    expect(await statusOf(ann, { path: 'kept' })).toBe(302)
  })

  it('are of no use to who has planted a cookie before the login', async () => {
    const attacker = await loggedIn('ben')
    const planted = attacker.cookies.get('session')!
    await attacker.request(`${one.url}/hello?logout=1`)
    const victim = cookieBrowser()
    victim.cookies.set('session', planted)
    const { response } = await victim.logIn(`${one.url}/hello`, 'ann')
    expect(response.status).toBe(200)
    expect(victim.cookies.get('session')).not.toBe(planted)
    expect(await statusOf(planted)).toBe(302)
  })

  it('outlive the browser where they are to be remembered, in the Redis as well', async () => {
    const browser = cookieBrowser()
    const lines: string[] = []
    const { response } = await browser.logIn(`${one.url}/lasting`, 'ann')
    lines.push(...response.headers.getSetCookie())
    expect(lines).toContainEqual(
      expect.stringMatching(/^remember=1\.[\w-]+; .*HttpOnly; Expires=[^;]+; Max-Age=604800$/),
    )
    expect([...browser.cookies.keys()]).not.toContain('session')
    expect((await row()).ttl).toBeGreaterThan(604_000)
    const { headers } = await seenBy(await browser.request(`${other.url}/lasting`))
    expect([headers['session-subject'], headers['cookie'] ?? '']).toEqual([
      'ann',
      expect.not.stringContaining('remember='),
    ])
  })

  it('end with a logout: on every node, for every copy, and in the Redis', async () => {
    const browser = await loggedIn()
    const copy = browser.cookies.get('session')!
    const { key, value } = await row()
    await browser.request(`${one.url}/hello?logout=1`)
    expect(browser.cookies.has('session')).toBe(false)
    expect(await sessionKeys()).toEqual([])
    expect([await statusOf(copy), await statusOf(copy, { gateway: other })]).toEqual([302, 302])
    // The node that ended it knows that, also when somebody puts it back.
    await redis.set(key, value)
    expect(await statusOf(copy)).toBe(302)
  })

  it('are gone when they have gone from the Redis', async () => {
    const browser = await loggedIn()
    await redis.del((await row()).key)
    expect(await statusOf(browser.cookies.get('session')!)).toBe(302)
    expect(await sessionKeys()).toEqual([])
  })

  it('are not brought back by requests that were under way, which undo no change of another', async () => {
    const { node } = testContext(openidConnect)
    const config = {
      redis: { host: redis.options.host!, port: redis.options.port!, prefix: PREFIX },
    }
    const storage = redisSessions(config as Config, node, 'a secret')
    const how = { seconds: 60, kind: 'new' } as const
    const times = { createdAt: 1, renewedAt: 1, usedAt: 1 }
    const session = { id: 'i'.repeat(43), clientId: 'c', tokens: { accessToken: 'a' }, ...times }
    const tokenOf = async () => (await storage.read(session.id))?.tokens.accessToken
    await storage.keep(session, how)
    const early = (await storage.read(session.id))!
    await storage.keep({ ...early, tokens: { accessToken: 'b' } }, { ...how, kind: 'changed' })
    await storage.keep({ ...early, usedAt: 2 }, { ...how, kind: 'used' })
    expect(await tokenOf()).toBe('b')
    const late = (await storage.read(session.id))!
    await storage.keep({ ...late, usedAt: 3 }, { ...how, kind: 'used' })
    expect((await storage.read(session.id))?.usedAt).toBe(3)
    await storage.remove(session)
    for (const kind of ['used', 'changed'] as const) await storage.keep(late, { ...how, kind })
    expect(await tokenOf()).toBeUndefined()
    redisClient(node, config.redis as Config['redis']).disconnect()
  })

  it('keep the tokens that a node has renewed, for all nodes', async () => {
    const cookie = (await loggedIn()).cookies.get('session')!
    const before = await row()
    await expect
      .poll(async () => {
        await ask(cookie)
        return (await row()).value
      }, PATIENT)
      .not.toBe(before.value)
    expect(await statusOf(cookie, { gateway: other })).toBe(200)
    expect((await row()).key).toBe(before.key)
  })

  it('leave a refresh token to the node that has begun to use it last, until that has ended', async () => {
    const { node } = testContext(openidConnect)
    const config = {
      session_storage: 'redis',
      session_secret: 'a secret',
      redis: { host: redis.options.host!, port: redis.options.port!, prefix: PREFIX },
    } as Config
    const shared = redisRefreshes(config, node, 60_000)!
    const begun = async () => {
      const answer = await shared.begin('a token')
      if (typeof answer === 'string') throw new Error(answer)
      return answer
    }
    const first = await begun()
    expect(await shared.begin('a token')).toBe('taken')
    const [key] = (await redis.keys(`${PREFIX}:refreshing:*`)) as [string]
    expect(await redis.pttl(key)).toBeGreaterThan(50_000)
    // It has taken longer than it may, and comes to its end all the same.
    await redis.del(key)
    const second = await begun()
    await first.end()
    expect(await shared.begin('a token')).toBe('taken')
    await second.end()
    expect(await redis.keys(`${PREFIX}:refreshing:*`)).toEqual([])
    redisClient(node, config.redis).disconnect()
  })

  it('use a refresh token once, whichever nodes have it at the same time', async () => {
    const cookie = (await loggedIn()).cookies.get('session')!
    const before = await row()
    const renewedBy = async (gateway: TestGateway): Promise<string> => {
      await expect
        .poll(async () => {
          await ask(cookie, { gateway })
          return redis.get(before.key)
        }, PATIENT)
        .not.toBe(before.value)
      return (await seenBy(await ask(cookie, { gateway }))).headers['session-id']!
    }
    const id = await renewedBy(one)
    // The other node has looked the session up before that one kept it.
    await redis.set(before.key, before.value)
    expect(await renewedBy(other)).toBe(id)
    for (const key of await redis.keys(`${PREFIX}*`))
      expect(await redis.ttl(key)).toBeGreaterThan(0)
    // A provider that had seen the token twice would have ended all that came from it.
    const value = await redis.get(before.key)
    await expect
      .poll(async () => {
        expect(await statusOf(cookie, { gateway: other })).toBe(200)
        return redis.get(before.key)
      }, PATIENT)
      .not.toBe(value)
  })

  it('are answered 503 while the Redis is away, and hold when it is back', async () => {
    const browser = await loggedIn('ann', 'callback')
    const at = `${one.url}/callback`
    expect((await browser.request(at)).status).toBe(200)
    gate.cut()
    await expect.poll(async () => (await browser.request(at)).status, PATIENT).toBe(503)
    const refused = await browser.request(`${at}?logout=1`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ message: 'Cannot look up sessions now' })
    expect(refused.headers.getSetCookie()).toEqual([])
    // Who brings no session can still begin to log in; the login ends in a 503, and in no session.
    expect((await cookieBrowser().request(at)).status).toBe(302)
    const late = cookieBrowser()
    expect((await late.logIn(at, 'ann')).response.status).toBe(503)
    expect(late.cookies.has('session')).toBe(false)
    gate.open()
    await expect.poll(async () => (await browser.request(at)).status, PATIENT).toBe(200)
    await expect
      .poll(() => one.errorLog(), PATIENT)
      .toContain('Cannot ask Redis about sessions of openid-connect')
    expect(one.errorLog()).not.toContain(browser.cookies.get('session'))
  })

  it('are answered 503 as well when the Redis says nothing at all', async () => {
    const browser = await loggedIn('ann', 'callback')
    gate.hang()
    const { status } = await browser.request(`${one.url}/callback`)
    expect(status).toBe(503)
  })
})
