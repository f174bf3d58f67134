import pg from 'pg'
import { postgresError } from './postgres-connection.ts'

/** A row of one of Kong's tables: times in Unix seconds, numbers as numbers. */
export type KongRow = Readonly<Record<string, unknown>>

/** What Kong keeps in PostgreSQL, all of one moment. */
export interface KongDatabase {
  /** The last step of Kong's own migrations, e.g. `024_380_to_390`. */
  readonly lastMigration: string
  readonly workspaces: readonly { readonly id: string; readonly name: string }[]
  /** Rows of the tables asked for, those that are there. */
  readonly tables: ReadonlyMap<string, readonly KongRow[]>
  /** How many rows each other table has, those without rows left out. */
  readonly others: ReadonlyMap<string, number>
}

export interface KongDatabaseOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`; `PGPASSWORD` counts where it has none. */
  readonly uri: string
  /** Kong's `pg_schema`. */
  readonly schema: string
  readonly timeoutMs: number
}

/** A step that only Kong 3.0 and later have taken. */
const FIRST_OF_KONG_3 = '016_280_to_300'

/**
 * Reads the database of a Kong 3.x, which may go on meanwhile; nothing is written to it.
 *
 * @param names tables to read; which of them exist depends on Kong's version and edition
 * @throws {Error} when it does not answer, or is not Kong's, or is in the midst of a migration
 */
export async function readKongDatabase(
  { uri, schema, timeoutMs }: KongDatabaseOptions,
  names: readonly string[],
): Promise<KongDatabase> {
  const client = clientFor(uri, timeoutMs)
  // A connection that breaks fails the query that waits for it; nobody else needs to know.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query(`SET LOCAL search_path TO ${pg.escapeIdentifier(schema)}`)
    return await readAll(client, schema, names)
  } catch (error) {
    if (error instanceof NotUsable) throw error
    throw postgresError(error)
  } finally {
    await client.end()
  }
}

class NotUsable extends Error {}

function clientFor(uri: string, timeoutMs: number): pg.Client {
  try {
    return new pg.Client({
      connectionString: uri,
      application_name: 'portunus migrate',
      connectionTimeoutMillis: timeoutMs,
      types: { getTypeParser: parserOf },
    })
  } catch {
    // Its own message may repeat the password.
    throw new Error(
      'Cannot read the URI of the database: expected postgres://user:password@host:port/database',
    )
  }
}

async function readAll(
  client: pg.Client,
  schema: string,
  names: readonly string[],
): Promise<KongDatabase> {
  const present = await tableNames(client)
  const lastMigration = await readMigrations(client, present, schema)
  const tables = new Map<string, readonly KongRow[]>()
  const others = new Map<string, number>()
  for (const name of present) {
    const table = pg.escapeIdentifier(name)
    if (names.includes(name)) {
      const order = name === 'targets' ? ' ORDER BY created_at, id' : ' ORDER BY id'
      tables.set(name, (await client.query<KongRow>(`SELECT * FROM ${table}${order}`)).rows)
    } else {
      const { rows } = await client.query<{ count: number }>(`SELECT count(*) FROM ${table}`)
      if (rows[0]!.count > 0) others.set(name, rows[0]!.count)
    }
  }
  const { rows: workspaces } = present.includes('workspaces')
    ? await client.query<{ id: string; name: string }>('SELECT id, name FROM workspaces')
    : { rows: [] }
  return { lastMigration, workspaces, tables, others }
}

async function tableNames(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

/** @throws {NotUsable} */
async function readMigrations(
  client: pg.Client,
  present: readonly string[],
  schema: string,
): Promise<string> {
  if (!present.includes('schema_meta'))
    throw new NotUsable(
      `Schema "${schema}" of this database holds no Kong: it has no table schema_meta; name the right one with --pg-schema`,
    )
  const { rows } = await client.query<{
    subsystem: string
    executed: string[] | null
    pending: string[] | null
  }>('SELECT subsystem, executed, pending FROM schema_meta')
  const core = rows.find(({ subsystem }) => subsystem === 'core')
  if (core?.executed?.includes(FIRST_OF_KONG_3) !== true)
    throw new NotUsable(
      'This database is of a Kong before 3.0: let a Kong 3.x migrate it first (kong migrations up, then finish)',
    )
  const pending = rows.find((row) => (row.pending ?? []).length > 0)
  if (pending !== undefined)
    throw new NotUsable(
      `Kong is in the midst of a migration (${pending.subsystem}: ${pending.pending!.join(', ')}): run kong migrations finish first`,
    )
  return core.executed.at(-1)!
}

const { builtins } = pg.types
const EPOCH_SECONDS = (text: string): number => Date.parse(text) / 1000
/** What Kong writes without a zone is in UTC. */
const UTC_SECONDS = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`) / 1000

/** By type; Kong's numbers are small enough for JSON, so they need not stay texts. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map([
  [builtins.INT8, Number],
  [builtins.NUMERIC, Number],
  [builtins.TIMESTAMPTZ, EPOCH_SECONDS],
  [builtins.TIMESTAMP, UTC_SECONDS],
])

function parserOf(type: number): (text: string) => unknown {
  return PARSERS.get(type) ?? (pg.types.getTypeParser(type) as (text: string) => unknown)
}
