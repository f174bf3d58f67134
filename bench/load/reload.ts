import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { Contender } from './contenders/contender.ts'
import { wrk, type LoadFigures } from './wrk.ts'

export interface ReloadFigures {
  readonly p99BeforeUs: number
  readonly p99DuringUs: number
  readonly reloads: number
  readonly failedRequests: number
}

/** Replaces the whole configuration again and again while the gateway is under load. */
export async function measureReload(
  contender: Contender,
  options: { readonly seconds: number; readonly loadCore: number },
): Promise<ReloadFigures> {
  const { adminUrl, config } = contender.control!
  const body = configBody(config)
  const load = {
    url: `${contender.url('plain', 'http')!}/`,
    headers: {},
    connections: 64,
    core: options.loadCore,
  }
  const reloadUnderLoad = async (): Promise<LoadFigures & { readonly reloads: number }> => {
    const over = new AbortController()
    const underLoad = wrk({ ...load, seconds: options.seconds }).finally(() => over.abort())
    let reloads = 0
    while (!over.signal.aborted) {
      await postConfig(adminUrl, body)
      reloads += 1
    }
    return { ...(await underLoad), reloads }
  }
  // As with requests, what the compiler at run time has not seen yet is not what is measured.
  await reloadUnderLoad()
  const before = await wrk({ ...load, seconds: options.seconds })
  const during = await reloadUnderLoad()
  return {
    p99BeforeUs: before.p99,
    p99DuringUs: during.p99,
    reloads: during.reloads,
    failedRequests: during.socketErrors + during.notOk,
  }
}

/** What is posted to have a file loaded. */
export function configBody(file: string): Buffer {
  return Buffer.from(JSON.stringify({ config: readFileSync(file, 'utf8') }))
}

/**
 * The answer is let go as it comes: the client has the core of the load, which would feel more.
 *
 * @throws when the gateway does not take the configuration
 */
export async function postConfig(adminUrl: string, body: Buffer): Promise<void> {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const request = http.request(`${adminUrl}/config`, { method: 'POST', headers }, (answer) => {
      answer.on('error', reject).on('end', () => resolve(answer.statusCode))
      answer.resume()
    })
    request.on('error', reject).end(body)
  })
  if (status !== 201) throw new Error(`Cannot measure POST /config: it gave ${status}`)
}
