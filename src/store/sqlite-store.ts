import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog } from '../entities/catalog.ts'
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
import { migrateSqlite } from './sqlite-migrations.ts'
import type { Store } from './store.ts'
import { Strangers } from './strangers.ts'

export interface SqliteStoreOptions {
  /** Made when it is not there. */
  readonly file: string
  /** Unix time in ms. */
  readonly now?: () => number
  /** Told why what other processes wrote cannot be read. */
  readonly onTrouble?: (error: Error) => void
}

/** How often is looked whether other processes, such as an import, have written. */
const POLL_MS = 500

/** Deletions of so many versions are remembered; who missed more reads everything anew. */
const REMEMBERED_VERSIONS = 10_000

/**
 * A store in one SQLite file. A write is one transaction, and on disk before it is acknowledged.
 * Other processes may write to the file too.
 *
 * @throws {Error} when the file cannot be used
 */
export async function openSqliteStore(
  catalog: Catalog,
  { file, now, onTrouble }: SqliteStoreOptions,
): Promise<Store> {
  const database = openDatabase(file)
  const medium = new SqliteMedium(catalog, database)
  try {
    const { entities, version } = medium.readAll()
    const store = new IndexedStore(catalog, {
      name: 'sqlite',
      isWritable: true,
      medium,
      initial: { entities, version },
      ...(now && { now }),
    })
    medium.follow(store, (error) => onTrouble?.(error))
    return store
  } catch (error) {
    await medium.close()
    throw error
  }
}

function openDatabase(file: string): DatabaseSync {
  try {
    // It holds secrets. SQLite gives the files beside it the same mode.
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
    const database = new DatabaseSync(file, { timeout: 2000 })
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      migrateSqlite(database)
    } catch (error) {
      database.close()
      throw error
    }
    return database
  } catch (error) {
    throw new Error(`Cannot open the SQLite database "${file}": ${(error as Error).message}`, {
      cause: error,
    })
  }
}

interface StoredRow {
  readonly kind: string
  readonly id: string
  readonly row: string | null
}

class SqliteMedium implements Medium {
  readonly #database: DatabaseSync
  readonly #strangers: Strangers
  readonly #put: StatementSync
  #version = 0
  /** SQLite's own count of what other connections have written. */
  #seen = -1
  #isClosed = false

