import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { PostgresConnection } from '../../src/store/postgres-connection.ts'

export interface TestPostgres extends AsyncDisposable {
  /** To a new and empty database. */
  newDatabase(): Promise<PostgresConnection>
  /** Ends the server as a crash would, and its connections with it. */
  crash(): Promise<void>
  restart(): Promise<void>
}

/** Whether this machine has what {@link startPostgres} needs. */
export function hasPostgres(): boolean {
  return spawnSync('postgres', ['--version']).status === 0
}

/** Starts a PostgreSQL server with files of its own, on a port the system chose. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-postgres-'))
  const user = userForServer()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const files = path.join(folder, 'data')
  const options = { cwd: folder, stdio: 'ignore', ...user } as const
  execFileSync('initdb', ['-D', files, '-U', 'kong', '--auth=trust', '--no-sync'], options)
  const port = await freePort()
  const server: PostgresConnection = {
    host: '127.0.0.1',
    port,
    user: 'kong',
    database: 'postgres',
    timeoutMs: 2000,
  }
  let child = await start()

  async function start(): Promise<ChildProcess> {
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`]
    const started = spawn('postgres', ['-D', files, '-p', String(port), ...settings], options)
    await answering(server)
    return started
  }

  async function stop(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await exited
  }

  let databases = 0
  return {
    async newDatabase() {
      const database = `test_${(databases += 1)}`
      await query(server, `CREATE DATABASE ${database}`)
      return { ...server, database }
    },
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

/** The server refuses to run as root, so it runs as the user that its package has made. */
function userForServer(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']).toString())
  return { uid: id('-u'), gid: id('-g') }
}

async function query({ host, port, user, database }: PostgresConnection, text: string) {
  const client = new pg.Client({ host, port, user, database })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

async function answering(connection: PostgresConnection): Promise<void> {
  for (let left = 200; ; left -= 1) {
    try {
      await query(connection, 'SELECT 1')
      return
    } catch (error) {
      if (left === 0) throw error
      await delay(50)
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve((address as { readonly port: number }).port))
    })
  })
}
