import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../../src/store/postgres-migrations.ts'
import { settingsFor } from '../../support/postgres-settings.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { hasPostgres, usePostgres } from '../../support/start-postgres.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const TWO_WORKERS = { nginx_worker_processes: '2' }

/** An issuer with discovery, made with another implementation of JOSE than the gateway's. */
interface TestIssuer extends TestUpstream {
  /** Makes a key, publishes it and signs with it from now on. */
  rotate(kid: string, keep?: readonly string[]): Promise<void>
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>
}

async function startIssuer(): Promise<TestIssuer> {
  let keys: readonly JWK[] = []
  let current: { readonly kid: string; readonly key: CryptoKey } | undefined
  const server = await startUpstream((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/.well-known/openid-configuration')
      response.end(JSON.stringify({ issuer: server.url, jwks_uri: `${server.url}/jwks` }))
    else response.end(JSON.stringify({ keys }))
  })
  return Object.assign(server, {
    async rotate(kid: string, keep: readonly string[] = []) {
      const { publicKey, privateKey } = await generateKeyPair('ES256')
      const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
      keys = [...keys.filter((key) => keep.includes(key.kid!)), jwk]
      current = { kid, key: privateKey }
    },
    token(claims: Readonly<Record<string, unknown>> = {}) {
      const { kid, key } = current!
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
        .setIssuer(server.url)
        .setSubject('ann')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(key)
    },
  })
}

function trusted(issuer: TestUpstream): object {
  return { issuer: issuer.url, allow_http: true, allow_private_addresses: true }
}

