import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const REPORT = fileURLToPath(new URL('wrk-report.lua', import.meta.url))

export interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
  /** Bytes of body to send by POST with every request; a GET without it. */
  readonly uploadBytes?: number
  /** Tokens to send in turn, one a line or `path token`, from that line on (0 is the first). */
  readonly requestsFile?: string
  readonly firstLine?: number
  /** Core that wrk is bound to. */
  readonly core: number
}

/** What wrk saw. Latencies in microseconds. */
export interface LoadFigures {
  readonly requests: number
  readonly durationUs: number
  readonly bytes: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  readonly notOk: number
  readonly socketErrors: number
}

/**
 * Puts one URL under load and reads wrk's own figures.
 *
 * @throws when an answer was not 2xx or 3xx: figures of refusals must not pass for those of answers
 */
export async function wrk(load: Load): Promise<LoadFigures> {
  const headers = Object.entries(load.headers).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ])
  const { stdout } = await run('taskset', [
    '-c',
    String(load.core),
    'wrk',
    '-t1',
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    '--timeout',
    '30s',
    '-s',
    REPORT,
    ...headers,
    load.url,
    // What follows reaches the script.
    '--',
    String(load.uploadBytes ?? 0),
    ...(load.requestsFile === undefined ? [] : [load.requestsFile, String(load.firstLine ?? 0)]),
  ])
  const line = stdout.split('\n').find((text) => text.startsWith('{'))
  if (line === undefined)
    throw new Error(`Cannot read the output of wrk for ${load.url}: ${stdout}`)
  const figures = JSON.parse(line) as LoadFigures
  if (figures.requests === 0) throw new Error(`Cannot measure ${load.url}: no answer came`)
  if (figures.notOk > 0)
    throw new Error(`Cannot measure ${load.url}: ${figures.notOk} answers were not 2xx`)
  return figures
}
