import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { cookieBrowser } from './cookie-browser.ts'
import { CLIENT, startMirror, startOidcGateway } from './setting.ts'

const redisUrl = process.env['TEST_REDIS_URL']
if (redisUrl === undefined)
  console.warn('openid-connect: skipped what needs Redis; set TEST_REDIS_URL')

describe.skipIf(redisUrl === undefined)('openid-connect › sessions on several nodes', () => {
  let provider: TestProvider
  let upstream: TestUpstream
  let one: TestGateway
  let other: TestGateway

  beforeAll(async () => {
    const { hostname: host, port } = new URL(redisUrl!)
    provider = await startOidcProvider()
    upstream = await startMirror()
    const login = {
      issuer: provider.issuer,
      ...CLIENT,
      auth_methods: ['authorization_code', 'session'],
      logout_query_arg: 'logout',
      logout_methods: ['GET'],
    }
    const shared = {
      ...login,
      cluster_cache_strategy: 'redis',
      cluster_cache_redis: { host, port: Number(port) },
    }
    const routes = { hello: shared, callback: login }
    one = await startOidcGateway(upstream, routes)
    other = await startOidcGateway(upstream, routes)
  }, 60_000)

  afterAll(async () => {
    await other?.[Symbol.asyncDispose]()
    await one?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
  })

  /** Logs in and out at one node, and asks the other one with the cookies of between. */
  async function afterLogout(path: string): Promise<number> {
    const browser = cookieBrowser()
    await browser.logIn(`${one.url}/${path}`, 'ann')
    const cookie = `session=${browser.cookies.get('session')}`
    const ask = async (gateway: TestGateway): Promise<number> =>
      (await fetch(`${gateway.url}/${path}`, { headers: { cookie }, redirect: 'manual' })).status
    expect([await ask(one), await ask(other)]).toEqual([200, 200])
    await browser.request(`${one.url}/${path}?logout=1`)
    expect(await ask(one)).toBe(302)
    return ask(other)
  }

  it('end on all of them where they share a Redis', async () => {
    expect(await afterLogout('hello')).toBe(302)
  })

  it('end on one of them otherwise', async () => {
    expect(await afterLogout('callback')).toBe(200)
  })
})
