import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, type MadeCertificate } from '../../support/make-certificates.ts'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'
import { startOidcGateway } from './setting.ts'

const CERTIFICATE_ID = '5f0a1c9e-6a0f-4d7f-9a53-0c5f3e0a0009'
const OTHER_ID = '5f0a1c9e-6a0f-4d7f-9a53-0c5f3e0a0010'

let own: MadeCertificate
let upstream: TestUpstream
let issuer: TestUpstream
let server: https.Server
let gateway: TestGateway
/** What the endpoint for certificates was asked: by whom, and with what. */
const asked: { readonly shown: string | undefined; readonly fields: object }[] = []

/** Introspects tokens for whoever shows the certificate of the client. */
function introspect(request: IncomingMessage, response: ServerResponse): void {
  const { raw } = (request.socket as TLSSocket).getPeerCertificate()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const fields = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
    asked.push({ shown: raw?.toString('base64'), fields })
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ active: true, client_id: 'machine' }))
  })
}

beforeAll(async () => {
  own = await makeAuthority('gateway')
  const other = await makeAuthority('gateway')
  const served = await makeAuthority('127.0.0.1')
  server = https.createServer(
    { cert: served.certificate, key: served.key, requestCert: true, rejectUnauthorized: false },
    introspect,
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`
  issuer = await startUpstream((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify(
        request.url === '/keys'
          ? { keys: [] }
          : {
              issuer: issuer.url,
              jwks_uri: `${issuer.url}/keys`,
              introspection_endpoint: `${issuer.url}/introspect`,
              mtls_endpoint_aliases: { introspection_endpoint: endpoint },
            },
      ),
    )
  })
  upstream = await startUpstream()
  const client = {
    issuer: issuer.url,
    client_id: ['gateway'],
    client_auth: ['self_signed_tls_client_auth'],
    auth_methods: ['introspection'],
    tls_client_auth_cert_id: CERTIFICATE_ID,
    tls_client_auth_ssl_verify: false,
  }
  gateway = await startOidcGateway(
    upstream,
    {
      alias: client,
      named: { ...client, mtls_introspection_endpoint: `${endpoint}?named` },
      other: { ...client, tls_client_auth_cert_id: OTHER_ID },
      verified: { ...client, tls_client_auth_ssl_verify: true },
      missing: { ...client, tls_client_auth_cert_id: undefined },
    },
    {
      entities: {
        certificates: [
          { id: CERTIFICATE_ID, cert: own.certificate, key: own.key },
          { id: OTHER_ID, cert: other.certificate, key: other.key },
        ],
      },
    },
  )
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
})

const statusOf = async (path: string, token: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${gateway.url}/${path}`, { headers })).status
}

const der = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, '')

describe('openid-connect › a client that proves itself by its certificate', () => {
  it.each(['alias', 'named'])('shows it where the provider wants it: %s', async (path) => {
    expect(await statusOf(path, `token-${path}`)).toBe(200)
    expect(asked.at(-1)).toEqual({
      shown: der(own.certificate),
      fields: { client_id: 'gateway', token: `token-${path}`, token_type_hint: 'access_token' },
    })
  })

  it('shows the one that is configured', async () => {
    expect(await statusOf('other', 'token-other')).toBe(200)
    expect(asked.at(-1)?.shown).not.toBe(der(own.certificate))
  })

  it.each(['verified', 'missing'])(
    'asks nobody it does not trust, nor without one: %s',
    async (path) => {
      const before = asked.length
      expect(await statusOf(path, `token-${path}`)).toBe(500)
      expect(asked).toHaveLength(before)
    },
  )
})
