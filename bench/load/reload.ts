import { readFileSync } from 'node:fs'
import type { Contender } from './contenders/contender.ts'
import { wrk } from './wrk.ts'

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
  const load = {
    url: `${contender.url('plain', 'http')!}/`,
    headers: {},
    connections: 64,
    core: options.loadCore,
  }
  await wrk({ ...load, seconds: options.seconds })
  const before = await wrk({ ...load, seconds: options.seconds })
  const over = new AbortController()
  const underLoad = wrk({ ...load, seconds: options.seconds }).finally(() => over.abort())
  let reloads = 0
  while (!over.signal.aborted) {
    await postConfig(adminUrl, config)
    reloads += 1
  }
  const during = await underLoad
  return {
    p99BeforeUs: before.p99,
    p99DuringUs: during.p99,
    reloads,
    failedRequests: during.socketErrors + during.notOk,
  }
}

/** @throws when the gateway does not take the file */
export async function postConfig(adminUrl: string, file: string): Promise<void> {
  const answer = await fetch(`${adminUrl}/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ config: readFileSync(file, 'utf8') }),
  })
  await answer.arrayBuffer()
  if (answer.status !== 201)
    throw new Error(`Cannot measure POST /config: it gave ${answer.status}`)
}
