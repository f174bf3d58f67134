import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { adminClient } from './admin-client.ts'

interface History {
  readonly data: readonly {
    readonly version: number
    readonly at: string
    readonly origin: { readonly by: string; readonly detail?: string }
    readonly change_count: number
    readonly changes: readonly { readonly entity: string }[]
    readonly can_roll_back: boolean
  }[]
  readonly next: string | null
}

describe('GET /config/history', () => {
  it('shows what was accepted, newest first, in words and without secrets', async () => {
    const admin = adminClient()
    await admin.call('PUT', '/services/orders', { host: 'a' })
    await admin.call('POST', '/services', { host: 'no/host' })
    await admin.call('PATCH', '/services/orders', { port: 81 })
    await admin.call('PUT', '/consumers/ann', {})
    await admin.call('POST', '/consumers/ann/jwt', { key: 'k', secret: 'hush-hush' })
    await admin.call('PATCH', '/consumers/ann/jwt/k', { secret: 'be-quiet' })
    const { status, body } = await admin.call('GET', '/config/history')
    expect(status).toBe(200)
    const { data, next } = body as History
    expect(next).toBeNull()
    expect(data.map(({ version }) => version)).toEqual([5, 4, 3, 2, 1])
    expect(data.map(({ can_roll_back: can }) => can)).toEqual([false, true, true, true, true])
    expect(data[3]).toMatchObject({
      version: 2,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      origin: { by: 'admin-api' },
      change_count: 1,
      changes: [
        {
          what: 'changed',
          entity: 'service "orders"',
          fields: [{ field: 'port', before: 80, after: 81 }],
        },
      ],
    })
    expect(data[1]!.changes[0]!.entity).toBe('jwt secret "k" of consumer "ann"')
    expect(JSON.stringify(body)).not.toMatch(/hush|quiet/)
  })

  it('comes in pages, each version in full where it is asked for', async () => {
    const admin = adminClient({ isDbLess: true })
    const consumers = Array.from({ length: 30 }, (_, at) => ({ username: `c${at}` }))
    for (const count of [30, 10, 0])
      await admin.call('POST', '/config', {
        _format_version: '3.0',
        consumers: consumers.slice(0, count),
      })
    const first = (await admin.call('GET', '/config/history?size=2')).body as History
    expect(first.data.map(({ version }) => version)).toEqual([3, 2])
    const second = (await admin.call('GET', first.next!)).body as History
    expect(second).toMatchObject({ data: [{ version: 1, change_count: 30 }], next: null })
    expect(second.data[0]!.changes).toHaveLength(20)
    const { body } = await admin.call('GET', '/config/history/1')
    expect((body as History['data'][number]).changes).toHaveLength(30)
    expect((await admin.call('GET', '/config/history/9')).status).toBe(404)
    expect((await admin.call('GET', '/config/history?offset=x')).status).toBe(400)
  })

  it('tells only what changed of a file that is read anew', async () => {
    const admin = adminClient({ isDbLess: true })
    const post = (port: number) =>
      admin.call('POST', '/config', {
        _format_version: '3.0',
        services: [{ name: 'a', host: 'h', port, routes: [{ paths: ['/unnamed'] }] }],
        consumers: [{ username: 'ann', jwt_secrets: [{ key: 'k', secret: 's' }] }],
      })
    await post(1)
    await post(1)
    await post(2)
    const { data } = (await admin.call('GET', '/config/history')).body as History
    expect(data.map(({ change_count: count }) => count)).toEqual([1, 0, 4])
    expect(data[0]!.changes).toMatchObject([
      { what: 'changed', entity: 'service "a"', fields: [{ field: 'port', before: 1, after: 2 }] },
    ])
    expect((await admin.call('POST', '/config/rollback', { version: 1 })).body).toMatchObject({
      changes: [{ fields: [{ field: 'port', before: 2, after: 1 }] }],
    })
  })

  it('is not among the endpoints that clients of Kong know', async () => {
    const { body } = await adminClient().call('GET', '/endpoints')
    expect((body as { data: readonly string[] }).data).not.toContain('/config/history')
  })
})

