import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../bin/portunus', import.meta.url))
const PATIENCE_MS = 20_000

export interface RunningGateway extends AsyncDisposable {
  readonly proxyUrl: string
  readonly adminUrl: string
}

/** Starts the gateway as its users do, on ports of its own. Its prefix goes with it unless one is given. */
export async function startGateway(
  settings: Readonly<Record<string, string>>,
  givenPrefix?: string,
): Promise<RunningGateway> {
  const prefix = givenPrefix ?? (await mkdtemp(path.join(os.tmpdir(), 'portunus-prefix-')))
  const [proxyPort, adminPort] = await freePorts(2)
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    env: {
      ...process.env,
      KONG_PREFIX: prefix,
      KONG_DATABASE: 'off',
      // As Kong's own listeners have it: HTTP/2 on the one with TLS counts for the other one too.
      KONG_PROXY_LISTEN: `127.0.0.1:${proxyPort} http2`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
      KONG_ADMIN_GUI_LISTEN: 'off',
      KONG_STATUS_LISTEN: 'off',
      KONG_PROXY_ACCESS_LOG: 'off',
      KONG_ADMIN_ACCESS_LOG: 'off',
      KONG_NGINX_DAEMON: 'off',
      KONG_NGINX_WORKER_PROCESSES: '1',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000)
    })
  try {
    await listening(proxyPort!, child)
    await listening(adminPort!, child)
  } catch (cause) {
    await end(child)
    throw new Error(`Cannot start the gateway: ${output}`, { cause })
  }
  return {
    proxyUrl: `http://127.0.0.1:${proxyPort}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    async [Symbol.asyncDispose]() {
      await end(child)
      if (givenPrefix === undefined) await rm(prefix, { recursive: true, force: true })
    },
  }
}

/**
 * Ports that were free a moment ago, all of four digits: the recorded ones have four, and so a
 * body in which they are exchanged keeps its length.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = []
  while (found.length < count) {
    const port = 4100 + Math.floor(Math.random() * 5800)
    if (port !== 8000 && port !== 8001 && !found.includes(port) && (await isFree(port)))
      found.push(port)
  }
  return found
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 20) {
    if (child.exitCode !== null) throw new Error('The gateway ended')
    if (await accepts(port)) return
    await delay(20)
  }
  throw new Error(`Nothing listens on port ${port}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(patience)
}
