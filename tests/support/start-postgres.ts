import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { PostgresConnection } from '../../src/store/postgres-connection.ts'
import { freePort } from './free-port.ts'
import { PATIENCE_MS } from './until.ts'

export interface TestPostgres extends AsyncDisposable {
  /** To a new and empty database. */
  newDatabase(): Promise<PostgresConnection>
}

/** A server that is the test's alone. */
export interface OwnPostgres extends TestPostgres {
  /** Ends the server as a crash would, and its connections with it. */
  crash(): Promise<void>
  restart(): Promise<void>
}

/** Whether {@link usePostgres} finds what it needs. */
export function hasPostgres(): boolean {
  return givenUrl() !== undefined || hasPostgresPrograms()
}

/** Whether this machine has what {@link startPostgres} needs. */
export function hasPostgresPrograms(): boolean {
  return programFolder() !== undefined
}

/** A server for new databases: the one that `TEST_POSTGRES_URL` names, else one of its own. */
export async function usePostgres(): Promise<TestPostgres> {
  const url = givenUrl()
  if (url === undefined) return startPostgres()
  const { hostname, port, username, password, pathname } = new URL(url)
  const databases = databasesOf({
    host: hostname,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    database: pathname.slice(1) || 'postgres',
    timeoutMs: PATIENCE_MS,
  })
  return { newDatabase: databases.add, [Symbol.asyncDispose]: databases.dropAll }
}

/**
 * Starts a PostgreSQL server with files of its own, on a port the system chose.
 *
 * @param tls PEM; without it the server knows no TLS
 */
export async function startPostgres(tls?: {
  readonly certificate: string
  readonly key: string
}): Promise<OwnPostgres> {
  const programs = programFolder()!
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-postgres-'))
  const user = userForServer()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const files = path.join(folder, 'data')
  const options = { cwd: folder, stdio: 'ignore', ...user } as const
  const making = ['-D', files, '-U', 'kong', '--auth=trust', '--no-sync']
  execFileSync(path.join(programs, 'initdb'), making, options)
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    // It survives crashes of its own without; with it, coming back may take as long as the disk is busy.
    fsync: 'off',
    ...(tls && tlsSettings(files, tls, user)),
  }
  const port = await freePort()
  const server: PostgresConnection = {
    host: '127.0.0.1',
    port,
    user: 'kong',
    database: 'postgres',
    timeoutMs: PATIENCE_MS,
  }
  let child = await start()

  async function start(): Promise<ChildProcess> {
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const program = path.join(programs, 'postgres')
    const started = spawn(program, ['-D', files, '-p', String(port), ...flags], options)
    await answering(server)
    return started
  }

  async function stop(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await exited
  }

  return {
    newDatabase: databasesOf(server).add,
    crash: () => stop('SIGQUIT'),
    async restart() {
      child = await start()
    },
    async [Symbol.asyncDispose]() {
      await stop('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function givenUrl(): string | undefined {
  return process.env['TEST_POSTGRES_URL'] || undefined
}

/** Debian keeps the programs of a server away from the search path. */
function programFolder(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter)
  const ofDebian = globSync('/usr/lib/postgresql/*/bin').toSorted(byNumber).toReversed()
  return [...onPath, ...ofDebian].find((folder) =>
    ['postgres', 'initdb'].every((program) => existsSync(path.join(folder, program))),
  )
}

function byNumber(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true })
}

function tlsSettings(
  folder: string,
  { certificate, key }: { readonly certificate: string; readonly key: string },
  user: ReturnType<typeof userForServer>,
): Readonly<Record<string, string>> {
  const [ssl_cert_file, ssl_key_file] = [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')]
  writeFileSync(ssl_cert_file, certificate)
  writeFileSync(ssl_key_file, key, { mode: 0o600 })
  for (const file of [ssl_cert_file, ssl_key_file])
    if (user !== undefined) chownSync(file, user.uid, user.gid)
  return { ssl: 'on', ssl_cert_file, ssl_key_file }
}

/** The server refuses to run as root, so it runs as the user that its package has made. */
function userForServer(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']).toString())
  return { uid: id('-u'), gid: id('-g') }
}

function databasesOf(server: PostgresConnection) {
  const names: string[] = []
  return {
    add: async (): Promise<PostgresConnection> => {
      const database = `test_${randomUUID().replaceAll('-', '')}`
      await query(server, `CREATE DATABASE ${database}`)
      names.push(database)
      return { ...server, database }
    },
    dropAll: async (): Promise<void> => {
      for (const name of names) await query(server, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

async function query(
  { host, port, user, password, database }: PostgresConnection,
  text: string,
): Promise<void> {
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

async function answering(connection: PostgresConnection): Promise<void> {
  for (let left = 1200; ; left -= 1) {
    try {
      await query(connection, 'SELECT 1')
      return
    } catch (error) {
      if (left === 0) throw error
      await delay(50)
    }
  }
}
