import { calculateJwkThumbprint } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDpopClient, tokenHash, type DpopClient } from '../../support/dpop-client.ts'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { CLIENT, clientToken, OPAQUE, REPORT, startMirror, startOidcGateway } from './setting.ts'

let provider: TestProvider
let upstream: TestUpstream
let gateway: TestGateway
let holder: DpopClient
let bound: string

beforeAll(async () => {
  provider = await startOidcProvider()
  upstream = await startMirror()
  const config = { issuer: provider.issuer, ...CLIENT, auth_methods: ['bearer', 'introspection'] }
  gateway = await startOidcGateway(upstream, {
    strict: { ...config, proof_of_possession_dpop: 'strict' },
    optional: { ...config, proof_of_possession_dpop: 'optional' },
    off: config,
    nonce: { ...config, proof_of_possession_dpop: 'strict', dpop_use_nonce: true },
  })
  holder = await makeDpopClient()
  bound = await clientToken(provider.issuer, REPORT, 'orders:read', {
    dpop: await proof({ htm: 'POST', htu: `${provider.issuer}/token` }),
  })
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

function proof(
  claims: object,
  { by = holder, header = {} }: { readonly by?: DpopClient; readonly header?: object } = {},
): Promise<string> {
  return by.proof(claims, header)
}

const claimsFor = (path: string, token = bound) => ({
  htm: 'GET',
  htu: `${gateway.url}/${path}`,
  ath: tokenHash(token),
})

function ask(path: string, proofs: string | undefined, token = bound): Promise<Response> {
  const headers = { authorization: `DPoP ${token}`, ...(proofs !== undefined && { dpop: proofs }) }
  return fetch(`${gateway.url}/${path}`, { headers })
}

describe('openid-connect › DPoP', () => {
  it('lets in whoever proves that he has the key, with a query, too', async () => {
    const answer = await ask('strict?a=1', await proof(claimsFor('strict')))
    expect(answer.status).toBe(200)
  })

  it('knows from the provider what a token is bound to that does not say so itself', async () => {
    const opaque = await clientToken(provider.issuer, OPAQUE, 'orders:read', {
      dpop: await proof({ htm: 'POST', htu: `${provider.issuer}/token` }),
    })
    const other = await makeDpopClient()
    const claims = claimsFor('strict', opaque)
    expect((await ask('strict', await proof(claims), opaque)).status).toBe(200)
    expect((await ask('strict', await proof(claims, { by: other }), opaque)).status).toBe(401)
  })

  it.each([
    ['no proof', () => undefined],
    ['no proof at all', () => 'nonsense'],
    ['another method', () => proof({ ...claimsFor('strict'), htm: 'POST' })],
    ['another URL', () => proof(claimsFor('optional'))],
    ['another host', () => proof({ ...claimsFor('strict'), htu: 'http://elsewhere.test/strict' })],
    ['another token', () => proof({ ...claimsFor('strict'), ath: tokenHash('other') })],
    ['no token', () => proof({ ...claimsFor('strict'), ath: undefined })],
    ['an old one', () => proof({ ...claimsFor('strict'), iat: 1_700_000_000 })],
    ['no time', () => proof({ ...claimsFor('strict'), iat: undefined })],
    ['no id', () => proof({ ...claimsFor('strict'), jti: undefined })],
    ['another type', () => proof(claimsFor('strict'), { header: { typ: 'JWT' } })],
    ['another key', async () => proof(claimsFor('strict'), { by: await makeDpopClient() })],
    [
      'a key that did not sign',
      async () => proof(claimsFor('strict'), { header: { jwk: (await makeDpopClient()).jwk } }),
    ],
    [
      'two proofs',
      async () => `${await proof(claimsFor('strict'))}, ${await proof(claimsFor('strict'))}`,
    ],
  ])('refuses %s', async (_, make) => {
    const answer = await ask('strict', await make())
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^DPoP realm="[^"]+", algs="ES256 .+", error="invalid_dpop_proof"$/,
    )
  })

  it('gives out the nonce that a proof must have', async () => {
    const first = await ask('nonce', await proof(claimsFor('nonce')))
    expect([first.status, first.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('error="use_dpop_nonce"'),
    ])
    const nonce = first.headers.get('dpop-nonce')
    expect((await ask('nonce', await proof({ ...claimsFor('nonce'), nonce }))).status).toBe(200)
  })

  it('takes a proof once', async () => {
    const once = await proof(claimsFor('strict'))
    const statuses = [(await ask('strict', once)).status, (await ask('strict', once)).status]
    expect(statuses).toEqual([200, 401])
  })

  it('refuses a bound token as Bearer, and an unbound one where it must be bound', async () => {
    const plain = await clientToken(provider.issuer, REPORT, 'orders:read')
    const bearer = (path: string, token: string) =>
      fetch(`${gateway.url}/${path}`, { headers: { authorization: `Bearer ${token}` } })
    expect((await bearer('strict', bound)).status).toBe(401)
    expect((await bearer('optional', bound)).status).toBe(401)
    expect((await bearer('strict', plain)).status).toBe(401)
    expect((await bearer('optional', plain)).status).toBe(200)
    expect((await bearer('off', bound)).status).toBe(200)
    expect((await ask('optional', undefined, plain)).status).toBe(401)
  })

  it('is by the thumbprint of the key', async () => {
    const [, claims] = bound.split('.')
    const { cnf } = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as { cnf: object }
    expect(cnf).toEqual({ jkt: await calculateJwkThumbprint(holder.jwk) })
  })
})
