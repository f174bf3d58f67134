import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { atOnce } from '../base/steps.ts'
import { healthMemory } from '../balancer/health-table.ts'
import { parseDeclarativeDocument } from '../declarative/parse.ts'
import { createCatalog } from '../entities/create-catalog.ts'
import { makeSharedMemory } from '../plugin-kit/shared-memory.ts'
import { readSettings } from '../settings/read-settings.ts'
import { orderSteps } from './changed-entities.ts'
import { InboundSharing } from './inbound-share.ts'
import { packSteps } from './packed-entities.ts'
import { preparePrefix } from './prefix-layout.ts'
import type { PackedContent } from './worker-messages.ts'
import { WorkerThread } from './worker-thread.ts'

/** A thread that serves a small configuration; whatever it prepares now makes way for requests. */
async function startWorker(): Promise<WorkerThread> {
  const worker = beginWorker({})
  await worker.prepare(1, servicesOf(1))
  expect(await worker.commit(1)).toBe(true)
  return worker
}

function beginWorker(more: Readonly<Record<string, string>>): WorkerThread {
  const prefix = mkdtempSync(path.join(os.tmpdir(), 'portunus-worker-'))
  onTestFinished(() => rmSync(prefix, { recursive: true }))
  const read = readSettings({
    environment: {},
    overrides: { prefix, database: 'off', proxy_listen: '127.0.0.1:0', ...more },
  })
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('\n'))
  const { settings } = read
  preparePrefix(settings)
  const worker = new WorkerThread(
    {
      settings,
      nodeId: 'node',
      memory: makeSharedMemory(),
      inbound: new InboundSharing(settings, Date.now()).share(Date.now()),
      healthMemory: healthMemory(),
      index: 0,
    },
    {
      onGone: (reason) => expect.fail(reason),
      onErrand: () => Promise.reject(new Error('no Admin API')),
    },
  )
  onTestFinished(() => worker.drain(0))
  return worker
}

const CATALOG = createCatalog([], { flavor: 'traditional_compatible' })

function servicesOf(count: number): PackedContent {
  const services = Array.from({ length: count }, (_, at) => ({
    name: `service-${at}`,
    host: 'a.test',
    routes: [{ name: `route-${at}`, paths: [`/path-${at}`] }],
  }))
  const document = { _format_version: '3.0', services }
  const parsed = parseDeclarativeDocument(document, { catalog: CATALOG, nowSeconds: 1 })
  if (!parsed.ok) throw new Error(parsed.message)
  return { kind: 'whole', entities: atOnce(packSteps(atOnce(orderSteps(parsed.entities)))) }
}

/** So many take many slices to be compiled, with a rest after each. */
const VERY_MANY = 3000
const CERTIFICATES = { proxy: [], admin: [], status: [], console: [] }

describe('WorkerThread', () => {
  it('answers questions while a configuration is compiled', async () => {
    const worker = await startWorker()
    const first = await Promise.race([
      worker.prepare(2, servicesOf(VERY_MANY)).then(() => 'prepared'),
      worker.ask<'status'>({ about: 'status' }).then(() => 'answered'),
    ])
    expect(first).toBe('answered')
  })

  it('ends while a configuration is compiled, and listens on nothing more then', async () => {
    const worker = await startWorker()
    const [prepared, listening] = [
      worker.prepare(2, servicesOf(VERY_MANY)),
      worker.listen(CERTIFICATES),
    ].map((asked) =>
      asked.then(
        () => 'done',
        (error: Error) => error.message,
      ),
    )
    await worker.drain(0)
    expect(await prepared).toBe('The worker is gone: it ended')
    expect(await listening).not.toBe('done')
  })

  it('is ended where it stands when it hangs', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-worker-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const source = path.join(folder, 'users.mjs')
    writeFileSync(source, 'for (;;);')
    const worker = beginWorker({ consumer_source: source })
    const prepared = worker.prepare(1, servicesOf(1)).catch((error: Error) => error.message)
    await worker.drain(0, 1000)
    expect(await prepared).toMatch(/^The worker is gone/)
  })

  it('says whether it serves what it is told to', async () => {
    const worker = await startWorker()
    expect(await worker.commit(2)).toBe(false)
    await worker.prepare(2, servicesOf(2))
    await worker.prepare(3, servicesOf(3))
    expect(await worker.commit(2)).toBe(false)
    expect(await worker.commit(3)).toBe(true)
    expect(await worker.commit(3)).toBe(true)
  })
})
