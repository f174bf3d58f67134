import { beforeEach, describe, expect, it } from 'vitest'
import { adminClient, type AdminClient } from './admin-client.ts'

let admin: AdminClient
beforeEach(() => {
  admin = adminClient()
})

const idOf = (body: unknown): string => (body as { id: string }).id
const UNKNOWN_ID = '99999999-9999-4999-8999-999999999999'

describe('an entity of the Admin API', () => {
  it('is made, read, changed, replaced and deleted', async () => {
    const made = await admin.call('POST', '/services', { name: 'one', url: 'http://a:81/x' })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'one', host: 'a', port: 81, path: '/x', retries: 5, tags: null },
    })
    const id = idOf(made.body)
    expect((await admin.call('GET', `/services/${id}`)).body).toEqual(made.body)
    expect((await admin.call('GET', '/services/one')).body).toEqual(made.body)
    expect(await admin.call('PATCH', '/services/one', { retries: 1, path: null })).toMatchObject({
      status: 200,
      body: { id, retries: 1, path: null, port: 81 },
    })
    expect(await admin.call('PUT', '/services/one', { host: 'b' })).toMatchObject({
      status: 200,
      body: { id, name: 'one', host: 'b', port: 80, retries: 5 },
    })
    expect((await admin.call('DELETE', '/services/one')).status).toBe(204)
    expect((await admin.call('DELETE', '/services/one')).status).toBe(204)
    expect(await admin.call('GET', '/services/one')).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    })
  })

  it('is waited for until every worker serves it', async () => {
    const served: number[] = []
    const waiting = adminClient({
      changes: { whenServed: (version) => Promise.resolve(void served.push(version)) },
    })
    await waiting.call('PUT', '/consumers/ann', {})
    await waiting.call('PATCH', '/consumers/ann', { tags: ['x'] })
    await waiting.call('DELETE', '/consumers/ann')
    await waiting.call('GET', '/consumers/ann')
    expect(served).toEqual([1, 2, 3])
  })

  it.each<[string, 'POST' | 'PUT' | 'PATCH', string, object, number, object]>([
    [
      'taken name',
      'POST',
      '/services',
      { name: 'one', host: 'x' },
      409,
      { code: 5, fields: { name: 'one' } },
    ],
    ['taken id', 'POST', '/services', { id: 'ID', host: 'x' }, 400, { code: 3 }],
    [
      'broken rule',
      'POST',
      '/services',
      { port: -1 },
      400,
      { code: 2, fields: { host: 'required field missing' } },
    ],
    [
      'parent without a row',
      'POST',
      '/routes',
      { paths: ['/'], service: { id: UNKNOWN_ID } },
      400,
      { code: 4, fields: { service: { id: UNKNOWN_ID } } },
    ],
    [
      'parent without a name',
      'POST',
      '/routes',
      { paths: ['/'], service: { name: 'x' } },
      400,
      { code: 13 },
    ],
    [
      'change of nothing',
      'PATCH',
      '/services/nope',
      {},
      404,
      { code: 6, fields: { name: 'nope' } },
    ],
    [
      'change of no id',
      'PATCH',
      `/services/${UNKNOWN_ID}`,
      {},
      404,
      { code: 6, fields: { id: UNKNOWN_ID } },
    ],
    [
      'name that no row can have',
      'PUT',
      '/services/a%20b',
      { host: 'x' },
      400,
      { code: 10, name: 'invalid unique name' },
    ],
    ['segment that is no id', 'PATCH', '/ca_certificates/nope', {}, 400, { code: 1 }],
  ])('is refused with a code: %s', async (_case, method, url, body, status, expected) => {
    const { body: row } = await admin.call('POST', '/services', { name: 'one', host: 'x' })
    const sent = JSON.parse(JSON.stringify(body).replace('"ID"', `"${idOf(row)}"`)) as object
    expect(await admin.call(method, url, sent)).toMatchObject({ status, body: expected })
  })

  it('refers to others by a unique field or by id', async () => {
    const { body: service } = await admin.call('PUT', '/services/one', { host: 'x' })
    const expected = { status: 201, body: { service: { id: idOf(service) } } }
    for (const reference of [{ name: 'one' }, { id: idOf(service) }])
      expect(
        await admin.call('POST', '/routes', { paths: ['/'], service: reference }),
      ).toMatchObject(expected)
    expect(await admin.call('POST', '/routes', 'paths=/&service.name=one')).toMatchObject(expected)
  })

  it.each<[object, object]>([
    [
      { username: 'x', custom_id: 'y' },
      {
        code: 13,
        name: 'foreign keys unresolved',
        message: expect.stringMatching(
          /^2 foreign keys unresolved \(consumer\.custom_id: .*; consumer\.username: .*\)$/,
        ) as string,
        fields: {
          consumer: {
            username: `the foreign key cannot be resolved with '{username="x"}' for an existing 'consumers' entity`,
            custom_id: `the foreign key cannot be resolved with '{custom_id="y"}' for an existing 'consumers' entity`,
          },
        },
      },
    ],
    // A miss counts even where another field finds the row.
    [
      { username: 'x', custom_id: 'a-1' },
      { code: 13, fields: { consumer: { username: expect.any(String) as string } } },
    ],
    [{ username: 5 }, { code: 2, fields: { consumer: { username: 'expected a string' } } }],
    [
      { username: '' },
      { code: 2, fields: { consumer: { username: 'length must be at least 1' } } },
    ],
  ])('is refused where it refers to others by %j, which finds none', async (consumer, body) => {
    await admin.call('PUT', '/consumers/ann', { custom_id: 'a-1' })
    expect(await admin.call('POST', '/jwts', { consumer })).toMatchObject({ status: 400, body })
  })

  it('refers to others by a unique field where the id beside it is none', async () => {
    await admin.call('PUT', '/consumers/ann', { custom_id: 'a-1' })
    for (const id of [null, 'nope'])
      expect(
        (await admin.call('POST', '/jwts', { consumer: { id, username: 'ann' } })).status,
      ).toBe(201)
    expect((await admin.call('POST', '/jwts', { consumer: { custom_id: 'a-1' } })).status).toBe(201)
  })

  it('is not made of an empty URL', async () => {
    expect(await admin.call('POST', '/services', { url: '' })).toMatchObject({
      status: 400,
      body: { code: 2, fields: { url: 'length must be at least 1' } },
    })
  })

  it('stays while others need it, and takes along what is nothing without it', async () => {
    await admin.call('PUT', '/services/one', { host: 'x' })
    await admin.call('PUT', '/services/one/routes/r', { paths: ['/'] })
    await admin.call('POST', '/services/one/plugins', { name: 'jwt' })
    expect(await admin.call('DELETE', '/services/one')).toMatchObject({
      status: 400,
      body: { code: 4, fields: { '@referenced_by': 'routes' } },
    })
    await admin.call('DELETE', '/routes/r')
    await admin.call('DELETE', '/services/one')
    expect((await admin.call('GET', '/plugins')).body).toEqual({ data: [], next: null })
  })

  it('turns the texts of a form into what its fields ask for', async () => {
    await admin.call('PUT', '/services/one', { host: 'x' })
    const form =
      'name=rate&paths[]=/a&paths[]=/b&strip_path=false&headers.x-v[1]=1&headers.x-v[2]=2&hosts='
    expect(await admin.call('POST', '/services/one/routes', form)).toMatchObject({
      status: 201,
      body: { paths: ['/a', '/b'], strip_path: false, headers: { 'x-v': ['1', '2'] }, hosts: null },
    })
    await admin.call('POST', '/plugins', 'name=cors&instance_name=c&config.max_age=5')
    expect(await admin.call('PATCH', '/plugins/c', 'config.origins=http://a')).toMatchObject({
      status: 200,
      body: { config: { max_age: 5, origins: ['http://a'] } },
    })
  })

  it.each([-1, 1.5, 100_000_001, 'soon'])('refuses %j as a time to live', async (ttl) => {
    await admin.call('PUT', '/consumers/ann', {})
    expect(await admin.call('POST', '/consumers/ann/key-auth', { ttl })).toMatchObject({
      status: 400,
      body: {
        code: 11,
        name: 'invalid options',
        message: 'invalid option (ttl: must be an integer between 0 and 100000000)',
      },
    })
    expect(await admin.call('POST', '/consumers/ann/key-auth', { ttl, nope: 1 })).toMatchObject({
      body: { code: 2, fields: { nope: 'unknown field' } },
    })
  })

  it.each([
    [{ enabled: false }, { message: 'Not found' }],
    [
      { name: 'cors', route: null, service: null, consumer: null },
      { code: 6, name: 'not found' },
    ],
  ])('misses a plugin that %j is to change', async (change, body) => {
    const where = '/plugins/99999999-9999-4999-8999-999999999999'
    expect(await admin.call('PATCH', where, change)).toMatchObject({ status: 404, body })
  })

  it('takes YAML nowhere but as a whole configuration', async () => {
    const type = { 'content-type': 'application/yaml' }
    expect((await admin.send('POST', '/services', type, 'host: a')).status).toBe(415)
  })

  it('shows how long a credential still lives, and keeps the end through changes', async () => {
    await admin.call('PUT', '/consumers/ann', {})
    const key = '/consumers/ann/key-auth'
    expect(await admin.call('POST', key, { key: 'short', ttl: 60 })).toMatchObject({
      body: { ttl: 59 },
    })
    expect(await admin.call('POST', key, { key: 'long' })).toMatchObject({ body: { ttl: null } })
    const { body } = await admin.call('PATCH', `${key}/short`, { tags: ['x'] })
    expect((body as { ttl: number }).ttl).toBeGreaterThan(50)
    expect(body).not.toHaveProperty('expires_at')
  })
})

