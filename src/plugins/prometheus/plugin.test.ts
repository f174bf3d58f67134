import { describe, expect, it } from 'vitest'
import type { Route, Service } from '../../entities/entity.ts'
import { definePlugin, type NodeServices } from '../../plugin-kit/plugin.ts'
import { fakeEntities, type FakeRows } from '../../plugin-kit/testing/fake-entities.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { fakeSession } from '../../plugin-kit/testing/fake-session.ts'
import { testContext, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import { exposition } from './exposition.ts'
import { combineMetrics, MetricStore, MOST_MODELS, OTHER_MODELS } from './metric-store.ts'
import { prometheus } from './plugin.ts'
import { recordModels } from './record-models.ts'

const ROUTED: FakeRequest = {
  route: { id: 'r-1', name: 'my "route"' } as Route,
  service: { id: 's-1', name: null, host: 'up.test' } as Service,
  body: 'hello',
}
const ALL = { status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true }

/** What `/metrics` shows, by several workers. */
async function shown(
  nodes: readonly NodeServices[],
  rows: FakeRows = {},
): Promise<readonly string[]> {
  const [route] = prometheus.adminRoutes
  const answers = await Promise.all(
    nodes.map(async (node) =>
      route!.handle({
        node,
        entities: fakeEntities(rows),
        parameters: {},
        query: {},
        body: undefined,
      }),
    ),
  )
  const { body } = route!.combine!(JSON.parse(JSON.stringify(answers)))
  return (body as string).trimEnd().split('\n')
}

async function countedNode(config: Record<string, unknown>, requests: readonly FakeRequest[]) {
  const { node } = testContext(prometheus)
  const gateway = testGateway([[prometheus, config]], { node })
  for (const request of requests) await gateway.send(request)
  return node
}

const about = (lines: readonly string[], name: string) =>
  lines.filter((line) => line.startsWith(`kong_${name}`))

/** Tells of a call of a model, as plugins do that make one. */
const asksModel = definePlugin({
  name: 'asks-model',
  priority: 770,
  schema: {},
  create: () => ({
    log(exchange) {
      const meta = { provider_name: 'openai', request_model: 'm', llm_latency: 300 }
      exchange.setLogValue('ai.proxy.meta', meta)
      const usage = { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3, cost: 0.5 }
      exchange.setLogValue('ai.proxy.usage', usage)
    },
  }),
})

describe('prometheus', () => {
  it('counts calls of models where it is told to', async () => {
    const lines = async (config: object): Promise<readonly string[]> => {
      const { node } = testContext(prometheus)
      const gateway = testGateway(
        [
          [prometheus, { ...config }],
          [asksModel, {}],
        ],
        { node },
      )
      await gateway.send(ROUTED)
      await gateway.send(ROUTED)
      return about(await shown([node]), 'ai_')
    }
    expect(await lines({})).toEqual([])
    const shownLines = await lines({ ai_metrics: true })
    const of =
      'ai_provider="openai",ai_model="m",cache_status="",vector_db="",embeddings_provider="",embeddings_model=""'
    expect(shownLines.filter((line) => !line.includes('_bucket'))).toEqual([
      `kong_ai_llm_cost_total{${of},workspace="default"} 1`,
      `kong_ai_llm_provider_latency_ms_count{${of},workspace="default"} 2`,
      `kong_ai_llm_provider_latency_ms_sum{${of},workspace="default"} 600`,
      `kong_ai_llm_requests_total{${of},workspace="default"} 2`,
      `kong_ai_llm_tokens_total{${of},token_type="prompt_tokens",workspace="default"} 6`,
      `kong_ai_llm_tokens_total{${of},token_type="total_tokens",workspace="default"} 6`,
    ])
  })

  it('tells so many models apart, and counts the others as one', () => {
    const store = new MetricStore()
    for (let index = 0; index < MOST_MODELS + 500; index += 1) {
      const meta = { provider_name: 'openai', request_model: `made-up-${index}`, llm_latency: 1 }
      recordModels(store, new Map([['ai.proxy.meta', meta]]))
    }
    const { values, distributions } = store.metrics()
    const series = values.ai_llm_requests_total!
    expect(Object.keys(series)).toHaveLength(MOST_MODELS + 1)
    expect(Object.entries(series).at(-1)).toEqual([expect.stringContaining(OTHER_MODELS), 500])
    expect(Object.keys(distributions.ai_llm_provider_latency_ms!)).toHaveLength(MOST_MODELS + 1)
    expect(store.modelLabel('m'.repeat(10_000))).toBe(OTHER_MODELS)
    expect(store.modelLabel('made-up-0')).toBe('made-up-0')
  })

  it('counts sessions of streams that found a route', async () => {
    const { node } = testContext(prometheus)
    const [handlers] = testGateway([[prometheus, ALL]], { node }).handlers
    const { route, service } = ROUTED
    const found = { route, service, receivedBytes: 3, sentBytes: 4, durationMs: 60, gatewayMs: 2 }
    const tries = [
      { ip: '1.2.3.4', port: 1, state: undefined, code: undefined, startedAtMs: 1, balancerMs: 0 },
    ]
    handlers!.logSession!(fakeSession({ ...found, tries }))
    handlers!.logSession!(fakeSession({ ...found, status: 502 }))
    handlers!.logSession!(fakeSession({ status: 500 }))
    const lines = await shown([node])
    const of = String.raw`service="up.test",route="my \"route\""`
    expect(about(lines, 'stream_sessions_total')).toEqual([
      `kong_stream_sessions_total{${of},code="200",source="service",workspace="default"} 1`,
      `kong_stream_sessions_total{${of},code="502",source="kong",workspace="default"} 1`,
    ])
    expect(about(lines, 'session_duration_ms_sum')).toEqual([
      `kong_session_duration_ms_sum{${of},workspace="default"} 120`,
    ])
    expect(about(lines, 'bandwidth_bytes')).toEqual([
      `kong_bandwidth_bytes{${of},direction="ingress",workspace="default",consumer=""} 6`,
      `kong_bandwidth_bytes{${of},direction="egress",workspace="default",consumer=""} 8`,
    ])
  })

  it('counts requests that found a route, and adds up what workers counted', async () => {
    const notFound = { ...ROUTED, reply: { status: 404 } }
    const lines = await shown([
      await countedNode(ALL, [ROUTED, notFound, {}]),
      await countedNode(ALL, [ROUTED]),
    ])
    const labels = String.raw`service="up.test",route="my \"route\""`
    expect(about(lines, 'http_requests')).toEqual([
      `kong_http_requests_total{${labels},code="200",source="service",workspace="default",consumer=""} 2`,
      `kong_http_requests_total{${labels},code="404",source="service",workspace="default",consumer=""} 1`,
    ])
    expect(about(lines, 'bandwidth_bytes')[0]).toBe(
      `kong_bandwidth_bytes{${labels},direction="ingress",workspace="default",consumer=""} 15`,
    )
    expect(about(lines, 'kong_latency_ms_count')).toEqual([
      `kong_kong_latency_ms_count{${labels},workspace="default"} 3`,
    ])
  })

  it('counts nothing about requests unless it is switched on', async () => {
    const lines = await shown([await countedNode({}, [ROUTED])])
    expect(about(lines, 'http_requests')).toEqual([])
    expect(about(lines, 'bandwidth')).toEqual([])
    expect(about(lines, 'node_info')).toHaveLength(1)
  })

  it('tells about connections and memory', async () => {
    const connections = { accepted: 9, active: 5, handled: 9, reading: 1, writing: 2, requests: 30 }
    const { node } = testContext(prometheus)
    const busy = { ...node, statistics: () => ({ connections, heapBytes: 1000 }) }
    const lines = await shown([busy, busy])
    const state = (name: string) =>
      about(lines, 'nginx_connections_total')
        .find((line) => line.includes(`"${name}"`))
        ?.split(' ')[1]
    expect(['accepted', 'total', 'waiting'].map(state)).toEqual(['18', '60', '4'])
    expect(about(lines, 'nginx_requests_total')[0]).toMatch(/ 60$/)
  })

  it('tells about the health of targets where an instance wants it', async () => {
    const rows = {
      upstreams: [{ id: 'u', name: 'up' }],
      plugins: [{ name: 'prometheus', config: { upstream_health_metrics: true } }],
    }
    const { node } = testContext(prometheus)
    const healthy = {
      ...node,
      upstreamHealth: () => ({
        targets: [
          {
            host: 'a.test',
            port: 80,
            health: 'HEALTHY',
            addresses: [{ ip: '1.2.3.4', port: 80, health: 'UNHEALTHY' }],
          },
          { host: 'b.test', port: 80, health: 'DNS_ERROR', addresses: [] },
        ],
      }),
    }
    const lines = about(await shown([healthy], rows), 'upstream_target_health')
    expect(lines).toHaveLength(8)
    expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
      'kong_upstream_target_health{upstream="up",target="a.test:80",address="1.2.3.4:80",state="unhealthy",subsystem="http"} 1',
      'kong_upstream_target_health{upstream="up",target="b.test:80",address="",state="dns_error",subsystem="http"} 1',
    ])
    expect(about(await shown([healthy], { upstreams: rows.upstreams }), 'upstream_target')).toEqual(
      [],
    )
  })

  it('names the consumer where it shall', async () => {
    const who: typeof prometheus = {
      ...prometheus,
      name: 'who',
      priority: 1000,
      create: () => ({
        access: (exchange) =>
          exchange.authenticate({
            consumer: { id: 'c', username: 'ann', custom_id: null, tags: null },
            credential: undefined,
          }),
      }),
    }
    const { node } = testContext(prometheus)
    const config = { status_code_metrics: true, per_consumer: true }
    await testGateway(
      [
        [who, {}],
        [prometheus, config],
      ],
      { node },
    ).send(ROUTED)
    expect(about(await shown([node]), 'http_requests')[0]).toContain('consumer="ann"')
  })
})

