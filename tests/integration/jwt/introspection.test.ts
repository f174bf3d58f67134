import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { clientToken, OPAQUE, REPORT, seenBy, startMirror } from '../openid-connect/setting.ts'
import { localIssuer, startJwtGateway } from './setting.ts'

const SECRET = 'the secret of the gateway'
const AS_GATEWAY = { client_id: 'gateway', client_secret: SECRET }

let provider: TestProvider
let upstream: TestUpstream
let gateway: TestGateway

beforeAll(async () => {
  provider = await startOidcProvider()
  upstream = await startMirror()
  const { issuer } = provider
  const asking = (introspection: object = {}, more: object = {}) => ({
    issuers: [localIssuer(issuer, { introspection: { ...AS_GATEWAY, ...introspection }, ...more })],
  })
  gateway = await startJwtGateway(
    upstream,
    {
      found: asking(),
      named: asking({ endpoint: `${issuer}/token/introspection` }),
      fresh: asking({ ttl: 0 }),
      kept: asking({ ttl: 600 }),
      revoking: { ...asking({ ttl: 600 }), revocation: true },
      claims: {
        ...asking({}, { consumer_claim: 'client_id' }),
        forward_claims: { client_id: 'X-Who' },
        hide_credentials: true,
      },
      keyless: asking({}, { jwks: { keys: [] } }),
      scoped: { ...asking(), scopes_required: ['orders:write'], realm: 'orders' },
      wrong: asking({ client_secret: 'a-wrong-secret' }),
      away: {
        issuers: [
          localIssuer(issuer, {
            introspection: { ...AS_GATEWAY, endpoint: 'http://127.0.0.1:1/introspect' },
          }),
        ],
      },
      private: {
        issuers: [
          {
            issuer: 'https://login.example.com',
            jwks: { keys: [] },
            introspection: { ...AS_GATEWAY, endpoint: 'https://127.0.0.1:1/introspect' },
          },
        ],
      },
    },
    { nginx_worker_processes: '1' },
  )
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const get = (path: string, token: string): Promise<Response> =>
  fetch(`${gateway.url}/${path}`, { headers: { authorization: `Bearer ${token}` } })
const opaque = () => clientToken(provider.issuer, OPAQUE, 'orders:read')

async function revokeAtIssuer(token: string): Promise<void> {
  const [id, secret] = OPAQUE
  const response = await fetch(`${provider.issuer}/token/revocation`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  })
  expect(response.status).toBe(200)
}

async function why(path: string, token: string) {
  await get(path, token)
  const response = await fetch(`${gateway.adminUrl}/explain/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, route: path }),
  })
  const text = await response.text()
  const { data } = JSON.parse(text) as { readonly data: readonly Record<string, unknown>[] }
  return { text, ...data[0] } as Record<string, unknown>
}

describe('jwt › introspection of tokens that are no JWT', () => {
  it.each(['found', 'named', 'fresh', 'kept'])('takes those that are active: %s', async (path) => {
    const token = await opaque()
    const { headers } = await seenBy(await get(path, token))
    expect(headers['x-credential-identifier']).toBe('opaque')
    expect((await get(path, token)).status).toBe(200)
  })

  it('refuses those that are not, and says why to those alone who may ask', async () => {
    const answer = await get('found', 'made-up')
    expect([answer.status, await answer.json()]).toEqual([401, { message: 'Token not active' }])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await why('found', 'made-up')).toMatchObject({
      code: 'token-inactive',
      checks: [{ name: 'token' }, { name: 'introspection' }],
    })
  })

  it.each(['a.b.c', 'eyJhbGciOiJIUzI1NiJ9.e30.xx'])(
    'does not ask about what is a broken or a strange JWT: %s',
    async (token) => {
      const messages = { 'a.b.c': 'Token not active', other: "No mandatory 'iss' in claims" }
      const { message } = (await (await get('found', token)).json()) as { message: string }
      expect(message).toBe(token === 'a.b.c' ? messages['a.b.c'] : messages.other)
    },
  )

  it('leaves JWTs of the issuer to their signature', async () => {
    // This provider knows nothing of them.
    const token = await clientToken(provider.issuer, REPORT, 'orders:read')
    expect((await get('found', token)).status).toBe(200)
  })

  it('takes no JWTs of an issuer that makes none', async () => {
    expect((await get('keyless', await opaque())).status).toBe(200)
    const token = await clientToken(provider.issuer, REPORT, 'orders:read')
    const answer = await get('keyless', token)
    expect([answer.status, await answer.json()]).toEqual([401, { message: 'Unknown key' }])
  })

  it('finds the consumer, and tells the upstream of claims and not of the token', async () => {
    const { headers } = await seenBy(await get('claims', await opaque()))
    expect(headers).toMatchObject({ 'x-who': 'opaque', 'x-consumer-username': 'opaque' })
    expect(headers['authorization']).toBeUndefined()
  })

  it('asks for scopes as of any other token', async () => {
    const answer = await get('scoped', await opaque())
    expect(answer.status).toBe(403)
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer realm="orders", error="insufficient_scope", scope="orders:write"',
    )
  })

  it('knows of a token that its issuer has revoked when it asks next', async () => {
    const token = await opaque()
    expect([(await get('fresh', token)).status, (await get('kept', token)).status]).toEqual([
      200, 200,
    ])
    await revokeAtIssuer(token)
    expect([(await get('fresh', token)).status, (await get('kept', token)).status]).toEqual([
      401, 200,
    ])
  })

  it('drops at once what is revoked here, though the answer is remembered', async () => {
    const token = await opaque()
    expect((await get('revoking', token)).status).toBe(200)
    const added = await fetch(`${gateway.adminUrl}/jwt-revocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token_sha256: createHash('sha256').update(token).digest('hex'),
      }),
    })
    expect(added.status).toBe(201)
    const answer = await get('revoking', token)
    expect([answer.status, await answer.json()]).toEqual([401, { message: 'Token revoked' }])
  })

  it.each(['wrong', 'away', 'private'])(
    'takes nothing while the issuer has no answer: %s',
    async (path) => {
      const answer = await get(path, await opaque())
      expect([answer.status, await answer.json()]).toEqual([
        503,
        { message: 'Cannot verify tokens of this issuer now' },
      ])
      expect(answer.headers.get('www-authenticate')).toBeNull()
      expect(await why(path, 'made-up')).toMatchObject({ code: 'introspection-unavailable' })
    },
  )

  it('writes neither secrets nor tokens into the log', async () => {
    const token = await opaque()
    await get('wrong', token)
    await until(() => gateway.errorLog().includes('about tokens: '))
    const log = gateway.errorLog()
    for (const secret of [token, 'a-wrong-secret', SECRET]) expect(log).not.toContain(secret)
  })
})

