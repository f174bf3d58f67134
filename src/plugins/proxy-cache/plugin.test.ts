import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Route } from '../../entities/entity.ts'
import type { AdminRequest } from '../../plugin-kit/plugin.ts'
import { fakeEntities } from '../../plugin-kit/testing/fake-entities.ts'
import type { FakeRequest, FakeReply } from '../../plugin-kit/testing/fake-exchange.ts'
import {
  configFaults,
  testContext,
  testGateway,
  TEST_TIME_MS,
  type TestOutcome,
} from '../../plugin-kit/testing/test-plugin.ts'
import { requestTransformer } from '../request-transformer/plugin.ts'
import { proxyCache } from './plugin.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }
const GOOD: FakeReply = { headers: JSON_TYPE, body: '{"n":1}' }
const route = { id: '0c0df27b-3ace-5b8a-8ce8-7eeaeade81f3' } as Route
const get = (path = '/', more: FakeRequest = {}): FakeRequest => ({
  path,
  route,
  reply: GOOD,
  ...more,
})
const status = ({ response }: TestOutcome) => response.header('x-cache-status')

function gatewayWith(config: Record<string, unknown> = {}, now: () => number = () => TEST_TIME_MS) {
  return testGateway([[proxyCache, { strategy: 'memory', ...config }]], { now })
}

/** The cache's verdicts on requests in a row. */
async function verdicts(config: Record<string, unknown>, requests: readonly FakeRequest[]) {
  const gateway = gatewayWith(config)
  const seen: (string | undefined)[] = []
  for (const request of requests) seen.push(status(await gateway.send(request)))
  return seen
}

