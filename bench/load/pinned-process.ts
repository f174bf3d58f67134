import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createServer, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface PinnedProcess extends AsyncDisposable {
  readonly pid: number
}

export interface PinnedCommand {
  /** One core, or several as `taskset` names them. */
  readonly core: number | string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** It is ready once something listens here. */
  readonly port: number
}

/** Starts a command bound to one core and waits until its port takes connections. */
export async function startPinned(spec: PinnedCommand): Promise<PinnedProcess> {
  // `taskset` replaces itself by the command, so the pid is the command's own.
  const child = spawn('taskset', ['-c', String(spec.core), ...spec.command], {
    env: { ...process.env, ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const name = spec.command.join(' ')
  for (let waited = 0; !(await isListening(spec.port)); waited += 20) {
    if (child.exitCode !== null) throw new Error(`Cannot start ${name}: it ended. ${output}`)
    if (waited > 30_000) {
      await stop(child)
      throw new Error(`Cannot start ${name}: nothing listens on port ${spec.port}. ${output}`)
    }
    await delay(20)
  }
  return { pid: child.pid!, [Symbol.asyncDispose]: () => stop(child) }
}

/** The system gives ports from 32768 on to whoever asks for any, so that one of those may be taken meanwhile. */
const PORTS = { first: 12_000, count: 16_000 }
const given = new Set<number>()

/** A port that is free, and that nobody else gets by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count)
    if (given.has(port) || !(await canListen(port))) continue
    given.add(port)
    return port
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(patience)
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
