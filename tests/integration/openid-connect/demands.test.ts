import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { cookieBrowser, type CookieBrowser } from './cookie-browser.ts'
import { startScriptedIssuer, type ScriptedIssuer } from './scripted-issuer.ts'
import { CLIENT, seenBy, startMirror, startOidcGateway } from './setting.ts'

const PATIENT = { timeout: 20_000 }

let issuer: ScriptedIssuer
let upstream: TestUpstream
let gateway: TestGateway

beforeAll(async () => {
  issuer = await startScriptedIssuer()
  upstream = await startMirror()
  const provider = { issuer: issuer.url, ...CLIENT, rediscovery_lifetime: 0 }
  const bearer = { ...provider, auth_methods: ['bearer'] }
  const login = { ...provider, auth_methods: ['authorization_code', 'session'] }
  gateway = await startOidcGateway(
    upstream,
    {
      domains: { ...bearer, domains: ['shop.test', 'bank.test'] },
      sessions: { ...bearer, jwt_session_cookie: 'sid' },
      'sessions-any': {
        ...provider,
        auth_methods: ['bearer', 'introspection'],
        jwt_session_cookie: 'sid',
      },
      'sessions-looked-up': {
        ...provider,
        auth_methods: ['bearer', 'introspection'],
        introspect_jwt_tokens: true,
        jwt_session_cookie: 'sid',
      },
      'beside-opaque': {
        ...provider,
        auth_methods: ['introspection'],
        id_token_param_name: 'x_id_token',
        upstream_headers_claims: ['email'],
        upstream_headers_names: ['X-Email'],
      },
      beside: {
        ...bearer,
        id_token_param_name: 'x_id_token',
        upstream_headers_claims: ['email'],
        upstream_headers_names: ['X-Email'],
        upstream_id_token_header: 'X-ID-Token',
        hide_credentials: true,
      },
      posted: { ...login, response_mode: 'form_post', preserve_query_args: true },
      'told-in-headers': { ...bearer, downstream_access_token_header: 'X-Token' },
      keyed: {
        ...bearer,
        upstream_access_token_jwk_header: 'X-Key',
        downstream_access_token_jwk_header: 'X-Key',
      },
      named: {
        ...provider,
        auth_methods: ['session', 'password'],
        login_methods: ['authorization_code', 'password'],
        id_token_param_name: 'x_id_token',
        hide_credentials: true,
        session_request_headers: ['id'],
      },
      told: {
        ...provider,
        auth_methods: ['session', 'password'],
        login_methods: ['password'],
        login_action: 'response',
        login_tokens: ['access_token'],
      },
      sessionless: {
        ...provider,
        auth_methods: ['session', 'password'],
        login_methods: ['password'],
        disable_session: ['password'],
      },
      unnamed: { ...provider, auth_methods: ['session', 'password'] },
      login,
      verified: { ...login, reverify: true, session_cookie_name: 'verified', cache_ttl: 0 },
      asked: {
        ...login,
        authorization_query_args_client: ['login_hint', 'state', 'redirect_uri'],
        login_action: 'response',
        login_tokens: ['introspection', 'access_token'],
      },
    },
    { settings: { nginx_worker_processes: '1' } },
  )
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
})

const now = (): number => Math.floor(Date.now() / 1000)
const good = () => ({ iss: issuer.url, iat: now(), exp: now() + 600 })

function ask(path: string, token: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
}

describe('openid-connect › domains', () => {
  it.each([
    ['one of them', { hd: 'bank.test' }, 200],
    ['another one', { hd: 'evil.test' }, 403],
    ['part of one', { hd: 'bank' }, 403],
    ['several', { hd: ['bank.test'] }, 403],
    ['none', {}, 403],
  ])('let in who has %s', async (_, claims, expected) => {
    expect((await ask('domains', await issuer.sign({ ...good(), ...claims }))).status).toBe(
      expected,
    )
  })
})