async function addTo(gateway: TestGateway, path: string, body: object): Promise<void> {
  const response = await fetch(`${gateway.adminUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(201)
}

function configFor(
  upstream: TestUpstream,
  issuer: TestUpstream,
  more: Readonly<Record<string, unknown>> = {},
): object {
  return {
    _format_version: '3.0',
    services: [
      {
        name: 'api',
        url: upstream.url,
        routes: [{ name: 'api', paths: ['/'], strip_path: false }],
        plugins: [{ name: 'jwt', config: { issuers: [trusted(issuer)], ...more } }],
      },
    ],
    consumers: [{ username: 'ann' }],
  }
}

/** Asks over a connection of its own, so that any worker may get it. */
async function ask(gateway: TestGateway, token: string, path = '/'): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, connection: 'close' }
  const response = await fetch(`${gateway.url}${path}`, { headers })
  await response.arrayBuffer()
  return response.status
}

/** What a token gets of both workers, often enough for it to be remembered. */
async function askOften(gateway: TestGateway, token: string): Promise<readonly number[]> {
  const statuses = await Promise.all(Array.from({ length: 24 }, () => ask(gateway, token)))
  return [...new Set(statuses)]
}

describe('jwt › tokens of an issuer', () => {
  it('pass in every worker, for one look at its keys', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    await using gateway = await startGateway(configFor(upstream, issuer), TWO_WORKERS)
    expect(await askOften(gateway, await issuer.token())).toEqual([200])
    expect(issuer.requests).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks'])
  })

  it('pass on when it changes its keys, and those of a key that is gone do not', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    await using gateway = await startGateway(configFor(upstream, issuer), TWO_WORKERS)
    const old = await issuer.token()
    expect(await askOften(gateway, old)).toEqual([200])
    await issuer.rotate('two')
    const renewed = await issuer.token()
    // Unknown keys are asked about at most once in five seconds.
    await until(async () => (await ask(gateway, renewed)) === 200)
    // The other worker hears of it as soon as it looks.
    await until(async () => (await askOften(gateway, old)).join() === '401')
    expect(await askOften(gateway, renewed)).toEqual([200])
  })

  it('go on to pass while it is away, also after a reload', async () => {
    await using upstream = await startUpstream()
    const issuer = await startIssuer()
    await issuer.rotate('one')
    const config = configFor(upstream, issuer)
    await using gateway = await startGateway(config, TWO_WORKERS)
    const tokens = [await issuer.token(), await issuer.token({ jti: 'other' })] as const
    expect(await askOften(gateway, tokens[0])).toEqual([200])
    await issuer[Symbol.asyncDispose]()
    await loadInto(gateway, configFor(upstream, issuer, { leeway: 1 }))
    expect(await askOften(gateway, tokens[1])).toEqual([200])
  })

  it('get 503 while nobody knows its keys, and the log says why', async () => {
    await using upstream = await startUpstream()
    const issuer = await startIssuer()
    await issuer.rotate('one')
    const token = await issuer.token()
    await issuer[Symbol.asyncDispose]()
    await using gateway = await startGateway(configFor(upstream, issuer), TWO_WORKERS)
    expect(await askOften(gateway, token)).toEqual([503])
    await until(() => gateway.errorLog().includes(`Cannot get the keys of ${issuer.url}`))
    expect(upstream.requests).toEqual([])
  })

  it('are refused when a reload asks for more, though they were remembered', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    await using gateway = await startGateway(configFor(upstream, issuer), TWO_WORKERS)
    const token = await issuer.token({ scope: 'read' })
    expect(await askOften(gateway, token)).toEqual([200])
    const load = (more: Readonly<Record<string, unknown>>): Promise<void> =>
      loadInto(gateway, configFor(upstream, issuer, more))
    await load({ scopes_required: ['write'] })
    expect(await askOften(gateway, token)).toEqual([403])
    await load({ audiences: ['api'] })
    expect(await askOften(gateway, token)).toEqual([401])
    await load({ scopes_required: ['read'] })
    expect(await askOften(gateway, token)).toEqual([200])
  })
})

describe('jwt › what a token points to', () => {
  it('is not asked for', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await using trap = await startUpstream()
    await issuer.rotate('one')
    await using gateway = await startGateway(configFor(upstream, issuer))
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = await exportJWK(publicKey)
    for (const header of [{ jku: `${trap.url}/jwks` }, { x5u: `${trap.url}/cert` }, { jwk }, {}]) {
      const token = await new SignJWT({ sub: 'admin' })
        .setProtectedHeader({ alg: 'ES256', kid: 'one', ...header })
        .setIssuer(issuer.url)
        .setExpirationTime('5m')
        .sign(privateKey)
      expect(await ask(gateway, token)).toBe(401)
    }
    expect(trap.requests).toEqual([])
    expect(upstream.requests).toEqual([])
  })
})

describe('jwt › on the wire', () => {
  it('claims reach the upstream, tokens and spoofed headers do not', async () => {
    const seen: Record<string, unknown>[] = []
    await using upstream = await startUpstream((request, response) => {
      seen.push({ ...request.headers, url: request.url })
      response.end()
    })
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    const more = {
      hide_credentials: true,
      forward_claims: { email: 'X-Email', 'realm_access.roles': 'X-Roles' },
    }
    await using gateway = await startGateway(configFor(upstream, issuer, more))
    const token = await issuer.token({
      email: 'änn@x.test\r\nX-Roles: admin',
      realm_access: { roles: ['a', 'b'] },
    })
    const headers = {
      authorization: `Bearer ${token}`,
      'x-email': 'spoofed',
      x_roles: 'spoofed',
      'x-consumer-username': 'spoofed',
    }
    for (let time = 0; time < 3; time += 1)
      await fetch(`${gateway.url}/a?b=1&jwt=${token}`, { headers })
    expect(seen).toHaveLength(3)
    for (const request of seen) {
      expect(request).toMatchObject({
        url: '/a?b=1',
        'x-roles': 'a,b',
        'x-credential-identifier': 'ann',
      })
      for (const name of ['authorization', 'x-email', 'x_roles', 'x-consumer-username'])
        expect(request).not.toHaveProperty(name)
    }
  })

  it('problems have their own type, and metadata can be read', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    const metadata_url = 'https://api.test/.well-known/oauth-protected-resource/orders'
    const more = { error_format: 'problem', metadata_url, scopes_required: ['read'] }
    await using gateway = await startGateway(configFor(upstream, issuer, more))
    const refused = await fetch(`${gateway.url}/orders`)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer scope="read", resource_metadata="${metadata_url}"`,
    )
    expect(await refused.json()).toMatchObject({ status: 401, detail: 'Unauthorized' })
    const metadata = await fetch(`${gateway.url}${new URL(metadata_url).pathname}`)
    expect(await metadata.json()).toEqual({
      resource: 'https://api.test/orders',
      authorization_servers: [issuer.url],
      scopes_supported: ['read'],
      bearer_methods_supported: ['header', 'query'],
    })
    expect(upstream.requests).toEqual([])
  })
})

