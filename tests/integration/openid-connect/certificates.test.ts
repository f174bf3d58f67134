import http2 from 'node:http2'
import https from 'node:https'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, type MadeCertificate } from '../../support/make-certificates.ts'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { clientToken, MACHINE, REPORT, startMirror, startOidcGateway } from './setting.ts'

let provider: TestProvider
let upstream: TestUpstream
let gateway: TestGateway
let own: MadeCertificate
let other: MadeCertificate
let bound: string
let plain: string

beforeAll(async () => {
  provider = await startOidcProvider()
  upstream = await startMirror()
  // Whoever signed them: the token says which certificate it must be.
  own = await makeAuthority('machine')
  other = await makeAuthority('machine')
  const config = { issuer: provider.issuer, auth_methods: ['bearer'] }
  gateway = await startOidcGateway(
    upstream,
    {
      strict: { ...config, proof_of_possession_mtls: 'strict' },
      optional: { ...config, proof_of_possession_mtls: 'optional' },
      off: config,
    },
    {
      settings: {
        proxy_listen: '127.0.0.1:0 ssl http2',
        nginx_proxy_ssl_verify_client: 'optional_no_ca',
      },
    },
  )
  bound = await clientToken(provider.issuer, MACHINE, 'orders:read', {
    'x-client-certificate': encodeURIComponent(own.certificate),
  })
  plain = await clientToken(provider.issuer, REPORT, 'orders:read')
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const tlsOf = (shown: MadeCertificate | undefined) => ({
  rejectUnauthorized: false,
  ...(shown && { cert: shown.certificate, key: shown.key }),
})

function ask(
  path: string,
  token: string,
  shown: MadeCertificate | undefined,
  agent?: https.Agent,
): Promise<{ readonly status: number; readonly isResumed: boolean }> {
  return new Promise((resolve, reject) => {
    const request = https.get(
      {
        host: '127.0.0.1',
        port: gateway.port,
        path: `/${path}`,
        headers: { authorization: `Bearer ${token}` },
        agent: agent ?? false,
        ...tlsOf(shown),
      },
      (response) => {
        const isResumed = (response.socket as TLSSocket).isSessionReused()
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, isResumed }))
      },
    )
    request.on('error', reject)
  })
}

describe('openid-connect › tokens bound to a certificate', () => {
  it('are good with that certificate, and not without or with another', async () => {
    for (const path of ['strict', 'optional']) {
      expect((await ask(path, bound, own)).status).toBe(200)
      expect((await ask(path, bound, other)).status).toBe(401)
      expect((await ask(path, bound, undefined)).status).toBe(401)
    }
  })

  it('are demanded where it is strict', async () => {
    expect((await ask('strict', plain, own)).status).toBe(401)
    expect((await ask('optional', plain, own)).status).toBe(200)
    expect((await ask('optional', plain, undefined)).status).toBe(200)
  })

  it('are good in any hands where nobody looks', async () => {
    expect((await ask('off', bound, undefined)).status).toBe(200)
  })

  it('are good on a connection that takes a session up again', async () => {
    const agent = new https.Agent({ maxCachedSessions: 10 })
    await ask('strict', bound, own, agent)
    await expect
      .poll(async () => ask('strict', bound, own, agent))
      .toEqual({
        status: 200,
        isResumed: true,
      })
  })

  it('are good over HTTP/2', async () => {
    const statusWith = async (shown: MadeCertificate | undefined): Promise<unknown> => {
      const session = http2.connect(`https://127.0.0.1:${gateway.port}`, tlsOf(shown))
      const stream = session.request({ ':path': '/strict', authorization: `Bearer ${bound}` })
      const status = await new Promise((resolve, reject) => {
        session.on('error', reject)
        stream.on('error', reject).on('response', (head) => resolve(head[':status']))
      })
      session.destroy()
      return status
    }
    expect(await statusWith(own)).toBe(200)
    expect(await statusWith(other)).toBe(401)
  })
})
