import { beforeEach, describe, expect, it } from 'vitest'
import { adminClient, type AdminClient } from './admin-client.ts'

let admin: AdminClient

const CONFIG = `
_format_version: "3.0"
services:
- name: one
  host: x
  routes:
  - name: r
    paths: [/r]
consumers:
- username: ann
  jwt_secrets:
  - key: k
upstreams:
- name: u
  targets:
  - target: a.test:1
`

const yaml = (client: AdminClient, text: string, query = '') =>
  client.send('POST', `/config${query}`, { 'content-type': 'text/yaml' }, text)

beforeEach(async () => {
  admin = adminClient({ isDbLess: true })
  expect((await yaml(admin, CONFIG)).status).toBe(201)
})

describe('the Admin API without a database', () => {
  it.each<['POST' | 'PUT' | 'PATCH' | 'DELETE', string, object | undefined, string]>([
    ['POST', '/services', { host: 'x' }, "cannot create 'services' entities"],
    ['POST', '/services/one/routes', { paths: ['/'] }, "cannot create 'routes' entities"],
    ['PUT', '/services/n', { host: 'x' }, "cannot create or update 'services' entities by 'name'"],
    [
      'PUT',
      '/services/11111111-1111-4111-8111-111111111111',
      { host: 'x' },
      "cannot create or update 'services' entities",
    ],
    ['PATCH', '/services/one', { port: 1 }, "cannot update 'services' entities by 'name'"],
    ['DELETE', '/services/one', undefined, "cannot remove 'services' entities by 'name'"],
    ['DELETE', '/consumers/ann/jwt/k', undefined, "cannot remove 'jwt_secrets' entities by 'key'"],
    ['PUT', '/consumers/ann/acls/g', {}, "cannot create or update 'acls' entities"],
    ['PATCH', '/upstreams/u/targets/a.test:1', {}, "cannot update 'targets' entities"],
    ['DELETE', '/upstreams/u/targets/a.test:1', undefined, "cannot remove 'targets' entities"],
  ])('refuses %s %s after it has found nothing else wrong', async (method, url, body, text) => {
    expect(await admin.call(method, url, body)).toMatchObject({
      status: 405,
      body: {
        code: 12,
        name: 'operation unsupported',
        message: `${text} when not using a database`,
      },
    })
  })

  it('names other faults first', async () => {
    expect((await admin.call('POST', '/services', {})).status).toBe(400)
    expect((await admin.call('PATCH', '/services/one', { port: -1 })).status).toBe(400)
    expect((await admin.call('PATCH', '/services/nope', {})).status).toBe(404)
    expect((await admin.call('DELETE', '/services/nope')).status).toBe(204)
    expect((await admin.call('POST', '/services/nope/routes', { paths: ['/'] })).status).toBe(404)
  })

  it('answers others while it loads a large configuration, and then answers with all of it', async () => {
    const consumers = Array.from({ length: 2000 }, (_, at) => ({ username: `user-${at}` }))
    const document = { _format_version: '3.0', services: [{ name: 's', host: 'x' }], consumers }
    const order: string[] = []
    const loading = admin.call('POST', '/config', document).then((answer) => {
      order.push('loaded')
      return answer
    })
    const other = admin.call('GET', '/services/one').then((answer) => {
      order.push('other')
      return answer
    })
    expect(await other).toMatchObject({ status: 200, body: { name: 'one' } })
    const { status, body } = await loading
    expect(status).toBe(201)
    expect(order).toEqual(['other', 'loaded'])
    const loaded = body as Record<string, Record<string, { readonly id: string }>>
    expect(Object.keys(loaded)).toEqual(['consumers', 'services'])
    expect(Object.keys(loaded['consumers']!)).toHaveLength(2000)
    for (const [id, row] of Object.entries(loaded['consumers']!)) expect(row.id).toBe(id)
  })

  it('takes a whole configuration in any form', async () => {
    const document = { _format_version: '3.0', services: [{ name: 'two', host: 'y' }] }
    const text = JSON.stringify(document)
    const forms: (() => ReturnType<AdminClient['call']>)[] = [
      () => admin.call('POST', '/config', document),
      () => admin.call('POST', '/config', { config: text }),
      () => admin.call('POST', '/config', `config=${encodeURIComponent(text)}`),
      () => yaml(admin, text),
    ]
    for (const post of forms) {
      await yaml(admin, CONFIG)
      const { status, body } = await post()
      expect(status).toBe(201)
      expect(Object.values((body as { services: object }).services)).toMatchObject([
        { name: 'two', host: 'y', port: 80 },
      ])
      expect((await admin.call('GET', '/services/one')).status).toBe(404)
      expect((await admin.call('GET', '/services/two')).status).toBe(200)
    }
  })

  it('keeps what it has where a configuration is wrong, and says what is', async () => {
    const { status, body } = await yaml(admin, '_format_version: "3.0"\nservices:\n- nam: x\n')
    expect(status).toBe(400)
    expect(body).toEqual({
      code: 14,
      name: 'invalid declarative configuration',
      message:
        'declarative config is invalid: {services={{host="required field missing",nam="unknown field"}}}',
      fields: { services: [{ host: 'required field missing', nam: 'unknown field' }] },
    })
    expect((await admin.call('GET', '/services/one')).status).toBe(200)
    const flat = await yaml(
      admin,
      '_format_version: "3.0"\nservices:\n- nam: x\n',
      '?flatten_errors=1',
    )
    expect(flat.body).toMatchObject({ fields: {}, flattened_errors: [{ entity_type: 'service' }] })
  })

  it('says where, only to who asks for it', async () => {
    const { body } = await yaml(
      admin,
      '_format_version: "3.0"\nservices:\n- nam: x\n',
      '?positions=1',
    )
    expect((body as { portunus: { faults: unknown[] } }).portunus.faults).toContainEqual(
      expect.objectContaining({ path: ['services', 0, 'nam'], line: 3, message: 'unknown field' }),
    )
  })

  it('does not load again what it has, if told to look', async () => {
    expect(await yaml(admin, CONFIG, '?check_hash=1')).toMatchObject({ status: 304, body: '' })
    expect((await yaml(admin, CONFIG, '?check_hash=true')).status).toBe(201)
    expect((await yaml(admin, `${CONFIG}# changed\n`, '?check_hash=1')).status).toBe(201)
    const { body } = await admin.call('GET', '/status')
    expect(body).toMatchObject({ configuration_hash: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(body).not.toHaveProperty('database')
  })

  it('hands out a configuration that it takes back', async () => {
    // The time of the last change is that of the load.
    const rows = (client: AdminClient) =>
      JSON.stringify(client.context.store.all()).replaceAll(/"updated_at":\d+/g, '')
    const { body } = await admin.call('GET', '/config')
    const other = adminClient({ isDbLess: true })
    expect((await yaml(other, (body as { config: string }).config)).status).toBe(201)
    expect(rows(other)).toBe(rows(admin))
  })

  it('tells a client to come back while another configuration is being loaded', async () => {
    const busy = adminClient({
      isDbLess: true,
      changes: {
        loadConfig: () =>
          Promise.resolve({
            ok: false,
            status: 429,
            message: 'Currently loading previous configuration',
          }),
      },
    })
    expect(await yaml(busy, CONFIG)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      body: { message: 'Currently loading previous configuration' },
    })
  })

  it('leads through pages by keys of its own, with an empty one at the end of full ones', async () => {
    const users = ['a', 'b'].map((username) => ({ username }))
    await admin.call('POST', '/config', { _format_version: '3.0', consumers: users })
    const first = (await admin.call('GET', '/consumers?size=2')).body as { next: string }
    expect(first.next).toMatch(/^\/consumers\?offset=[A-Za-z0-9]+&size=2$/)
    expect((await admin.call('GET', first.next)).body).toEqual({ data: [], next: null })
    expect((await admin.call('GET', '/consumers?offset=nope')).body).toEqual({
      data: [],
      next: null,
    })
  })

  it('has no configuration to load with a database', async () => {
    const database = adminClient()
    expect((await database.call('GET', '/config')).status).toBe(400)
    expect((await database.call('POST', '/config', { config: CONFIG })).status).toBe(400)
  })
})
