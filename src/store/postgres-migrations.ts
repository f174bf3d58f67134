import pg from 'pg'
import { clientConfig, tableName, type PostgresConnection } from './postgres-connection.ts'

/**
 * Steps that bring a database from one schema to the next, oldest first. A step that is out in the
 * world is never changed, only followed by another. Taken again it changes nothing that is there.
 *
 * A deleted row stays for a while without its content, so that other nodes can tell what is gone.
 */
const STEPS: readonly Step[] = [
  {
    name: '000_entities',
    statements: (table) => [
      `CREATE TABLE IF NOT EXISTS ${table('portunus_entities')} (
         kind text NOT NULL,
         id text NOT NULL,
         version bigint NOT NULL,
         content text,
         PRIMARY KEY (kind, id)
       )`,
      `CREATE INDEX IF NOT EXISTS portunus_entities_version
         ON ${table('portunus_entities')} (version)`,
      `CREATE TABLE IF NOT EXISTS ${table('portunus_state')} (
         version bigint NOT NULL,
         complete_since bigint NOT NULL
       )`,
      `INSERT INTO ${table('portunus_state')} (version, complete_since)
         SELECT 0, 0 WHERE NOT EXISTS (SELECT FROM ${table('portunus_state')})`,
    ],
  },
  {
    name: '001_history',
    statements: (table) => [
      `CREATE TABLE IF NOT EXISTS ${table('portunus_history')} (
         version bigint PRIMARY KEY,
         record text NOT NULL
       )`,
    ],
  },
]

interface Step {
  readonly name: string
  readonly statements: (table: (name: string) => string) => readonly string[]
}

/** Which steps a database has seen. */
export interface MigrationState {
  /** Whether it was ever made ours. */
  readonly isBootstrapped: boolean
  readonly executed: readonly string[]
  readonly outstanding: readonly string[]
  /** Steps of a later version of Portunus. */
  readonly unknown: readonly string[]
}

/** Reads which steps a database has seen. @throws {Error} when it does not answer */
export function migrationState(connection: PostgresConnection): Promise<MigrationState> {
  return withClient(connection, (client) => readState(client, connection))
}

export interface MigrateOptions {
  /** How long those wait that are not the first of several nodes. */
  readonly lockTimeoutMs?: number | undefined
  /** Takes all steps again, so that what went missing is made anew. */
  readonly isForced?: boolean
}

/**
 * Takes the steps that a database has not seen. Several nodes may try at once; one does it.
 *
 * @returns the steps taken
 */
export function migrate(
  connection: PostgresConnection,
  { lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS, isForced = false }: MigrateOptions = {},
): Promise<readonly string[]> {
  return withClient(connection, async (client) => {
    const table = (name: string) => tableName(connection, name)
    await client.query('BEGIN')
    await waitForTurn(client, lockTimeoutMs)
    if (connection.schema !== undefined)
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(connection.schema)}`)
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${table('portunus_migrations')} (
         name text PRIMARY KEY,
         executed_at timestamptz NOT NULL DEFAULT now()
       )`,
    )
    const { outstanding } = await readState(client, connection)
    const steps = STEPS.filter(({ name }) => isForced || outstanding.includes(name))
    for (const { name, statements } of steps) {
      for (const statement of statements(table)) await client.query(statement)
      await client.query(
        `INSERT INTO ${table('portunus_migrations')} (name) VALUES ($1)
           ON CONFLICT (name) DO UPDATE SET executed_at = now()`,
        [name],
      )
    }
    await client.query('COMMIT')
    return steps.map(({ name }) => name)
  })
}

/** Deletes everything that is ours, entities included. */
export function resetDatabase(connection: PostgresConnection): Promise<void> {
  return withClient(connection, async (client) => {
    const names = ['portunus_entities', 'portunus_state', 'portunus_history', 'portunus_migrations']
    const tables = names.map((name) => tableName(connection, name)).join(', ')
    await client.query(`DROP TABLE IF EXISTS ${tables}`)
  })
}

/** Any number, as long as all versions use the same. */
const LOCK = 0x706f7274
const DEFAULT_LOCK_TIMEOUT_MS = 60_000
/** PostgreSQL's code for a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03'

/** The client knows more than its types do. */
interface PatientQuery extends pg.QueryConfig {
  readonly query_timeout: number
}

/** Holds the lock until the end of the transaction. @throws {Error} when the time is up */
async function waitForTurn(client: pg.Client, timeoutMs: number): Promise<void> {
  try {
    await client.query(`SET LOCAL lock_timeout = ${Math.ceil(timeoutMs)}`)
    // Waiting for others is not a lack of an answer.
    await client.query('SET LOCAL statement_timeout = 0')
    const wait: PatientQuery = {
      text: 'SELECT pg_advisory_xact_lock($1)',
      values: [LOCK],
      query_timeout: timeoutMs + 10_000,
    }
    await client.query(wait)
    await client.query('SET LOCAL statement_timeout TO DEFAULT')
  } catch (error) {
    if ((error as { readonly code?: string }).code !== LOCK_NOT_AVAILABLE) throw error
    throw new Error(
      `another node has been running migrations for ${timeoutMs / 1000} seconds; wait for it, or give more time with --lock-timeout`,
      { cause: error },
    )
  }
}

async function readState(
  client: pg.Client,
  connection: PostgresConnection,
): Promise<MigrationState> {
  const table = tableName(connection, 'portunus_migrations')
  const { rows: found } = await client.query<{ readonly is_there: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS is_there',
    [table],
  )
  const executed =
    found[0]?.is_there === true
      ? (
          await client.query<Pick<Step, 'name'>>(`SELECT name FROM ${table} ORDER BY name`)
        ).rows.map(({ name }) => name)
      : []
  const known = STEPS.map(({ name }) => name)
  return {
    isBootstrapped: executed.length > 0,
    executed,
    outstanding: known.filter((name) => !executed.includes(name)),
    unknown: executed.filter((name) => !known.includes(name)),
  }
}

async function withClient<Result>(
  connection: PostgresConnection,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(clientConfig(connection))
  // A connection that breaks fails the query that waits for it; nobody else needs to know.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