async function loadInto(gateway: TestGateway, config: object): Promise<void> {
  const response = await fetch(`${gateway.adminUrl}/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(config),
  })
  expect(response.status).toBe(201)
}

async function revocationsOf(gateway: TestGateway): Promise<readonly object[]> {
  const response = await fetch(`${gateway.adminUrl}/jwt-revocations`)
  return ((await response.json()) as { readonly data: readonly object[] }).data
}

describe('jwt › /jwt-revocations', () => {
  const revoke = async (gateway: TestGateway, body: object): Promise<string> => {
    const response = await fetch(`${gateway.adminUrl}/jwt-revocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const row = (await response.json()) as { readonly id: string }
    expect([response.status, row]).toMatchObject([201, { id: expect.any(String) }])
    return row.id
  }

  it('count at once, in every worker, for tokens that are remembered', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    const config = configFor(upstream, issuer, { revocation: true })
    await using gateway = await startGateway(config, {
      ...TWO_WORKERS,
      declarative_config_writable: 'on',
    })
    const token = await issuer.token({ jti: 'a' })
    const other = await issuer.token({ jti: 'b' })
    for (const each of [token, other]) expect(await askOften(gateway, each)).toEqual([200])
    const id = await revoke(gateway, { jti: 'a', issuer: issuer.url, ttl: 3600 })
    expect(await askOften(gateway, token)).toEqual([401])
    expect(await askOften(gateway, other)).toEqual([200])
    expect(readFileSync(`${gateway.prefix}/kong.yml`, 'utf8')).toContain('jwt_revocations')
    await fetch(`${gateway.adminUrl}/jwt-revocations/${id}`, { method: 'DELETE' })
    expect(await askOften(gateway, token)).toEqual([200])
    await revoke(gateway, { sub: 'ann', issued_before: Math.floor(Date.now() / 1000) + 60 })
    expect(await askOften(gateway, token)).toEqual([401])
    expect(await askOften(gateway, other)).toEqual([401])
  })

  it('count without a database too, and stay when another configuration is loaded', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    const config = configFor(upstream, issuer, { revocation: true })
    await using gateway = await startGateway(config, TWO_WORKERS)
    const token = await issuer.token({ jti: 'a' })
    const other = await issuer.token({ jti: 'b' })
    for (const each of [token, other]) expect(await askOften(gateway, each)).toEqual([200])
    const id = await revoke(gateway, { jti: 'a' })
    expect(await askOften(gateway, token)).toEqual([401])
    expect(await askOften(gateway, other)).toEqual([200])
    const listed = [{ jti: 'c' }]
    const changed = { ...config, jwt_revocations: listed }
    await loadInto(gateway, changed)
    expect(await askOften(gateway, token)).toEqual([401])
    gateway.writeConfig(config)
    gateway.signal('SIGHUP')
    await until(async () => (await revocationsOf(gateway)).length === 1)
    expect(await revocationsOf(gateway)).toMatchObject([{ id, jti: 'a' }])
    expect(await askOften(gateway, token)).toEqual([401])
    await fetch(`${gateway.adminUrl}/jwt-revocations/${id}`, { method: 'DELETE' })
    expect(await askOften(gateway, token)).toEqual([200])
    // All else is as Kong has it.
    const refused = await fetch(`${gateway.adminUrl}/consumers`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'bob' }),
    })
    expect(refused.status).toBe(405)
  })

  it('outlive a restart without a database', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    const config = configFor(upstream, issuer, { revocation: true })
    const prefix = mkdtempSync(path.join(os.tmpdir(), 'portunus-test-'))
    onTestFinished(() => rmSync(prefix, { recursive: true, force: true }))
    const token = await issuer.token({ jti: 'a' })
    const kept = path.join(prefix, 'instant-rows.json')
    {
      await using gateway = await startGateway(config, { prefix })
      expect(await ask(gateway, token)).toBe(200)
      await revoke(gateway, { jti: 'a', ttl: 3600 })
      await until(() => existsSync(kept))
    }
    expect(statSync(kept).mode & 0o077).toBe(0)
    {
      await using gateway = await startGateway(config, { prefix })
      expect(await ask(gateway, token)).toBe(401)
      expect(await revocationsOf(gateway)).toMatchObject([{ jti: 'a', ttl: expect.any(Number) }])
    }
    writeFileSync(kept, 'garbage')
    await using gateway = await startGateway(config, { prefix })
    expect(await ask(gateway, token)).toBe(200)
    expect(gateway.errorLog()).toContain(`Cannot take over ${kept}`)
  })

  it('are kept by a database', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    await using gateway = await startGateway('_format_version: "3.0"', {
      ...TWO_WORKERS,
      database: 'sqlite',
    })
    await addTo(gateway, '/services', { name: 'api', url: upstream.url })
    await addTo(gateway, '/services/api/routes', { paths: ['/'] })
    await addTo(gateway, '/services/api/plugins', {
      name: 'jwt',
      config: { issuers: [trusted(issuer)], revocation: true },
    })
    const token = await issuer.token()
    expect(await askOften(gateway, token)).toEqual([200])
    await revoke(gateway, { key: 'one', comment: 'it leaked' })
    expect(await askOften(gateway, token)).toEqual([401])
    const shown = await (await fetch(`${gateway.adminUrl}/jwt-revocations`)).json()
    expect(shown).toMatchObject({ data: [{ key: 'one', jti: null, comment: 'it leaked' }] })
  })
})

