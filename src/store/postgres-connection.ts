import pg from 'pg'

/** How a PostgreSQL database is reached. */
export interface PostgresConnection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password?: string
  readonly database: string
  /** Schema of the tables; else the first of the search path. */
  readonly schema?: string
  /** TLS; absent: none. */
  readonly tls?: {
    readonly isVerified: boolean
    /** PEM; absent: the authorities that Node knows. */
    readonly ca?: string
  }
  /** For connecting, and for each answer. */
  readonly timeoutMs: number
  /** Of the pool. */
  readonly maxConnections?: number
  /** How long a connection without a query is kept; a minute when absent. */
  readonly idleMs?: number
}

/** Settings for a client or a pool. */
export function clientConfig(connection: PostgresConnection): pg.ClientConfig {
  const { host, port, user, password, database, tls, timeoutMs } = connection
  return {
    host,
    port,
    user,
    database,
    ...(password !== undefined && { password }),
    ...(tls !== undefined && {
      ssl: {
        rejectUnauthorized: tls.isVerified,
        ...(tls.ca !== undefined && { ca: tls.ca }),
      },
    }),
    application_name: 'portunus',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** Settings for a pool. */
export function poolConfig(connection: PostgresConnection): pg.PoolConfig {
  const { maxConnections = 2, idleMs = 60_000 } = connection
  return { ...clientConfig(connection), max: maxConnections, idleTimeoutMillis: idleMs }
}

/** A table or channel of ours as it is written in SQL. */
export function tableName({ schema }: PostgresConnection, name: string): string {
  return schema === undefined ? name : `${pg.escapeIdentifier(schema)}.${name}`
}

/**
 * Whether a failure means that the server could not be asked; one that refuses, e.g. for a wrong
 * password, has answered.
 */
export function isUnanswered(error: unknown): boolean {
  const { code, severity } = error as { readonly code?: string; readonly severity?: string }
  // Of the classes of errors that servers send, those of connections, resources and shutdowns.
  return severity === undefined || /^(08|53|57)/.test(code ?? '')
}

/** An error without what the server repeats of a statement, which may hold secrets. */
export function postgresError(error: unknown): Error {
  const { message, code } = error as { readonly message?: string; readonly code?: string }
  const text = message === undefined || message === '' ? (code ?? 'no connection') : message
  return new Error(`PostgreSQL: ${text}`)
}