describe('openid-connect › jwt_session_cookie', () => {
  it.each([
    ['with the cookie of its session', { sid: 'a b' }, 'sid=a b', 200],
    ['with that of another one', { sid: 'one' }, 'sid=two', 401],
    ['without a cookie', { sid: 'one' }, 'other=one', 401],
    ['without a claim', {}, 'sid=one', 401],
    ['with an empty claim', { sid: '' }, 'sid=', 401],
  ])('takes a token %s: %s', async (_, claims, cookie, expected) => {
    const token = await issuer.sign({ ...good(), ...claims })
    expect((await ask('sessions', token, { cookie })).status).toBe(expected)
  })

  it.each([
    ['sessions-any', 'the cookie of its session', { sid: 'one' }, 200],
    ['sessions-any', 'that of another one', { sid: 'two' }, 401],
    ['sessions-any', 'no claim', {}, 401],
    ['sessions-looked-up', 'the cookie of its session', { sid: 'one' }, 200],
    ['sessions-looked-up', 'that of another one', { sid: 'two' }, 401],
  ])('holds at %s for what the provider is asked about, with %s', async (path, _, said, status) => {
    issuer.introspection = { active: true, sub: 'ann', ...said }
    // With this end it looks like no JWT, and a provider may take it for one all the same.
    const token = `${await issuer.sign({ ...good(), sid: 'one', jti: randomUUID() })}=`
    const answer = await ask(path, token, { cookie: 'sid=one' })
    issuer.introspection = { active: true, sub: 'ann' }
    expect(answer.status).toBe(status)
  })
})

