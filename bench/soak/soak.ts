import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import http from 'node:http'
import { startGateway, type TestGateway } from '../../tests/support/start-gateway.ts'
import { until } from '../../tests/support/until.ts'
import { LOADS, type LoadTarget } from './loads.ts'
import { startSoakUpstream } from './soak-upstream.ts'

export interface SoakOptions {
  /** Told after each unit; the soak ends when it says so. */
  readonly isOver: (units: number) => boolean
  /** Units that run at a time. */
  readonly concurrency: number
  /** The configuration is loaded anew after so many units. */
  readonly unitsPerReload: number
  readonly transport: 'auto' | 'public' | 'fast'
  /** Told of the gateway once it serves. */
  readonly onStarted?: (gateway: { readonly pid: number; readonly adminUrl: string }) => void
}

export interface KindResult {
  units: number
  answered: number
  closed: number
}

export interface SoakResult {
  readonly kinds: Readonly<Record<string, KindResult>>
  readonly reloads: number
  /** What went wrong: every wrong answer, and nothing else. */
  readonly faults: readonly string[]
  /** Sockets of the gateway before the load, and after it when all clients and upstreams had left. */
  readonly sockets: { readonly before: number; readonly after: number }
  /** Lines of the error log at `error` and above. */
  readonly errors: readonly string[]
}

/** A unit that takes longer hangs; none waits for more than the 60 seconds of a timeout. */
const PATIENCE_MS = 90_000
/** So many wrong answers end a soak. */
const FAULT_LIMIT = 20

/** Runs every kind of load at once against one gateway and checks every answer. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const upstream = await startSoakUpstream()
  const config = (round: number): object => configuration(upstream, round)
  await using gateway = await startGateway(config(0), {
    proxy_listen: '127.0.0.1:0 http2',
    nginx_worker_processes: '2',
    ...(options.transport !== 'auto' && { transport: options.transport }),
  })
  const pid = gateway.process.pid!
  const before = socketsOf(pid)
  options.onStarted?.({ pid, adminUrl: gateway.adminUrl })
  const agent = new http.Agent({ keepAlive: true, maxSockets: options.concurrency })
  const run = new Run(options, { port: gateway.port, agent }, (round) =>
    reload(gateway, config(round)),
  )
  await run.all()
  agent.destroy()
  await upstream[Symbol.asyncDispose]()
  await until(() => socketsOf(pid) <= before, 30_000).catch(() => {
    // The count below says so.
  })
  const { kinds, reloads, faults } = run
  const errors = gateway
    .errorLog()
    .split('\n')
    .filter((line) => /\[(?:error|crit|alert|emerg)\]/.test(line))
  return { kinds, reloads, faults, sockets: { before, after: socketsOf(pid) }, errors }
}

class Run {
  readonly kinds: Record<string, KindResult> = {}
  readonly faults: string[] = []
  reloads = 0
  #units = 0
  readonly #options: SoakOptions
  readonly #target: LoadTarget
  readonly #reload: (round: number) => void

  constructor(options: SoakOptions, target: LoadTarget, load: (round: number) => void) {
    this.#options = options
    this.#target = target
    this.#reload = load
    for (const kind of Object.keys(LOADS)) this.kinds[kind] = { units: 0, answered: 0, closed: 0 }
  }

  async all(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.concurrency }, () => this.#lane()))
  }

  async #lane(): Promise<void> {
    const names = Object.keys(LOADS)
    while (!this.#options.isOver(this.#units) && this.faults.length < FAULT_LIMIT) {
      const name = names[this.#units % names.length]!
      this.#units += 1
      if (this.#units % this.#options.unitsPerReload === 0) {
        this.reloads += 1
        this.#reload(this.reloads)
      }
      await this.#unit(name)
    }
  }

  async #unit(name: string): Promise<void> {
    const kind = this.kinds[name]!
    let timer: NodeJS.Timeout | undefined
    try {
      const hangs = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('neither answered nor closed')), PATIENCE_MS)
      })
      const { answered, closed } = await Promise.race([LOADS[name]!(this.#target), hangs])
      kind.units += 1
      kind.answered += answered
      kind.closed += closed
    } catch (error) {
      this.faults.push(`${name}: ${(error as Error).message.slice(0, 500)}`)
    } finally {
      clearTimeout(timer)
    }
  }
}

function configuration(
  { port, http2Port }: { readonly port: number; readonly http2Port: number },
  round: number,
): object {
  const service = (name: string, more: object): object => ({
    name,
    host: '127.0.0.1',
    port,
    retries: 1,
    routes: [{ name, paths: [`/${name}`] }],
    ...more,
  })
  return {
    _format_version: '3.0',
    services: [
      service('soak', {}),
      service('stream', {
        routes: [{ name: 'stream', paths: ['/stream'], request_buffering: false }],
      }),
      service('grpc', { protocol: 'grpc', port: http2Port }),
      // What changes from load to load.
      service(`round-${round}`, {}),
    ],
    plugins: [{ name: 'correlation-id' }],
  }
}

function reload(gateway: TestGateway, config: object): void {
  gateway.writeConfig(config)
  gateway.signal('SIGHUP')
}

/** Resident memory of a process in KiB, of all its threads. */
export function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith('socket:')
    } catch {
      // Closed since it was listed.
      return false
    }
  }).length
}
