import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, it } from 'vitest'
import { createAdminServer } from '../../../src/admin/create-admin-server.ts'
import { adminContextForTest } from '../../support/admin-context.ts'
import { adminClient, type AdminClient } from './admin-client.ts'

let admin: AdminClient
beforeEach(() => {
  admin = adminClient()
})

describe('an answer of the Admin API', () => {
  it('says what it is, who sends it and how long it took', async () => {
    const { headers } = await admin.call('GET', '/services/nope')
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': '23',
      connection: 'keep-alive',
      server: 'kong/3.9.3',
      'x-kong-admin-latency': expect.stringMatching(/^\d+$/),
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
    })
    expect(headers).not.toHaveProperty('keep-alive')
    const silent = adminClient({ changes: { headers: { server: false, latency: false } } })
    expect(Object.keys((await silent.call('GET', '/services')).headers).sort()).toEqual([
      'access-control-allow-credentials',
      'access-control-allow-origin',
      'connection',
      'content-length',
      'content-type',
      'date',
    ])
  })

  it('lets pages of other origins read it, all of them unless some are named', async () => {
    const origin = async (client: AdminClient, asked?: string) =>
      (await client.send('GET', '/services', asked === undefined ? {} : { origin: asked })).headers[
        'access-control-allow-origin'
      ]
    expect(await origin(admin, 'http://a')).toBe('http://a')
    const named = adminClient({ changes: { guiOrigins: ['http://a', 'http://b'] } })
    expect(await origin(named, 'http://b')).toBe('http://b')
    expect(await origin(named, 'http://evil')).toBe('http://a')
    expect(await origin(named)).toBe('http://a')
  })

  it('has the same head and no body for HEAD', async () => {
    const got = await admin.call('GET', '/services')
    const { status, headers, body } = await admin.call('HEAD', '/services')
    expect([status, body, headers['content-length']]).toEqual([
      200,
      '',
      got.headers['content-length'],
    ])
  })

  it('names the methods of an address for OPTIONS', async () => {
    const { status, headers, body } = await admin.send('OPTIONS', '/services/x', {
      'access-control-request-headers': 'X-A',
    })
    const methods = 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'
    expect([status, body]).toEqual([204, ''])
    expect(headers).toMatchObject({
      allow: methods,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'X-A',
    })
    expect(headers).not.toHaveProperty('content-length')
  })

  it.each<['GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS', string, number]>([
    ['GET', '/nope', 404],
    ['OPTIONS', '/nope', 404],
    ['POST', '/services/x/y/z', 404],
    ['DELETE', '/services', 405],
    ['PUT', '/services', 405],
    ['POST', '/status', 405],
    ['GET', '/services/', 200],
    ['GET', '/workspaces', 404],
    ['GET', '/status/ready', 404],
    ['GET', '/robots.txt', 200],
  ])('is for %s %s a %i', async (method, url, status) => {
    expect((await admin.call(method, url)).status).toBe(status)
  })
})

