import { exportJWK, generateKeyPair, importJWK, jwtVerify, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { cookieBrowser } from './cookie-browser.ts'
import { startScriptedIssuer, type ScriptedIssuer } from './scripted-issuer.ts'
import { CLIENT, seenBy, startMirror, startOidcGateway } from './setting.ts'

const basic = (name: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('openid-connect › methods, with a provider', () => {
  let provider: TestProvider
  let upstream: TestUpstream
  let gateway: TestGateway
  let tokens: Readonly<Record<'access_token' | 'id_token' | 'refresh_token', string>>

  beforeAll(async () => {
    provider = await startOidcProvider()
    upstream = await startMirror()
    const login = {
      issuer: provider.issuer,
      ...CLIENT,
      auth_methods: ['authorization_code', 'session'],
      scopes: ['openid', 'offline_access'],
      authorization_query_args_names: ['prompt'],
      authorization_query_args_values: ['consent'],
    }
    gateway = await startOidcGateway(
      upstream,
      {
        callback: { ...login, login_action: 'response', login_tokens: ['tokens'] },
        hello: { ...login, logout_post_arg: 'bye', downstream_session_id_header: 'X-Session' },
        userinfo: {
          ...login,
          auth_methods: ['userinfo'],
          upstream_user_info_header: 'X-User-Info',
          consumer_claim: ['sub'],
        },
        refreshing: {
          ...login,
          auth_methods: ['refresh_token'],
          downstream_access_token_header: 'authorization:bearer',
          downstream_headers_claims: ['sub'],
          downstream_headers_names: ['X-Who'],
        },
      },
      { settings: { nginx_worker_processes: '1', trusted_ips: '127.0.0.1' } },
    )
    const page = await cookieBrowser().logIn(`${gateway.url}/callback`, 'ann')
    tokens = JSON.parse(page.body) as typeof tokens
  }, 60_000)

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
  })

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${gateway.url}/${path}`, { headers, redirect: 'manual' })

  it('gives out all tokens after a login where it shall', () => {
    expect(Object.keys(tokens).toSorted()).toEqual(['access_token', 'id_token', 'refresh_token'])
  })

  it('takes a token for which the provider says who the user is', async () => {
    const { headers } = await seenBy(await get('userinfo', bearer(tokens.access_token)))
    const told: unknown = JSON.parse(Buffer.from(headers['x-user-info']!, 'base64').toString())
    expect([told, headers['x-consumer-username']]).toMatchObject([{ sub: 'ann' }, 'ann'])
    expect((await get('userinfo', bearer('unknown'))).status).toBe(401)
    expect((await get('userinfo')).status).toBe(401)
  })

  it('changes a refresh token for an access token, and tells the client', async () => {
    const answer = await get('refreshing', { 'refresh-token': tokens.refresh_token })
    expect(answer.headers.get('authorization')).toMatch(/^Bearer /)
    expect(answer.headers.get('x-who')).toBe('ann')
    expect((await get('refreshing', { 'refresh-token': 'unknown' })).status).toBe(401)
  })

  it('logs out by a field of a form, and tells the client its session', async () => {
    const browser = cookieBrowser()
    const page = await browser.logIn(`${gateway.url}/hello`, 'ann')
    expect(page.response.headers.get('x-session')).toMatch(/^[\w-]{43}$/)
    expect(page.response.headers.get('cache-control')).toBe('no-store')
    const url = `${gateway.url}/hello`
    const other = await browser.request(url, {
      method: 'POST',
      body: new URLSearchParams({ a: '1' }),
    })
    expect(other.status).toBe(200)
    const left = await browser.request(url, {
      method: 'POST',
      body: new URLSearchParams({ bye: '' }),
    })
    expect([left.status, browser.cookies.has('session')]).toEqual([302, false])
  })

  it('lets no token pass that came beside a session and that nobody has looked at', async () => {
    const browser = cookieBrowser()
    await browser.logIn(`${gateway.url}/hello`, 'ann')
    const answer = await browser.request(`${gateway.url}/hello`, { headers: bearer('forged') })
    expect((await seenBy(answer)).headers['authorization']).not.toContain('forged')
  })

  it('goes by what a trusted proxy in front says of the browser', async () => {
    const answer = await get('hello', {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example.com',
      'x-forwarded-port': '443',
    })
    const location = new URL(answer.headers.get('location')!)
    expect(location.searchParams.get('redirect_uri')).toBe('https://shop.example.com/hello')
    expect(answer.headers.getSetCookie()[0]).toMatch(/; SameSite=Lax; Secure; HttpOnly;/)
  })
})

describe('openid-connect › methods, with a scripted issuer', () => {
  let issuer: ScriptedIssuer
  let upstream: TestUpstream
  let gateway: TestGateway
  let publicJwk: JWK

  beforeAll(async () => {
    issuer = await startScriptedIssuer()
    upstream = await startMirror()
    const pair = await generateKeyPair('ES256', { extractable: true })
    publicJwk = await exportJWK(pair.publicKey)
    const jwk = { ...(await exportJWK(pair.privateKey)), kid: 'own', alg: 'ES256' }
    const config = { issuer: issuer.url, ...CLIENT, auth_methods: ['password'], scopes: ['orders'] }
    gateway = await startOidcGateway(
      upstream,
      {
        basic: config,
        post: { ...config, client_auth: ['client_secret_post'] },
        signed: { ...config, client_auth: ['client_secret_jwt'] },
        longer: { ...config, client_auth: ['client_secret_jwt'], client_alg: ['HS512'] },
        key: { ...config, client_auth: ['private_key_jwt'], client_jwk: [jwk] },
        public: { ...config, client_auth: ['none'] },
        chosen: {
          ...config,
          client_id: ['one', 'two'],
          client_secret: ['first', 'second'],
          cache_tokens: false,
        },
        forgetful: { ...config, cache_tokens: false },
        grouped: {
          issuer: issuer.url,
          auth_methods: ['bearer'],
          authenticated_groups_claim: ['realm', 'groups'],
          consumer_claim: ['name'],
          consumer_optional: true,
          by_username_ignore_case: true,
        },
      },
      {
        settings: { nginx_worker_processes: '1' },
        plugins: {
          grouped: [
            { name: 'acl', config: { allow: ['admins'], always_use_authenticated_groups: true } },
          ],
        },
      },
    )
  }, 60_000)

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
    await issuer?.[Symbol.asyncDispose]()
  })

  async function grantOf(path: string) {
    const before = issuer.grants.length
    const answer = await fetch(`${gateway.url}/${path}`, { headers: basic('ann', 'a:b') })
    return { ...(await seenBy(answer)), grant: issuer.grants[before]! }
  }

  it('changes name and password for a token, as the client that it is', async () => {
    const { grant, headers } = await grantOf('basic')
    expect(grant).toMatchObject({
      authorization: basic(
        'gateway',
        encodeURIComponent(CLIENT.client_secret[0]!).replaceAll('%20', '+'),
      ).authorization,
      fields: { grant_type: 'password', username: 'ann', password: 'a:b', scope: 'orders' },
    })
    expect(headers['authorization']).toMatch(/^Bearer at-\d+$/)
  })

  it.each([
    ['post', { client_id: 'gateway', client_secret: CLIENT.client_secret[0] }],
    ['public', { client_id: 'gateway' }],
  ])('proves itself by %s', async (path, fields) => {
    const { grant } = await grantOf(path)
    expect(grant.authorization).toBeUndefined()
    expect(grant.fields).toMatchObject(fields)
  })

  it('proves itself by a signature with its secret, or with its key', async () => {
    for (const [path, alg] of [
      ['signed', 'HS256'],
      ['longer', 'HS512'],
    ] as const) {
      const bySecret = (await grantOf(path)).grant.fields['client_assertion']!
      await jwtVerify(bySecret, Buffer.from(CLIENT.client_secret[0]!), {
        algorithms: [alg],
        issuer: 'gateway',
        subject: 'gateway',
        audience: issuer.url,
        requiredClaims: ['jti', 'exp', 'iat'],
      })
    }
    const byKey = (await grantOf('key')).grant.fields['client_assertion']!
    const { protectedHeader } = await jwtVerify(byKey, await importJWK(publicJwk, 'ES256'), {
      issuer: 'gateway',
    })
    expect(protectedHeader.kid).toBe('own')
  })

  it.each([
    ['chosen', 'one', 'first'],
    ['chosen?client_id=two', 'two', 'second'],
    ['chosen?client_id=2', 'two', 'second'],
    ['chosen?client_id=three', 'one', 'first'],
  ])('is the client that %s asks for', async (path, id, secret) => {
    const { authorization } = (await grantOf(path)).grant
    expect(authorization).toBe(basic(id, secret).authorization)
  })

  it('tells acl of groups, and finds consumers whatever the case of their names', async () => {
    const ask = async (claims: object) => {
      const more = { iss: issuer.url, exp: Math.floor(Date.now() / 1000) + 60, ...claims }
      return fetch(`${gateway.url}/grouped`, { headers: bearer(await issuer.sign(more)) })
    }
    const { headers } = await seenBy(await ask({ name: 'ANN', realm: { groups: ['admins', 'x'] } }))
    expect([headers['x-consumer-username'], headers['x-authenticated-groups']]).toEqual([
      'ann',
      'admins, x',
    ])
    expect((await ask({ realm: { groups: ['x'] } })).status).toBe(403)
    expect((await ask({ groups: ['admins'] })).status).toBe(403)
  })

  it('remembers tokens, unless it shall not', async () => {
    const tokenOf = async (path: string) => (await grantOf(path)).headers['authorization']
    expect(await tokenOf('basic')).toBe(await tokenOf('basic'))
    expect(await tokenOf('forgetful')).not.toBe(await tokenOf('forgetful'))
  })
})