describe('exposition', () => {
  it('writes histograms with growing buckets', () => {
    const store = new MetricStore()
    for (const value of [0, 1, 6, 100_000]) store.observe('kong_latency_ms', ['s', 'r', 'w'], value)
    const lines = exposition(store.metrics()).split('\n')
    const labels = 'service="s",route="r",workspace="w"'
    expect(lines.slice(0, 2)).toEqual([
      '# HELP kong_kong_latency_ms Time that requests spend in the gateway, in ms',
      '# TYPE kong_kong_latency_ms histogram',
    ])
    expect(lines).toContain(`kong_kong_latency_ms_bucket{${labels},le="1"} 2`)
    expect(lines).toContain(`kong_kong_latency_ms_bucket{${labels},le="7"} 3`)
    expect(lines).toContain(`kong_kong_latency_ms_bucket{${labels},le="6000"} 3`)
    expect(lines).toContain(`kong_kong_latency_ms_bucket{${labels},le="+Inf"} 4`)
    expect(lines).toContain(`kong_kong_latency_ms_count{${labels}} 4`)
    expect(lines).toContain(`kong_kong_latency_ms_sum{${labels}} 100007`)
  })
})

describe('combineMetrics', () => {
  it('adds what is counted, and takes one of what each worker says alike', () => {
    const store = new MetricStore()
    store.add('node_info', ['n', 'v'], 1)
    store.add('bandwidth_bytes', ['s', 'r', 'ingress', 'w', ''], 2)
    store.observe('request_latency_ms', ['s', 'r', 'w'], 30)
    const { values, distributions } = combineMetrics([store.metrics(), store.metrics()])
    expect(Object.values(values.node_info ?? {})).toEqual([1])
    expect(Object.values(values.bandwidth_bytes ?? {})).toEqual([4])
    expect(Object.values(distributions.request_latency_ms ?? {})[0]).toMatchObject({ sum: 60 })
  })
})
