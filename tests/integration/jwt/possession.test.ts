import http from 'node:http'
import https from 'node:https'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDpopClient, tokenHash, type DpopClient } from '../../support/dpop-client.ts'
import { makeAuthority, type MadeCertificate } from '../../support/make-certificates.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import {
  clientToken,
  MACHINE,
  OPAQUE,
  REPORT,
  seenBy,
  startMirror,
} from '../openid-connect/setting.ts'
import { localIssuer, startJwtGateway } from './setting.ts'

const AS_GATEWAY = { client_id: 'gateway', client_secret: 'the secret of the gateway' }

let provider: TestProvider
let upstream: TestUpstream

beforeAll(async () => {
  provider = await startOidcProvider()
  upstream = await startMirror()
}, 60_000)

afterAll(async () => {
  await upstream?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

/** A route whose issuer has these fields, and what else the plugin has. */
const held = (issuer: object, more: object = {}) => ({
  issuers: [localIssuer(provider.issuer, issuer)],
  ...more,
})

async function boundToken(client: DpopClient, as: readonly [string, string] = REPORT) {
  const dpop = await client.proof({ htm: 'POST', htu: `${provider.issuer}/token` })
  return clientToken(provider.issuer, as, 'orders:read', { dpop })
}

describe('jwt › DPoP', () => {
  let gateway: TestGateway
  let client: DpopClient
  let bound: string

  beforeAll(async () => {
    gateway = await startJwtGateway(
      upstream,
      {
        strict: held({ proof_of_possession_dpop: 'strict' }),
        optional: held({ proof_of_possession_dpop: 'optional' }, { hide_credentials: true }),
        off: held({}),
        asked: held({ proof_of_possession_dpop: 'strict', introspection: AS_GATEWAY }),
        nonce: held({ proof_of_possession_dpop: 'strict', dpop_use_nonce: true }),
        shown: held(
          { proof_of_possession_dpop: 'strict', proof_of_possession_mtls: 'optional' },
          { metadata_url: 'https://api.example.com/shown/.well-known/oauth-protected-resource' },
        ),
      },
      { nginx_worker_processes: '2' },
    )
    client = await makeDpopClient()
    bound = await boundToken(client)
  }, 60_000)

  afterAll(() => gateway?.[Symbol.asyncDispose]())

  const claimsFor = (path: string, token = bound) => ({
    htm: 'GET',
    htu: `${gateway.url}/${path}`,
    ath: tokenHash(token),
  })

  function ask(path: string, proof: string | undefined, token = bound): Promise<Response> {
    const headers = { authorization: `DPoP ${token}`, ...(proof !== undefined && { dpop: proof }) }
    return fetch(`${gateway.url}/${path}`, { headers })
  }

  const bearer = (path: string, token: string) =>
    fetch(`${gateway.url}/${path}`, { headers: { authorization: `Bearer ${token}` } })

  it('lets in whoever proves that he has the key, however often the token comes', async () => {
    for (let time = 0; time < 4; time += 1) {
      const answer = await ask('strict?a=1', await client.proof(claimsFor('strict')))
      expect(answer.status).toBe(200)
    }
  })

  it('keeps token and proof from the upstream where it shall', async () => {
    const answer = await ask('optional', await client.proof(claimsFor('optional')))
    const { headers } = await seenBy(answer)
    expect([headers['authorization'], headers['dpop']]).toEqual([undefined, undefined])
  })

  it('learns from the issuer what a token is bound to that is no JWT', async () => {
    const opaque = await boundToken(client, OPAQUE)
    const claims = claimsFor('asked', opaque)
    const other = await makeDpopClient()
    for (let time = 0; time < 3; time += 1) {
      expect((await ask('asked', await client.proof(claims), opaque)).status).toBe(200)
      expect((await ask('asked', await other.proof(claims), opaque)).status).toBe(401)
      expect((await bearer('asked', opaque)).status).toBe(401)
    }
  })

  it.each([
    ['no proof', () => undefined],
    ['what is none', () => 'nonsense'],
    ['one for another method', () => client.proof({ ...claimsFor('strict'), htm: 'POST' })],
    ['one for another URL', () => client.proof(claimsFor('optional'))],
    ['one for another token', () => client.proof({ ...claimsFor('strict'), ath: tokenHash('x') })],
    ['an old one', () => client.proof({ ...claimsFor('strict'), iat: 1_700_000_000 })],
    ['one of another key', async () => (await makeDpopClient()).proof(claimsFor('strict'))],
    [
      'one with the secret key in it',
      () => client.proof(claimsFor('strict'), { jwk: { ...client.jwk, d: 'AAAA' } }),
    ],
  ])('refuses %s', async (_, make) => {
    const answer = await ask('strict', await make())
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { message: 'Invalid proof of possession' },
    ])
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer, DPoP algs="ES256 [^"]+", error="invalid_dpop_proof"$/,
    )
  })

  it('takes a proof once, whichever of the workers gets it', async () => {
    const once = await client.proof(claimsFor('strict'))
    const agent = new http.Agent({ maxSockets: 40 })
    const statuses = await Promise.all(
      Array.from({ length: 40 }, () =>
        statusOf(gateway, '/strict', { authorization: `DPoP ${bound}`, dpop: once }, agent),
      ),
    )
    agent.destroy()
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(39)
  })

  it('refuses a bound token as Bearer, and an unbound one where it must be bound', async () => {
    const plain = await clientToken(provider.issuer, REPORT, 'orders:read')
    const verdicts = [
      [await bearer('strict', bound), 401, 'Token must come with a proof of possession'],
      [await bearer('optional', bound), 401, 'Token must come with a proof of possession'],
      [await bearer('strict', plain), 401, 'Token not bound to the client'],
      [await ask('optional', undefined, plain), 401, 'Token not bound to the client'],
    ] as const
    for (const [answer, status, message] of verdicts)
      expect([answer.status, await answer.json()]).toEqual([status, { message }])
    expect(verdicts[0][0].headers.get('www-authenticate')).toMatch(
      /^Bearer error="invalid_token", DPoP algs="[^"]+"$/,
    )
    expect((await bearer('optional', plain)).status).toBe(200)
    expect((await bearer('off', bound)).status).toBe(200)
    // Where nobody looks for DPoP, that is no token at all.
    expect(await (await ask('off', undefined)).json()).toEqual({ message: 'Unauthorized' })
  })

  it('gives out the nonce that a proof must have', async () => {
    const first = await ask('nonce', await client.proof(claimsFor('nonce')))
    expect([first.status, await first.json()]).toEqual([
      401,
      { message: 'Proof of possession must have the nonce' },
    ])
    expect(first.headers.get('www-authenticate')).toContain('error="use_dpop_nonce"')
    const nonce = first.headers.get('dpop-nonce')
    const withNonce = (text: unknown) => client.proof({ ...claimsFor('nonce'), nonce: text })
    for (let time = 0; time < 8; time += 1)
      expect((await ask('nonce', await withNonce(nonce))).status).toBe(200)
    for (const wrong of [`${nonce}x`, '', 1, null])
      expect((await ask('nonce', await withNonce(wrong))).headers.get('dpop-nonce')).toMatch(
        /^[\w-]{43}$/,
      )
  })

  it('says why to those who may ask', async () => {
    const answer = await bearer('strict', bound)
    const id = answer.headers.get('x-kong-request-id')
    const record = await fetch(`${gateway.adminUrl}/explain/${id}`)
    expect(await record.text()).toContain('"dpop-missing"')
  })

  it('is in the metadata of the resource', async () => {
    const answer = await fetch(`${gateway.url}/shown/.well-known/oauth-protected-resource`)
    expect(await answer.json()).toMatchObject({
      dpop_bound_access_tokens_required: true,
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256', 'EdDSA']),
      tls_client_certificate_bound_access_tokens: true,
    })
  })
})

