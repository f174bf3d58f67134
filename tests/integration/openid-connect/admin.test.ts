import { describe, expect, it } from 'vitest'
import { startUpstream } from '../../support/start-upstream.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import { startMirror, startOidcGateway } from './setting.ts'
import { startScriptedIssuer } from './scripted-issuer.ts'

interface IssuerRow {
  readonly id: string
  readonly issuer: string
  readonly configuration: { readonly jwks_uri: string }
  readonly keys: readonly { readonly kid: string }[]
}

interface KeySet {
  readonly keys: readonly Readonly<Record<string, string>>[]
}

describe('/openid-connect/issuers', () => {
  it('shows what workers know of providers, and has it forgotten', async () => {
    await using issuer = await startScriptedIssuer()
    await using upstream = await startMirror()
    await using gateway = await startOidcGateway(
      upstream,
      { bearer: { issuer: issuer.url, auth_methods: ['bearer'] } },
      { settings: { nginx_worker_processes: '2' } },
    )
    const admin = `${gateway.adminUrl}/openid-connect/issuers`
    const list = async () =>
      ((await (await fetch(admin)).json()) as { readonly data: readonly IssuerRow[] }).data
    expect(await list()).toEqual([])
    const ask = async () => {
      const token = await issuer.sign({ iss: issuer.url, sub: 'ann', exp: 4_000_000_000 })
      const headers = { authorization: `Bearer ${token}`, connection: 'close' }
      return (await fetch(`${gateway.url}/bearer`, { headers })).status
    }
    expect(await ask()).toBe(200)
    const [row] = await list()
    expect(row).toMatchObject({
      issuer: issuer.url,
      configuration: { jwks_uri: `${issuer.url}/keys` },
      keys: [{ kid: issuer.publicJwk().kid }],
    })
    for (const name of [row!.id, encodeURIComponent(issuer.url)])
      expect(await (await fetch(`${admin}/${name}`)).json()).toEqual(row)
    expect((await fetch(`${admin}/elsewhere`)).status).toBe(404)

    expect((await fetch(`${admin}/${row!.id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await list()).toEqual([])
    const asked = issuer.requests.length
    expect(await ask()).toBe(200)
    expect(issuer.requests.length).toBeGreaterThan(asked)
    expect((await fetch(admin, { method: 'DELETE' })).status).toBe(204)
    expect(await list()).toEqual([])
  })
})

describe('/openid-connect/jwks', () => {
  it('has the public halves of the keys of the gateway, and others after a rotation', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(
      { _format_version: '3.0', services: [{ name: 'a', url: upstream.url }] },
      { plugins: 'bundled,openid-connect', database: 'sqlite' },
    )
    const admin = `${gateway.adminUrl}/openid-connect/jwks`
    const keys = async (): Promise<KeySet['keys']> => {
      const response = await fetch(admin)
      expect(response.headers.get('content-type')).toBe('application/jwk-set+json')
      return ((await response.json()) as KeySet).keys
    }
    const rotate = async () => (await fetch(admin, { method: 'DELETE' })).status
    expect(await keys()).toEqual([])
    expect(await rotate()).toBe(204)
    await until(async () => (await keys()).length === 8)
    const first = await keys()
    expect(first.map(({ alg }) => alg).toSorted()).toEqual([
      'ES256',
      'ES384',
      'ES512',
      'EdDSA',
      'PS256',
      'RS256',
      'RS384',
      'RS512',
    ])
    for (const key of first)
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
        expect(key[secret]).toBeUndefined()
    expect(await rotate()).toBe(204)
    const kids = new Set(first.map(({ kid }) => kid))
    await until(async () => {
      const now = await keys()
      return now.length === 8 && now.every(({ kid }) => !kids.has(kid))
    })
  })

  it('cannot be rotated where the configuration is a file', async () => {
    await using gateway = await startGateway(
      { _format_version: '3.0' },
      { plugins: 'bundled,openid-connect' },
    )
    const answer = await fetch(`${gateway.adminUrl}/openid-connect/jwks`, { method: 'DELETE' })
    expect(answer.status).toBe(405)
  })
})