describe('an entity under its parent', () => {
  beforeEach(async () => {
    for (const name of ['ann', 'ben']) await admin.call('PUT', `/consumers/${name}`, {})
    await admin.call('POST', '/consumers/ann/jwt', { key: 'k', secret: 's' })
  })

  it('belongs to the parent in the path, whatever the body says', async () => {
    const { body: ann } = await admin.call('GET', '/consumers/ann')
    const body = { key: 'k2', consumer: { username: 'ben' } }
    expect(await admin.call('POST', '/consumers/ann/jwt', body)).toMatchObject({
      status: 201,
      body: { consumer: { id: idOf(ann) } },
    })
  })

  it.each(['GET', 'PATCH', 'DELETE'] as const)(
    'is not there under another parent for %s',
    async (method) => {
      const body = method === 'PATCH' ? {} : undefined
      expect((await admin.call(method, '/consumers/ben/jwt/k', body)).status).toBe(404)
      expect((await admin.call('GET', '/jwts/k')).body).toMatchObject({ secret: 's' })
    },
  )

  it('is put under another parent, or changed to be there', async () => {
    const { body: ben } = await admin.call('GET', '/consumers/ben')
    const { body: before } = await admin.call('GET', '/jwts/k')
    expect(await admin.call('PUT', '/consumers/ben/jwt/k', { secret: 't' })).toMatchObject({
      status: 200,
      body: { id: idOf(before), consumer: { id: idOf(ben) }, secret: 't' },
    })
    const body = { consumer: { username: 'ann' } }
    expect((await admin.call('PATCH', '/consumers/ben/jwt/k', body)).status).toBe(200)
    expect((await admin.call('GET', '/consumers/ann/jwt/k')).status).toBe(200)
    expect((await admin.call('GET', '/consumers/ben/jwt/k')).status).toBe(404)
  })

  it('is not there under a parent that is not', async () => {
    expect((await admin.call('GET', '/consumers/nope/jwt')).status).toBe(404)
    expect((await admin.call('POST', '/consumers/nope/jwt', {})).status).toBe(404)
    expect((await admin.call('DELETE', '/consumers/ann/jwt/nope')).status).toBe(404)
  })

  it('leads to its parent, which can be changed through it', async () => {
    expect((await admin.call('GET', '/jwts/k/consumer')).body).toMatchObject({ username: 'ann' })
    await admin.call('PATCH', '/jwts/k/consumer', { custom_id: 'c' })
    expect((await admin.call('GET', '/consumers/ann')).body).toMatchObject({ custom_id: 'c' })
    expect((await admin.call('DELETE', '/jwts/k/consumer')).status).toBe(405)
  })

  it('gets a parent made through it where it has none', async () => {
    await admin.call('PUT', '/routes/r', { paths: ['/'] })
    expect((await admin.call('GET', '/routes/r/service')).status).toBe(404)
    expect((await admin.call('DELETE', '/routes/r/service')).status).toBe(404)
    const { status, body: service } = await admin.call('PUT', '/routes/r/service', { host: 'x' })
    expect(status).toBe(200)
    expect((await admin.call('GET', '/routes/r')).body).toMatchObject({
      service: { id: idOf(service) },
    })
  })

  it('is named by its group where that is what tells it from the others', async () => {
    expect(await admin.call('PUT', '/consumers/ann/acls/g', {})).toMatchObject({
      status: 200,
      body: { group: 'g' },
    })
    await admin.call('PUT', '/consumers/ben/acls/g', {})
    await admin.call('PUT', '/consumers/ann/acls/g', { tags: ['x'] })
    const { body } = await admin.call('GET', '/acls')
    expect((body as { data: unknown[] }).data).toHaveLength(2)
    expect((await admin.call('GET', '/consumers/ann/acls/g')).body).toMatchObject({ tags: ['x'] })
    expect((await admin.call('DELETE', '/consumers/ann/acls/g')).status).toBe(204)
    expect((await admin.call('GET', '/consumers/ben/acls/g')).status).toBe(200)
  })
})

