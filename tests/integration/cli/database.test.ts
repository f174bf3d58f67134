import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { settingsFor } from '../../support/postgres-settings.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { workplace } from '../../support/run-portunus.ts'
import { hasPostgres, type TestPostgres, usePostgres } from '../../support/start-postgres.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { PATIENCE_MS } from '../../support/until.ts'

const CONFIG = (url: string) => `
_format_version: "3.0"
services:
- name: s
  url: ${url}
  routes:
  - name: r
    paths: [/r]
consumers:
- username: ann
  basicauth_credentials:
  - username: ann
    password: secret
`

async function put(adminUrl: string, where: string, body: object): Promise<number> {
  const answer = await fetch(adminUrl + where, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return answer.status
}

describe('database = sqlite', () => {
  it('keeps what the Admin API wrote through a kill, and serves it again', async () => {
    await using upstream = await startUpstream()
    await using place = workplace()
    const settings = {
      database: 'sqlite',
      declarative_config: '',
      sqlite_file: path.join(place.folder, 'entities.db'),
    }
    const first = await startGateway('', settings)
    expect(await put(first.adminUrl, '/services/s', { url: upstream.url })).toBe(200)
    expect(await put(first.adminUrl, '/services/s/routes/r', { paths: ['/r'] })).toBe(200)
    first.signal('SIGKILL')
    await first.ended
    await using second = await startGateway('', settings)
    expect((await fetch(`${second.url}/r`)).status).toBe(200)
  })

  it('takes imports while a gateway runs, and gives out what is taken back', async () => {
    await using upstream = await startUpstream()
    await using place = workplace({ KONG_DATABASE: 'sqlite' })
    const file = path.join(place.folder, 'in.yml')
    writeFileSync(file, CONFIG(upstream.url))
    const sqlite_file = path.join(place.folder, 'entities.db')
    const environment = { KONG_SQLITE_FILE: sqlite_file }
    await using gateway = await startGateway('', {
      database: 'sqlite',
      declarative_config: '',
      sqlite_file,
    })
    for (let round = 0; round < 2; round += 1)
      expect(await place.run(['config', 'db_import', 'in.yml'], environment)).toEqual({
        code: 0,
        stdout: expect.stringMatching(/parse successful, beginning import\nimport successful\n$/),
        stderr: '',
      })
    await vi.waitFor(
      async () => expect((await fetch(`${gateway.url}/r`)).status).toBe(200),
      PATIENCE_MS,
    )
    expect((await place.run(['config', 'db_export', 'out.yml'], environment)).code).toBe(0)
    // The time of the last change is that of the import.
    const timeless = (name: string) =>
      readFileSync(path.join(place.folder, name), 'utf8').replaceAll(/updated_at: .*/g, '')
    const exported = timeless('out.yml')
    expect(exported).not.toContain('password: secret')
    const elsewhere = { KONG_SQLITE_FILE: path.join(place.folder, 'other.db') }
    expect((await place.run(['config', 'db_import', 'out.yml'], elsewhere)).code).toBe(0)
    await place.run(['config', 'db_export', 'again.yml'], elsewhere)
    expect(timeless('again.yml')).toBe(exported)
    expect((await place.run(['config', 'db_export', 'again.yml'], elsewhere)).stderr).toContain(
      'again.yml already exists. Will not overwrite it.',
    )
  })

  it('is emptied by a reset, and repaired by migrations that are forced', async () => {
    await using place = workplace({ KONG_DATABASE: 'sqlite' })
    const sqlite_file = path.join(place.folder, 'entities.db')
    const run = (...words: string[]) => place.run(words, { KONG_SQLITE_FILE: sqlite_file })
    expect(await run('migrations', 'reset', '-y')).toMatchObject({
      code: 1,
      stdout: 'Database not bootstrapped, nothing to reset\n',
    })
    writeFileSync(path.join(place.folder, 'in.yml'), CONFIG('http://a.test'))
    expect((await run('config', 'db_import', 'in.yml')).code).toBe(0)
    const database = new DatabaseSync(sqlite_file)
    database.exec('DROP TABLE portunus_history')
    database.close()
    expect((await run('migrations', 'up')).stdout).toBe('Database is already up-to-date\n')
    expect((await run('config', 'db_import', 'in.yml')).code).toBe(1)
    expect(await run('migrations', 'up', '--force')).toMatchObject({ code: 0, stdout: '' })
    expect((await run('config', 'db_import', 'in.yml')).code).toBe(0)

    expect(await run('migrations', 'reset')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: not a tty: .*--yes/),
    })
    expect(await run('migrations', 'reset', '--yes')).toMatchObject({
      code: 0,
      stdout: 'Resetting database...\nDatabase successfully reset\n',
    })
    expect((await run('config', 'db_export', 'out.yml')).code).toBe(0)
    expect(readFileSync(path.join(place.folder, 'out.yml'), 'utf8')).not.toContain('services')
  })

  it('imports nothing of a file that is wrong', async () => {
    await using place = workplace({ KONG_DATABASE: 'sqlite' })
    writeFileSync(
      path.join(place.folder, 'in.yml'),
      '_format_version: "3.0"\nservices: [{name: s}]\n',
    )
    const { code, stderr } = await place.run(['config', 'db_import', 'in.yml'])
    expect(code).toBe(1)
    expect(stderr).toContain("in 'host': required field missing")
    await place.run(['config', 'db_export', 'out.yml'])
    expect(readFileSync(path.join(place.folder, 'out.yml'), 'utf8')).not.toContain('services')
  })
})

