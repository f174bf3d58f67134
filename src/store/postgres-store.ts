import pg from 'pg'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import { bySet } from './by-set.ts'
import {
  historyRecord,
  isTimeToMeasure,
  MAX_BYTES,
  MAX_VERSIONS,
  withQuietVersions,
  type HistoryRecord,
} from './history.ts'
import { IndexedStore } from './indexed-store.ts'
import type { ChangedRow, Commit, CommitOutcome, Elsewhere, Medium } from './medium.ts'
import { CHANNEL, followChanges, type Following } from './postgres-following.ts'
import {
  clientConfig,
  isUnanswered,
  poolConfig,
  postgresError,
  tableName,
  type PostgresConnection,
} from './postgres-connection.ts'
import { migrationState, type MigrationState } from './postgres-migrations.ts'
import type { Store } from './store.ts'
import { Strangers } from './strangers.ts'

export interface PostgresStoreOptions {
  readonly connection: PostgresConnection
  /** A read-only copy, which is read in full in place of the database itself. It may lag behind. */
  readonly replica?: PostgresConnection | undefined
  /** What the database held when it was last seen; served when it does not answer. */
  readonly kept?: KeptEntities | undefined
  /** How often is looked for what other nodes wrote, should word of it be lost. */
  readonly pollSeconds: number
  /** Unix time in ms. */
  readonly now?: () => number
  /** Told when the database stops answering, once until it answers again. */
  readonly onTrouble?: (error: Error) => void
}

/** A database that this version of Portunus cannot use as it is. */
export class DatabaseNotReady extends Error {
  readonly state: MigrationState

  constructor(state: MigrationState) {
    super(
      state.isBootstrapped
        ? 'The database was left by another version of Portunus'
        : 'The database has no tables of Portunus yet',
    )
    this.state = state
  }
}

export interface KeptEntities {
  readonly entities: EntitySet
  readonly version: number
}

/** Deletions of so many versions are remembered; who missed more reads everything anew. */
const REMEMBERED_VERSIONS = 10_000

/**
 * A store that many nodes share in one PostgreSQL database. A write is one transaction, refused
 * where another node wrote what this one has not seen; it is then looked at and tried again.
 * While the database does not answer, everything known can be read and nothing written.
 *
 * @throws {DatabaseNotReady} when its tables are not there or not of this version
 * @throws {Error} when it does not answer
 */
export async function openPostgresStore(
  catalog: Catalog,
  { connection, replica, kept, pollSeconds, now, onTrouble = () => {} }: PostgresStoreOptions,
): Promise<Store> {
  const medium = new PostgresMedium(catalog, connection)
  try {
    const initial = await firstRead(medium, { replica, kept, onTrouble })
    const store = new IndexedStore(catalog, {
      name: 'postgres',
      isWritable: true,
      medium,
      initial,
      ...(now && { now }),
    })
    // A replica may be behind. What was kept is, but then the database would only be waited for.
    if (replica !== undefined && initial !== kept) await store.refresh()
    medium.follow({ store, pollSeconds, onTrouble })
    return store
  } catch (error) {
    await medium.close()
    throw error instanceof DatabaseNotReady ? error : postgresError(error)
  }
}

async function firstRead(
  medium: PostgresMedium,
  {
    replica,
    kept,
    onTrouble,
  }: Pick<PostgresStoreOptions, 'replica' | 'kept'> & {
    readonly onTrouble: (error: Error) => void
  },
): Promise<KeptEntities> {
  try {
    return await medium.readFirst(replica, onTrouble)
  } catch (error) {
    if (kept === undefined || error instanceof DatabaseNotReady || !isUnanswered(error)) throw error
    const { message } = postgresError(error)
    onTrouble(
      new Error(`${message}; what it held before is served, and nothing written until it answers`),
    )
    return kept
  }
}

async function requireTables(connection: PostgresConnection): Promise<void> {
  const state = await migrationState(connection)
  if (state.outstanding.length > 0 || state.unknown.length > 0) throw new DatabaseNotReady(state)
}

interface StoredRow {
  readonly version: string
  readonly complete_since: string
  /** Absent in the one line that comes when there are no rows. */
  readonly kind: string | null
  readonly id: string
  readonly content: string | null
}

