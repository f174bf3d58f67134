import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { cookieBrowser, type Page } from './cookie-browser.ts'
import { CLIENT, startMirror, startOidcGateway, type Seen } from './setting.ts'

/** Tokens end by the clock of the provider. */
const PATIENT = { timeout: 20_000 }
const GOODBYE = 'http://127.0.0.1/goodbye'

let provider: TestProvider
let upstream: TestUpstream
let gateway: TestGateway

beforeAll(async () => {
  // Access tokens end at once, so that every request after a login renews them.
  provider = await startOidcProvider({ accessTokenSeconds: 1 })
  upstream = await startMirror()
  const login = {
    issuer: provider.issuer,
    ...CLIENT,
    auth_methods: ['authorization_code', 'session'],
    scopes: ['openid', 'offline_access'],
    authorization_query_args_names: ['prompt'],
    authorization_query_args_values: ['consent'],
    upstream_id_token_header: 'X-ID-Token',
    upstream_headers_claims: ['sub'],
    upstream_headers_names: ['X-User'],
    logout_query_arg: 'logout',
    logout_methods: ['GET', 'POST'],
    logout_redirect_uri: [GOODBYE],
    logout_revoke: true,
  }
  gateway = await startOidcGateway(upstream, {
    hello: {
      ...login,
      preserve_query_args: true,
      consumer_claim: ['sub'],
      consumer_optional: true,
    },
    callback: { ...login, login_action: 'redirect' },
    admins: { ...login, groups_required: ['admins'], redirect_uri: [`http://127.0.0.1/callback`] },
  })
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const at = (path: string): string => `${gateway.url}/${path}`

function seen(page: Page): Seen {
  if (page.response.status !== 200) throw new Error(`${page.response.status} ${page.body}`)
  return JSON.parse(page.body) as Seen
}

describe('openid-connect › login', () => {
  it('sends a browser to the provider, with all that makes a login safe', async () => {
    const response = await cookieBrowser().request(at('hello?a=1'))
    expect([response.status, response.headers.get('cache-control')]).toEqual([302, 'no-store'])
    const location = new URL(response.headers.get('location')!)
    expect(location.origin).toBe(provider.issuer)
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'gateway',
      redirect_uri: at('hello'),
      scope: 'openid offline_access',
      code_challenge_method: 'S256',
      prompt: 'consent',
    })
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(location.searchParams.get(name)).toMatch(/^[\w-]{43}$/)
    const [cookie] = response.headers.getSetCookie()
    expect(cookie).toMatch(
      /^authorization=1\.[\w-]+; Path=\/; SameSite=Lax; HttpOnly; Expires=[^;]+; Max-Age=600$/,
    )
    expect(cookie).not.toContain(location.searchParams.get('state'))
  })

  it('lets in who has logged in, and goes on with what was asked for', async () => {
    const browser = cookieBrowser()
    const { url, headers } = seen(await browser.logIn(at('hello?a=1&b=%20'), 'ann'))
    expect([url, headers['x-user'], headers['x-consumer-username']]).toEqual([
      '/hello?a=1&b=%20',
      'ann',
      'ann',
    ])
    expect(headers['authorization']).toMatch(/^Bearer /)
    expect(headers['cookie'] ?? '').not.toMatch(/(?:^|; )(?:session|authorization)2?=/)
    expect(
      [...browser.cookies.keys()].filter((name) => /^(?:session|authorization)/.test(name)),
    ).toEqual(['session'])
  })

  it('knows whoever has logged in from then on, renewing tokens that have ended', async () => {
    const browser = cookieBrowser()
    const first = seen(await browser.logIn(at('hello'), 'ann'))
    await expect
      .poll(async () => seen(await browser.open(at('hello'))).headers['authorization'], PATIENT)
      .not.toBe(first.headers['authorization'])
    expect(seen(await browser.open(at('hello'))).headers['x-user']).toBe('ann')
  })

  it('uses a refresh token once for requests that come together', async () => {
    const browser = cookieBrowser()
    await browser.logIn(at('hello'), 'ann')
    const old = new Map(browser.cookies)
    await expect
      .poll(async () => {
        await browser.open(at('hello'))
        return browser.cookies.get('session')
      }, PATIENT)
      .not.toBe(old.get('session'))
    const cookie = [...old].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = await Promise.all(
      Array.from({ length: 10 }, () =>
        fetch(at('hello'), { headers: { cookie }, redirect: 'manual' }),
      ),
    )
    expect(all.map(({ status }) => status)).toEqual(Array(10).fill(200))
    // A provider that had seen the token twice would have ended all of them.
    expect(seen(await browser.open(at('hello'))).headers['x-user']).toBe('ann')
  })

  it('leads back to where the login began, and nowhere else', async () => {
    const page = await cookieBrowser().logIn(at('callback'), 'ann')
    expect([page.url, seen(page).url]).toEqual([at('callback'), '/callback'])
  })

  it('refuses with 403, and ends the session of, who may not come in', async () => {
    const browser = cookieBrowser()
    await browser.logIn(at('callback'), 'ben')
    const page = await browser.open(at('admins'))
    expect(page.response.status).toBe(403)
    expect(browser.cookies.has('session')).toBe(false)
    const other = cookieBrowser()
    await other.logIn(at('callback'), 'ann')
    expect((await other.open(at('admins'))).response.status).toBe(200)
  })
})

