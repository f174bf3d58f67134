import { describe, expect, it } from 'vitest'
import {
  configFaults,
  testGateway,
  testPlugin,
  TEST_TIME_MS,
  type TestOutcome,
} from '../../plugin-kit/testing/test-plugin.ts'
import { jwt } from './plugin.ts'
import { jwkFor, keysFor, SECRET, token } from './testing/tokens.ts'

const NOW = TEST_TIME_MS / 1000
const ENTITIES = {
  consumers: [{ id: 'c-ann', username: 'ann', custom_id: null }],
  jwt_secrets: [
    { key: 'key', secret: SECRET, algorithm: 'HS256', consumer: 'ann', rsa_public_key: null },
  ],
}

function send(config: Record<string, unknown>, text?: string): Promise<TestOutcome> {
  const headers = text === undefined ? {} : { Authorization: `Bearer ${text}` }
  return testPlugin(jwt, config, { entities: ENTITIES, request: { headers } })
}

/** Status, challenge and body. */
function told({ answer }: TestOutcome): unknown {
  if (answer === undefined) return 'passed'
  const { headers = {} } = answer
  return [
    answer.status,
    headers['www-authenticate'],
    answer.kind === 'exit' ? JSON.parse(String(answer.body)) : answer,
  ]
}

const withClaims = (claims: Readonly<Record<string, unknown>>): string =>
  token({ claims: { iss: 'key', ...claims } })

describe('jwt › scopes_required and roles_required', () => {
  const config = { scopes_required: ['read', 'write'], realm: 'r' }
  const refused = [
    403,
    'Bearer realm="r", error="insufficient_scope", scope="read write"',
    { message: 'Insufficient scope' },
  ]

  it.each([
    [{ scope: 'write read more' }, true],
    [{ scp: ['read', 'write'] }, true],
    [{ scope: 'read', scp: 'write' }, true],
    [{ scope: 'read' }, false],
    [{ scope: 'readwrite' }, false],
    [{ scope: 'READ WRITE' }, false],
    [{ scope: ['read write'] }, false],
    [{ scope: { read: true, write: true } }, false],
    [{ scope: 5 }, false],
    [{}, false],
  ])('scopes %j', async (claims, isFine) => {
    expect(told(await send(config, withClaims(claims)))).toEqual(isFine ? 'passed' : refused)
  })

  it('scopes in a claim of another name', async () => {
    const elsewhere = { ...config, scopes_claim: 'permissions.scopes' }
    const claims = { permissions: { scopes: ['read', 'write'] } }
    expect(told(await send(elsewhere, withClaims(claims)))).toBe('passed')
    expect(told(await send(elsewhere, withClaims({ scope: 'read write' })))).toEqual(refused)
  })

  it.each([
    [{ roles: ['admin'] }, true],
    [{ roles: 'admin' }, true],
    [{ roles: 'user admin' }, true],
    [{ roles: ['user'] }, false],
    [{ roles: ['admin user'] }, false],
    [{}, false],
  ])('roles %j', async (claims, isFine) => {
    const outcome = await send({ roles_required: ['admin'] }, withClaims(claims))
    expect(told(outcome)).toEqual(
      isFine
        ? 'passed'
        : [403, 'Bearer error="insufficient_scope"', { message: 'Insufficient role' }],
    )
  })

  it('roles where Keycloak has them', async () => {
    const keycloak = { roles_required: ['a role'], roles_claim: 'realm_access.roles' }
    const claims = { realm_access: { roles: ['a role'] } }
    expect(told(await send(keycloak, withClaims(claims)))).toBe('passed')
  })

  it('are looked at where tokens of issuers are remembered too', async () => {
    const issuers = [{ issuer: 'i', jwks: { keys: [jwkFor('EdDSA')] } }]
    const claims = { iss: 'i', exp: NOW + 60, scope: 'read' }
    const text = token({ alg: 'EdDSA', claims, key: keysFor('EdDSA').privateKey })
    const request = { headers: { Authorization: `Bearer ${text}` } }
    const lax = testGateway([[jwt, { issuers }]], { entities: ENTITIES })
    const strict = testGateway([[jwt, { issuers, ...config }]], { entities: ENTITIES })
    for (let time = 0; time < 3; time += 1) {
      expect(told(await lax.send(request))).toBe('passed')
      expect(told(await strict.send(request))).toEqual(refused)
    }
  })

  it.each(['a b', 'a"b', 'a\\b', ''])('%j is no scope', (scope) => {
    expect(configFaults(jwt, { scopes_required: [scope] })).toHaveLength(1)
  })
})

