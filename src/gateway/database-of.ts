import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Settings } from '../settings/settings.ts'
import type { PostgresConnection } from '../store/postgres-connection.ts'
import { StartFault } from './start-fault.ts'

/** How the settings say PostgreSQL is reached. @throws {StartFault} when a file of authorities cannot be read */
export function postgresOf(settings: Settings): PostgresConnection {
  const { pg_max_concurrent_queries: queries, pg_pool_size: size } = settings
  return {
    host: settings.pg_host,
    port: settings.pg_port,
    user: settings.pg_user,
    database: settings.pg_database,
    timeoutMs: settings.pg_timeout,
    maxConnections: Math.max(1, Math.min(MOST_CONNECTIONS, queries || Infinity, size || Infinity)),
    ...(settings.pg_keepalive_timeout && { idleMs: settings.pg_keepalive_timeout }),
    ...(settings.pg_password && { password: settings.pg_password }),
    ...(settings.pg_schema && { schema: settings.pg_schema }),
    ...(settings.pg_ssl && { tls: tlsOf(settings) }),
  }
}

/** One that writes or reads, and one that is asked whether the database answers. */
const MOST_CONNECTIONS = 2

/** The replica that is read when a node starts, where the settings name one. */
export function replicaOf(settings: Settings): PostgresConnection | undefined {
  const { pg_ro_host: host } = settings
  return host ? postgresOf({ ...settings, ...replicaSettings(settings), pg_host: host }) : undefined
}

/** What is said of the replica; the rest is as for PostgreSQL itself. */
function replicaSettings(settings: Settings): Partial<Settings> {
  const given = Object.entries(settings).flatMap(([name, value]) =>
    name.startsWith('pg_ro_') && value ? [[name.replace('pg_ro_', 'pg_'), value]] : [],
  )
  return Object.fromEntries(given) as Partial<Settings>
}

function tlsOf(settings: Settings): NonNullable<PostgresConnection['tls']> {
  const files = settings.lua_ssl_trusted_certificate.filter((file) => file !== 'system')
  // Files stand in for the system's authorities, not beside them.
  const ca = files.map(readAuthorities).join('\n')
  return { isVerified: settings.pg_ssl_verify, ...(ca !== '' && { ca }) }
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartFault(
      `lua_ssl_trusted_certificate: cannot read "${file}": ${(error as Error).message}`,
    )
  }
}

/** The file of `database = sqlite`. */
export function sqliteFileOf({ prefix, sqlite_file: file }: Settings): string {
  return path.resolve(prefix, file)
}

/** Whether entities are kept by a database, so that no declarative file is looked at. */
export function hasDatabase({ database }: Pick<Settings, 'database'>): boolean {
  return database === 'postgres' || database === 'sqlite'
}