describe('proxy-cache', () => {
  it('answers the second request itself, with what the first one got', async () => {
    let now = TEST_TIME_MS
    const gateway = gatewayWith({}, () => now)
    const reply = {
      status: 404,
      headers: [
        ['Content-Type', 'application/json'],
        ['X-Multi', 'one'],
        ['X-Multi', 'two'],
        ['Connection', 'close'],
        ['Content-Length', '7'],
        ['RateLimit-Remaining', '3'],
      ] as const,
      body: ['{"n"', ':1}'],
    }
    const first = await gateway.send(get('/x', { reply }))
    expect([first.answer, status(first), first.body]).toEqual([undefined, 'Miss', '{"n":1}'])
    now += 5000
    const second = await gateway.send(get('/x'))
    expect(second.answer).toMatchObject({
      kind: 'exit',
      status: 404,
      countsAsProxied: true,
      headers: {
        'Content-Type': 'application/json',
        'X-Multi': ['one', 'two'],
        age: '5',
        'X-Cache-Status': 'Hit',
        'X-Cache-Key': first.response.header('x-cache-key'),
      },
    })
    expect(second.answer?.headers).not.toHaveProperty('Connection')
    expect(second.body).toBe('{"n":1}')
  })

  it.each([
    ['/cache/cacheable', '8387ca8ca797d4ea3b6ed76885f7c4c32060c3d3ab64d659ba85af86583573bf'],
    ['/cache/cacheable?a=1', '5b3eb6b16d229511bbd674251eee54b545c06988b5cd562ff232e02b8f953afb'],
    [
      '/cache/cacheable?b=1&a=2',
      '6bc8ebb047ea431d419fbbf61eb3fe3306a9ff0fa4f1f9bbae113c77f9ab5c76',
    ],
    [
      '/cache/cacheable?a=2&b=1',
      '6bc8ebb047ea431d419fbbf61eb3fe3306a9ff0fa4f1f9bbae113c77f9ab5c76',
    ],
  ])('names the entry of %s as Kong does', async (path, key) => {
    const { response } = await gatewayWith({ content_type: ['application/json'] }).send(get(path))
    expect(response.header('x-cache-key')).toBe(key)
  })

  it('names an entry by what earlier plugins left of the request', async () => {
    const keyOf = async (config: Record<string, unknown>, request: FakeRequest) => {
      const cache = { strategy: 'memory', vary_headers: ['x-v'] }
      const gateway = testGateway([
        [requestTransformer, config],
        [proxyCache, cache],
      ])
      return (await gateway.send(request)).response.header('x-cache-key')
    }
    const plain = await keyOf({}, get('/x?a=1', { headers: { 'X-V': '1' } }))
    const removal = { remove: { querystring: ['b'] }, add: { headers: ['x-v:1'] } }
    expect(await keyOf(removal, get('/x?a=1&b=2'))).toBe(plain)
    expect(await keyOf({}, get('/x?a=1&b=2'))).not.toBe(plain)
  })

  it('names an entry by headers as they are configured', async () => {
    const config = { vary_headers: ['X-Lang'], vary_query_params: ['v'] }
    const { response } = await gatewayWith(config).send(
      get('/x?v=1&w=2', { headers: { 'x-lang': 'de' } }),
    )
    const name = `${route.id}|GET|GET /x|v=1|X-Lang=de`
    expect(response.header('x-cache-key')).toBe(createHash('sha256').update(name).digest('hex'))
  })

  it.each([
    ['the same', {}, [get('/x'), get('/x')], ['Miss', 'Hit']],
    ['paths', {}, [get('/x'), get('/y')], ['Miss', 'Miss']],
    ['paths in another case', { ignore_uri_case: true }, [get('/x'), get('/X')], ['Miss', 'Hit']],
    ['arguments', {}, [get('/?a=1'), get('/?a=2'), get('/?a')], ['Miss', 'Miss', 'Miss']],
    [
      'arguments with the letters between arguments in them',
      {},
      [
        get('/?a=1&b=2'),
        get('/?a=1%3Ab=2'),
        get('/?a=1:b=2'),
        get('/?a=1&a=2'),
        get('/?a=1,2'),
        get('/?a%3D=1'),
        get('/?a==1'),
        get('/?a=1%253Ab=2'),
      ],
      ['Miss', 'Miss', 'Hit', 'Miss', 'Miss', 'Miss', 'Miss', 'Miss'],
    ],
    [
      'headers with the letters between headers in them',
      { vary_headers: ['x-a', 'x-b'] },
      [
        get('/', { headers: { 'x-a': '1', 'x-b': '2' } }),
        get('/', { headers: { 'x-a': '1:x-b=2' } }),
      ],
      ['Miss', 'Miss'],
    ],
    [
      'arguments that do not count',
      { vary_query_params: ['v'] },
      [get('/?v=1&a=1'), get('/?a=2&v=1'), get('/?v=2')],
      ['Miss', 'Hit', 'Miss'],
    ],
    [
      'a query of nothing as one',
      { vary_query_params: ['v'] },
      [get('/?'), get('/?a')],
      ['Miss', 'Hit'],
    ],
    [
      'arguments that are no text',
      {},
      [get('/?a=%fe'), get('/?a=%ff'), get('/?a=%FE')],
      ['Miss', 'Miss', 'Hit'],
    ],
    ['repeated arguments', {}, [get('/?a=1&a=2'), get('/?a=2&a=1')], ['Miss', 'Hit']],
    [
      'headers that do not count',
      {},
      [get('/', { headers: { 'X-L': 'a' } }), get('/', { headers: { 'X-L': 'b' } })],
      ['Miss', 'Hit'],
    ],
    [
      'headers that count',
      { vary_headers: ['X-L'] },
      [get('/', { headers: { 'X-L': 'a' } }), get('/', { headers: { 'X-L': 'b' } })],
      ['Miss', 'Miss'],
    ],
    [
      'methods',
      {},
      [get('/'), get('/', { method: 'HEAD' }), get('/', { method: 'HEAD' })],
      ['Miss', 'Miss', 'Miss'],
    ],
    ['a method that is not cached', {}, [get('/', { method: 'POST' })], ['Bypass']],
    [
      'another content type',
      {},
      [get('/', { reply: { headers: { 'Content-Type': 'text/html' } } }), get('/')],
      ['Bypass', 'Miss'],
    ],
    [
      'another charset',
      {},
      [get('/', { reply: { headers: { 'Content-Type': 'application/json; charset=utf-8' } } })],
      ['Bypass'],
    ],
    [
      'the configured charset',
      { content_type: ['application/json;charset="UTF-8"'] },
      [get('/', { reply: { headers: { 'Content-Type': 'application/json; charset=utf-8' } } })],
      ['Miss'],
    ],
    [
      'a wildcard',
      { content_type: ['text/*'] },
      [get('/', { reply: { headers: { 'Content-Type': 'text/css' } } })],
      ['Miss'],
    ],
    ['no content type', {}, [get('/', { reply: {} })], ['Bypass']],
    ['another status', {}, [get('/', { reply: { ...GOOD, status: 500 } })], ['Bypass']],
    [
      'no-store, which does not count',
      {},
      [
        get('/', { reply: { ...GOOD, headers: { ...JSON_TYPE, 'Cache-Control': 'no-store' } } }),
        get('/'),
      ],
      ['Miss', 'Hit'],
    ],
  ])('tells apart %s', async (_, config, requests, expected) => {
    expect(await verdicts(config, requests)).toEqual(expected)
  })

  it('keeps consumers apart', async () => {
    const gateway = testGateway([
      [
        {
          ...proxyCache,
          name: 'who',
          priority: 2000,
          create: () => ({
            access: (exchange) =>
              exchange.authenticate({
                consumer: { id: exchange.request.header('who') } as never,
                credential: undefined,
              }),
          }),
        },
        { strategy: 'memory' },
      ],
      [proxyCache, { strategy: 'memory' }],
    ])
    const by = (who: string) => gateway.send(get('/', { headers: { who } }))
    expect([status(await by('ann')), status(await by('ben')), status(await by('ann'))]).toEqual([
      'Miss',
      'Miss',
      'Hit',
    ])
  })

  it('asks again when an entry is older than it is served', async () => {
    let now = TEST_TIME_MS
    const gateway = gatewayWith({ cache_ttl: 10, storage_ttl: 100 }, () => now)
    await gateway.send(get())
    now += 11_000
    expect(status(await gateway.send(get()))).toBe('Refresh')
    expect(status(await gateway.send(get()))).toBe('Hit')
    now += 101_000
    expect(status(await gateway.send(get()))).toBe('Miss')
  })

  it('does not store what is too long', async () => {
    const gateway = gatewayWith()
    const reply = {
      headers: JSON_TYPE,
      body: Array.from({ length: 10 }, () => 'x'.repeat(2 ** 20)),
    }
    expect((await gateway.send(get('/', { reply }))).body).toHaveLength(10 * 2 ** 20)
    expect(status(await gateway.send(get('/')))).toBe('Miss')
  })

  it('shows only the headers that are switched on, but all to whoever debugs', async () => {
    const off = { response_headers: { age: false, 'X-Cache-Status': false, 'X-Cache-Key': false } }
    const gateway = gatewayWith(off)
    const { response } = await gateway.send(get())
    expect([status({ response } as TestOutcome), response.header('x-cache-key')]).toEqual([
      undefined,
      undefined,
    ])
    expect(Object.keys((await gateway.send(get())).answer?.headers ?? {})).toEqual(['Content-Type'])
    const debugged = await gateway.send(get('/', { headers: { 'Kong-Debug': '1' } }))
    expect(debugged.answer?.headers).toMatchObject({ 'X-Cache-Status': 'Hit', age: '0' })
  })
})

