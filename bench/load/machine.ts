import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Cores: the gateway on one, the load and the upstream on the other. */
export const GATEWAY_CORE = 0
export const LOAD_CORE = 1

const BENCH = fileURLToPath(new URL('../', import.meta.url))

/** A folder for the files of one run; not kept in the repository. */
export function workFolder(): string {
  const folder = path.join(BENCH, '.work', String(process.pid))
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Writes a run into `bench/results/`, with what is needed to judge it. */
export function saveResult(
  kind: string,
  versions: Readonly<Record<string, string>>,
  result: object,
): void {
  const measuredAt = new Date().toISOString()
  const name = `${kind}-${measuredAt.slice(0, 16).replace(':', '')}.json`
  const file = path.join(BENCH, 'results', name)
  const record = {
    measuredAt,
    machine: {
      cpu: os.cpus()[0]?.model,
      cores: os.cpus().length,
      memoryGib: Math.round(os.totalmem() / 2 ** 30),
      kernel: os.release(),
    },
    versions: { node: process.version, ...versions },
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    ...result,
  }
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(record, undefined, 1)}\n`)
  console.log(`\nSaved as ${path.relative(process.cwd(), file)}`)
}

/** @throws when a tool is missing or there are not enough cores */
export function requireTools(): void {
  if (os.availableParallelism() < 2)
    throw new Error('Cannot measure: gateway and load need a core each, and there is only one')
  const missing = ['nginx', 'haproxy', 'wrk', 'h2load', 'openssl', 'taskset'].filter(
    (tool) => !isInstalled(tool),
  )
  if (missing.length > 0)
    throw new Error(
      `Cannot measure without ${missing.join(', ')}: apt-get install nginx-light haproxy wrk nghttp2-client openssl util-linux`,
    )
}

function isInstalled(tool: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