  constructor(catalog: Catalog, database: DatabaseSync) {
    this.#database = database
    this.#strangers = new Strangers(catalog)
    this.#put = database.prepare(
      `INSERT INTO portunus_entities (kind, id, version, row) VALUES (?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, row = excluded.row`,
    )
  }

  readAll(): Extract<Elsewhere, { kind: 'everything' }> {
    return this.#inTransaction('DEFERRED', () => {
      const { version } = this.#state()
      const rows = this.#database
        .prepare('SELECT kind, id, row FROM portunus_entities WHERE row IS NOT NULL')
        .all() as unknown as StoredRow[]
      this.#strangers.clear()
      const entities = bySet(this.#strangers.sift(rows.map(parsed)))
      this.#version = version
      return { kind: 'everything', entities, version }
    })
  }

  /** Lets a store look for what others have written, until it is closed. */
  follow(store: IndexedStore, onTrouble: (error: Error) => void): void {
    const look = async (): Promise<void> => {
      await delay(POLL_MS, undefined, { ref: false })
      if (this.#isClosed) return
      try {
        if (this.#dataVersion() !== this.#seen) await store.refresh()
      } catch (error) {
        onTrouble(error as Error)
      }
      return look()
    }
    void look()
  }

  // oxlint-disable-next-line typescript/require-await -- other media need to wait
  async commit(commit: Commit): Promise<CommitOutcome> {
    try {
      const orphans = this.#strangers.orphanedBy(commit.changes)
      const outcome = this.#inTransaction('IMMEDIATE', () => this.#write(commit, orphans))
      if (outcome.kind !== 'durable') return outcome
      this.#version = outcome.version
      this.#strangers.sift(orphans)
      return outcome
    } catch (error) {
      const detail = `SQLite: ${(error as Error).message}`
      return { kind: 'refused', fault: { fault: 'unavailable', detail } }
    }
  }

  // oxlint-disable-next-line typescript/require-await -- other media need to wait
  async catchUp(): Promise<Elsewhere | undefined> {
    this.#seen = this.#dataVersion()
    const state = this.#state()
    if (state.version === this.#version) return undefined
    if (state.version < this.#version || state.complete_since > this.#version) return this.readAll()
    return this.#inTransaction('DEFERRED', () => {
      const { version } = this.#state()
      const rows = this.#database
        .prepare('SELECT kind, id, row FROM portunus_entities WHERE version > ?')
        .all(this.#version) as unknown as StoredRow[]
      this.#version = version
      return { kind: 'rows', rows: this.#strangers.sift(rows.map(parsed)), version }
    })
  }

  // oxlint-disable-next-line typescript/require-await -- other media need to wait
  async isReachable(): Promise<boolean> {
    try {
      this.#state()
      return true
    } catch {
      // That is the answer.
      return false
    }
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#database.close()
    this.#isClosed = true
    return Promise.resolve()
  }

  // oxlint-disable-next-line typescript/require-await -- other media need to wait
  async history(): Promise<readonly HistoryRecord[]> {
    const rows = this.#database
      .prepare('SELECT record FROM portunus_history ORDER BY version DESC LIMIT ?')
      .all(MAX_VERSIONS) as unknown as { readonly record: string }[]
    const records = rows.map(({ record }) => JSON.parse(record) as HistoryRecord)
    return withQuietVersions(records.toReversed(), this.#version)
  }

  #write({ changes, told, origin, atMs }: Commit, orphans: readonly ChangedRow[]): CommitOutcome {
    const version = this.#version + 1
    const taken = this.#database
      .prepare('UPDATE portunus_state SET version = ? WHERE version = ?')
      .run(version, this.#version)
    if (taken.changes === 0) return { kind: 'stale' }
    for (const { kind, id, after } of [...changes, ...orphans])
      this.#put.run(kind, id, version, after === undefined ? null : JSON.stringify(after))
    if (told !== undefined) this.#remember(historyRecord({ version, atMs, origin, changes: told }))
    if (version % REMEMBERED_VERSIONS === 0) this.#forgetDeletions(version - REMEMBERED_VERSIONS)
    return { kind: 'durable', version }
  }

  #remember(record: HistoryRecord): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO portunus_history (version, record) VALUES (?, ?)')
      .run(record.version, JSON.stringify(record))
    this.#database
      .prepare(
        `DELETE FROM portunus_history WHERE version <=
           (SELECT version FROM portunus_history ORDER BY version DESC LIMIT 1 OFFSET ?)`,
      )
      .run(MAX_VERSIONS)
    if (isTimeToMeasure(record.version)) this.#forgetHistory()
  }

  #forgetHistory(): void {
    this.#database
      .prepare(
        `DELETE FROM portunus_history WHERE version <= (
           SELECT max(version) FROM (
             SELECT version, sum(length(record)) OVER (ORDER BY version DESC) AS size
             FROM portunus_history
           ) WHERE size > ?
         )`,
      )
      .run(MAX_BYTES)
  }

  #forgetDeletions(before: number): void {
    this.#database
      .prepare('DELETE FROM portunus_entities WHERE row IS NULL AND version <= ?')
      .run(before)
    this.#database.prepare('UPDATE portunus_state SET complete_since = ?').run(before)
  }

  #state(): { readonly version: number; readonly complete_since: number } {
    return this.#database
      .prepare('SELECT version, complete_since FROM portunus_state')
      .get() as never
  }

  #dataVersion(): number {
    const row = this.#database.prepare('PRAGMA data_version').get()
    return row!['data_version'] as number
  }

  #inTransaction<Result>(mode: 'DEFERRED' | 'IMMEDIATE', work: () => Result): Result {
    this.#database.exec(`BEGIN ${mode}`)
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

function parsed({ kind, id, row }: StoredRow): ChangedRow {
  return { kind, id, after: row === null ? undefined : JSON.parse(row) }
}