describe('a list of the Admin API', () => {
  beforeEach(async () => {
    for (let at = 0; at < 5; at += 1)
      await admin.call('PUT', `/consumers/c${at}`, {
        tags: at % 2 === 0 ? ['even', 'all'] : ['all'],
      })
  })

  async function names(url: string): Promise<readonly string[]> {
    const found: string[] = []
    for (let next: string | null = url; next !== null;) {
      const { body } = await admin.call('GET', next)
      const page = body as { data: { username: string }[]; next: string | null; offset?: string }
      expect(page.next === null).toBe(page.offset === undefined)
      found.push(...page.data.map(({ username }) => username))
      next = page.next
    }
    return found.sort()
  }

  it('comes in pages that lead to each other and keep what was asked', async () => {
    expect(await names('/consumers?size=2')).toEqual(['c0', 'c1', 'c2', 'c3', 'c4'])
    expect(await names('/consumers?size=2&tags=even,all')).toEqual(['c0', 'c2', 'c4'])
    expect(await names('/consumers?size=1&tags=even/nope')).toEqual(['c0', 'c2', 'c4'])
    expect(await names('/consumers?tags=even/')).toEqual(['c0', 'c2', 'c4'])
    expect(await names('/consumers?tags=even,')).toEqual([])
    expect(await names('/consumers?size=5')).toHaveLength(5)
  })

  it.each([
    ['size=0', { code: 9, message: 'size must be an integer between 1 and 1000' }],
    ['size=1.5', { code: 9, message: 'size must be an integer between 1 and 1000' }],
    ['size=', { code: 9, message: 'size must be a number' }],
    ['offset=%25', { code: 7, message: "'%' is not a valid offset: bad base64 encoding" }],
    ['offset=nope', { code: 7, message: "'nope' is not a valid offset: bad json encoding" }],
    ['tags=', { code: 11, options: { tags: 'cannot be null' } }],
    ['tags=a,%07', { code: 11, options: { tags: 'invalid filter syntax' } }],
    ['tags=,a', { code: 11, options: { tags: 'invalid filter syntax' } }],
    ['tags=a,,b', { code: 11, options: { tags: 'invalid filter syntax' } }],
    ['tags=a,b,c,d,e,f', { code: 11, options: { tags: 'cannot query more than 5 tags' } }],
  ])('refuses %s', async (query, body) => {
    expect(await admin.call('GET', `/consumers?${query}`)).toMatchObject({ status: 400, body })
  })

  it('ignores filters it does not know, and finds consumers by what others call them', async () => {
    await admin.call('PATCH', '/consumers/c1', { custom_id: 'x' })
    expect(await names('/consumers?username=c1&sort_by=name')).toHaveLength(5)
    expect(await names('/consumers?custom_id=x')).toEqual(['c1'])
    expect(await names('/consumers?custom_id=y')).toEqual([])
    expect((await admin.call('GET', '/consumers?custom_id=')).status).toBe(400)
  })

  it('shows the tags of all entities', async () => {
    const { body } = await admin.call('GET', '/tags/even')
    const { data } = body as { data: { entity_name: string }[] }
    expect(data.map(({ entity_name: name }) => name)).toEqual(Array(3).fill('consumers'))
    const some = (await admin.call('GET', '/tags/even?size=2')).body as { next: string }
    expect(some.next).toMatch(/^\/tags\/even\?offset=[^&]+$/)
    const first = (await admin.call('GET', '/tags?size=7')).body as { data: []; next: string }
    const rest = (await admin.call('GET', first.next)).body as { data: []; next: null }
    expect([first.data.length, rest.data.length, rest.next]).toEqual([7, 1, null])
  })
})