describe('openid-connect › an ID token beside an access token', () => {
  const about = (claims: object = {}) =>
    issuer.sign({ ...good(), aud: 'gateway', email: 'ann@shop.test', ...claims })

  it('tells the upstream who the user is, and is hidden with the credentials', async () => {
    const idToken = await about()
    const response = await ask('beside', await issuer.sign(good()), { 'x-id-token': idToken })
    expect((await seenBy(response)).headers).toMatchObject({
      'x-email': 'ann@shop.test',
      'x-id-token': idToken,
    })
    const inQuery = await ask(`beside?x_id_token=${idToken}&a=1`, await issuer.sign(good()))
    expect((await seenBy(inQuery)).url).toBe('/beside?a=1')
  })

  it('reaches the upstream in no other place than the one that was looked at', async () => {
    issuer.introspection = { active: true, sub: 'ann' }
    const idToken = await about()
    const { url, headers } = await seenBy(
      await ask('beside-opaque?a=1&x_id_token=forged', `opaque-${randomUUID()}`, {
        x_id_token: idToken,
        'x-id-token': 'forged',
      }),
    )
    expect([url, headers['x_id_token'], headers['x-id-token'], headers['x-email']]).toEqual([
      '/beside-opaque?a=1',
      idToken,
      undefined,
      'ann@shop.test',
    ])
    const twice = `beside-opaque?x_id_token=${idToken}&a=1&x_id_token=forged`
    expect((await seenBy(await ask(twice, `opaque-${randomUUID()}`))).url).toBe(
      '/beside-opaque?a=1',
    )
  })

  it('need not be there', async () => {
    const { headers } = await seenBy(await ask('beside', await issuer.sign(good())))
    expect(headers).not.toHaveProperty('x-email')
  })

  it.each([
    ['another client', { aud: 'other' }],
    ['no client', { aud: undefined }],
    ['another user', { sub: 'ben' }],
    ['another issuer', { iss: 'https://elsewhere.test' }],
    ['the past', { exp: 1 }],
  ])('is refused when it is of %s', async (_, claims) => {
    const headers = { 'x-id-token': await about(claims) }
    expect((await ask('beside', await issuer.sign(good()), headers)).status).toBe(401)
  })

  it.each([
    ['of the same user', { sub: 'ann' }, 200],
    ['of another one', { sub: 'mallory' }, 401],
    ['of nobody who is named', {}, 401],
  ])('goes with an access token that is no JWT, %s: %j', async (_, said, status) => {
    issuer.introspection = { active: true, ...said }
    const headers = { 'x-id-token': await about() }
    const answer = await ask('beside-opaque', `opaque-${randomUUID()}`, headers)
    issuer.introspection = { active: true, sub: 'ann' }
    expect(answer.status).toBe(status)
  })

  it('is refused when nobody has signed it', async () => {
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await about()).split('.')[1]}.`
    expect(
      (await ask('beside', await issuer.sign(good()), { 'x-id-token': unsigned })).status,
    ).toBe(401)
  })
})

/** @returns what came back with the code */
async function logIn(
  browser: CookieBrowser,
  path: string,
  claims: object = {},
): Promise<{ readonly url: URL; readonly response: Response }> {
  const begun = await browser.request(`${gateway.url}/${path}`)
  const url = new URL(begun.headers.get('location')!)
  const { searchParams } = url
  const nonce = searchParams.get('nonce')!
  issuer.idToken = await issuer.sign({ ...good(), aud: 'gateway', nonce, ...claims })
  const back = new URL(`/${path}`, gateway.url)
  back.search = `code=any&state=${searchParams.get('state')}`
  return { url, response: await browser.request(back.href) }
}

describe('openid-connect › reverify', () => {
  it('ends a session when the key of its ID token is withdrawn, which lasts on otherwise', async () => {
    const browser = cookieBrowser()
    expect((await logIn(browser, 'login')).response.status).toBe(200)
    expect((await logIn(browser, 'verified')).response.status).toBe(200)
    expect((await browser.request(`${gateway.url}/verified`)).status).toBe(200)
    await issuer.rotate()
    const statusOf = async (path: string): Promise<number> =>
      (await browser.request(`${gateway.url}/${path}`)).status
    await expect.poll(() => statusOf('verified'), PATIENT).toBe(302)
    expect(await statusOf('login')).toBe(200)
    expect(browser.cookies.has('verified')).toBe(false)
  })
})

describe('openid-connect › a token that clients are told in a header', () => {
  it('is kept by no cache', async () => {
    const token = await issuer.sign(good())
    const { headers } = await ask('told-in-headers', token)
    expect([headers.get('x-token'), headers.get('cache-control')]).toEqual([token, 'no-store'])
    expect((await ask('keyed', token)).headers.get('cache-control')).toBeNull()
  })
})

describe('openid-connect › the key of a token', () => {
  it('is told, for a token that the provider has signed', async () => {
    const response = await ask('keyed', await issuer.sign(good()))
    const { headers } = await seenBy(response)
    const key: unknown = JSON.parse(Buffer.from(headers['x-key']!, 'base64').toString())
    expect(key).toEqual(issuer.publicJwk())
    expect(response.headers.get('x-key')).toBe(headers['x-key'])
  })
})

describe('openid-connect › a login by name and password', () => {
  const credentials = { authorization: `Basic ${Buffer.from('ann:hush').toString('base64')}` }

  it('begins a session, which is enough from then on', async () => {
    const browser = cookieBrowser()
    issuer.idToken = ''
    const first = await seenBy(
      await browser.request(`${gateway.url}/named`, { headers: credentials }),
    )
    const grants = issuer.grants.length
    // Nobody looks at tokens beside it, so nobody else gets to see them.
    const { headers, url } = await seenBy(
      await browser.request(`${gateway.url}/named?a=1&access_token=x&x_id_token=x&x_id_token=y`, {
        headers: { 'x-access-token': 'x', 'access-token': 'x', 'x-id-token': 'x', x_id_token: 'x' },
      }),
    )
    expect(url).toBe('/named?a=1')
    for (const name of ['x-access-token', 'access-token', 'x-id-token', 'x_id_token'])
      expect(headers).not.toHaveProperty(name)
    expect(headers['authorization']).toBe(first.headers['authorization'])
    expect(headers['session-id']).toBe(first.headers['session-id'])
    expect(issuer.grants).toHaveLength(grants)
  })

  it('can tell the tokens instead', async () => {
    const browser = cookieBrowser()
    const response = await browser.request(`${gateway.url}/told`, { headers: credentials })
    expect(await response.json()).toEqual({ access_token: expect.stringMatching(/^at-/) })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(browser.cookies.has('session')).toBe(true)
  })

  it.each(['sessionless', 'unnamed'])('begins none where it is not to: %s', async (path) => {
    const response = await fetch(`${gateway.url}/${path}`, { headers: credentials })
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
  })
})

describe('openid-connect › a code that comes back in a form', () => {
  async function begun() {
    const browser = cookieBrowser()
    const response = await browser.request(`${gateway.url}/posted?a=1`)
    const { searchParams } = new URL(response.headers.get('location')!)
    const nonce = searchParams.get('nonce')!
    issuer.idToken = await issuer.sign({ ...good(), aud: 'gateway', nonce })
    const form = new URLSearchParams({ code: 'any', state: searchParams.get('state')! })
    const post = (body = form) => browser.request(`${gateway.url}/posted`, { method: 'POST', body })
    return { browser, response, searchParams, form, post }
  }

  it('lets in whoever brings it, and leads to what was asked for, without the form', async () => {
    const { browser, response, searchParams, post } = await begun()
    expect(searchParams.get('response_mode')).toBe('form_post')
    expect(response.headers.getSetCookie()[0]).toMatch(/; SameSite=None; Secure; HttpOnly;/)
    const back = await post()
    expect([back.status, back.headers.get('location')]).toEqual([302, `${gateway.url}/posted?a=1`])
    const arrived = await browser.request(back.headers.get('location')!)
    expect((await seenBy(arrived)).url).toBe('/posted?a=1')
  })

  it('is taken in a form only, and of this browser only', async () => {
    const { browser, form, post } = await begun()
    const asQuery = await browser.request(`${gateway.url}/posted?${form}`)
    expect([asQuery.status, browser.cookies.has('session')]).toEqual([302, false])
    const foreign = await fetch(`${gateway.url}/posted`, { method: 'POST', body: form })
    expect(foreign.status).toBe(401)
    const denied = new URLSearchParams({ error: 'access_denied', state: form.get('state')! })
    expect((await post(denied)).status).toBe(401)
    expect((await post(new URLSearchParams({ code: 'any', state: 'other' }))).status).toBe(401)
  })

  it('leaves other forms of whoever has a session to the upstream', async () => {
    const { browser, post } = await begun()
    await post()
    await browser.request(`${gateway.url}/posted?again`)
    const own = await post(new URLSearchParams({ code: '1', state: '2' }))
    expect((await seenBy(own)).url).toBe('/posted')
  })
})

describe('openid-connect › what a login takes along and tells', () => {
  it('is what is configured, and nothing that makes it safe', async () => {
    const query = 'login_hint=ann&state=known&redirect_uri=https://evil.test'
    const begun = await fetch(`${gateway.url}/asked?${query}`, { redirect: 'manual' })
    const { searchParams } = new URL(begun.headers.get('location')!)
    expect(searchParams.get('login_hint')).toBe('ann')
    expect(searchParams.getAll('state')).toEqual([expect.stringMatching(/^[\w-]{43}$/)])
    expect(searchParams.getAll('redirect_uri')).toEqual([`${gateway.url}/asked`])
  })

  it('can be what the provider says of the access token', async () => {
    const { response } = await logIn(cookieBrowser(), 'asked')
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^at-/),
      introspection: { active: true, sub: 'ann' },
    })
  })

  it('comes to its end in a browser that has logged in meanwhile, and its code to nobody else', async () => {
    const browser = cookieBrowser()
    await logIn(browser, 'login')
    const session = browser.cookies.get('session')!
    browser.cookies.delete('session')
    const begun = await browser.request(`${gateway.url}/login`)
    const { searchParams } = new URL(begun.headers.get('location')!)
    const nonce = searchParams.get('nonce')!
    issuer.idToken = await issuer.sign({ ...good(), aud: 'gateway', nonce })
    // The other tab has logged in.
    browser.cookies.set('session', session)
    const back = `${gateway.url}/login?code=any&state=${searchParams.get('state')}`
    expect((await seenBy(await browser.request(back))).url).toBe('/login')
    expect(browser.cookies.get('session')).not.toBe(session)
    // What only looks like one is the business of the upstream.
    const own = '/login?code=1&state=2'
    expect((await seenBy(await browser.request(gateway.url + own))).url).toBe(own)
  })
})
