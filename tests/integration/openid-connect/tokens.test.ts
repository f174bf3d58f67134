import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import {
  CLIENT,
  CONSUMERS,
  clientToken,
  OPAQUE,
  REPORT,
  seenBy,
  startMirror,
  startOidcGateway,
} from './setting.ts'

let provider: TestProvider
let upstream: TestUpstream
let gateway: TestGateway

beforeAll(async () => {
  provider = await startOidcProvider()
  upstream = await startMirror()
  const { issuer } = provider
  const bearer = { issuer, auth_methods: ['bearer'] }
  gateway = await startOidcGateway(
    upstream,
    {
      bearer: {
        ...bearer,
        upstream_headers_claims: ['client_id'],
        upstream_headers_names: ['X-Who'],
      },
      renamed: { ...bearer, upstream_access_token_header: 'X-Access-Token' },
      hidden: { ...bearer, hide_credentials: true, upstream_access_token_header: 'X-Token' },
      scoped: { ...bearer, scopes_required: ['admin', 'orders:read orders:write'] },
      'for-others': { ...bearer, audience_required: ['urn:others'] },
      consumer: { ...bearer, consumer_claim: ['client_id'], consumer_by: ['username'] },
      nobody: { ...bearer, consumer_claim: ['jti'] },
      perhaps: { ...bearer, consumer_claim: ['jti'], consumer_optional: true },
      guest: { ...bearer, anonymous: 'ann' },
      introspection: { issuer, ...CLIENT, auth_methods: ['introspection'] },
      both: { issuer, ...CLIENT, auth_methods: ['bearer', 'introspection'] },
      always: {
        issuer,
        ...CLIENT,
        introspect_jwt_tokens: true,
        auth_methods: ['bearer', 'introspection'],
      },
      clients: { issuer, auth_methods: ['client_credentials'], scopes: ['orders:read'] },
      wrong: { issuer, ...CLIENT, client_secret: ['wrong'], auth_methods: ['introspection'] },
      away: { issuer: 'http://127.0.0.1:1', auth_methods: ['bearer'] },
    },
    { settings: { nginx_worker_processes: '1' } },
  )
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${gateway.url}/${path}`, { headers })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const report = (scope = 'orders:read') => clientToken(provider.issuer, REPORT, scope)
const opaque = () => clientToken(provider.issuer, OPAQUE, 'orders:read')

describe('openid-connect › bearer', () => {
  it('lets a token of the provider through, and tells the upstream of it', async () => {
    const token = await report()
    const { headers } = await seenBy(await get('bearer', { ...bearer(token), 'x-who': 'root' }))
    expect(headers).toMatchObject({ authorization: `Bearer ${token}`, 'x-who': 'report' })
    expect(headers['x-credential-identifier']).toBe('report')
  })

  it.each([
    ['the query', (token: string) => [`bearer?access_token=${token}`, {}] as const],
    ['access-token', (token: string) => ['bearer', { 'access-token': token }] as const],
  ])('finds it in %s', async (_, ask) => {
    const [path, headers] = ask(await report())
    expect((await get(path, headers)).status).toBe(200)
  })

  it('finds it under the name that the upstream gets it under, too', async () => {
    const token = await report()
    const { headers } = await seenBy(await get('renamed', { 'x-access-token': token }))
    expect(headers['x-access-token']).toBe(token)
  })

  it('finds it in a form', async () => {
    const body = new URLSearchParams({ access_token: await report() })
    expect((await fetch(`${gateway.url}/bearer`, { method: 'POST', body })).status).toBe(200)
  })

  it('keeps it from the upstream where it shall, and under other names, too', async () => {
    const token = await report()
    const { headers, url } = await seenBy(
      await get(`hidden?a=1&access_token=${token}`, { 'x-token': 'forged' }),
    )
    expect([headers['x-token'], headers['authorization'], url]).toEqual([
      token,
      undefined,
      '/hidden?a=1',
    ])
  })

  it('strips headers that only it may set from whoever sends them', async () => {
    const answer = await get('guest', { 'x-consumer-username': 'root', ...bearer('bad') })
    const { headers } = await seenBy(answer)
    expect([headers['x-consumer-username'], headers['authorization']]).toEqual(['ann', undefined])
  })

  it('challenges whoever has no token', async () => {
    const answer = await get('bearer')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer realm="${new URL(provider.issuer).host}"`,
    )
  })

  it.each([
    ['another signature', (token: string) => token.replace(/.{8}$/, 'AAAAAAAA')],
    ['no signature', (token: string) => token.replace(/[^.]+$/, '')],
    ['other claims', (token: string) => withPart(token, 1, (claims) => ({ ...claims, a: 1 }))],
    [
      'the algorithm none',
      (token: string) => withPart(token, 0, (head) => ({ ...head, alg: 'none' })),
    ],
    [
      'no key of the provider',
      (token: string) => withPart(token, 0, (head) => ({ ...head, kid: 'x' })),
    ],
    ['nothing of a token', () => 'nonsense'],
  ])('refuses a token with %s', async (_, forge) => {
    const answer = await get('bearer', bearer(forge(await report())))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  it('refuses with 403 what has not all scopes of any entry', async () => {
    const answer = await get('scoped', bearer(await report('orders:read')))
    expect(answer.status).toBe(403)
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    const both = await report('orders:read orders:write')
    expect((await get('scoped', bearer(both))).status).toBe(200)
  })

  it('refuses with 403 a token for others', async () => {
    expect((await get('for-others', bearer(await report()))).status).toBe(403)
  })

  it('finds the consumer by a claim, and demands one unless it need not be', async () => {
    const token = bearer(await report())
    const { headers } = await seenBy(await get('consumer', token))
    expect([headers['x-consumer-id'], headers['x-consumer-username']]).toEqual([
      CONSUMERS[1]!.id,
      'report',
    ])
    expect((await get('nobody', token)).status).toBe(403)
    expect((await get('perhaps', token)).status).toBe(200)
  })

  it('fails, and says nothing, where the provider cannot be asked', async () => {
    const answer = await get('away', bearer(await report()))
    expect([answer.status, await answer.text()]).toEqual([
      500,
      expect.stringContaining('An unexpected error occurred'),
    ])
  })
})

