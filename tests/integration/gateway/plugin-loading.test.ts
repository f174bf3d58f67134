import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

const RECORDER = new URL('../../support/record-modules.ts', import.meta.url)
const ON_SQLITE = { database: 'sqlite', declarative_config: '', nginx_worker_processes: '1' }

describe('the code of plugins', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-modules-'))
    file = path.join(folder, 'modules')
    writeFileSync(file, '')
    process.env['RECORD_MODULES_IN'] = file
    process.env['NODE_OPTIONS'] = `--import ${RECORDER.href}`
  })
  afterEach(() => {
    delete process.env['RECORD_MODULES_IN']
    delete process.env['NODE_OPTIONS']
    rmSync(folder, { recursive: true, force: true })
  })

  /** Folders of plugins of which workers have loaded anything. */
  function inWorkers(): readonly string[] {
    const found = readFileSync(file, 'utf8').matchAll(/\/src\/plugins\/([^/\n]+)\//g)
    return [...new Set([...found].map(([, name]) => name!))].toSorted()
  }

  it('is loaded by workers only where a plugin is configured, of connections too', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(
      {
        _format_version: '3.0',
        services: [
          {
            name: 'http',
            url: upstream.url,
            routes: [
              { paths: ['/keys'], plugins: [{ name: 'key-auth' }] },
              { paths: ['/open'], plugins: [{ name: 'cors', enabled: false }] },
            ],
          },
          {
            name: 'tcp',
            url: 'tcp://127.0.0.1:9',
            routes: [{ protocols: ['tcp'], sources: [{ ip: '127.0.0.1' }] }],
            plugins: [
              { name: 'ip-restriction', protocols: ['tcp'], config: { deny: ['127.0.0.1'] } },
            ],
          },
        ],
      },
      { stream_listen: '127.0.0.1:0', nginx_worker_processes: '2' },
    )
    expect(await statusOf(gateway, '/keys')).toBe(401)
    expect(await statusOf(gateway, '/open')).toBe(200)
    expect(inWorkers()).toEqual(['ip-restriction', 'key-auth'])
  })

  it('is loaded when a write first names a plugin, which then works for the next request', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway('', ON_SQLITE)
    await write(gateway, 'PUT', '/services/s', { url: upstream.url })
    await write(gateway, 'PUT', '/routes/r', { paths: ['/r'], service: { name: 's' } })
    // Credentials may be there before the plugin that asks for them.
    await write(gateway, 'PUT', '/consumers/ann', {})
    await write(gateway, 'POST', '/consumers/ann/key-auth', { key: 'known' })
    expect(await statusOf(gateway, '/r')).toBe(200)
    expect(inWorkers()).toEqual([])

    await write(gateway, 'POST', '/routes/r/plugins', { name: 'key-auth' })
    expect(await statusOf(gateway, '/r')).toBe(401)
    expect(await statusOf(gateway, '/r', { apikey: 'known' })).toBe(200)
    await write(gateway, 'POST', '/consumers/ann/key-auth', { key: 'later' })
    expect(await statusOf(gateway, '/r', { apikey: 'later' })).toBe(200)
    expect(inWorkers()).toEqual(['key-auth'])
  })

  it('is loaded when the Admin API asks for something that a plugin brings', async () => {
    await using gateway = await startGateway('', ON_SQLITE)
    const answer = await fetch(`${gateway.adminUrl}/metrics`)
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('kong_')])
    expect(inWorkers()).toEqual(['prometheus'])
  })
})

async function statusOf(
  gateway: TestGateway,
  where: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const answer = await fetch(gateway.url + where, { headers })
  await answer.arrayBuffer()
  return answer.status
}

async function write(
  gateway: TestGateway,
  method: string,
  where: string,
  body: object,
): Promise<void> {
  const answer = await fetch(gateway.adminUrl + where, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await answer.arrayBuffer()
  expect(answer.ok).toBe(true)
}
