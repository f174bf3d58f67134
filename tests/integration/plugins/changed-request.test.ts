import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

/** What an earlier plugin changes of a request is what later ones see, as in Kong. */
describe('a request that an earlier plugin has changed', () => {
  let upstream: TestUpstream
  let gateway: TestGateway

  beforeAll(async () => {
    upstream = await startUpstream((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.setHeader('cache-control', 'max-age=60')
      response.end(JSON.stringify({ url: request.url, headers: request.headers }))
    })
    const keyAuth = { name: 'key-auth', config: { hide_credentials: true } }
    const before = (access: string) => ({ name: 'pre-function', config: { access: [access] } })
    gateway = await startGateway({
      _format_version: '3.0',
      consumers: [
        {
          username: 'ann',
          keyauth_credentials: [{ key: 'ann-key' }],
          basicauth_credentials: [{ username: 'ann', password: 'pw' }],
        },
      ],
      services: [
        {
          name: 'api',
          url: upstream.url,
          routes: [
            {
              name: 'header',
              paths: ['/header'],
              plugins: [
                before(
                  'kong.service.request.set_header("apikey", kong.request.get_header("x-key"))',
                ),
                keyAuth,
              ],
            },
            {
              name: 'query',
              paths: ['/query'],
              plugins: [
                before('kong.service.request.set_raw_query("a=1&apikey=ann-key")'),
                keyAuth,
              ],
            },
            {
              name: 'cleared',
              paths: ['/cleared'],
              plugins: [before('kong.service.request.clear_header("apikey")'), keyAuth],
            },
            {
              name: 'cached',
              paths: ['/cached'],
              plugins: [
                { name: 'basic-auth', config: { hide_credentials: true } },
                {
                  name: 'proxy-cache',
                  config: {
                    strategy: 'memory',
                    cache_control: true,
                    content_type: ['application/json'],
                  },
                },
              ],
            },
            {
              name: 'identity',
              paths: ['/identity'],
              plugins: [
                keyAuth,
                {
                  name: 'rate-limiting',
                  config: {
                    hour: 1,
                    policy: 'local',
                    limit_by: 'header',
                    header_name: 'X-Consumer-Username',
                  },
                },
              ],
            },
          ],
        },
      ],
    })
  })

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
  })

  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${gateway.url}${path}`, { headers })
    const text = await response.text()
    const saw = response.ok
      ? (JSON.parse(text) as { url: string; headers: Record<string, string> })
      : undefined
    return { status: response.status, saw }
  }

  it('is known by the key that plugin has put in, which can be hidden', async () => {
    const { status, saw } = await ask('/header', { 'x-key': 'ann-key', apikey: 'of-the-client' })
    expect(status).toBe(200)
    expect(saw!.headers['x-consumer-username']).toBe('ann')
    expect(saw!.headers['apikey']).toBe(undefined)
    expect((await ask('/header', { 'x-key': 'wrong', apikey: 'ann-key' })).status).toBe(401)
  })

  it('is known by the query that plugin has set', async () => {
    const { status, saw } = await ask('/query?apikey=wrong')
    expect(status).toBe(200)
    expect(saw!.url).toBe('/?a=1')
  })

  it('is not known by what that plugin has taken out', async () => {
    expect((await ask('/cleared', { apikey: 'ann-key' })).status).toBe(401)
  })

  it('is of whom the gateway found, not of whom the client says', async () => {
    const as = (name: string) =>
      ask('/identity', { apikey: 'ann-key', 'x-consumer-username': name })
    const { status, saw } = await as('bob')
    expect(status).toBe(200)
    expect(saw!.headers['x-consumer-username']).toBe('ann')
    expect((await as('carl')).status).toBe(429)
  })

  it('is not cached for everybody because its credentials are hidden', async () => {
    const authorization = `Basic ${Buffer.from('ann:pw').toString('base64')}`
    const asked = () => upstream.requests.length
    const before = asked()
    for (const count of [1, 2]) {
      const { status, saw } = await ask('/cached', { authorization })
      expect([status, saw!.headers['authorization']]).toEqual([200, undefined])
      expect(asked() - before).toBe(count)
    }
  })
})