class PostgresMedium implements Medium {
  readonly #connection: PostgresConnection
  readonly #pool: pg.Pool
  readonly #strangers: Strangers
  readonly #entities: string
  readonly #state: string
  readonly #history: string
  #version = 0
  /** Not when it was opened while the database did not answer. */
  #isRead = false
  #following: Following | undefined

  constructor(catalog: Catalog, connection: PostgresConnection) {
    this.#connection = connection
    this.#strangers = new Strangers(catalog)
    this.#entities = tableName(connection, 'portunus_entities')
    this.#state = tableName(connection, 'portunus_state')
    this.#history = tableName(connection, 'portunus_history')
    this.#pool = new pg.Pool(poolConfig(connection))
    // Idle connections may break at any time; the next query makes another. One that breaks in use
    // fails its query, but between two queries of a transaction it has only this listener.
    this.#pool.on('error', () => undefined)
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
  }

  /** Reads everything for the first time, from a replica where there is one that answers. */
  async readFirst(
    replica: PostgresConnection | undefined,
    onTrouble: (error: Error) => void,
  ): Promise<Extract<Elsewhere, { kind: 'everything' }>> {
    await requireTables(this.#connection)
    const everything = await this.#readFrom(replica, onTrouble)
    this.#isRead = true
    return everything
  }

  async #readFrom(
    replica: PostgresConnection | undefined,
    onTrouble: (error: Error) => void,
  ): Promise<Extract<Elsewhere, { kind: 'everything' }>> {
    if (replica !== undefined)
      try {
        return this.#takeOver(await rowsOfReplica(replica))
      } catch (error) {
        onTrouble(postgresError(error))
      }
    return this.#readAll()
  }