describe(`jwt › revocations on several nodes${hasPostgres() ? '' : ' (skipped: no PostgreSQL)'}`, () => {
  it.skipIf(!hasPostgres())('reach the others through the database', async () => {
    await using postgres = await usePostgres()
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await issuer.rotate('one')
    const database = await postgres.newDatabase()
    await migrate(database)
    const settings = settingsFor(database)
    await using one = await startGateway('', settings)
    await using other = await startGateway('', settings)
    await addTo(one, '/services', { name: 'api', url: upstream.url })
    await addTo(one, '/services/api/routes', { paths: ['/'] })
    await addTo(one, '/services/api/plugins', {
      name: 'jwt',
      config: { issuers: [trusted(issuer)], revocation: true },
    })
    const token = await issuer.token({ jti: 'a' })
    await until(async () => (await ask(other, token)) === 200)
    expect(await askOften(other, token)).toEqual([200])
    await addTo(one, '/jwt-revocations', { jti: 'a' })
    expect(await ask(one, token)).toBe(401)
    await until(async () => (await ask(other, token)) === 401)
    expect(await askOften(other, token)).toEqual([401])
  })
})

describe('jwt › what clients of Kong see', () => {
  it('is free of fields of our own', async () => {
    await using upstream = await startUpstream()
    await using issuer = await startIssuer()
    await using gateway = await startGateway(configFor(upstream, issuer))
    const schema = await (await fetch(`${gateway.adminUrl}/schemas/plugins/jwt`)).text()
    expect(schema).toContain('maximum_expiration')
    expect(schema).not.toMatch(/issuers|leeway|audiences|revocation|forward_claims|metadata_url/)
    const endpoints = await (await fetch(`${gateway.adminUrl}/endpoints`)).text()
    expect(endpoints).toContain('/jwts')
    expect(endpoints).not.toContain('jwt-revocations')
  })
})
