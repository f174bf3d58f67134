import { describe, expect, it } from 'vitest'
import type { Route, Service } from '../../entities/entity.ts'
import {
  configFaults,
  parsedConfig,
  testGateway,
  testPlugin,
  TEST_TIME_MS,
} from '../../plugin-kit/testing/test-plugin.ts'
import { zipkin } from './plugin.ts'
import { readRequestTags } from './request-tags.ts'

const TRACE = '463ac35c9f6413ad48485a3953bb6124'
const SPAN = 'a2fb4a1d1a96d312'
const PARENT = '0020000000000001'

describe('zipkin › schema', () => {
  it('has a default for all that it needs', () => {
    expect(parsedConfig(zipkin, {})).toMatchObject({
      local_service_name: 'kong',
      sample_ratio: 0.001,
      traceid_byte_count: 16,
      header_type: 'preserve',
      default_header_type: 'b3',
      phase_duration_flavor: 'annotations',
      propagation: { default_format: 'b3' },
      queue: { max_batch_size: 1 },
    })
  })

  it.each([
    [{ http_endpoint: '/in' }, 'config.http_endpoint: missing host in url'],
    [{ sample_ratio: 2 }, 'config.sample_ratio: value should be between 0 and 1'],
    [{ traceid_byte_count: 10 }, 'config.traceid_byte_count: expected one of: 8, 16'],
    [
      { static_tags: [{ name: 'http.method', value: 'x' }] },
      'config.static_tags.0.name: must not be one of: error, http.method, http.path, http.status_code, kong.balancer.state, kong.balancer.try, kong.consumer, kong.credential, kong.node.id, kong.route, kong.service, lc, peer.hostname',
    ],
    [
      { static_tags: ['1', '2'].map((value) => ({ name: 'a', value })) },
      'config.static_tags: repeated tags are not allowed: a',
    ],
    [
      { propagation: { extract: ['b3-single'], default_format: 'b3' } },
      'config.propagation.extract.0: expected one of: w3c, datadog, b3, gcp, jaeger, aws, ot',
    ],
    [
      { propagation: { inject: ['b3'] } },
      'config.propagation.default_format: required field missing',
    ],
    [
      { propagation: { clear: ['a b'], default_format: 'b3' } },
      "config.propagation.clear.0: bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(zipkin, config)).toEqual([fault])
  })
})

describe('zipkin › readRequestTags', () => {
  it.each<readonly [readonly string[], Readonly<Record<string, string>>, readonly string[]]>([
    [['foo=bar; baz= qux quux '], { foo: 'bar', baz: 'qux quux' }, []],
    [['a=b=c'], { 'a=b': 'c' }, []],
    [['a=1', 'b=2;'], { a: '1', b: '2' }, []],
    [['a=1;nothing; =x;c='], { a: '1' }, ['nothing', ' =x', 'c=']],
    [['__proto__=1'], { ['__proto__']: '1' }, []],
  ])('reads %j', (headers, tags, unreadable) => {
    const read = readRequestTags(headers)
    expect(Object.entries(read.tags)).toEqual(Object.entries(tags))
    expect(read.unreadable).toEqual(unreadable)
  })
})

describe('zipkin › headers', () => {
  const sent = async (headers: Record<string, string>, config: object = {}) => {
    const { upstream } = await testPlugin(zipkin, { ...config }, { request: { headers } })
    return (name: string) => upstream.header(name)
  }

  it('begins a trace where there is none', async () => {
    const header = await sent({}, { sample_ratio: 1 })
    expect(header('x-b3-traceid')).toMatch(/^[0-9a-f]{32}$/)
    expect(header('x-b3-spanid')).toMatch(/^[0-9a-f]{16}$/)
    expect(header('x-b3-parentspanid')).toMatch(/^[0-9a-f]{16}$/)
    expect(header('x-b3-sampled')).toBe('1')
  })

  it('says of a request that chance left out that it is not sampled', async () => {
    expect((await sent({}, { sample_ratio: 0 }))('x-b3-sampled')).toBe('0')
  })

  it('shares the span id of b3 with the caller', async () => {
    const header = await sent({
      'x-b3-traceid': TRACE,
      'x-b3-spanid': SPAN,
      'x-b3-parentspanid': PARENT,
      'x-b3-sampled': '1',
    })
    expect(header('x-b3-traceid')).toBe(TRACE)
    expect(header('x-b3-parentspanid')).toBe(SPAN)
    expect(header('x-b3-spanid')).not.toBe(SPAN)
  })

  it('goes on with a trace in the format it came in', async () => {
    const header = await sent({ traceparent: `00-${TRACE}-${SPAN}-01` })
    expect(header('traceparent')).toMatch(new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01$`))
    expect(header('x-b3-traceid')).toBeUndefined()
  })

  it('follows the older fields', async () => {
    const header = await sent({ b3: '1' }, { header_type: 'jaeger', default_header_type: 'w3c' })
    expect(header('b3')).toMatch(/^[0-9a-f]{32}-[0-9a-f]{16}-1-[0-9a-f]{16}$/)
    expect(header('uber-trace-id')).toMatch(/^[0-9a-f]{32}:[0-9a-f]{16}:[0-9a-f]{16}:01$/)
    expect((await sent({}, { default_header_type: 'w3c' }))('traceparent')).toBeDefined()
  })

  it('tells the client the trace id, and logs it', async () => {
    const config = { http_response_header_for_traceid: 'X-Trace' }
    const request = { headers: { traceparent: `00-${TRACE}-${SPAN}-00` } }
    const { response, exchange } = await testPlugin(zipkin, config, { request })
    expect(response.header('x-trace')).toBe(TRACE)
    expect(exchange.logValues.get('trace_id')).toEqual({ w3c: TRACE })
  })
})

describe('zipkin › sessions', () => {
  it('have spans of their own', () => {
    const added: string[] = []
    const node = {
      keep: () => ({ reconfigure: () => undefined, add: (text: string) => void added.push(text) }),
    } as never
    const config = { http_endpoint: 'http://zipkin.test', sample_ratio: 1 }
    const [handlers] = testGateway([[zipkin, config]], { node, now: TEST_TIME_MS + 50 }).handlers
    const session = {
      ip: '10.0.0.9',
      port: 4000,
      startedAtMs: TEST_TIME_MS,
      gatewayMs: 60,
      service: { id: 'service-1', name: 'database', host: 'db.test' },
      route: { id: 'route-1', name: null },
      tries: [
        {
          ip: '10.0.0.1',
          port: 5432,
          state: undefined,
          code: undefined,
          startedAtMs: TEST_TIME_MS + 60,
          balancerMs: 0,
        },
      ],
    } as never
    void handlers!.preread!(session)
    handlers!.logSession!(session)
    const [attempt, proxy, request] = added.map((text) => JSON.parse(text) as object)
    expect(request).toMatchObject({
      name: 'stream',
      kind: 'SERVER',
      remoteEndpoint: { ipv4: '10.0.0.9', port: 4000 },
      tags: { lc: 'kong', 'kong.node.id': expect.any(String) },
    })
    expect(proxy).toMatchObject({
      name: 'stream (proxy)',
      tags: { 'kong.service_name': 'database', 'peer.hostname': 'db.test' },
      annotations: [
        { value: 'kps', timestamp: (TEST_TIME_MS + 50) * 1000 },
        { value: 'kpf', timestamp: (TEST_TIME_MS + 60) * 1000 },
      ],
    })
    expect(attempt).toMatchObject({ name: 'stream (balancer try 1)' })
  })
})

describe('zipkin › spans', () => {
  const service = { id: 'service-1', name: 'orders', host: 'orders.test' } as unknown as Service
  const route = { id: 'route-1', name: 'all' } as unknown as Route

  /** What would be sent, taken from the queue that stands in for the server. */
  async function spans(
    config: object,
    request: object,
    change: (exchange: object) => void = () => undefined,
  ) {
    const added: string[] = []
    const logged: string[] = []
    const node = {
      keep: (name: string) => ({
        name,
        reconfigure: () => undefined,
        add: (text: string) => void added.push(text),
      }),
    } as never
    const settings = {
      http_endpoint: 'http://zipkin.test/api/v2/spans',
      sample_ratio: 1,
      ...config,
    }
    const gateway = testGateway([[zipkin, settings]], { node, logged, now: TEST_TIME_MS })
    const [handlers] = gateway.handlers
    const log = handlers!.log!.bind(handlers)
    handlers!.log = (exchange) => {
      change(exchange)
      log(exchange)
    }
    await gateway.send({ route, service, ...request })
    return { spans: added.map((text) => JSON.parse(text) as Record<string, never>), logged }
  }

  it('are one for the request and one for the way to the upstream', async () => {
    const result = await spans(
      { static_tags: [{ name: 'color', value: 'red' }], http_span_name: 'method_path' },
      { path: '/a?b=1', headers: { Host: 'api.test', 'Zipkin-Tags': 'foo=bar; broken' } },
    )
    const [proxy, request] = result.spans
    expect(request).toMatchObject({
      name: 'GET /a',
      kind: 'SERVER',
      localEndpoint: { serviceName: 'kong' },
      remoteEndpoint: { ipv4: '127.0.0.1' },
      tags: {
        lc: 'kong',
        'http.method': 'GET',
        'http.host': 'api.test',
        'http.path': '/a',
        'http.protocol': 'HTTP/1.1',
        'http.status_code': '200',
        'kong.node.id': '00000000-0000-4000-8000-00000000000a',
        color: 'red',
        foo: 'bar',
      },
    })
    expect(proxy).toMatchObject({
      name: 'GET /a (proxy)',
      kind: 'CLIENT',
      traceId: request!['traceId'],
      parentId: request!['id'],
      remoteEndpoint: { serviceName: 'orders' },
      tags: {
        'kong.service': 'service-1',
        'kong.service_name': 'orders',
        'kong.route': 'route-1',
        'kong.route_name': 'all',
      },
    })
    expect(proxy!['timestamp']).toBe(TEST_TIME_MS * 1000)
    const marks = (span: unknown) =>
      (span as { annotations: { value: string }[] }).annotations.map(({ value }) => value)
    expect(marks(request)).toEqual(['krs', 'krf'])
    expect(marks(proxy)).toEqual(['khs', 'khf', 'kbs', 'kas', 'kaf', 'kbf'])
    expect(result.logged).toEqual(['Could not parse the following Zipkin tags:  broken'])
  })

  it('have durations as tags where that is wanted', async () => {
    const { spans: made } = await spans({ phase_duration_flavor: 'tags' }, {})
    const [proxy, request] = made
    expect(request!['tags']).toMatchObject({ 'kong.rewrite.duration_ms': '0' })
    expect(proxy!['tags']).toMatchObject({
      'kong.access.duration_ms': '0',
      'kong.header_filter.duration_ms': '0',
      'kong.body_filter.duration_ms': '0',
    })
    expect(proxy).not.toHaveProperty('annotations')
  })

  it('are one for each try, with what failed', async () => {
    const at = TEST_TIME_MS
    const common = { startedAtMs: at, balancerMs: 0 }
    const { spans: made } = await spans({}, {}, (exchange) =>
      Object.assign(exchange, {
        latencies: { requestMs: 9, gatewayMs: 1, upstreamMs: 5, receiveMs: 3 },
        tries: [
          { ip: '10.0.0.1', port: 80, state: 'failed', code: 502, ...common },
          {
            ip: '::1',
            port: 81,
            state: undefined,
            code: undefined,
            ...common,
            startedAtMs: at + 2,
          },
        ],
      }),
    )
    const [first, second, proxy] = made
    expect(first).toMatchObject({
      name: 'GET (balancer try 1)',
      duration: 2000,
      remoteEndpoint: { ipv4: '10.0.0.1', port: 80, serviceName: 'orders' },
      tags: {
        'kong.balancer.try': '1',
        error: 'true',
        'kong.balancer.state': 'failed',
        'http.status_code': '502',
      },
    })
    expect(second).toMatchObject({
      duration: 5000,
      remoteEndpoint: { ipv6: '::1', port: 81 },
      tags: { 'kong.balancer.try': '2' },
    })
    expect(second!['tags']).not.toHaveProperty('error')
    expect(proxy).toMatchObject({
      remoteEndpoint: { ipv6: '::1', port: 81 },
      tags: { 'peer.hostname': 'orders.test' },
    })
  })

  it('name who came, the credential only if wanted', async () => {
    const identify = (exchange: object) =>
      Object.defineProperties(exchange, {
        consumer: { value: { id: 'consumer-1' } },
        credential: { value: { id: 'credential-1' } },
      })
    const { spans: made } = await spans({}, {}, identify)
    expect(made.at(-1)!['tags']).toMatchObject({
      'kong.consumer': 'consumer-1',
      'kong.credential': 'credential-1',
    })
    const { spans: less } = await spans({ include_credential: false }, {}, identify)
    expect(less.at(-1)!['tags']).not.toHaveProperty('kong.credential')
  })

  it('are not made for a request that is not sampled', async () => {
    expect((await spans({ sample_ratio: 0 }, {})).spans).toEqual([])
    const headers = { 'x-b3-sampled': '0' }
    expect((await spans({}, { headers })).spans).toEqual([])
    const wanted = { 'x-b3-sampled': '1' }
    expect((await spans({ sample_ratio: 0 }, { headers: wanted })).spans).not.toEqual([])
  })

  it('take the name that stands in for one', async () => {
    const config = { default_service_name: 'unknown', local_service_name: 'edge' }
    const { spans: made } = await spans(config, { service: undefined, route: undefined })
    for (const span of made)
      expect(span).toMatchObject({
        localEndpoint: { serviceName: 'edge' },
        remoteEndpoint: { serviceName: 'unknown' },
      })
  })
})