describe('a hostile request to the Admin API', () => {
  const json = { 'content-type': 'application/json' }

  it.each<[string, object, string | Buffer, number]>([
    ['other content types', { 'content-type': 'text/plain' }, 'x', 415],
    ['a body without a content type', {}, '{}', 415],
    ['broken JSON', json, '{"a"', 400],
    ['a list', json, '[]', 400],
    ['JSON nested very deeply', json, `{"tags":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 400],
    ['a number where an object is due', json, '{"client_certificate":5,"host":"x"}', 400],
    ['a member called __proto__', json, '{"host":"x","__proto__":{"port":1}}', 400],
    ['a member called constructor', json, '{"host":"x","constructor":{"prototype":{}}}', 400],
    ['bytes that are not UTF-8', json, Buffer.from([0x7b, 0x22, 0xc0, 0x22, 0x7d]), 400],
    ['too large a body', json, `{"a":"${'x'.repeat(11 * 1024 * 1024)}"}`, 413],
    [
      'too many arguments',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'a=1&'.repeat(2000),
      400,
    ],
    [
      'a form that sets a prototype',
      { 'content-type': 'application/x-www-form-urlencoded' },
      '__proto__.host=x&constructor[prototype][host]=x',
      400,
    ],
  ])('is refused with %s', async (_case, headers, body, status) => {
    expect((await admin.send('POST', '/services', headers, body)).status).toBe(status)
    expect(({} as Record<string, unknown>)['host']).toBeUndefined()
  })

  it('is not answered with the content of an error', async () => {
    const errors: unknown[] = []
    const broken = adminClient({
      changes: {
        status: () => Promise.reject(new Error('secret detail')),
        log: { error: (message, cause) => errors.push(message, cause) },
      },
    })
    expect(await broken.call('GET', '/status')).toMatchObject({
      status: 500,
      body: { message: 'An unexpected error occurred' },
    })
    expect(errors).toEqual(['Cannot answer GET /status', new Error('secret detail')])
  })

  it.each([
    ['FOO /services HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['FOO /nope HTTP/1.1\r\nHost: x\r\n\r\n', 404],
    ['PROPFIND /services HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['GET /services HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['nonsense\r\n\r\n', 400],
    [`GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
  ])('is answered over a socket too: %j', async (request, status) => {
    const server = createAdminServer(adminContextForTest())
    const port = await server.listen({ host: '127.0.0.1', port: 0 })
    const socket = connect(port, '127.0.0.1')
    socket.write(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    const answer = await text(socket)
    await server.close()
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('Server: kong/3.9.3\r\n')
  })
})

describe('a node of the Admin API', () => {
  it('says what it is made of', async () => {
    await admin.call('POST', '/plugins', { name: 'jwt' })
    expect((await admin.call('GET', '/')).body).toMatchObject({
      version: '3.9.3',
      edition: 'community',
      plugins: {
        available_on_server: { jwt: { priority: 1450, version: '3.9.3' } },
        enabled_in_cluster: ['jwt'],
      },
      configuration: { database: 'memory' },
      pids: { master: 1, workers: [2] },
    })
    const { body } = await admin.call('GET', '/endpoints')
    expect((body as { data: string[] }).data).toEqual(
      expect.arrayContaining([
        '/',
        '/jwts/{jwt_secrets}/consumer',
        '/upstreams/{upstreams}/health',
      ]),
    )
  })

  it('says how it does, in the unit asked for', async () => {
    const memory = async (query: string) =>
      ((await admin.call('GET', `/status?${query}`)).body as { memory: unknown }).memory
    expect(await memory('')).toMatchObject({
      workers_lua_vms: [{ pid: 2, http_allocated_gc: '3.00 MiB' }],
    })
    expect(await memory('unit=K&scale=0')).toMatchObject({
      workers_lua_vms: [{ http_allocated_gc: '3072 KiB' }],
    })
    expect(await memory('unit=b')).toMatchObject({
      workers_lua_vms: [{ http_allocated_gc: 3145728 }],
    })
    expect(await memory('scale=x')).toMatchObject({
      lua_shared_dicts: { kong_db_cache: { capacity: '128.00 MiB', allocated_slabs: '0.00 MiB' } },
    })
    expect(await admin.call('GET', '/status?scale=-1')).toMatchObject({
      status: 400,
      body: { message: 'scale must be equal or greater than 0' },
    })
    expect((await admin.call('GET', '/status?unit=x')).status).toBe(400)
  })

  it('changes its log level for a while', async () => {
    const set: unknown[] = []
    const logging = adminClient({
      changes: { logLevel: { current: 'notice', set: (...change) => void set.push(change) } },
    })
    const put = async (path: string) =>
      ((await logging.call('PUT', `/debug/node/log-level/${path}`)).body as { message: string })
        .message
    expect(await put('debug?timeout=5')).toBe('log level changed')
    expect(await put('debug')).toBe('log level changed')
    expect(await put('notice')).toBe('log level is already notice')
    expect(await put('loud')).toBe('unknown log level: loud')
    expect(await put('debug?timeout=-1')).toBe('timeout must be greater than or equal to 0')
    expect(await put('debug?timeout=0.2')).toBe('log level changed')
    expect(await put('debug?timeout=soon')).toBe('log level changed')
    expect(set).toEqual([
      ['debug', 5],
      ['debug', 60],
      ['debug', 1],
      ['debug', 60],
    ])
  })

  it('tries entities against their schemas without keeping them', async () => {
    const validate = (kind: string, body: object) =>
      admin.call('POST', `/schemas/${kind}/validate`, body)
    expect((await validate('services', { host: 'x' })).status).toBe(200)
    expect(await validate('services', {})).toMatchObject({ status: 400, body: { code: 2 } })
    expect(await validate('plugins', { name: 'jwt', config: { nope: 1 } })).toMatchObject({
      status: 400,
      body: { fields: { config: { nope: 'unknown field' } } },
    })
    expect((await validate('nope', {})).status).toBe(404)
    expect(admin.context.store.all()).toEqual({})
  })

  it('tries what a form and the query say, as it stands', async () => {
    const tried = (query: string, form?: string) =>
      admin.call('POST', `/schemas/services/validate${query}`, form)
    expect((await tried('?host=x')).status).toBe(200)
    expect((await tried('?host=a%20b', 'host=x&tags[]=a&tags[]=b')).status).toBe(200)
    expect((await tried('', 'host=x&tags[1]=a&path=')).status).toBe(200)
    expect(await tried('', 'host=x&port=80&tags=a')).toMatchObject({
      status: 400,
      body: { fields: { port: 'expected an integer', tags: 'expected a set' } },
    })
    expect(admin.context.store.all()).toEqual({})
  })

  it('finds what it holds under a cache key', async () => {
    const { body } = await admin.call('PUT', '/consumers/ann', {})
    const { id } = body as { id: string }
    await admin.call('POST', '/consumers/ann/key-auth', { key: 'k' })
    await admin.call('POST', '/consumers/ann/plugins', { name: 'request-termination' })
    const found = async (key: string) => (await admin.call('GET', `/cache/${key}`)).status
    expect(await found(`consumers:${id}:::::w`)).toBe(200)
    expect(await found('keyauth_credentials:k:::::w')).toBe(200)
    expect(await found(`plugins:request-termination:::${id}::w`)).toBe(200)
    expect(await found('plugins:request-termination:::::w')).toBe(404)
    expect(await found('nope')).toBe(404)
    expect((await admin.call('DELETE', '/cache')).status).toBe(204)
  })

  it('lets plugins answer at addresses of their own', async () => {
    const asked: unknown[] = []
    const handle = () => ({ status: 204 })
    const withPlugin = adminClient({
      changes: {
        pluginEndpoints: {
          routes: [
            { method: 'GET', path: '/things/:key', handle },
            { method: 'DELETE', path: '/things/:key', handle },
          ],
          answer: ({ method }, { parameters, query }) => {
            asked.push([method, parameters, query])
            return Promise.resolve(
              method === 'GET'
                ? { status: 200, body: 'text', headers: { 'Content-Type': 'text/x' } }
                : { status: 404 },
            )
          },
        },
      },
    })
    expect(await withPlugin.call('GET', '/things/a?b=c')).toMatchObject({
      status: 200,
      body: 'text',
      headers: { 'content-type': 'text/x' },
    })
    expect((await withPlugin.call('DELETE', '/things/a')).body).toEqual({ message: 'Not found' })
    expect((await withPlugin.call('PUT', '/things/a', {})).status).toBe(405)
    expect(asked).toEqual([
      ['GET', { key: 'a' }, { b: 'c' }],
      ['DELETE', { key: 'a' }, {}],
    ])
  })
})

describe('the Status API', () => {
  it('says whether the node can take requests', async () => {
    let obstacle: string | undefined = 'failed to connect to database'
    const status = adminClient({
      isStatus: true,
      changes: {
        readiness: { obstacle: () => obstacle, drain: () => void (obstacle = 'draining') },
      },
    })
    expect(await status.call('GET', '/status/ready')).toMatchObject({
      status: 503,
      body: { message: 'failed to connect to database' },
    })
    obstacle = undefined
    expect(await status.call('GET', '/status/ready')).toMatchObject({
      status: 200,
      body: { message: 'ready' },
    })
    expect((await status.call('POST', '/status/ready', 'status=up')).status).toBe(400)
    expect((await status.call('POST', '/status/ready', 'status=draining')).status).toBe(204)
    expect((await status.call('GET', '/status/ready')).status).toBe(503)
  })

  it('changes nothing, shows no entities, and is not for pages of other origins', async () => {
    const status = adminClient({ isStatus: true, isDbLess: true })
    expect((await status.call('GET', '/services')).status).toBe(404)
    expect((await status.call('POST', '/config', {})).status).toBe(404)
    const { status: code, headers } = await status.call('GET', '/status')
    expect(code).toBe(200)
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    expect((await status.call('POST', '/upstreams/x/targets', {})).status).toBe(405)
  })
})