  async #readAll(): Promise<Extract<Elsewhere, { kind: 'everything' }>> {
    const { rows } = await this.#pool.query<StoredRow>(everythingIn(this.#connection))
    return this.#takeOver(rows)
  }

  #takeOver(rows: readonly StoredRow[]): Extract<Elsewhere, { kind: 'everything' }> {
    this.#strangers.clear()
    const entities = bySet(this.#strangers.sift(changedRows(rows)))
    this.#version = Number(rows[0]!.version)
    return { kind: 'everything', entities, version: this.#version }
  }

  follow(options: {
    readonly store: IndexedStore
    readonly pollSeconds: number
    readonly onTrouble: (error: Error) => void
  }): void {
    this.#following = followChanges({ connection: this.#connection, ...options })
  }

  async commit(commit: Commit): Promise<CommitOutcome> {
    if (!this.#isRead) return { kind: 'stale' }
    try {
      const orphans = this.#strangers.orphanedBy(commit.changes)
      const version = await this.#write(commit, orphans)
      if (version === undefined) return { kind: 'stale' }
      this.#version = version
      this.#strangers.sift(orphans)
      return { kind: 'durable', version }
    } catch (error) {
      const detail = postgresError(error).message
      return { kind: 'refused', fault: { fault: 'unavailable', detail } }
    }
  }

  async catchUp(): Promise<Elsewhere | undefined> {
    if (!this.#isRead) return this.readFirst(undefined, () => {})
    const known = this.#version
    const { rows } = await this.#pool.query<StoredRow>(
      `SELECT state.version, state.complete_since, entity.kind, entity.id, entity.content
       FROM ${this.#state} state LEFT JOIN ${this.#entities} entity ON entity.version > $1`,
      [known],
    )
    const [version, completeSince] = [Number(rows[0]!.version), Number(rows[0]!.complete_since)]
    if (version === known) return undefined
    if (version < known || completeSince > known) return this.#readAll()
    this.#version = version
    return { kind: 'rows', rows: this.#strangers.sift(changedRows(rows)), version }
  }

  async isReachable(): Promise<boolean> {
    try {
      await this.#pool.query('SELECT 1')
      return true
    } catch {
      // That is the answer.
      return false
    }
  }

  async close(): Promise<void> {
    await this.#following?.end()
    await this.#pool.end()
  }

  async history(): Promise<readonly HistoryRecord[]> {
    const { rows } = await this.#pool.query<{ readonly record: string }>(
      `SELECT record FROM ${this.#history} ORDER BY version DESC LIMIT $1`,
      [MAX_VERSIONS],
    )
    const records = rows.map(({ record }) => JSON.parse(record) as HistoryRecord)
    return withQuietVersions(records.toReversed(), this.#version)
  }

  /** @returns the version of what was written; nothing when others wrote meanwhile */
  async #write(commit: Commit, orphans: readonly ChangedRow[]): Promise<number | undefined> {
    const client = await this.#pool.connect()
    let failure: Error | undefined
    try {
      await client.query('BEGIN')
      const version = await this.#takeTurn(client)
      if (version !== undefined) {
        await this.#put(client, [...commit.changes, ...orphans], version)
        const { told: changes, atMs, origin } = commit
        if (changes !== undefined)
          await this.#remember(client, historyRecord({ version, atMs, origin, changes }))
      }
      // With nothing written this only ends the transaction.
      await client.query('COMMIT')
      return version
    } catch (error) {
      failure = error as Error
      throw error
    } finally {
      // In what state a failed connection is, is not known.
      client.release(failure)
    }
  }

  /** Counts the version up if it is still the known one, and makes others wait from then on. */
  async #takeTurn(client: pg.PoolClient): Promise<number | undefined> {
    const { rows } = await client.query<Pick<StoredRow, 'version'>>(
      `UPDATE ${this.#state} SET version = version + 1 WHERE version = $1 RETURNING version`,
      [this.#version],
    )
    return rows[0] && Number(rows[0].version)
  }

  async #remember(client: pg.PoolClient, record: HistoryRecord): Promise<void> {
    await client.query(
      `INSERT INTO ${this.#history} (version, record) VALUES ($1, $2)
       ON CONFLICT (version) DO UPDATE SET record = excluded.record`,
      [record.version, JSON.stringify(record)],
    )
    await client.query(
      `DELETE FROM ${this.#history} WHERE version <=
         (SELECT version FROM ${this.#history} ORDER BY version DESC LIMIT 1 OFFSET $1)`,
      [MAX_VERSIONS],
    )
    if (isTimeToMeasure(record.version)) await this.#forgetHistory(client)
  }

  async #forgetHistory(client: pg.PoolClient): Promise<void> {
    await client.query(
      `DELETE FROM ${this.#history} WHERE version <= (
         SELECT max(version) FROM (
           SELECT version, sum(length(record)) OVER (ORDER BY version DESC) AS size
           FROM ${this.#history}
         ) AS sized WHERE size > $1
       )`,
      [MAX_BYTES],
    )
  }

  async #put(client: pg.PoolClient, rows: readonly ChangedRow[], version: number): Promise<void> {
    await client.query(
      `INSERT INTO ${this.#entities} (kind, id, version, content)
       SELECT kind, id, $1, content FROM unnest($2::text[], $3::text[], $4::text[])
         AS given (kind, id, content)
       ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, content = excluded.content`,
      [
        version,
        rows.map(({ kind }) => kind),
        rows.map(({ id }) => id),
        rows.map(({ after }) => (after === undefined ? null : JSON.stringify(after))),
      ],
    )
    if (version % REMEMBERED_VERSIONS === 0) {
      const before = version - REMEMBERED_VERSIONS
      const gone = `DELETE FROM ${this.#entities} WHERE content IS NULL AND version <= $1`
      await client.query(gone, [before])
      await client.query(`UPDATE ${this.#state} SET complete_since = $1`, [before])
    }
    await client.query('SELECT pg_notify($1, $2)', [CHANNEL, String(version)])
  }
}

async function rowsOfReplica(replica: PostgresConnection): Promise<readonly StoredRow[]> {
  const client = new pg.Client(clientConfig(replica))
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<StoredRow>(everythingIn(replica))).rows
  } finally {
    await client.end()
  }
}

/** One statement, so that rows and version are of one moment. */
function everythingIn(connection: PostgresConnection): string {
  const [state, entities] = ['portunus_state', 'portunus_entities'].map((name) =>
    tableName(connection, name),
  )
  return `SELECT state.version, state.complete_since, entity.kind, entity.id, entity.content
          FROM ${state} state LEFT JOIN ${entities} entity ON entity.content IS NOT NULL`
}

function changedRows(rows: readonly StoredRow[]): readonly ChangedRow[] {
  return rows.flatMap(({ kind, id, content }) =>
    kind === null
      ? []
      : [{ kind, id, after: content === null ? undefined : (JSON.parse(content) as Entity) }],
  )
}