describe('proxy-cache › cache_control', () => {
  const asking = (control: string): FakeRequest =>
    get('/', { headers: { 'Cache-Control': control }, reply: replying('max-age=60') })
  const replying = (control: string, more: Record<string, string> = {}): FakeReply => ({
    ...GOOD,
    headers: { ...JSON_TYPE, 'Cache-Control': control, ...more },
  })
  const good = get('/', { reply: replying('public, max-age=60') })
  const authorized = (control: string): FakeRequest =>
    get('/', { headers: { Authorization: 'Basic x' }, reply: replying(control) })

  it.each([
    ['max-age', [good, good], ['Miss', 'Hit']],
    ['no lifetime', [get(), get()], ['Bypass', 'Bypass']],
    ['no-store', [get('/', { reply: replying('no-store, max-age=60') })], ['Bypass']],
    ['private', [get('/', { reply: replying('private, max-age=60') })], ['Bypass']],
    ['max-age of 0', [get('/', { reply: replying('max-age=0') })], ['Bypass']],
    ['s-maxage over max-age', [get('/', { reply: replying('max-age=0, s-maxage="9"') })], ['Miss']],
    [
      'Expires',
      [get('/', { reply: replying('public', { Expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }) })],
      ['Miss'],
    ],
    [
      'Expires in the past',
      [get('/', { reply: replying('public', { Expires: 'Wed, 31 Dec 2025 00:00:00 GMT' }) })],
      ['Bypass'],
    ],
    [
      'Expires that is no HTTP date',
      [get('/', { reply: replying('public', { Expires: '2026-01-01T00:01:00Z' }) })],
      ['Bypass'],
    ],
    [
      'a request without cache',
      [good, asking('no-cache'), asking('no-store')],
      ['Miss', 'Bypass', 'Bypass'],
    ],
    [
      'a request with authorization, whose response is for all',
      [authorized('public, max-age=60'), good],
      ['Miss', 'Hit'],
    ],
    [
      'a request with authorization, whose response is for caches that are shared',
      [authorized('s-maxage=60'), good],
      ['Miss', 'Hit'],
    ],
    [
      'a request with authorization, whose response is its own',
      [authorized('max-age=60'), good],
      ['Bypass', 'Miss'],
    ],
    [
      'min-fresh',
      [good, asking('min-fresh=60'), asking('min-fresh=61')],
      ['Miss', 'Hit', 'Refresh'],
    ],
  ])('heeds %s', async (_, requests, expected) => {
    expect(await verdicts({ cache_control: true }, requests)).toEqual(expected)
  })

  it('heeds max-age and max-stale of requests', async () => {
    let now = TEST_TIME_MS
    const gateway = gatewayWith({ cache_control: true, storage_ttl: 1000 }, () => now)
    await gateway.send(good)
    now += 30_000
    expect(status(await gateway.send(asking('max-age=30')))).toBe('Hit')
    expect(status(await gateway.send(asking('max-age=29')))).toBe('Refresh')
    now += 70_000
    expect(status(await gateway.send(asking('max-stale=10')))).toBe('Hit')
    expect(status(await gateway.send(asking('max-stale=9')))).toBe('Refresh')
  })

  it('answers 504 when only a cached response is wanted and there is none', async () => {
    const { answer } = await gatewayWith({ cache_control: true }).send(asking('only-if-cached'))
    expect(answer).toMatchObject({
      kind: 'exit',
      status: 504,
      headers: { 'X-Cache-Key': expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(answer).not.toHaveProperty('body')
  })
})

describe('proxy-cache › Admin API', () => {
  const request = (
    node: AdminRequest['node'],
    parameters: Record<string, string>,
  ): AdminRequest => ({
    node,
    parameters,
    query: {},
    body: undefined,
    entities: fakeEntities({
      plugins: [
        { id: 'p', name: 'proxy-cache' },
        { id: 'q', name: 'cors' },
      ],
    }),
  })

  it('shows, forgets and purges entries', async () => {
    const { node } = testContext(proxyCache)
    const gateway = testGateway([[proxyCache, { strategy: 'memory' }]], { node })
    const key = (await gateway.send(get())).response.header('x-cache-key')!
    const ask = (method: string, path: string, parameters: Record<string, string> = {}) =>
      proxyCache.adminRoutes
        .find((each) => each.method === method && each.path === path)!
        .handle(request(node, parameters))

    const one = '/proxy-cache/:cache_key'
    const ofPlugin = '/proxy-cache/:plugin_id/caches/:cache_key'
    expect(await ask('GET', one, { cache_key: key })).toMatchObject({
      status: 200,
      body: { status: 200, body: '{"n":1}', body_len: 7, ttl: 300 },
    })
    expect(await ask('GET', ofPlugin, { plugin_id: 'p', cache_key: key })).toMatchObject({
      status: 200,
    })
    expect(await ask('GET', ofPlugin, { plugin_id: 'q', cache_key: key })).toMatchObject({
      status: 404,
      body: '',
    })
    expect(await ask('DELETE', one, { cache_key: key })).toEqual({ status: 204 })
    expect(await ask('DELETE', one, { cache_key: key })).toMatchObject({
      status: 404,
      body: '',
    })
    await gateway.send(get())
    expect(await ask('DELETE', '/proxy-cache')).toEqual({ status: 204 })
    expect(status(await gateway.send(get()))).toBe('Miss')
  })

  it('answers what any worker found', () => {
    const { combine } = proxyCache.adminRoutes[1]!
    expect(combine?.([{ status: 404 }, { status: 200 }])).toEqual({ status: 200 })
    expect(combine?.([{ status: 404 }])).toMatchObject({ status: 404, body: '' })
  })
})

describe('proxy-cache › schema', () => {
  it.each([
    [{}, 'config.strategy: required field missing'],
    [{ strategy: 'redis' }, 'config.strategy: expected one of: memory'],
    [{ strategy: 'memory', response_code: [] }, 'config.response_code: length must be at least 1'],
    [{ strategy: 'memory', cache_ttl: 0 }, 'config.cache_ttl: value must be greater than 0'],
    [
      { strategy: 'memory', request_method: ['DELETE'] },
      'config.request_method.0: expected one of: HEAD, GET, POST, PATCH, PUT',
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(proxyCache, config)).toEqual([fault])
  })
})
