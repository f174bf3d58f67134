import type { IncomingHttpHeaders } from 'node:http'
import { describe, expect, it } from 'vitest'
import { startUpstream } from '../../support/start-upstream.ts'
import { seenBy, startMirror, startOidcGateway } from './setting.ts'

interface Asked {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly fields: Readonly<Record<string, string>>
}

describe('openid-connect › what a provider is sent besides', () => {
  it('is what is configured for each of its endpoints', async () => {
    const asked: Asked[] = []
    await using issuer = await startUpstream((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { url: path = '', headers } = request
        const body = Buffer.concat(chunks).toString()
        asked.push({ path, headers, fields: Object.fromEntries(new URLSearchParams(body)) })
        const answers: Readonly<Record<string, object>> = {
          '/.well-known/openid-configuration': {
            issuer: issuer.url,
            jwks_uri: `${issuer.url}/keys`,
            token_endpoint: `${issuer.url}/token`,
            introspection_endpoint: `${issuer.url}/introspect`,
            userinfo_endpoint: `${issuer.url}/userinfo?v=2`,
          },
          '/keys': { keys: [] },
          '/token': { access_token: 'at', token_type: 'Bearer' },
          '/introspect': { active: true, sub: 'ann' },
          '/userinfo?v=2&fields=name': { sub: 'ann', name: 'Ann' },
        }
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(answers[path] ?? {}))
      })
    })
    await using upstream = await startMirror()
    await using gateway = await startOidcGateway(upstream, {
      all: {
        issuer: issuer.url,
        client_id: ['gateway'],
        client_secret: ['a secret'],
        auth_methods: ['introspection', 'password', 'client_credentials'],
        discovery_headers_names: ['X-Tenant'],
        discovery_headers_values: ['shop'],
        token_headers_names: ['X-Token'],
        token_headers_values: ['one'],
        token_post_args_names: ['audience'],
        token_post_args_values: ['https://api.example.com'],
        introspection_headers_names: ['X-Look'],
        introspection_headers_values: ['up'],
        introspection_post_args_names: ['resource'],
        introspection_post_args_values: ['orders'],
        search_user_info: true,
        userinfo_headers_names: ['X-About'],
        userinfo_headers_values: ['users'],
        userinfo_query_args_names: ['fields'],
        userinfo_query_args_values: ['name'],
        upstream_headers_claims: ['name'],
        upstream_headers_names: ['X-Name'],
      },
      along: {
        issuer: issuer.url,
        client_id: ['gateway'],
        client_secret: ['a secret'],
        auth_methods: ['introspection', 'password'],
        search_user_info: true,
        token_headers_client: ['X-Device'],
        token_post_args_client: ['scope', 'tenant'],
        token_post_args_names: ['tenant'],
        token_post_args_values: ['shop'],
        introspection_headers_client: ['X-Device'],
        introspection_post_args_client: ['purpose'],
        introspection_post_args_client_headers: ['X-Trace'],
        introspection_token_param_name: 'access_token',
        userinfo_headers_client: ['X-Device'],
        userinfo_query_args_client: ['fields'],
      },
    })
    const get = (headers: Record<string, string>, query = '') =>
      fetch(`${gateway.url}/all${query}`, { headers })
    const at = (path: string): Asked => asked.findLast((each) => each.path === path)!

    const { headers } = await seenBy(await get({ authorization: 'Bearer opaque' }))
    expect(headers['x-name']).toBe('Ann')
    expect(at('/userinfo?v=2&fields=name').headers['x-about']).toBe('users')
    expect(at('/.well-known/openid-configuration').headers['x-tenant']).toBe('shop')
    expect(at('/introspect')).toMatchObject({
      headers: { 'x-look': 'up' },
      fields: { token: 'opaque', token_type_hint: 'access_token', resource: 'orders' },
    })
    expect((await get({}, '?username=ann&password=hush')).status).toBe(200)
    expect(at('/token')).toMatchObject({
      headers: { 'x-token': 'one' },
      fields: { grant_type: 'password', username: 'ann', audience: 'https://api.example.com' },
    })
    expect((await get({}, '?client_id=machine&client_secret=hush')).status).toBe(200)
    expect(at('/token').fields).toEqual({
      grant_type: 'client_credentials',
      audience: 'https://api.example.com',
    })

    // What a client sends goes along where that is configured, and stands below what is configured.
    const along = (query: string, headers: Record<string, string>) =>
      fetch(`${gateway.url}/along?${query}`, { headers })
    const device = { 'x-device': 'phone' }
    const login = 'username=ann&password=hush&tenant=other'
    expect((await along(`${login}&scope=orders&fields=name`, device)).status).toBe(200)
    expect(at('/token')).toMatchObject({
      headers: device,
      fields: { scope: 'orders', tenant: 'shop', username: 'ann' },
    })
    expect(at('/userinfo?v=2&fields=name').headers).toMatchObject(device)
    // Tokens for one scope are not remembered for another.
    expect((await along(`${login}&scope=invoices`, device)).status).toBe(200)
    expect(at('/token').fields).toMatchObject({ scope: 'invoices' })
    const traced = { authorization: 'Bearer opaque', 'x-trace': '7', ...device }
    expect((await along('purpose=audit', traced)).status).toBe(200)
    expect(at('/introspect')).toMatchObject({
      headers: device,
      fields: { access_token: 'opaque', purpose: 'audit', 'X-Trace': '7' },
    })
  })

  it('leads clients elsewhere instead of an answer 500, where there is such a place', async () => {
    await using upstream = await startMirror()
    const away = { issuer: 'http://127.0.0.1:1', auth_methods: ['bearer'] }
    await using gateway = await startOidcGateway(upstream, {
      away,
      led: { ...away, unexpected_redirect_uri: ['https://example.com/sorry'] },
    })
    const get = (path: string) =>
      fetch(`${gateway.url}/${path}`, {
        headers: { authorization: 'Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA' },
        redirect: 'manual',
      })
    expect((await get('away')).status).toBe(500)
    const led = await get('led')
    expect([led.status, led.headers.get('location')]).toEqual([302, 'https://example.com/sorry'])
  })
})