function statusOf(
  gateway: TestGateway,
  path: string,
  headers: Record<string, string>,
  agent: http.Agent,
): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: gateway.port, path, headers, agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      })
      .on('error', reject)
  })
}

describe('jwt › DPoP beside another plugin', () => {
  it('leaves the proof good for the other one', async () => {
    const strict = { proof_of_possession_dpop: 'strict' }
    const { issuer } = provider
    await using gateway = await startGateway(
      {
        _format_version: '3.0',
        services: [
          {
            name: 'mirror',
            url: upstream.url,
            routes: [{ name: 'both', paths: ['/both'], strip_path: false }],
            plugins: [
              { name: 'jwt', config: held(strict) },
              { name: 'openid-connect', config: { issuer, auth_methods: ['bearer'], ...strict } },
            ],
          },
        ],
      },
      { plugins: 'bundled,openid-connect' },
    )
    const client = await makeDpopClient()
    const bound = await boundToken(client)
    const htu = `${gateway.url}/both`
    const dpop = await client.proof({ htm: 'GET', htu, ath: tokenHash(bound) })
    const ask = () => fetch(htu, { headers: { authorization: `DPoP ${bound}`, dpop } })
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 401])
  })
})

const redisUrl = process.env['TEST_REDIS_URL']
if (redisUrl === undefined) console.warn('jwt: skipped what needs Redis; set TEST_REDIS_URL')