describe('openid-connect › attacks on a login', () => {
  type Browser = ReturnType<typeof cookieBrowser>

  /** @returns the URL that brings a code to the gateway, which nobody has asked for yet */
  async function callbackOf(browser: Browser): Promise<URL> {
    const isCallback = (url: string): boolean => url.startsWith(gateway.url)
    return new URL((await browser.logIn(at('hello'), 'ann', isCallback)).url)
  }

  async function outcome(browser: Browser, url: URL) {
    const { status } = await browser.request(url.href)
    return { status, hasSession: browser.cookies.has('session') }
  }

  const REFUSED = { status: 401, hasSession: false }

  it('lets in whoever brings it to the browser in which the login began', async () => {
    const browser = cookieBrowser()
    const url = await callbackOf(browser)
    expect(await outcome(browser, url)).toEqual({ status: 200, hasSession: true })
  })

  it('refuses a code that was brought to another browser', async () => {
    expect(await outcome(cookieBrowser(), await callbackOf(cookieBrowser()))).toEqual(REFUSED)
  })

  it('refuses a code of another login, also in a browser that has begun one', async () => {
    const victim = cookieBrowser()
    const own = await callbackOf(victim)
    const foreign = await callbackOf(cookieBrowser())
    expect(await outcome(victim, foreign)).toEqual(REFUSED)
    own.searchParams.set('code', foreign.searchParams.get('code')!)
    expect(await outcome(victim, own)).toEqual(REFUSED)
  })

  it('refuses a code that has been used', async () => {
    const browser = cookieBrowser()
    const url = await callbackOf(browser)
    await browser.request(url.href)
    browser.cookies.delete('session')
    expect(await outcome(browser, url)).toEqual(REFUSED)
  })

  it.each([
    ['another issuer', (url: URL) => url.searchParams.set('iss', 'https://elsewhere.test')],
    ['no issuer', (url: URL) => url.searchParams.delete('iss')],
    ['another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(43))],
    ['two states', (url: URL) => url.searchParams.append('state', 'x')],
    [
      'an error',
      (url: URL) => {
        url.searchParams.delete('code')
        url.searchParams.set('error', 'access_denied')
      },
    ],
  ])('refuses what comes back with %s', async (_, change) => {
    const browser = cookieBrowser()
    const url = await callbackOf(browser)
    change(url)
    expect(await outcome(browser, url)).toEqual(REFUSED)
  })

  it('takes no cookie that was changed, or that is for something else', async () => {
    const browser = cookieBrowser()
    await browser.request(at('hello'))
    const login = browser.cookies.get('authorization')!
    await browser.logIn(at('hello'), 'ann')
    const session = browser.cookies.get('session')!
    const changed = session.slice(0, 60) + (session[60] === 'A' ? 'B' : 'A') + session.slice(61)
    for (const value of [changed, login, session.slice(0, -9), '1.', '2.x', 'x']) {
      browser.cookies.set('session', value)
      expect((await browser.request(at('hello'))).status).toBe(302)
    }
    browser.cookies.set('session', session)
    expect((await browser.request(at('hello'))).status).toBe(200)
  })
})

describe('openid-connect › logout', () => {
  it('ends the session, here and at the provider, for every copy of the cookie', async () => {
    const browser = cookieBrowser()
    await browser.logIn(at('hello'), 'ann')
    const copy = `session=${browser.cookies.get('session')}`
    const response = await browser.request(at('hello?logout=1'))
    const location = new URL(response.headers.get('location')!)
    expect([response.status, location.origin]).toEqual([302, provider.issuer])
    expect(location.searchParams.get('post_logout_redirect_uri')).toBe(GOODBYE)
    expect(location.searchParams.get('id_token_hint')).toMatch(/^eyJ/)
    expect(browser.cookies.has('session')).toBe(false)
    const replayed = await fetch(at('hello'), { headers: { cookie: copy }, redirect: 'manual' })
    expect(replayed.status).toBe(302)
  })

  it('leads on whoever has no session, and ends nothing', async () => {
    const response = await cookieBrowser().request(at('hello?logout=1'))
    expect([response.status, response.headers.get('location')]).toEqual([302, GOODBYE])
    expect(response.headers.getSetCookie()).toEqual([])
  })
})