describe('jwt › introspection of JWTs', () => {
  it('asks about those whose signature is right, and goes by what the issuer says now', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one' }
    const told: string[] = []
    let answer: object = {}
    await using issuer = await startUpstream((request, response) => {
      response.setHeader('content-type', 'application/json')
      if (request.url === '/jwks') return void response.end(JSON.stringify({ keys: [jwk] }))
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        told.push(Buffer.concat(chunks).toString())
        response.end(JSON.stringify(answer))
      })
    })
    const introspection = {
      ...AS_GATEWAY,
      client_auth: 'client_secret_post',
      endpoint: `${issuer.url}/introspect`,
      tokens: ['jwt'],
      ttl: 0,
      ttl_neg: 0,
    }
    await using other = await startJwtGateway(upstream, {
      api: {
        issuers: [localIssuer(issuer.url, { jwks_uri: `${issuer.url}/jwks`, introspection })],
        scopes_required: ['a'],
      },
    })
    const sign = (key = privateKey) =>
      new SignJWT({ scope: 'a b' })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(issuer.url)
        .setSubject('ann')
        .setExpirationTime('5m')
        .sign(key)
    const token = await sign()
    const ask = async (text: string) => {
      const { status } = await fetch(`${other.url}/api`, {
        headers: { authorization: `Bearer ${text}` },
      })
      return status
    }

    expect(await ask(await sign((await generateKeyPair('ES256')).privateKey))).toBe(401)
    expect(await ask('made-up')).toBe(401)
    expect(told).toEqual([])
    const verdicts = [
      [{ active: true }, 200],
      [{ active: false }, 401],
      [{ active: true, scope: 'b' }, 403],
      [{ active: true, exp: 1 }, 401],
      [{ active: true, nbf: 4_000_000_000 }, 401],
      [{ active: true, iss: 'https://elsewhere.example' }, 401],
      [{ active: true, token_type: 'refresh_token' }, 401],
      [{ active: 'true' }, 503],
      [{}, 503],
    ] as const
    for (const [said, status] of verdicts) {
      answer = said
      expect([said, await ask(token)]).toEqual([said, status])
    }
    expect(Object.fromEntries(new URLSearchParams(told[0]))).toEqual({
      ...AS_GATEWAY,
      token,
      token_type_hint: 'access_token',
    })
  })
})