describe('POST /config/rollback', () => {
  it('puts an earlier version in force as a new one, which can be undone too', async () => {
    const admin = adminClient()
    await admin.call('PUT', '/services/orders', { host: 'a' })
    await admin.call('POST', '/services/orders/routes', { name: 'read', paths: ['/a'] })
    await admin.call('DELETE', '/routes/read')
    await admin.call('DELETE', '/services/orders')
    const back = await admin.call('POST', '/config/rollback', { version: 2 })
    expect(back).toMatchObject({
      status: 200,
      body: { version: 5, changes: [{ what: 'added' }, { what: 'added' }] },
    })
    expect((await admin.call('GET', '/services/orders/routes/read')).status).toBe(200)
    expect((await admin.call('POST', '/config/rollback', 'version=4')).status).toBe(200)
    expect((await admin.call('GET', '/services/orders')).status).toBe(404)
    const { data } = (await admin.call('GET', '/config/history')).body as History
    expect(data[0]!.origin).toEqual({ by: 'rollback', detail: 'to version 4' })
  })

  it.each([
    [{}, 400, 'version must be one of those that GET /config/history shows'],
    [{ version: 'x' }, 400, 'version must be one of those that GET /config/history shows'],
    [{ version: -1 }, 400, 'version must be one of those that GET /config/history shows'],
    [{ version: 1 }, 400, 'version 1 is in force already'],
    [{ version: 7 }, 404, 'there is no version 7'],
  ])('refuses %j', async (input, status, message) => {
    const admin = adminClient()
    await admin.call('PUT', '/services/orders', { host: 'a' })
    const answer = await admin.call('POST', '/config/rollback', input)
    expect(answer).toMatchObject({ status, body: { message } })
  })

  it('does not go where not everything is known', async () => {
    const admin = adminClient({ isDbLess: true })
    const consumers = Array.from({ length: 10_001 }, (_, at) => ({ username: `c${at}` }))
    await admin.context.store.replaceAll({}, { by: 'start' })
    await admin.call('POST', '/config', { _format_version: '3.0', consumers })
    await admin.call('POST', '/config', { _format_version: '3.0' })
    await admin.call('POST', '/config', { _format_version: '3.0', consumers: [consumers[0]] })
    expect(await admin.call('POST', '/config/rollback', { version: 1 })).toMatchObject({
      status: 409,
      body: {
        message:
          'there is no way back to version 1: not all that happened since is known; the oldest is 3',
      },
    })
    expect((await admin.call('POST', '/config/rollback', { version: 3 })).status).toBe(200)
  })
})

const CONFIG = `# kept
_format_version: "3.0"
services:
  - name: hello   # says hello
    url: http://127.0.0.1:1
    routes:
      - name: one
        paths: [/one]
        plugins:
          - name: request-termination
            config: {status_code: 418}
`

describe('a gateway that is rolled back', () => {
  const statusOf = async (url: string) => (await fetch(url)).status
  const post = (url: string, body: object) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const rollBack = (admin: string, version: number) =>
    fetch(`${admin}/config/rollback`, {
      method: 'POST',
      body: new URLSearchParams({ version: String(version) }),
    })

  it.each<[string, (admin: string) => Promise<Response>]>([
    ['off', (admin) => post(`${admin}/config`, { _format_version: '3.0' })],
    ['memory', (admin) => fetch(`${admin}/routes/one`, { method: 'DELETE' })],
  ])('serves what its file said: database = %s', async (database, change) => {
    await using gateway = await startGateway(CONFIG, { database })
    const { adminUrl, url } = gateway
    expect((await change(adminUrl)).status).toBeLessThan(300)
    expect(await statusOf(`${url}/one`)).toBe(404)
    expect((await rollBack(adminUrl, 1)).status).toBe(200)
    expect(await statusOf(`${url}/one`)).toBe(418)
    const history = (await (await fetch(`${adminUrl}/config/history/1`)).json()) as object
    expect(history).toMatchObject({
      origin: { by: 'start', detail: path.join(gateway.prefix, 'kong.yml') },
    })
  })

  it('serves what its database held', async () => {
    await using gateway = await startGateway(CONFIG, { database: 'sqlite' })
    const { adminUrl, url } = gateway
    await post(`${adminUrl}/routes`, { name: 'one', paths: ['/one'] })
    const plugin = { name: 'request-termination', config: { status_code: 418 } }
    await post(`${adminUrl}/routes/one/plugins`, plugin)
    await fetch(`${adminUrl}/routes/one`, { method: 'DELETE' })
    expect(await statusOf(`${url}/one`)).toBe(404)
    expect((await rollBack(adminUrl, 2)).status).toBe(200)
    expect(await statusOf(`${url}/one`)).toBe(418)
    expect((await rollBack(adminUrl, 0)).status).toBe(200)
    expect(await statusOf(`${url}/one`)).toBe(404)
  })

  it('writes into its file what differs, and nothing else', async () => {
    const settings = { declarative_config_writable: 'on', declarative_config_watch: 'on' }
    await using gateway = await startGateway(CONFIG, settings)
    const file = path.join(gateway.prefix, 'kong.yml')
    await fetch(`${gateway.adminUrl}/services/hello`, {
      method: 'PATCH',
      body: new URLSearchParams({ port: '2' }),
    })
    expect(readFileSync(file, 'utf8')).not.toBe(CONFIG)
    expect((await rollBack(gateway.adminUrl, 0)).status).toBe(200)
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('# kept')
    expect(text).toContain('# says hello')
    const service = await (await fetch(`${gateway.adminUrl}/services/hello`)).json()
    expect(service).toMatchObject({ port: 1 })
  })
})
