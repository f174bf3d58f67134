import type { PostgresConnection } from '../../src/store/postgres-connection.ts'

/** The properties of `kong.conf` for a gateway on a database. */
export function settingsFor(connection: PostgresConnection): Readonly<Record<string, string>> {
  const { host, port, user, password, database, timeoutMs } = connection
  return {
    database: 'postgres',
    declarative_config: '',
    pg_host: host,
    pg_port: String(port),
    pg_user: user,
    pg_database: database,
    pg_timeout: String(timeoutMs),
    ...(password !== undefined && { pg_password: password }),
  }
}