describe('jwt › error_format problem', () => {
  const config = { error_format: 'problem', realm: 'r', claims_to_verify: ['exp'] }
  const request_id = '0123456789abcdef0123456789abcdef'
  const problem = (detail: string, more: object = {}) => ({
    type: 'about:blank',
    title: 'Unauthorized',
    status: 401,
    detail,
    ...more,
    request_id,
  })

  it('describes what is wrong, in the body and in the challenge', async () => {
    const outcome = await send(config, withClaims({ exp: NOW - 1 }))
    const description = 'error="invalid_token", error_description="exp: token expired"'
    expect(told(outcome)).toEqual([
      401,
      `Bearer realm="r", ${description}`,
      problem('exp: token expired', { claims: { exp: 'token expired' } }),
    ])
    expect(outcome.answer?.headers?.['content-type']).toBe('application/problem+json')
  })

  it('says of a missing token only that one is wanted', async () => {
    expect(told(await send(config))).toEqual([401, 'Bearer realm="r"', problem('Unauthorized')])
  })

  it('tells no more than Kong does', async () => {
    const outcome = await send(config, token({ claims: { iss: 'kez' } }))
    expect(outcome.answer?.reason).toContain('nearest: "key"')
    expect(JSON.stringify(told(outcome))).not.toContain('nearest')
    expect(JSON.stringify(told(outcome))).toContain("No credentials found for given 'iss'")
  })

  it('is used for 403 as well', async () => {
    const outcome = await send({ ...config, claims_to_verify: [], scopes_required: ['a'] }, token())
    expect(told(outcome)).toEqual([
      403,
      'Bearer realm="r", error="insufficient_scope", error_description="Insufficient scope", scope="a"',
      { ...problem('Insufficient scope'), title: 'Forbidden', status: 403 },
    ])
  })
})

describe('jwt › metadata_url', () => {
  const url = 'https://api.test/.well-known/oauth-protected-resource/orders'
  const config = {
    metadata_url: url,
    scopes_required: ['read'],
    issuers: [{ issuer: 'https://issuer.test', jwks: { keys: [jwkFor('EdDSA')] } }],
  }
  const ask = (path: string, more: Record<string, unknown> = {}, method = 'GET') =>
    testPlugin(jwt, { ...config, ...more }, { entities: ENTITIES, request: { path, method } })

  it('is answered without a token', async () => {
    const { answer } = await ask('/.well-known/oauth-protected-resource/orders')
    expect(answer).toMatchObject({ status: 200 })
    expect(JSON.parse(String((answer as { body?: unknown }).body))).toEqual({
      resource: 'https://api.test/orders',
      authorization_servers: ['https://issuer.test'],
      scopes_supported: ['read'],
      bearer_methods_supported: ['header', 'query'],
    })
  })

  it.each([
    ['https://api.test/.well-known/oauth-protected-resource', 'https://api.test'],
    ['https://api.test/.well-known/oauth-protected-resource/', 'https://api.test'],
    ['https://api.test/a/.well-known/oauth-protected-resource', 'https://api.test/a'],
    ['https://api.test:8443/.well-known/oauth-protected-resource/a/b', 'https://api.test:8443/a/b'],
  ])('%s is that of %s', async (metadata_url, resource) => {
    const { answer } = await ask(new URL(metadata_url).pathname, { metadata_url })
    expect(JSON.parse(String((answer as { body?: unknown }).body))).toMatchObject({ resource })
  })

  it('is named in challenges', async () => {
    const { answer } = await ask('/orders')
    expect(answer?.headers?.['www-authenticate']).toBe(
      `Bearer scope="read", resource_metadata="${url}"`,
    )
  })

  it('is not what other requests get', async () => {
    const path = '/.well-known/oauth-protected-resource/orders'
    expect((await ask(path, {}, 'POST')).answer?.status).toBe(401)
    expect((await ask(`${path}/1`)).answer?.status).toBe(401)
  })

  it.each(['/x', 'https://api.test/orders', `${url}?a=1`, `${url}#a`, 'ftp://api.test/'])(
    '%j is refused',
    (metadata_url) => {
      expect(configFaults(jwt, { metadata_url })).toHaveLength(1)
    },
  )
})

describe('jwt › fields of our own', () => {
  it('change nothing when they are unset', async () => {
    expect(told(await send({ claims_to_verify: ['exp'] }, withClaims({ exp: NOW })))).toEqual([
      401,
      'Bearer error="invalid_token"',
      { exp: 'token expired' },
    ])
  })

  it('leeway counts for tokens of credentials', async () => {
    const config = { claims_to_verify: ['exp', 'nbf'], leeway: 5 }
    const at = (exp: number, nbf: number) => withClaims({ exp: NOW + exp, nbf: NOW + nbf })
    expect(told(await send(config, at(-4, 5)))).toBe('passed')
    expect(told(await send(config, at(-5, 6)))).toMatchObject([
      401,
      'Bearer error="invalid_token"',
      { exp: 'token expired', nbf: 'token not valid yet' },
    ])
  })

  it('audiences and required claims count for tokens of credentials', async () => {
    const config = { audiences: ['api'], required_claims: ['sub'] }
    expect(told(await send(config, withClaims({ aud: 'api', sub: 'a' })))).toBe('passed')
    expect(told(await send(config, withClaims({ aud: 'api' })))).toMatchObject([
      401,
      'Bearer error="invalid_token"',
      { sub: 'must be present' },
    ])
  })
})
