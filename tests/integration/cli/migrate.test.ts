import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import type { PostgresConnection } from '../../../src/store/postgres-connection.ts'
import { KONG_TABLES } from '../../support/kong-tables.ts'
import { settingsFor } from '../../support/postgres-settings.ts'
import { type Workplace, workplace } from '../../support/run-portunus.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { hasPostgres, type TestPostgres, usePostgres } from '../../support/start-postgres.ts'
import { startUpstream } from '../../support/start-upstream.ts'

type Row = Readonly<Record<string, unknown>>

const DEFAULT_WORKSPACE = randomUUID()
const FROM_KONG = ['migrate', 'from-kong']

describe.skipIf(!hasPostgres())('migrate from-kong', () => {
  let server: TestPostgres
  let kong: PostgresConnection
  let place: Workplace
  beforeAll(async () => {
    server = await usePostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(async () => {
    kong = await server.newDatabase()
    place = workplace()
    return () => place[Symbol.asyncDispose]()
  })

  const uriOf = ({ host, port, user, password, database }: PostgresConnection) =>
    `postgres://${user}${password === undefined ? '' : `:${password}`}@${host}:${port}/${database}`

  async function inKong(work: (client: pg.Client) => Promise<void>): Promise<void> {
    const client = new pg.Client({ connectionString: uriOf(kong) })
    await client.connect()
    try {
      await work(client)
    } finally {
      await client.end()
    }
  }

  /** Kong's tables with these rows in them. */
  async function fill(rows: readonly (readonly [table: string, row: Row])[]): Promise<void> {
    await inKong(async (client) => {
      for (const statement of KONG_TABLES) await client.query(statement)
      await insert(client, 'workspaces', { id: DEFAULT_WORKSPACE, name: 'default' })
      const executed = ['000_base', '016_280_to_300', '024_380_to_390']
      await insert(client, 'schema_meta', { key: 'schema_meta', subsystem: 'core', executed })
      for (const [table, row] of rows) await insert(client, table, row)
    })
  }

  async function insert(client: pg.Client, table: string, row: Row): Promise<void> {
    const hasWorkspace = !['workspaces', 'schema_meta', 'ca_certificates', 'sessions'].includes(
      table,
    )
    const all: Row = hasWorkspace ? { ws_id: DEFAULT_WORKSPACE, ...row } : row
    const columns = Object.keys(all).map((name) => pg.escapeIdentifier(name))
    const places = columns.map((_, at) => `$${at + 1}`)
    await client.query(
      `INSERT INTO ${table} (${columns.join()}) VALUES (${places.join()})`,
      Object.values(all),
    )
  }

  const onSqlite = () => ({
    KONG_DATABASE: 'sqlite',
    KONG_SQLITE_FILE: path.join(place.folder, 'entities.db'),
  })
  const run = (
    words: readonly string[] = [],
    environment: Readonly<Record<string, string>> = onSqlite(),
  ) => place.run([...FROM_KONG, '--pg-uri', uriOf(kong), ...words], environment)

  it('takes everything that Kong serves, so that the same requests get the same answers', async () => {
    await using upstream = await startUpstream()
    const url = new URL(upstream.url)
    const [service, route, consumer, set, certificate, upstreams] = uuids(6)
    const { certificate: cert, key } = await selfSignedCertificate('rsa')
    await fill([
      ['certificates', { id: certificate, cert, key }],
      ['snis', { id: randomUUID(), name: 'example.com', certificate_id: certificate }],
      [
        'services',
        { ...SERVICE, id: service, name: 's', host: 'pool', port: 80, tags: ['a', 'b'] },
      ],
      ['upstreams', { ...UPSTREAM, id: upstreams, name: 'pool', algorithm: 'least-connections' }],
      ['targets', { id: randomUUID(), upstream_id: upstreams, target: url.host, weight: 10 }],
      [
        'routes',
        {
          ...ROUTE,
          id: route,
          name: 'r',
          service_id: service,
          paths: ['/r'],
          headers: JSON.stringify({ 'x-a': ['1'] }),
          created_at: '2024-05-06T07:08:09Z',
        },
      ],
      ['consumers', { id: consumer, username: 'ann', custom_id: 'x' }],
      [
        'plugins',
        {
          id: randomUUID(),
          name: 'basic-auth',
          route_id: route,
          enabled: true,
          protocols: ['http', 'https'],
          config: JSON.stringify({ hide_credentials: true, anonymous: null, realm: 'service' }),
        },
      ],
      [
        'basicauth_credentials',
        // SHA-1 of the password and the consumer's id, as Kong keeps it.
        {
          id: randomUUID(),
          consumer_id: consumer,
          username: 'ann',
          password: await sha1(`open sesame${consumer}`),
        },
      ],
      ['acls', { id: randomUUID(), consumer_id: consumer, group: 'users' }],
      [
        'jwt_secrets',
        { id: randomUUID(), consumer_id: consumer, key: 'k', secret: 's', algorithm: 'HS256' },
      ],
      [
        'keyauth_credentials',
        {
          id: randomUUID(),
          consumer_id: consumer,
          key: 'mortal',
          created_at: new Date(),
          ttl: new Date(Date.now() + 3_600_000),
        },
      ],
      ['sm_vaults', { id: randomUUID(), name: 'env', prefix: 'mine', config: '{"prefix":"X_"}' }],
      ['key_sets', { id: set, name: 'set' }],
      [
        'keys',
        {
          id: randomUUID(),
          set_id: set,
          name: 'key',
          kid: '1',
          jwk: '{"kid":"1","kty":"oct","k":"c2VjcmV0"}',
        },
      ],
    ])
    const { code, stdout, stderr } = await run()
    expect(stderr).toBe('')
    expect(stdout).toContain('last migration 024_380_to_390), workspace default')
    for (const line of [
      'services: 1',
      'routes: 1',
      'keyauth_credentials: 1',
      'vaults: 1',
      'keys: 1',
    ])
      expect(stdout).toContain(`\n  ${line}\n`)
    expect(stdout).not.toContain('Skipped')
    expect(stdout).toContain('Written to the database (sqlite)')
    expect(code).toBe(0)

    await using gateway = await startGateway('', {
      database: 'sqlite',
      declarative_config: '',
      sqlite_file: onSqlite().KONG_SQLITE_FILE,
    })
    const ask = (password: string) =>
      fetch(`${gateway.url}/r`, {
        headers: { 'x-a': '1', authorization: `Basic ${btoa(`ann:${password}`)}` },
      })
    expect((await ask('open sesame')).status).toBe(200)
    expect((await ask('wrong')).status).toBe(401)
    const read = async (where: string) => (await fetch(gateway.adminUrl + where)).json()
    expect(await read('/routes/r')).toMatchObject({
      id: route,
      created_at: 1_714_979_289,
      service: { id: service },
      headers: { 'x-a': ['1'] },
    })
    expect(await read('/services/s')).toMatchObject({ tags: ['a', 'b'], retries: 5 })
    const { ttl } = (await read('/consumers/ann/key-auth/mortal')) as { ttl: number }
    expect(ttl).toBeGreaterThan(3500)
    expect(ttl).toBeLessThan(3601)
    expect(await read('/upstreams/pool')).toMatchObject({ algorithm: 'least-connections' })
    expect(await read('/certificates/example.com')).toMatchObject({ id: certificate })
  })

  it('says what it skips and why, and what cannot be without it', async () => {
    const [other, consumer, good, stranger] = uuids(4)
    const [service] = uuids(1)
    await fill([
      ['workspaces', { id: other, name: 'team' }],
      ['services', { ...SERVICE, id: service, name: 'good', host: 'good.test' }],
      ['services', { ...SERVICE, id: randomUUID(), name: 'bad name!', host: 'bad.test' }],
      ['services', { ...SERVICE, id: stranger, name: 'theirs', host: 'x.test', ws_id: other }],
      [
        'routes',
        { ...ROUTE, id: randomUUID(), name: 'theirs', service_id: stranger, paths: ['/t'] },
      ],
      ['consumers', { id: consumer, username: 'ann' }],
      [
        'plugins',
        { id: good, name: 'openid-connect', enabled: true, config: '{}', protocols: ['http'] },
      ],
      [
        'keyauth_credentials',
        { id: randomUUID(), consumer_id: consumer, key: 'over', ttl: new Date(0) },
      ],
      ['sessions', { id: randomUUID(), session_id: 'passing' }],
    ])
    await inKong(async (client) => {
      await client.query('CREATE TABLE consumer_groups (id uuid PRIMARY KEY, name text)')
      await client.query('ALTER TABLE plugins ADD consumer_group_id uuid')
      await client.query("INSERT INTO consumer_groups VALUES (gen_random_uuid(), 'gold')")
      await insert(client, 'plugins', {
        id: randomUUID(),
        name: 'cors',
        enabled: true,
        config: '{}',
        protocols: ['http'],
        consumer_group_id: randomUUID(),
      })
    })
    const { code, stdout } = await run()
    expect(code).toBe(0)
    expect(stdout).toContain('\n  services: 1\n')
    expect(stdout).toMatch(/services bad name! \(.*\): name: invalid value 'bad name!'/)
    expect(stdout).toMatch(/services theirs \(.*\): it belongs to another workspace/)
    expect(stdout).toMatch(/routes theirs \(.*\): .*service/)
    expect(stdout).toMatch(/plugins openid-connect .*not enabled/)
    expect(stdout).toMatch(/plugins cors .*it is bound by consumer_group_id/)
    expect(stdout).toMatch(/keyauth_credentials .*its time to live is over/)
    expect(stdout).not.toContain('over (')
    expect(stdout).toContain('nothing like it here:\n  consumer_groups: 1 row\n')
    expect(stdout).not.toContain('sessions')
    const strict = await run(['--strict'])
    expect(strict.code).toBe(1)
    expect(strict.stderr).toContain('Nothing was written')
    expect((await run(['--workspace', 'team'])).stdout).toContain('\n  services: 1\n')
    expect((await run(['--workspace', 'none'])).stderr).toContain(
      'Kong has no workspace "none"; it has default, team',
    )
  })

  it('writes a declarative file that can be served, and nothing over another', async () => {
    const [service] = uuids(1)
    await fill([['services', { ...SERVICE, id: service, name: 's', host: 's.test' }]])
    const words = ['--output', 'kong.yml']
    expect((await run(words, { KONG_DATABASE: 'off' })).code).toBe(0)
    const file = path.join(place.folder, 'kong.yml')
    expect(readFileSync(file, 'utf8')).toContain(`id: ${service}`)
    expect(statSync(file).mode & 0o077).toBe(0)
    expect((await place.run(['config', 'parse', 'kong.yml'])).code).toBe(0)
    expect((await run(words, { KONG_DATABASE: 'off' })).stderr).toContain('already exists')
    expect((await run([], { KONG_DATABASE: 'off' })).stderr).toContain('There is no database')
  })

  it('makes tables of its own beside Kong’s, and takes over again what has changed', async () => {
    const [service] = uuids(1)
    await fill([['services', { ...SERVICE, id: service, name: 's', host: 's.test' }]])
    const settings = settingsFor(kong)
    const environment = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`KONG_${name.toUpperCase()}`, value]),
    )
    expect(await run(['--dry-run'], environment)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing was written') as string,
    })
    expect((await place.run(['migrations', 'list'], environment)).code).toBe(3)
    expect((await run([], environment)).code).toBe(0)
    await inKong(async (client) => {
      await client.query("UPDATE services SET host = 'moved.test'")
    })
    expect((await run([], environment)).stdout).not.toContain('portunus_')
    await place.run(['config', 'db_export', 'out.yml'], environment)
    expect(readFileSync(path.join(place.folder, 'out.yml'), 'utf8')).toContain('host: moved.test')
  })

  it.each([
    ['is none of Kong’s', async () => {}, 'holds no Kong'],
    ['is of Kong 2.8', setExecuted(['000_base', '015_270_to_280']), 'of a Kong before 3.0'],
    ['waits for migrations finish', setPending('024_380_to_390'), 'run kong migrations finish'],
  ])('refuses a database that %s', async (_, change, message) => {
    if (message !== 'holds no Kong') await fill([])
    await inKong(change)
    const { code, stderr } = await run()
    expect(code).toBe(1)
    expect(stderr).toContain(message)
    expect(existsSync(onSqlite().KONG_SQLITE_FILE)).toBe(false)
  })

  it('tells no password when it cannot connect', async () => {
    for (const uri of [
      'postgres://kong:secret@127.0.0.1:1/kong',
      'postgres://kong:secret@[/kong',
    ]) {
      const { code, stderr } = await place.run([...FROM_KONG, '--pg-uri', uri], onSqlite())
      expect(code).toBe(1)
      expect(stderr).not.toContain('secret')
      expect(stderr).toMatch(/PostgreSQL|URI/)
    }
  })
})

const SERVICE = {
  retries: 5,
  protocol: 'http',
  port: 80,
  connect_timeout: 60_000,
  write_timeout: 60_000,
  read_timeout: 60_000,
}

const UPSTREAM = {
  slots: 10_000,
  hash_on: 'none',
  hash_fallback: 'none',
  hash_on_cookie_path: '/',
}

const ROUTE = {
  protocols: ['http', 'https'],
  regex_priority: 0,
  strip_path: true,
  preserve_host: false,
  https_redirect_status_code: 426,
  request_buffering: true,
  response_buffering: true,
}

function uuids(count: number): readonly string[] {
  return Array.from({ length: count }, () => randomUUID())
}

async function sha1(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-1', Buffer.from(text))).toString('hex')
}

function setExecuted(names: readonly string[]) {
  return async (client: pg.Client) => {
    await client.query('UPDATE schema_meta SET executed = $1', [names])
  }
}

function setPending(name: string) {
  return async (client: pg.Client) => {
    await client.query('UPDATE schema_meta SET pending = $1', [[name]])
  }
}
