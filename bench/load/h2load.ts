import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { LoadFigures } from './wrk.ts'

const run = promisify(execFile)

/** What h2load is to send: the same as wrk, over HTTP/2, one stream at a time on each connection. */
export interface Http2Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
  readonly core: number
}

/**
 * Puts one URL under load over HTTP/2. h2load prints no percentiles, so they are absent.
 *
 * @throws when an answer was not 2xx or a request failed
 */
export async function h2load(
  load: Http2Load,
): Promise<Pick<LoadFigures, 'requests' | 'durationUs' | 'socketErrors'>> {
  const { stdout } = await run('taskset', [
    '-c',
    String(load.core),
    'h2load',
    '-t1',
    `-c${load.connections}`,
    '-m1',
    `-D${load.seconds}`,
    ...Object.entries(load.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    load.url,
  ])
  const done = /requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed/.exec(
    stdout,
  )
  const notOk = /status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(stdout)
  if (done === null || notOk === null)
    throw new Error(`Cannot read the output of h2load for ${load.url}: ${stdout}`)
  const refused = notOk.slice(1).reduce((sum, count) => sum + Number(count), 0)
  if (refused > 0) throw new Error(`Cannot measure ${load.url}: ${refused} answers were not 2xx`)
  const requests = Number(done[1])
  if (requests === 0) throw new Error(`Cannot measure ${load.url}: no answer came`)
  return { requests, durationUs: load.seconds * 1e6, socketErrors: Number(done[2]) }
}