describe.skipIf(redisUrl === undefined)('jwt › DPoP on several nodes', () => {
  it('takes a proof once on all nodes that share a Redis, and goes on without it', async () => {
    const { hostname: host, port } = new URL(redisUrl!)
    const strict = { proof_of_possession_dpop: 'strict' }
    const config = {
      shared: held(strict, { redis: { host, port: Number(port) } }),
      alone: held(strict, { redis: { host: '127.0.0.1', port: 1 } }),
    }
    await using one = await startJwtGateway(upstream, config)
    await using other = await startJwtGateway(upstream, config)
    const client = await makeDpopClient()
    const bound = await boundToken(client)
    const agent = new http.Agent()
    const ask = async (gateway: TestGateway, path: string, proof: string) =>
      statusOf(
        gateway,
        path,
        // As behind a load balancer: all nodes have one name.
        { host: 'api.example.com', authorization: `DPoP ${bound}`, dpop: proof },
        agent,
      )
    const proofFor = (path: string) =>
      client.proof({
        htm: 'GET',
        htu: `http://api.example.com${path}`,
        ath: tokenHash(bound),
        jti: randomUUID(),
      })
    const shared = await proofFor('/shared')
    expect([await ask(one, '/shared', shared), await ask(other, '/shared', shared)]).toEqual([
      200, 401,
    ])
    const alone = await proofFor('/alone')
    expect([
      await ask(one, '/alone', alone),
      await ask(one, '/alone', alone),
      await ask(other, '/alone', alone),
    ]).toEqual([200, 401, 200])
    agent.destroy()
  })
})

describe('jwt › tokens bound to a certificate', () => {
  it('are good with that certificate, and not without or with another', async () => {
    await using gateway = await startJwtGateway(
      upstream,
      {
        strict: held({ proof_of_possession_mtls: 'strict' }),
        optional: held({ proof_of_possession_mtls: 'optional' }),
        off: held({}),
      },
      {
        proxy_listen: '127.0.0.1:0 ssl http2',
        nginx_proxy_ssl_verify_client: 'optional_no_ca',
      },
    )
    const own = await makeAuthority('machine')
    const other = await makeAuthority('machine')
    const bound = await clientToken(provider.issuer, MACHINE, 'orders:read', {
      'x-client-certificate': encodeURIComponent(own.certificate),
    })
    const plain = await clientToken(provider.issuer, REPORT, 'orders:read')
    const ask = (path: string, token: string, shown: MadeCertificate | undefined) =>
      askOverTls(gateway, path, { token, shown })
    // More than once: what is remembered of a token lets nobody else in.
    for (let time = 0; time < 3; time += 1)
      for (const path of ['/strict', '/optional']) {
        expect(await ask(path, bound, own)).toEqual([200, ''])
        expect(await ask(path, bound, other)).toEqual([
          401,
          'Token bound to another client certificate',
        ])
        expect(await ask(path, bound, undefined)).toEqual([
          401,
          'Token must come with its client certificate',
        ])
      }
    expect(await ask('/strict', plain, own)).toEqual([401, 'Token not bound to the client'])
    expect(await ask('/optional', plain, undefined)).toEqual([200, ''])
    expect(await ask('/off', bound, undefined)).toEqual([200, ''])
  })
})

/** @returns status, and the message of a refusal */
function askOverTls(
  { port }: TestGateway,
  path: string,
  { token, shown }: { readonly token: string; readonly shown: MadeCertificate | undefined },
): Promise<readonly [number, string]> {
  return new Promise((resolve, reject) => {
    const request = https.get(
      {
        host: '127.0.0.1',
        port,
        path,
        headers: { authorization: `Bearer ${token}` },
        agent: false,
        rejectUnauthorized: false,
        ...(shown && { cert: shown.certificate, key: shown.key }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const { message = '' } = JSON.parse(Buffer.concat(chunks).toString()) as {
            readonly message?: string
          }
          resolve([response.statusCode ?? 0, message])
        })
      },
    )
    request.on('error', reject)
  })
}
