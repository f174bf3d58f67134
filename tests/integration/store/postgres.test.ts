import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import type { PostgresConnection } from '../../../src/store/postgres-connection.ts'
import { migrate, migrationState, resetDatabase } from '../../../src/store/postgres-migrations.ts'
import { DatabaseNotReady, openPostgresStore } from '../../../src/store/postgres-store.ts'
import {
  consumer,
  CONTRACT_CATALOG,
  service,
  storeContract,
} from '../../../src/store/store.contract.ts'
import type { Store } from '../../../src/store/store.ts'
import { startTcpGate } from '../../support/tcp-gate.ts'
import {
  hasPostgresPrograms,
  type OwnPostgres,
  startPostgres,
} from '../../support/start-postgres.ts'
import { PATIENCE_MS } from '../../support/until.ts'

const insert = (store: Store, kind: string, entity: ReturnType<typeof service>) =>
  store.write([{ op: 'insert', kind, entity }], { by: 'admin-api' })

describe.skipIf(!hasPostgresPrograms())('with a PostgreSQL server', () => {
  let server: OwnPostgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  async function newDatabase(): Promise<PostgresConnection> {
    const connection = await server.newDatabase()
    await migrate(connection)
    return connection
  }

  /** @param pollSeconds so long that only news between nodes can explain what is seen early */
  const open = (connection: PostgresConnection, pollSeconds = 600, onTrouble = () => {}) =>
    openPostgresStore(CONTRACT_CATALOG, { connection, pollSeconds, onTrouble })

  storeContract('openPostgresStore()', async (catalog) => {
    let nowMs = 1_700_000_000_000
    const connection = await newDatabase()
    return {
      store: await openPostgresStore(catalog, { connection, pollSeconds: 600, now: () => nowMs }),
      advance: (seconds) => (nowMs += seconds * 1000),
    }
  })

  describe('openPostgresStore()', () => {
    it('finds again what was written, whatever letters it has', async () => {
      const connection = await newDatabase()
      const first = await open(connection)
      const row = { ...service('kept'), tags: ['\u0000', '\ud800', "'; DROP TABLE x; --", '🔑'] }
      await insert(first, 'services', row)
      await insert(first, 'services', service('gone'))
      await first.write(
        [{ op: 'delete', kind: 'services', id: first.getBy('services', 'name', 'gone')!.id }],
        { by: 'admin-api' },
      )
      await first.close()
      const second = await open(connection)
      expect(second.all()).toEqual({ services: [row] })
      expect(second.version).toBe(3)
      await second.close()
    })

    it('tells other nodes of each write at once', async () => {
      const connection = await newDatabase()
      const [one, two] = [await open(connection), await open(connection)]
      const row = service('shared')
      const heard: string[] = []
      two.subscribe(({ origin, version }) => heard.push(`${origin.by} ${version}`))
      await insert(one, 'services', row)
      await vi.waitFor(() => expect(two.get('services', row.id)).toEqual(row), PATIENCE_MS)
      await one.write([{ op: 'delete', kind: 'services', id: row.id }], { by: 'admin-api' })
      await vi.waitFor(() => expect(two.get('services', row.id)).toBeUndefined(), PATIENCE_MS)
      expect(heard).toEqual(['other-node 1', 'other-node 2'])
      await Promise.all([one.close(), two.close()])
    })

    it('keeps its rules however many nodes write at the same time', async () => {
      const connection = await newDatabase()
      const nodes = await Promise.all([open(connection), open(connection), open(connection)])
      const names = Array.from({ length: 8 }, (_, at) => `name-${at}`)
      const results = await Promise.all(
        nodes.flatMap((store) => names.map((name) => insert(store, 'services', service(name)))),
      )
      expect(results.filter(({ ok }) => ok)).toHaveLength(names.length)
      for (const result of results)
        if (!result.ok) expect(result.fault.fault).toBe('unique-violation')
      for (const store of nodes)
        await vi.waitFor(() => expect(store.count('services')).toBe(names.length), PATIENCE_MS)
      await Promise.all(nodes.map((store) => store.close()))
    })

    it('does not let a row refer to what another node has just deleted', async () => {
      const connection = await newDatabase()
      const [one, two] = [await open(connection), await open(connection)]
      const owner = consumer('ann')
      await insert(one, 'consumers', owner)
      await one.write([{ op: 'delete', kind: 'consumers', id: owner.id }], { by: 'admin-api' })
      const token = { ...service(null), consumer: { id: owner.id }, text: 't', label: null }
      expect(await insert(two, 'tokens', token)).toMatchObject({
        fault: { fault: 'foreign-key-missing' },
      })
      await Promise.all([one.close(), two.close()])
    })

    it('reads on and refuses writes while the server is away, then goes on where it was', async () => {
      const connection = await newDatabase()
      const troubles: string[] = []
      const [one, two] = [
        await open(connection, 0.05, ((error: Error) => troubles.push(error.message)) as never),
        await open(connection),
      ]
      const row = service('before')
      await insert(one, 'services', row)
      await server.crash()
      expect(await insert(one, 'services', service('lost'))).toMatchObject({
        ok: false,
        fault: { fault: 'unavailable', detail: expect.stringMatching(/^PostgreSQL: /) },
      })
      expect(one.get('services', row.id)).toEqual(row)
      expect(one.getBy('services', 'name', 'lost')).toBeUndefined()
      expect(await one.isReachable()).toBe(false)
      await vi.waitFor(() => expect(troubles).toHaveLength(1), PATIENCE_MS)
      await server.restart()
      expect(await insert(one, 'services', service('after'))).toMatchObject({ ok: true })
      await vi.waitFor(
        () => expect(two.getBy('services', 'name', 'after')).toBeDefined(),
        PATIENCE_MS,
      )
      expect(troubles).toHaveLength(1)
      await Promise.all([one.close(), two.close()])
    })

    it('goes on where it was after a network has dropped its connections without a word', async () => {
      const connection = await newDatabase()
      await using gate = await startTcpGate(connection.port)
      const troubles: string[] = []
      const near = await open(connection)
      const far = await openPostgresStore(CONTRACT_CATALOG, {
        connection: { ...connection, port: gate.port, timeoutMs: 2000 },
        pollSeconds: 0.05,
        onTrouble: (error) => troubles.push(error.message),
      })
      gate.hang()
      await insert(near, 'services', service('unheard'))
      await vi.waitFor(() => expect(troubles).toHaveLength(1), PATIENCE_MS)
      expect(await insert(far, 'services', service('refused'))).toMatchObject({
        ok: false,
        fault: { fault: 'unavailable' },
      })
      expect(far.count('services')).toBe(0)
      gate.open()
      await vi.waitFor(
        () => expect(far.getBy('services', 'name', 'unheard')).toBeDefined(),
        PATIENCE_MS,
      )
      expect(await insert(far, 'services', service('again'))).toMatchObject({ ok: true })
      await vi.waitFor(
        () => expect(near.getBy('services', 'name', 'again')).toBeDefined(),
        PATIENCE_MS,
      )
      await Promise.all([near.close(), far.close()])
    })

    it('hears every write in order, however often its connections break meanwhile', async () => {
      const connection = await newDatabase()
      await using gate = await startTcpGate(connection.port)
      const near = await open(connection)
      const far = await open({ ...connection, port: gate.port }, 0.05)
      const heard: number[] = []
      far.subscribe(({ changes }) =>
        heard.push(...changes.map(({ after }) => Number(after?.['name'] ?? -1))),
      )
      for (let at = 0; at < 40; at += 1) {
        if (at % 10 === 3) gate.cut()
        if (at % 10 === 7) gate.open()
        await insert(near, 'services', service(String(at)))
      }
      gate.open()
      await vi.waitFor(() => expect(far.count('services')).toBe(40), PATIENCE_MS)
      expect(heard.toSorted((one, other) => one - other)).toEqual(
        Array.from({ length: 40 }, (_, at) => at),
      )
      await Promise.all([near.close(), far.close()])
    })

    it('begins with what was kept while the server is away, and goes on with what it holds', async () => {
      const connection = await newDatabase()
      const first = await open(connection)
      await insert(first, 'services', service('old'))
      const kept = { entities: first.all(), version: first.version }
      await insert(first, 'services', service('new'))
      await first.close()
      await using gate = await startTcpGate(connection.port)
      gate.cut()
      const troubles: string[] = []
      const options = {
        connection: { ...connection, port: gate.port },
        pollSeconds: 0.05,
        onTrouble: (error: Error) => void troubles.push(error.message),
      }
      await expect(openPostgresStore(CONTRACT_CATALOG, options)).rejects.toThrow(/^PostgreSQL: /)
      const store = await openPostgresStore(CONTRACT_CATALOG, { ...options, kept })
      expect(store.all()).toEqual(kept.entities)
      expect(troubles[0]).toContain('what it held before is served')
      expect(await insert(store, 'services', service('lost'))).toMatchObject({
        fault: { fault: 'unavailable' },
      })
      gate.open()
      await vi.waitFor(
        () => expect(store.getBy('services', 'name', 'new')).toBeDefined(),
        PATIENCE_MS,
      )
      expect(await insert(store, 'services', service('after'))).toMatchObject({ ok: true })
      await store.close()
    })

    it('begins with nothing kept where the server answers with a refusal', async () => {
      const connection = await newDatabase()
      const kept = { entities: {}, version: 0 }
      const wrong = { ...connection, database: 'nope' }
      const options = { connection: wrong, kept, pollSeconds: 600 }
      await expect(openPostgresStore(CONTRACT_CATALOG, options)).rejects.toThrow('does not exist')
    })

    it('reads from a replica at first, and the rest from the server', async () => {
      const [connection, replica] = [await newDatabase(), await newDatabase()]
      for (const [database, names] of [
        [connection, ['one', 'two']],
        [replica, ['only there']],
      ] as const) {
        const store = await open(database)
        for (const name of names) await insert(store, 'services', service(name))
        await store.close()
      }
      const options = { connection, replica, pollSeconds: 600 }
      const store = await openPostgresStore(CONTRACT_CATALOG, options)
      expect((store.all()['services'] ?? []).map(({ name }) => name).sort()).toEqual([
        'only there',
        'two',
      ])
      await store.close()
      const troubles: string[] = []
      const alone = await openPostgresStore(CONTRACT_CATALOG, {
        ...options,
        replica: { ...replica, port: 1 },
        onTrouble: (error) => troubles.push(error.message),
      })
      expect(alone.count('services')).toBe(2)
      expect(troubles).toEqual([expect.stringContaining('ECONNREFUSED')])
      await alone.close()
    })

    it('refuses a database without its tables, and one that does not answer', async () => {
      const connection = await server.newDatabase()
      await expect(open(connection)).rejects.toBeInstanceOf(DatabaseNotReady)
      await expect(open({ ...connection, port: 1 })).rejects.toThrow(/^PostgreSQL: .*ECONNREFUSED/)
    })
  })

  it('is spoken to over TLS, and not at all where its certificate is not what it should be', async () => {
    const own = await selfSignedCertificate('rsa')
    await using guarded = await startPostgres(own)
    const database = { ...(await guarded.newDatabase()), host: 'localhost' }
    const tls = { isVerified: true, ca: own.certificate }
    const connection = { ...database, tls }
    await migrate(connection)
    const store = await open(connection)
    expect(await insert(store, 'services', service('one'))).toMatchObject({ ok: true })
    await store.close()
    const stranger = await selfSignedCertificate('rsa')
    for (const wrong of [
      { ...connection, tls: { ...tls, ca: stranger.certificate } },
      { ...connection, host: '127.0.0.1' },
      { ...connection, tls: { isVerified: true } },
    ])
      await expect(open(wrong)).rejects.toThrow(/^PostgreSQL: .*(certificate|IP)/)
    await (await open({ ...database, tls: { isVerified: false } })).close()
    const { port } = await server.newDatabase()
    await expect(open({ ...connection, port })).rejects.toThrow('does not support SSL')
  })

  describe('migrations', () => {
    it('are taken once, by one of many nodes that try', async () => {
      const connection = await server.newDatabase()
      expect(await migrationState(connection)).toMatchObject({ isBootstrapped: false })
      const taken = await Promise.all([1, 2, 3].map(() => migrate(connection)))
      expect(taken.filter(({ length }) => length > 0)).toHaveLength(1)
      expect(await migrationState(connection)).toMatchObject({
        isBootstrapped: true,
        outstanding: [],
        unknown: [],
      })
    })

    it('wait for another node that takes them, and not for ever', async () => {
      const connection = await server.newDatabase()
      const other = new pg.Client({ ...connection, password: undefined })
      await other.connect()
      await other.query('BEGIN')
      await other.query('SELECT pg_advisory_xact_lock($1)', [0x706f7274])
      await expect(migrate(connection, { lockTimeoutMs: 50 })).rejects.toThrow(
        'another node has been running',
      )
      const waiting = migrate(connection)
      await other.query('COMMIT')
      await other.end()
      expect(await waiting).toHaveLength(2)
    })

    it('keep to a schema of their own, and are undone with all that was written', async () => {
      const database = await server.newDatabase()
      const connection = { ...database, schema: 'My "schema"' }
      await migrate(connection)
      const store = await open(connection)
      await insert(store, 'services', service('one'))
      await store.close()
      expect((await migrationState(database)).isBootstrapped).toBe(false)
      await resetDatabase(connection)
      expect((await migrationState(connection)).isBootstrapped).toBe(false)
      await migrate(connection)
      const again = await open(connection)
      expect(again.all()).toEqual({})
      await again.close()
    })
  })
})