describe.skipIf(!hasPostgres())('database = postgres', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await usePostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('is made ready by migrations before it is served, and then shared by nodes', async () => {
    await using upstream = await startUpstream()
    const settings = settingsFor(await server.newDatabase())
    const environment = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`KONG_${name.toUpperCase()}`, value]),
    )
    await using place = workplace(environment)
    await expect(startGateway('', settings)).rejects.toThrow(
      /^Database needs bootstrapping or is older than Kong 1\.0\./,
    )
    expect((await place.run(['migrations', 'list'])).code).toBe(3)
    expect((await place.run(['migrations', 'up'])).code).toBe(1)
    expect(await place.run(['migrations', 'bootstrap'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Bootstrapping database\.\.\.\n[^]*Database is up-to-date\n$/),
    })
    expect((await place.run(['migrations', 'bootstrap'])).stdout).toBe(
      'Database already bootstrapped\n',
    )
    expect((await place.run(['migrations', 'list'])).code).toBe(0)
    await using one = await startGateway('', settings)
    await using two = await startGateway('', settings)
    await put(one.adminUrl, '/services/s', { url: upstream.url })
    expect(await put(one.adminUrl, '/services/s/routes/r', { paths: ['/r'] })).toBe(200)
    expect((await fetch(`${one.url}/r`)).status).toBe(200)
    await vi.waitFor(
      async () => expect((await fetch(`${two.url}/r`)).status).toBe(200),
      PATIENCE_MS,
    )
  })

  it('is repaired by migrations that are forced, and emptied by a reset', async () => {
    const connection = await server.newDatabase()
    const environment = Object.fromEntries(
      Object.entries(settingsFor(connection)).map(([name, value]) => [
        `KONG_${name.toUpperCase()}`,
        value,
      ]),
    )
    await using place = workplace(environment)
    const migrations = (...words: string[]) => place.run(['migrations', ...words])
    expect((await migrations('finish')).code).toBe(1)
    await migrations('bootstrap')
    const client = new pg.Client({ ...connection, password: undefined })
    await client.connect()
    await client.query('DROP TABLE portunus_history')
    expect((await migrations('finish')).stdout).toBe('No pending migrations to finish\n')
    expect((await migrations('up', '--force')).stdout).toMatch(
      /000_entities \(executed\)\n[^]*Database is up-to-date\n$/,
    )
    const { rowCount } = await client.query('SELECT FROM portunus_state')
    expect(rowCount).toBe(1)
    await client.query('SELECT FROM portunus_history')
    await client.end()
    expect((await migrations('reset')).code).toBe(1)
    expect((await migrations('reset', '--yes')).code).toBe(0)
    expect((await migrations('list')).code).toBe(3)
  })
})