describe('openid-connect › introspection', () => {
  it('asks the provider about tokens that say nothing themselves', async () => {
    const { headers } = await seenBy(await get('introspection', bearer(await opaque())))
    expect(headers['x-credential-identifier']).toBe('opaque')
    expect((await get('introspection', bearer('unknown'))).status).toBe(401)
  })

  it('is not needed for those that do, unless it shall be', async () => {
    expect((await get('both', bearer(await report()))).status).toBe(200)
    expect((await get('both', bearer(await opaque()))).status).toBe(200)
    expect((await get('always', bearer(await report()))).status).toBe(401)
  })

  it('fails where the provider does not know the gateway', async () => {
    expect((await get('wrong', bearer(await opaque()))).status).toBe(500)
  })
})

describe('openid-connect › client_credentials', () => {
  const basic = ([id, secret]: readonly [string, string]) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  })

  it('changes id and secret of a client for a token, which the upstream gets', async () => {
    const { headers } = await seenBy(await get('clients', basic(REPORT)))
    expect(headers['authorization']).toMatch(/^Bearer eyJ/)
    const again = await seenBy(await get('clients', basic(REPORT)))
    expect(again.headers['authorization']).toBe(headers['authorization'])
  })

  it('refuses a wrong secret', async () => {
    expect((await get('clients', basic(['report', 'wrong']))).status).toBe(401)
  })
})

describe('openid-connect › being there', () => {
  it('is among the plugins of the node where it is named, and only there', async () => {
    const { plugins } = (await (await fetch(gateway.adminUrl)).json()) as {
      plugins: { available_on_server: Record<string, unknown> }
    }
    expect(plugins.available_on_server).toHaveProperty('openid-connect')
  })
})

function withPart(
  token: string,
  index: number,
  change: (value: Record<string, unknown>) => object,
): string {
  const parts = token.split('.')
  const value = JSON.parse(Buffer.from(parts[index]!, 'base64url').toString()) as Record<
    string,
    unknown
  >
  parts[index] = Buffer.from(JSON.stringify(change(value))).toString('base64url')
  return parts.join('.')
}
