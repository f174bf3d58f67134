import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startGateway, type TestGateway } from '../../tests/support/start-gateway.ts'
import { saveResult } from '../load/machine.ts'
import { cpuTime } from '../load/process-cost.ts'
import { median } from '../load/statistics.ts'
import { population, writeSqlite } from './population.ts'
import type { FromLoad, LoadOrder } from './steady-load.ts'

const { values: options } = parseArgs({
  options: {
    writes: { type: 'string', default: '100' },
    slices: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '10' },
    'no-save': { type: 'boolean', default: false },
  },
})
const LOAD = { perSecond: 500, seconds: Number(options.seconds) }
const WRITES_PER_SECOND = 1
const ON_SQLITE = { database: 'sqlite', declarative_config: '' }

const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-bench-'))
const load = fork(fileURLToPath(new URL('steady-load.ts', import.meta.url)))
try {
  const { upstreamPort } = (await nextMessage(load)) as Extract<FromLoad, { kind: 'ready' }>
  const upstreamUrl = `http://127.0.0.1:${upstreamPort}`
  const result = {
    ...(await atTenThousand(upstreamUrl)),
    loading: await loadHundredThousand(upstreamUrl),
  }
  console.log(JSON.stringify(result, undefined, 2))
  if (!options['no-save']) saveResult('control', {}, result)
} finally {
  load.kill()
  rmSync(folder, { recursive: true, force: true })
}

/** With 10,000 routes and 10,000 consumers in SQLite. */
async function atTenThousand(upstreamUrl: string) {
  const file = path.join(folder, 'ten-thousand.db')
  await writeSqlite(file, await population({ routes: 10_000, consumers: 10_000 }, upstreamUrl))
  await using gateway = await startGateway('', { ...ON_SQLITE, sqlite_file: file })
  return {
    writes: await timedWrites(gateway),
    pages: await timedPages(gateway),
    traffic: await trafficDuringWrites(gateway),
  }
}

/** From sending a write until its answer; by then requests on every worker must see it. */
async function timedWrites(gateway: TestGateway) {
  const routes: number[] = []
  const consumers: number[] = []
  for (let at = 0; at < Number(options.writes); at += 1) {
    routes.push(await timed(() => put(gateway, `/routes/w${at}`, routeBody(at))))
    for (let request = 0; request < 8; request += 1) await expectServed(gateway, `/w${at}`)
    consumers.push(await timed(() => put(gateway, `/consumers/w${at}`, {})))
  }
  return { routeMs: spread(routes), consumerMs: spread(consumers) }
}

async function timedPages(gateway: TestGateway) {
  const ms: number[] = []
  for (const kind of ['routes', 'consumers', 'key-auths'])
    for (let next: string | null = `/${kind}?size=1000`; next !== null;) {
      const startedAt = performance.now()
      const answer = await fetch(gateway.adminUrl + next)
      const page = (await answer.json()) as { readonly next: string | null }
      ms.push(performance.now() - startedAt)
      next = page.next
    }
  return { rows: 1000, ms: spread(ms) }
}

/** Slices without and with writes in turn, since the machine itself changes while they last. */
async function trafficDuringWrites(gateway: TestGateway) {
  const quiet: number[] = []
  const written: number[] = []
  await slice(gateway)
  for (let at = 0; at < Number(options.slices); at += 1) {
    quiet.push(await slice(gateway))
    const writer = writeSteadily(gateway, at)
    written.push(await slice(gateway))
    await writer.stop()
  }
  return {
    ...LOAD,
    writesPerSecond: WRITES_PER_SECOND,
    p99WithoutWritesMs: median(quiet),
    p99WithWritesMs: median(written),
    ratio: median(written.map((value, at) => value / quiet[at]!)),
    slices: { quiet, written },
  }
}

/** @returns the 99th percentile of one slice of load, in ms */
async function slice(gateway: TestGateway): Promise<number> {
  const order: LoadOrder = { port: gateway.port, path: '/r77', ...LOAD }
  load.send(order)
  const { ms, failures } = (await nextMessage(load)) as Extract<FromLoad, { kind: 'times' }>
  if (failures > 0) throw new Error(`${failures} requests were not answered with 200`)
  return percentile(ms, 0.99)
}

function writeSteadily(gateway: TestGateway, slice: number): { stop(): Promise<void> } {
  const ending = new AbortController()
  const done = (async () => {
    for (let at = 0; !ending.signal.aborted; at += 1) {
      const name = `${slice}-${at}`
      const ms = await timed(() =>
        at % 2 === 0
          ? put(gateway, `/routes/t${name}`, routeBody(name))
          : put(gateway, `/consumers/t${name}`, {}),
      )
      await new Promise((resolve) => setTimeout(resolve, 1000 / WRITES_PER_SECOND - ms))
    }
  })()
  return {
    async stop() {
      ending.abort()
      await done
    },
  }
}

/** From the start of the process until it serves, and the most memory it ever had. */
async function loadHundredThousand(upstreamUrl: string) {
  const entities = await population({ routes: 1, consumers: 100_000 }, upstreamUrl)
  const sqlite = path.join(folder, 'hundred-thousand.db')
  await writeSqlite(sqlite, entities)
  const file = path.join(folder, 'kong.yml')
  writeFileSync(file, yamlOf(upstreamUrl))
  return {
    sqlite: await started('', { ...ON_SQLITE, sqlite_file: sqlite }),
    yaml: await started('', { declarative_config: file }),
  }
}

async function started(config: string, settings: Readonly<Record<string, string>>) {
  const startedAt = performance.now()
  await using gateway = await startGateway(config, settings)
  const seconds = (performance.now() - startedAt) / 1000
  const { userUs, systemUs } = cpuTime(gateway.process.pid!)
  await expectServed(gateway, '/r0')
  const status = readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8')
  const peakMib = Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024
  return { seconds, cpuSeconds: (userUs + systemUs) / 1e6, peakMib: Math.round(peakMib) }
}

/** What a person would write. */
function yamlOf(upstreamUrl: string): string {
  const consumers = Array.from(
    { length: 100_000 },
    (_, at) => `- username: c${at}\n  keyauth_credentials:\n  - key: k${at}\n`,
  )
  return `_format_version: "3.0"
services:
- name: bench
  url: ${upstreamUrl}
  routes:
  - name: r0
    paths: [/r0]
consumers:
${consumers.join('')}`
}

function routeBody(name: number | string): object {
  return { paths: [`/w${name}`], service: { name: 'bench' } }
}

async function put({ adminUrl }: TestGateway, where: string, body: object): Promise<void> {
  const answer = await fetch(adminUrl + where, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`PUT ${where}: ${answer.status} ${text}`)
}

/** On a new connection, so that all workers have their turn. */
async function expectServed({ url }: TestGateway, where: string): Promise<void> {
  const answer = await fetch(url + where, { headers: { connection: 'close' } })
  await answer.text()
  if (answer.status !== 200) throw new Error(`GET ${where}: ${answer.status}`)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

function spread(ms: readonly number[]) {
  return { median: median(ms), p95: percentile(ms, 0.95), max: Math.max(...ms) }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`The load ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}
