import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { cookieBrowser } from './cookie-browser.ts'
import { CLIENT, startMirror, startOidcGateway } from './setting.ts'

let provider: TestProvider
let upstream: TestUpstream
let gateway: TestGateway

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const marks = { kid: 'own', alg: 'ES256', use: 'sig' }
  const jwk = { ...(await exportJWK(privateKey)), ...marks }
  provider = await startOidcProvider({
    signerKeys: [{ ...(await exportJWK(publicKey)), ...marks }],
  })
  upstream = await startMirror()
  const login = { issuer: provider.issuer, auth_methods: ['authorization_code', 'session'] }
  const signer = {
    ...login,
    client_id: ['signer'],
    client_auth: ['private_key_jwt'],
    client_alg: ['ES256'],
    session_secret: 'a secret of the sessions',
    redirect_uri: ['http://127.0.0.1/callback'],
  }
  const demanded = {
    require_pushed_authorization_requests: true,
    require_signed_request_object: true,
  }
  gateway = await startOidcGateway(
    upstream,
    {
      hello: { ...signer, redirect_uri: undefined, ...demanded },
      signed: { ...signer, require_signed_request_object: true },
      pushed: {
        ...login,
        ...CLIENT,
        redirect_uri: ['http://127.0.0.1/callback'],
        require_pushed_authorization_requests: true,
      },
      plain: { ...login, ...CLIENT },
    },
    {
      entities: {
        key_sets: [{ name: 'openid-connect' }],
        keys: [{ kid: 'own', jwk: JSON.stringify(jwk), set: 'openid-connect' }],
      },
    },
  )
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

/** Names and values of the arguments of the URL that a browser is sent to. */
async function sentTo(path: string): Promise<Readonly<Record<string, string>>> {
  const response = await cookieBrowser().request(`${gateway.url}/${path}`)
  expect(response.status).toBe(302)
  return Object.fromEntries(new URL(response.headers.get('location')!).searchParams)
}

const named = (values: object): readonly string[] => Object.keys(values).toSorted()

describe('openid-connect › what a login is about', () => {
  it('is told the provider beforehand, where that is demanded', async () => {
    const sent = await sentTo('pushed')
    expect(named(sent)).toEqual(['client_id', 'request_uri'])
    expect(sent['request_uri']).toMatch(/^urn:ietf:params:oauth:request_uri:/)
  })

  it('is signed by the key of the gateway, where that is demanded', async () => {
    const sent = await sentTo('signed')
    expect(named(sent)).toEqual(['client_id', 'request', 'response_type', 'scope'])
    const [head, claims] = sent['request']!.split('.').map(decoded)
    expect(head).toMatchObject({ alg: 'ES256', kid: 'own' })
    expect(claims).toMatchObject({
      iss: 'signer',
      aud: provider.issuer,
      redirect_uri: 'http://127.0.0.1/callback',
      code_challenge_method: 'S256',
    })
  })

  it('stands in the URL otherwise', async () => {
    expect(named(await sentTo('plain'))).toContain('code_challenge')
  })

  it('is believed by a provider that demands both, and lets users in', async () => {
    const page = await cookieBrowser().logIn(`${gateway.url}/hello`, 'ann')
    const { origin, pathname } = new URL(page.url)
    expect([page.response.status, origin + pathname]).toEqual([200, `${gateway.url}/hello`])
  })
})

function decoded(part: string): object {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as object
  } catch {
    return {}
  }
}
