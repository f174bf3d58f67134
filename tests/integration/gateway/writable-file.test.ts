import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { PATIENCE_MS } from '../../support/until.ts'

const CONFIG = (url: string) => `# mine
_format_version: "3.0"
services:
  - name: s    # the service
    url: ${url}
    routes:
      - name: r
        paths: [/a]
`

const WRITABLE = { declarative_config_writable: 'on', declarative_config_watch: 'on' }

function call(gateway: TestGateway, method: string, where: string, body?: object) {
  return fetch(gateway.adminUrl + where, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
}

const textOf = ({ prefix }: TestGateway) => readFileSync(path.join(prefix, 'kong.yml'), 'utf8')
const statusOf = async ({ url }: TestGateway, where: string) => (await fetch(url + where)).status

describe('declarative_config_writable', () => {
  it('serves writes of the Admin API at once and saves them beside what people wrote', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(CONFIG(upstream.url), WRITABLE)
    expect(await statusOf(gateway, '/b')).toBe(404)
    expect((await call(gateway, 'PUT', '/services/s/routes/r', { paths: ['/b'] })).status).toBe(200)
    expect(await statusOf(gateway, '/b')).toBe(200)
    expect(await statusOf(gateway, '/a')).toBe(404)
    expect(textOf(gateway)).toContain('# mine\n')
    expect(textOf(gateway)).toContain('  - name: s    # the service\n')
    expect(textOf(gateway)).toContain('paths: [/b]')
    const { configuration_hash: hash } = (await (await call(gateway, 'GET', '/status')).json()) as {
      configuration_hash: string
    }
    expect(hash).not.toBe('0'.repeat(32))
    expect(gateway.errorLog()).not.toContain('changed and was reloaded')
  })

  it('takes over what an editor saves, and keeps it through writes of its own', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(CONFIG(upstream.url), WRITABLE)
    const file = path.join(gateway.prefix, 'kong.yml')
    writeFileSync(file, CONFIG(upstream.url).replace('[/a]', '[/a, /c]'))
    await vi.waitFor(async () => expect(await statusOf(gateway, '/c')).toBe(200), PATIENCE_MS)
    await call(gateway, 'PATCH', '/services/s', { tags: ['x'] })
    expect(await statusOf(gateway, '/c')).toBe(200)
    expect(textOf(gateway)).toContain('[/a, /c]')
    expect(textOf(gateway)).toContain('tags:')
  })

  it('keeps serving and saves nothing over a file that somebody has broken', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(CONFIG(upstream.url), {
      ...WRITABLE,
      declarative_config_watch: 'off',
    })
    const broken = CONFIG(upstream.url).replace('paths:', 'pats:')
    writeFileSync(path.join(gateway.prefix, 'kong.yml'), broken)
    const refused = await call(gateway, 'PATCH', '/services/s', { tags: ['x'] })
    expect(refused.status).toBe(500)
    expect(((await refused.json()) as { message: string }).message).toContain('unknown field')
    expect(textOf(gateway)).toBe(broken)
    expect(await statusOf(gateway, '/a')).toBe(200)
  })

  it('says what is wrong with the file at start', async () => {
    await expect(startGateway('services: 5', WRITABLE)).rejects.toThrow(
      /^error parsing declarative config file .*kong\.yml:\n/,
    )
  })

  it('saves a whole configuration that is posted', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(CONFIG(upstream.url), WRITABLE)
    const config = CONFIG(upstream.url).replace('/a', '/posted')
    expect((await call(gateway, 'POST', '/config', { config })).status).toBe(201)
    expect(await statusOf(gateway, '/posted')).toBe(200)
    expect(textOf(gateway)).toContain('/posted')
  })
})
