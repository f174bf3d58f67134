import { describe, expect, it } from 'vitest'
import type { Route, Service } from '../../entities/entity.ts'
import type { LogLine, NodeServices } from '../../plugin-kit/plugin.ts'
import { queueFieldWith } from '../../plugin-kit/queue-fields.ts'
import {
  configFaults,
  parsedConfig,
  testGateway,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import { noting, notedParts } from '../../plugin-kit/tracing/phase-notes.ts'
import { encodeExport, type OtlpEntry } from './otlp.ts'
import { opentelemetry } from './plugin.ts'
import { isInShare } from './sampler.ts'
import { readLogs, readTraces } from './testing/read-export.ts'

const TRACE = '463ac35c9f6413ad48485a3953bb6124'
const SPAN = 'a2fb4a1d1a96d312'
const PARENT = '0020000000000001'
const URL = 'http://collector.test/v1/traces'

const service = { id: 'service-1', name: 'orders', host: 'orders.test', port: 80 } as unknown
const route = { id: 'route-1', name: 'all', paths: ['/orders', '/o'] } as unknown

interface Setup {
  readonly config?: object
  readonly settings?: Readonly<Record<string, unknown>>
  readonly request?: object
  /** Changes the exchange before the plugin's log phase. */
  readonly change?: (exchange: object) => void
  readonly lines?: readonly LogLine[]
  readonly entities?: object
}

/** Runs one request; the queues that stand in for a collector keep what would be sent. */
async function run({ config, settings, request, change, lines, entities }: Setup = {}) {
  const queues = new Map<string, OtlpEntry[]>()
  const logged: string[] = []
  let tell: ((line: LogLine) => void) | undefined
  const kept = new Map<string, unknown>()
  const node: Partial<NodeServices> = {
    keep<Value>(name: string, make: () => Value): Value {
      const [, queue] = /^queue opentelemetry \S+:(\w+)$/.exec(name) ?? []
      if (queue === undefined) {
        if (!kept.has(name)) kept.set(name, make())
        return kept.get(name) as Value
      }
      const entries: OtlpEntry[] = []
      queues.set(queue, entries)
      const add = (entry: OtlpEntry): void => void entries.push(entry)
      return { reconfigure: () => undefined, add } as Value
    },
    onLogLine(listener) {
      tell = listener
      return () => (tell = undefined)
    },
  }
  const setting: TestSetting = {
    node,
    logged,
    entities: entities as never,
    settings: { tracing_instrumentations: ['all'], tracing_sampling_rate: 1, ...settings },
  }
  const gateway = testGateway([[opentelemetry, { traces_endpoint: URL, ...config }]], setting)
  const handlers = gateway.handlers[0]!
  const log = handlers.log!.bind(handlers)
  handlers.log = (exchange) => {
    change?.(exchange)
    for (const line of lines ?? []) tell?.(line)
    log(exchange)
  }
  const outcome: TestOutcome = await gateway.send({
    service: service as Service,
    route: route as Route,
    ...request,
  })
  const read = (name: string) => encodeExport(queues.get(name) ?? [])
  return {
    ...outcome,
    logged,
    handlers,
    isListening: () => tell !== undefined,
    spans: readTraces(read('traces')),
    records: readLogs(read('logs')),
  }
}

describe('opentelemetry › schema', () => {
  it('has the batch size of its own only where nothing is said of the queue', () => {
    expect(parsedConfig(opentelemetry, { traces_endpoint: URL })).toMatchObject({
      queue: { max_batch_size: 200, max_coalescing_delay: 1 },
      header_type: 'preserve',
      propagation: { default_format: 'w3c' },
    })
    const config = { traces_endpoint: URL, queue: { max_coalescing_delay: 2 } }
    expect(parsedConfig(opentelemetry, config)).toMatchObject({ queue: { max_batch_size: 1 } })
    expect(queueFieldWith(5)).toMatchObject({ default: { max_batch_size: 5 } })
  })

  it('takes the endpoint under its name of old', () => {
    expect(parsedConfig(opentelemetry, { endpoint: URL })).toMatchObject({ traces_endpoint: URL })
  })

  it.each([
    [
      {},
      "config: at least one of these fields must be non-empty: 'traces_endpoint', 'logs_endpoint'",
    ],
    [{ traces_endpoint: '/x' }, 'config.traces_endpoint: missing host in url'],
    [
      { traces_endpoint: URL, sampling_rate: 1.1 },
      'config.sampling_rate: value should be between 0 and 1',
    ],
    [
      { traces_endpoint: URL, header_type: 'x' },
      'config.header_type: expected one of: preserve, ignore, b3, b3-single, w3c, jaeger, ot, aws, gcp, datadog',
    ],
    [
      { traces_endpoint: URL, headers: { 'a b': 'x' } },
      "config.headers: bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(opentelemetry, config)).toEqual([fault])
  })
})

describe('opentelemetry › isInShare', () => {
  const low = `${'0'.repeat(16)}${'f'.repeat(16)}`
  const half = `${'0'.repeat(14)}7f${'0'.repeat(16)}`
  const high = 'f'.repeat(32)

  it.each([
    [low, 0, false],
    [low, 0.000_001, true],
    [half, 0.5, true],
    [half, 0.49, false],
    [high, 0.99, false],
    [high, 1, true],
  ])('says of %s in %d: %s', (traceId, share, expected) => {
    expect(isInShare(traceId, share)).toBe(expected)
  })
})

describe('opentelemetry › headers', () => {
  it('names the try as the parent of what the upstream does', async () => {
    const tries = [{ ip: '10.0.0.1', port: 80, state: undefined, code: undefined, startedAtMs: 1 }]
    const { upstream, spans } = await run({
      change: (exchange) => Object.assign(exchange, { tries }),
    })
    const attempt = spans.find(({ name }) => name === 'kong.balancer')!
    expect(upstream.header('traceparent')).toBe(`00-${attempt.traceId}-${attempt.spanId}-01`)
  })

  it('names the request where tries have no spans', async () => {
    const settings = { tracing_instrumentations: ['request'] }
    const { upstream, spans } = await run({ settings })
    expect(spans.map(({ name }) => name)).toEqual(['kong'])
    expect(upstream.header('traceparent')).toBe(`00-${spans[0]!.traceId}-${spans[0]!.spanId}-01`)
  })

  it('hands on a trace without spans of its own where the setting is off', async () => {
    const settings = { tracing_instrumentations: ['off'] }
    const headers = { traceparent: `00-${TRACE}-${SPAN}-01` }
    const { upstream, spans, exchange } = await run({ settings, request: { headers } })
    expect(upstream.header('traceparent')).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`))
    expect(upstream.header('traceparent')).not.toContain(SPAN)
    expect(exchange.logValues.get('trace_id')).toEqual({ w3c: TRACE })
    expect(spans).toEqual([])
  })

  it('tells the client the trace id', async () => {
    const config = { http_response_header_for_traceid: 'X-Trace' }
    const headers = { traceparent: `00-${TRACE}-${SPAN}-00` }
    expect((await run({ config, request: { headers } })).response.header('x-trace')).toBe(TRACE)
    expect((await run({ config })).response.header('x-trace')).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('opentelemetry › sampling', () => {
  const of = async (sampled: '00' | '01' | undefined, share: number, rate?: number) => {
    const { spans } = await run({
      settings: { tracing_sampling_rate: share },
      config: rate === undefined ? {} : { sampling_rate: rate },
      ...(sampled && { request: { headers: { traceparent: `00-${TRACE}-${SPAN}-${sampled}` } } }),
    })
    return spans.length > 0
  }

  it.each([
    [undefined, 1, undefined, true],
    [undefined, 0, undefined, false],
    ['01', 0, undefined, false],
    ['01', 1, undefined, true],
    ['00', 1, undefined, false],
    [undefined, 0, 1, true],
    [undefined, 1, 0, false],
  ] as const)(
    'of a caller that says %s, share %d, rate %s: %s',
    async (said, share, rate, kept) => {
      expect(await of(said, share, rate)).toBe(kept)
    },
  )
})

describe('opentelemetry › spans', () => {
  it('show no credentials of a query', async () => {
    const { spans } = await run({ request: { path: '/orders?a=1&apikey=of-ann&b=%20' } })
    expect(spans[0]!.attributes['http.url']).toMatch(/\/orders\?a=1&apikey=REDACTED&b=%20$/)
  })

  it('tell of the request', async () => {
    const headers = { Host: 'api.test', b3: `${TRACE}-${SPAN}-1-${PARENT}` }
    const { spans } = await run({ request: { path: '/orders?a=1', headers } })
    const [root] = spans
    expect(root).toMatchObject({
      name: 'kong',
      kind: 2,
      traceId: TRACE,
      parentId: SPAN,
      status: 0,
      resource: {
        'service.name': 'kong',
        'service.version': '3.9.3',
        'service.instance.id': '00000000-0000-4000-8000-00000000000a',
      },
      scope: { name: 'kong-internal', version: '0.1.0' },
    })
    expect(root!.attributes).toEqual({
      'http.method': 'GET',
      'http.url': 'http://api.test/orders?a=1',
      'http.host': 'api.test',
      'http.scheme': 'http',
      'http.flavor': '1.1',
      'http.client_ip': '127.0.0.1',
      'net.peer.ip': '127.0.0.1',
      'kong.request.id': '0123456789abcdef0123456789abcdef',
      // A whole number, where others are not.
      'http.status_code': '200',
      'http.route': '/orders',
    })
  })

  it('tell of each try, and of the name that was looked up', async () => {
    const tries = [
      { ip: '10.0.0.1', port: 80, state: 'failed', code: 502, startedAtMs: 5000 },
      { ip: '10.0.0.2', port: 81, state: undefined, code: undefined, startedAtMs: 5004 },
    ]
    const { spans } = await run({ change: (exchange) => Object.assign(exchange, { tries }) })
    const [root, dns, failed, last] = spans
    expect(spans.map(({ name }) => name)).toEqual([
      'kong',
      'kong.dns',
      'kong.balancer',
      'kong.balancer',
    ])
    for (const span of [dns, failed, last])
      expect(span).toMatchObject({ kind: 3, parentId: root!.spanId, traceId: root!.traceId })
    expect(dns!.attributes).toEqual({
      'dns.record.domain': 'orders.test',
      'dns.record.port': 80,
      'dns.record.ip': '10.0.0.1',
    })
    expect(failed).toMatchObject({
      start: 5_000_000_000n,
      end: 5_004_000_000n,
      status: 2,
      attributes: {
        try_count: 1,
        'net.peer.ip': '10.0.0.1',
        'net.peer.port': 80,
        'net.peer.name': 'orders.test',
        'http.status_code': '502',
      },
    })
    expect(last).toMatchObject({ status: 0, attributes: { try_count: 2, 'net.peer.port': 81 } })
    expect(last!.attributes).not.toHaveProperty('http.status_code')
  })

  it('do not take the name of an upstream for one that was looked up', async () => {
    const tries = [{ ip: '10.0.0.1', port: 80, state: undefined, code: undefined, startedAtMs: 1 }]
    const { spans } = await run({
      entities: { upstreams: [{ id: 'upstream-1', name: 'orders.test' }] },
      change: (exchange) => Object.assign(exchange, { tries }),
    })
    expect(spans.map(({ name }) => name)).toEqual(['kong', 'kong.balancer'])
  })

  it('carry the resource that a template makes of the request', async () => {
    const config = {
      resource_attributes: { 'service.name': 'edge', tenant: '$(headers["x-tenant"])' },
    }
    const { spans } = await run({ config, request: { headers: { 'X-Tenant': 'blue' } } })
    expect(spans[0]!.resource).toMatchObject({ 'service.name': 'edge', tenant: 'blue' })
  })

  it('are left out, with a word in the log, where Lua is switched off and a template needs it', async () => {
    const config = { resource_attributes: { tenant: '$(headers["x-tenant"])' } }
    const { spans, logged } = await run({ config, settings: { untrusted_lua: 'off' } })
    expect(spans).toEqual([])
    expect(logged).toEqual([expect.stringContaining('untrusted_lua')])
  })
})

describe('opentelemetry › spans of plugins', () => {
  it('come from what is noted of them', async () => {
    const parts = notedParts(['all'])!
    const failing = noting(
      'broken',
      {
        access: () => {
          throw new Error('boom')
        },
      },
      parts,
    )
    const slow = noting(
      'slow',
      { rewrite: () => undefined, access: async () => undefined, headerFilter: () => undefined },
      parts,
    )
    const { exchange } = await run()
    await slow.rewrite!(exchange)
    await slow.access!(exchange)
    expect(() => failing.access!(exchange)).toThrow('boom')
    slow.headerFilter!(exchange)
    const { spans } = await run({
      change: (other) =>
        Object.assign(other, {
          local: (key: object, make: () => unknown) => exchange.local(key as never, make as never),
        }),
    })
    expect(spans.map(({ name }) => name)).toEqual([
      'kong',
      'kong.rewrite.plugin.slow',
      'kong.router',
      'kong.access.plugin.slow',
      'kong.access.plugin.broken',
      'kong.header_filter.plugin.slow',
    ])
    const broken = spans.find(({ name }) => name.endsWith('broken'))!
    expect(broken).toMatchObject({
      kind: 1,
      status: 2,
      events: [{ name: 'exception', attributes: { 'exception.message': 'boom' } }],
    })
    for (const { start, end } of spans) expect(end).toBeGreaterThanOrEqual(start)
  })

  it('are noted only for the parts that are wanted', () => {
    expect(notedParts(['off'])).toBeUndefined()
    expect(notedParts(['request', 'balancer'])).toBeUndefined()
    expect(notedParts(undefined)).toBeUndefined()
    expect([...notedParts(['router', 'plugin_access'])!]).toEqual(['router', 'plugin_access'])
  })

  it('leave the handlers as they are otherwise, those of a class too', () => {
    class Handlers {
      #count = 0
      log(): void {
        this.#count += 1
      }
      get count(): number {
        return this.#count
      }
    }
    const handlers = new Handlers()
    const watched = noting('mine', handlers, notedParts(['all'])!)
    watched.log!({} as never)
    expect(handlers.count).toBe(1)
    expect(Object.keys(watched)).toEqual(['log'])
  })
})

describe('opentelemetry › log lines', () => {
  const id = '0123456789abcdef0123456789abcdef'
  const line = (message: string, level: LogLine['level'] = 'warn'): LogLine => ({
    level,
    message,
    atMs: 1000,
  })
  const config = { logs_endpoint: 'http://collector.test/v1/logs' }

  it('go out with the trace of the request they are about', async () => {
    const lines = [line(`A plugin failed in exchange ${id}`, 'error'), line('worker is busy')]
    const { records, spans } = await run({ config, lines })
    expect(records).toMatchObject([
      {
        body: `A plugin failed in exchange ${id}`,
        severity: [17, 'ERR'],
        attributes: { 'request.id': id },
        traceId: spans[0]!.traceId,
        spanId: spans[0]!.spanId,
        flags: 1,
      },
      { body: 'worker is busy', severity: [13, 'WARN'], traceId: '', flags: 0 },
    ])
  })

  it('leave out those about other requests, and those about sending lines', async () => {
    const lines = [
      line(`exchange ${'f'.repeat(32)} failed`),
      line('Queue "opentelemetry x:logs" cannot deliver'),
    ]
    expect((await run({ config, lines })).records).toEqual([])
  })

  it('go out where no traces are sent', async () => {
    const { records, upstream } = await run({
      config: { ...config, traces_endpoint: null },
      lines: [line('hello')],
    })
    expect(records.map(({ body }) => body)).toEqual(['hello'])
    expect(upstream.header('traceparent')).toBeUndefined()
  })

  it('are collected while a configuration asks for them', async () => {
    const { handlers, isListening } = await run({ config })
    expect(isListening()).toBe(true)
    handlers.dispose!()
    expect(isListening()).toBe(false)
    expect((await run()).isListening()).toBe(false)
  })
})
