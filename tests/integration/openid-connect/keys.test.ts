import { generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { cookieBrowser } from './cookie-browser.ts'
import { startScriptedIssuer, type ScriptedIssuer } from './scripted-issuer.ts'
import { CLIENT, startMirror, startOidcGateway } from './setting.ts'

const SECRET = CLIENT.client_secret[0]!

let issuer: ScriptedIssuer
let upstream: TestUpstream
let gateway: TestGateway

beforeAll(async () => {
  issuer = await startScriptedIssuer()
  upstream = await startMirror()
  const bearer = { issuer: issuer.url, auth_methods: ['bearer'] }
  const login = { issuer: issuer.url, ...CLIENT, auth_methods: ['authorization_code', 'session'] }
  gateway = await startOidcGateway(
    upstream,
    {
      quick: { ...bearer, rediscovery_lifetime: 0 },
      slow: { ...bearer, rediscovery_lifetime: 3600 },
      secrets: { ...bearer, ...CLIENT, enable_hs_signatures: true },
      login,
    },
    { settings: { nginx_worker_processes: '1' } },
  )
}, 60_000)

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const now = (): number => Math.floor(Date.now() / 1000)
const good = () => ({ iss: issuer.url, exp: now() + 600 })

async function statusOf(path: string, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${gateway.url}/${path}`, { headers })).status
}

describe('openid-connect › keys', () => {
  it('finds new ones when a token has one, and lets go of those that were withdrawn', async () => {
    const old = await issuer.sign(good())
    expect(await statusOf('quick', old)).toBe(200)
    await issuer.rotate()
    expect(await statusOf('quick', await issuer.sign(good()))).toBe(200)
    expect(await statusOf('quick', old)).toBe(401)
  })

  it('looks for new ones no oftener than it may', async () => {
    expect(await statusOf('slow', await issuer.sign(good()))).toBe(200)
    await issuer.rotate()
    const before = issuer.requests.length
    for (let round = 0; round < 5; round += 1)
      expect(await statusOf('slow', await issuer.sign(good()))).toBe(401)
    expect(issuer.requests.length).toBe(before)
  })

  it('goes by what is known while the issuer is away', async () => {
    expect(await statusOf('quick', await issuer.sign(good()))).toBe(200)
    issuer.isDown = true
    expect(await statusOf('quick', await issuer.sign({ ...good(), jti: 'other' }))).toBe(200)
    expect(await statusOf('quick', await issuer.sign(good(), { header: { kid: 'new' } }))).toBe(401)
    issuer.isDown = false
  })
})

describe('openid-connect › what an issuer may answer for its keys', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['no key set', '{"keys":5}'],
    ['keys of no kind', '{"keys":[{"kty":"odd"}, 5, null]}'],
    ['no keys any more', '{"keys":[]}'],
    ['far too much', `{"keys":[],"more":"${'x'.repeat(2_000_000)}"}`],
  ])('is not followed by more than a refusal: %s', async (_, text) => {
    const token = await issuer.sign(good())
    expect(await statusOf('quick', token)).toBe(200)
    issuer.keysText = text
    const before = issuer.requests.length
    expect(await statusOf('quick', await issuer.sign(good(), { header: { kid: 'new' } }))).toBe(401)
    expect(issuer.requests.slice(before)).toContain('GET /keys')
    // What was known counts on, also for tokens that nobody has seen yet.
    expect(await statusOf('quick', await issuer.sign({ ...good(), jti: text.slice(0, 9) }))).toBe(
      200,
    )
    issuer.keysText = undefined
  })
})

describe('openid-connect › tokens of a scripted issuer', () => {
  it.each([
    ['nothing wrong', () => ({}), 200],
    ['an end in the past', () => ({ exp: now() - 1 }), 401],
    ['no end', () => ({ exp: undefined }), 401],
    ['an end that is a text', () => ({ exp: String(now() + 600) }), 401],
    ['a beginning in the future', () => ({ nbf: now() + 60 }), 401],
    ['a birth in the future', () => ({ iat: now() + 60 }), 401],
    ['another issuer', () => ({ iss: 'https://elsewhere.test' }), 401],
    ['no issuer', () => ({ iss: undefined }), 401],
  ])('are judged: %s', async (_, claims, expected) => {
    const token = await issuer.sign({ ...good(), ...claims() })
    expect(await statusOf('quick', token)).toBe(expected)
  })

  it('are refused when another key has signed them, whatever their header says', async () => {
    const { privateKey: key } = await generateKeyPair('RS256')
    expect(await statusOf('quick', await issuer.sign(good(), { key }))).toBe(401)
    const header = { jwk: issuer.publicJwk(), jku: `${issuer.url}/keys` }
    expect(await statusOf('quick', await issuer.sign(good(), { key, header }))).toBe(401)
  })

  it.each(['logout+jwt', 'dpop+jwt', 'secevent+jwt'])(
    'are refused with the type %s',
    async (typ) => {
      expect(await statusOf('quick', await issuer.sign(good(), { header: { typ } }))).toBe(401)
      expect(
        await statusOf('quick', await issuer.sign(good(), { header: { typ: 'at+jwt' } })),
      ).toBe(200)
    },
  )

  it('may be signed with the client secret where that is allowed, and never with a public key', async () => {
    const header = { alg: 'HS256' }
    const bySecret = await issuer.sign(good(), { key: Buffer.from(SECRET), header })
    const publicKey = Buffer.from(JSON.stringify(issuer.publicJwk()))
    const byPublicKey = await issuer.sign(good(), { key: publicKey, header })
    expect(await statusOf('secrets', bySecret)).toBe(200)
    expect(await statusOf('secrets', byPublicKey)).toBe(401)
    expect(await statusOf('quick', bySecret)).toBe(401)
    expect(await statusOf('quick', byPublicKey)).toBe(401)
  })
})

describe('openid-connect › ID tokens of a scripted issuer', () => {
  const claims = (nonce: string) => ({ ...good(), iat: now(), aud: 'gateway', nonce })

  it.each([
    ['nothing wrong', {}, 200],
    ['another nonce', { nonce: 'other' }, 401],
    ['no nonce', { nonce: undefined }, 401],
    ['another audience', { aud: 'other' }, 401],
    ['another issuer', { iss: 'https://elsewhere.test' }, 401],
    ['an end in the past', { exp: 1 }, 401],
  ])('decide about a login: %s', async (_, change, expected) => {
    const browser = cookieBrowser()
    const begun = await browser.request(`${gateway.url}/login`)
    const { searchParams } = new URL(begun.headers.get('location')!)
    issuer.idToken = await issuer.sign({ ...claims(searchParams.get('nonce')!), ...change })
    const back = `${gateway.url}/login?code=any&state=${searchParams.get('state')}`
    expect((await browser.request(back)).status).toBe(expected)
    expect(browser.cookies.has('session')).toBe(expected === 200)
  })

  it('are refused when another key has signed them', async () => {
    const browser = cookieBrowser()
    const begun = await browser.request(`${gateway.url}/login`)
    const { searchParams } = new URL(begun.headers.get('location')!)
    const { privateKey: key } = await generateKeyPair('RS256')
    issuer.idToken = await issuer.sign(claims(searchParams.get('nonce')!), { key })
    const back = `${gateway.url}/login?code=any&state=${searchParams.get('state')}`
    expect((await browser.request(back)).status).toBe(401)
  })
})
