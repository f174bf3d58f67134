import { pbkdf2Sync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../../src/store/postgres-migrations.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { hasPostgres, usePostgres, type TestPostgres } from '../../support/start-postgres.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'
import { settingsFor } from '../../support/postgres-settings.ts'
import { until } from '../../support/until.ts'
import {
  admin,
  ask,
  BEHIND_TLS,
  CLIENT,
  configure,
  exchange,
  logIn,
  logOut,
  newCode,
  newToken,
  statusesWithToken,
  usersWith,
} from './gateways.ts'

let upstream: TestUpstream
beforeAll(async () => {
  upstream = await startUpstream((request, response) =>
    response.end(request.headers['x-consumer-username'] ?? 'nobody'),
  )
})
afterAll(() => upstream[Symbol.asyncDispose]())

/** A place for an SQLite database that goes with the test. */
function place() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-issued-'))
  const file = path.join(folder, 'entities.db')
  return {
    file,
    settings: { ...BEHIND_TLS, database: 'sqlite', declarative_config: '', sqlite_file: file },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function rowsOf(file: string, kind: string): readonly Record<string, unknown>[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = database
      .prepare('SELECT row FROM portunus_entities WHERE kind = ? AND row IS NOT NULL')
      .all(kind) as unknown as { readonly row: string }[]
    return rows.map(({ row }) => JSON.parse(row) as Record<string, unknown>)
  } finally {
    database.close()
  }
}

/** Writes a hash into the database as another program may have. */
async function storeSecret(gateway: TestGateway, file: string, secret: string): Promise<void> {
  const { body } = await admin(gateway, 'GET', '/oauth2/app')
  const row = { ...body, client_secret: secret, hash_secret: true }
  const database = new DatabaseSync(file, { timeout: 30_000 })
  database.exec('BEGIN IMMEDIATE')
  database.exec('UPDATE portunus_state SET version = version + 1')
  database
    .prepare(
      'UPDATE portunus_entities SET row = ?, version = (SELECT version FROM portunus_state) WHERE id = ?',
    )
    .run(JSON.stringify(row), String(body['id']))
  database.exec('COMMIT')
  database.close()
}

describe('what plugins issue, with an SQLite database', () => {
  it('holds in every worker, and after a restart', async () => {
    using at = place()
    let token: Record<string, string>
    let code: string
    let cookie: string
    {
      await using gateway = await startGateway('', at.settings)
      await configure(gateway, upstream)
      token = await newToken(gateway)
      code = await newCode(gateway)
      cookie = await logIn(gateway)
      expect(await statusesWithToken(gateway, token['access_token'])).toEqual([200])
      expect(await usersWith(gateway, cookie)).toEqual(['ann'])
    }
    await using gateway = await startGateway('', at.settings)
    expect(await statusesWithToken(gateway, token['access_token'])).toEqual([200])
    expect(await statusesWithToken(gateway, 'unknown')).toEqual([401])
    expect(await usersWith(gateway, cookie)).toEqual(['ann'])
    expect((await exchange(gateway, code)).status).toBe(200)
    const renewed = await ask(gateway, 'token', {
      ...CLIENT,
      grant_type: 'refresh_token',
      refresh_token: token['refresh_token']!,
    })
    expect(renewed.status).toBe(200)
    expect(await statusesWithToken(gateway, token['access_token'])).toEqual([401])
    expect(await statusesWithToken(gateway, renewed.body['access_token'])).toEqual([200])
  })

  it('is taken back from every worker: by the Admin API, a logout, and with its client', async () => {
    using at = place()
    await using gateway = await startGateway('', at.settings)
    await configure(gateway, upstream)
    const tokens = [await newToken(gateway), await newToken(gateway)]
    const texts = tokens.map(({ access_token: text }) => text)
    for (const text of texts) expect(await statusesWithToken(gateway, text)).toEqual([200])
    const shown = await admin(gateway, 'GET', `/oauth2_tokens/${texts[0]}`)
    expect(shown.body).toMatchObject({ authenticated_userid: 'user-1', expires_in: 7200 })
    expect((await admin(gateway, 'DELETE', `/oauth2_tokens/${texts[0]}`)).status).toBe(204)
    expect(await statusesWithToken(gateway, texts[0])).toEqual([401])
    expect(await statusesWithToken(gateway, texts[1])).toEqual([200])
    await admin(gateway, 'DELETE', '/consumers/ann/oauth2/app')
    expect(await statusesWithToken(gateway, texts[1])).toEqual([401])
    expect(rowsOf(at.file, 'oauth2_tokens')).toEqual([])

    const cookie = await logIn(gateway)
    expect(await usersWith(gateway, cookie)).toEqual(['ann'])
    // The database is told behind the answer.
    await until(() => rowsOf(at.file, 'session_metadatas').length > 0)
    expect(rowsOf(at.file, 'session_metadatas')).toMatchObject([{ subject: 'ann' }])
    await logOut(gateway, cookie)
    expect(await usersWith(gateway, cookie)).toEqual(['guest'])
    expect([...rowsOf(at.file, 'sessions'), ...rowsOf(at.file, 'session_metadatas')]).toEqual([])
  })

  it('gives a code and a refresh token out once, however many come with it at a time', async () => {
    using at = place()
    await using gateway = await startGateway('', at.settings)
    await configure(gateway, upstream)
    const code = await newCode(gateway)
    const swapped = await Promise.all(Array.from({ length: 6 }, () => exchange(gateway, code)))
    expect(swapped.filter(({ status }) => status === 200)).toHaveLength(1)
    const { refresh_token: refreshToken } = await newToken(gateway)
    const fields = { ...CLIENT, grant_type: 'refresh_token', refresh_token: refreshToken! }
    const renewed = await Promise.all(
      Array.from({ length: 6 }, () => ask(gateway, 'token', fields)),
    )
    expect(renewed.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('is no part of the history, stays when the way is gone back, and is in no log', async () => {
    using at = place()
    await using gateway = await startGateway('', at.settings)
    await configure(gateway, upstream)
    const before = await admin(gateway, 'GET', '/config/history?size=1')
    const [last] = before.body['data'] as { readonly version: number }[]
    const token = await newToken(gateway)
    await admin(gateway, 'PUT', '/consumers/late', {})
    const cookie = await logIn(gateway)
    const history = await admin(gateway, 'GET', '/config/history?size=1000')
    expect(JSON.stringify(history.body)).not.toContain(token['access_token'])
    const [latest] = history.body['data'] as { readonly version: number }[]
    expect(latest).toMatchObject({ change_count: 1, origin: { by: 'admin-api' } })
    const back = await admin(gateway, 'POST', '/config/rollback', { version: last!.version })
    expect(back.status).toBe(200)
    expect((await admin(gateway, 'GET', '/consumers/late')).status).toBe(404)
    expect(await statusesWithToken(gateway, token['access_token'])).toEqual([200])
    expect(await usersWith(gateway, cookie)).toEqual(['ann'])
    // And before the client there was no token of it either.
    const first = await admin(gateway, 'POST', '/config/rollback', { version: 1 })
    expect(first.status).toBe(200)
    expect(rowsOf(at.file, 'oauth2_tokens')).toEqual([])
    for (const secret of Object.values(token).filter((text) => text.length === 32))
      expect(gateway.errorLog()).not.toContain(secret)
  })

  it('has the hash of a client secret made anew where it was made otherwise', async () => {
    using at = place()
    await using gateway = await startGateway('', at.settings)
    await configure(gateway, upstream)
    const salt = Buffer.alloc(16, 7)
    const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
    const hash = pbkdf2Sync('app-secret', salt, 1000, 32, 'sha512')
    const old = `$pbkdf2-sha512$i=1000,l=32$${unpadded(salt)}$${unpadded(hash)}`
    await storeSecret(gateway, at.file, old)
    const stored = async () => (await admin(gateway, 'GET', '/oauth2/app')).body['client_secret']
    await until(async () => (await stored()) === old)
    await newToken(gateway)
    await until(async () => String(await stored()).startsWith('$pbkdf2-sha512$i=10000,l=32$'))
    await newToken(gateway)
  })

  it('is deleted when its time is over', async () => {
    using at = place()
    await using gateway = await startGateway('', at.settings)
    await configure(gateway, upstream)
    const { body } = await admin(gateway, 'GET', '/oauth2/app')
    const made = await admin(gateway, 'POST', '/oauth2_tokens', {
      credential: { id: body['id'] },
      service: { name: 'tokens' },
      expires_in: 1,
      ttl: 1,
      access_token: 'short',
    })
    expect(made.status).toBe(201)
    expect(rowsOf(at.file, 'oauth2_tokens')).toHaveLength(1)
    await until(async () => (await admin(gateway, 'GET', '/oauth2_tokens/short')).status === 404)
    expect(await statusesWithToken(gateway, 'short')).toEqual([401])
    // The next write takes it out of the database; there is also one each minute.
    await admin(gateway, 'PUT', '/consumers/other', {})
    expect(rowsOf(at.file, 'oauth2_tokens')).toEqual([])
  })
})

describe.skipIf(!hasPostgres())('what plugins issue, on two nodes with one PostgreSQL', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await usePostgres()
  })
  afterAll(() => postgres[Symbol.asyncDispose]())

  async function bootstrapped() {
    const connection = await postgres.newDatabase()
    await migrate(connection)
    return { ...BEHIND_TLS, ...settingsFor(connection) }
  }

  it('holds on the other node at once, and is taken back there too', async () => {
    const settings = await bootstrapped()
    await using one = await startGateway('', settings)
    await configure(one, upstream)
    await using other = await startGateway('', settings)
    const token = await newToken(one)
    expect(await statusesWithToken(other, token['access_token'])).toEqual([200])
    const code = await newCode(one)
    const swapped = await Promise.all([one, other, one, other].map((at) => exchange(at, code)))
    expect(swapped.filter(({ status }) => status === 200)).toHaveLength(1)
    const cookie = await logIn(one)
    await until(async () => (await usersWith(other, cookie)).join() === 'ann')
    await logOut(other, cookie)
    await until(async () => (await usersWith(one, cookie)).join() === 'guest')
    await admin(other, 'DELETE', `/oauth2_tokens/${token['access_token']}`)
    await until(async () => (await statusesWithToken(one, token['access_token'])).join() === '401')
  })
})

describe('what plugins issue, without a database', () => {
  it('holds in every worker of the node, until it ends', async () => {
    const settings = { ...BEHIND_TLS, declarative_config_writable: 'on' }
    await using gateway = await startGateway('_format_version: "3.0"\n', settings)
    await configure(gateway, upstream)
    const token = await newToken(gateway)
    expect(await statusesWithToken(gateway, token['access_token'])).toEqual([200])
    const cookie = await logIn(gateway)
    expect(await usersWith(gateway, cookie)).toEqual(['ann'])
    await logOut(gateway, cookie)
    expect(await usersWith(gateway, cookie)).toEqual(['guest'])
    expect(readFileSync(path.join(gateway.prefix, 'kong.yml'), 'utf8')).not.toContain(
      'oauth2_tokens',
    )
  })
})
