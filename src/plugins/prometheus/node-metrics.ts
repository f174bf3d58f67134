import type {
  EntityLookup,
  NodeServices,
  UpstreamHealthFacts,
  WorkerStatistics,
} from '../../plugin-kit/plugin.ts'
import { MetricStore, type Metrics } from './metric-store.ts'

/** What can be told of a worker at any time, whatever requests came. */
export function nodeMetrics(node: NodeServices, entities: EntityLookup): Metrics {
  const store = new MetricStore()
  const { nodeId } = node
  store.add('node_info', [nodeId, node.version], 1)
  // Whether a database answers is not known to a worker; without one there is nothing to fail.
  if (node.setting('database') === 'off') store.add('datastore_reachable', [], 1)
  store.add('nginx_metric_errors_total', [], 0)
  const statistics = node.statistics?.()
  if (statistics !== undefined) {
    const { connections, heapBytes } = statistics
    const waiting = Math.max(connections.active - connections.reading - connections.writing, 0)
    const states = { ...connections, total: connections.requests, waiting }
    for (const state of STATES)
      store.add('nginx_connections_total', [nodeId, 'http', state], states[state])
    store.add('nginx_requests_total', [nodeId, 'http'], connections.requests)
    if (statistics.streams !== undefined && hasStreams(node))
      addStreams(store, nodeId, statistics.streams)
    store.add('memory_workers_lua_vms_bytes', [nodeId, String(process.pid), 'http'], heapBytes)
  }
  if (tellsHealth(entities)) addHealth(store, node, entities)
  return store.metrics()
}

const STATES = ['accepted', 'active', 'handled', 'reading', 'total', 'waiting', 'writing'] as const

function hasStreams(node: NodeServices): boolean {
  const listeners = node.setting('stream_listen') as readonly string[] | undefined
  return listeners !== undefined && listeners[0] !== 'off'
}

function addStreams(
  store: MetricStore,
  nodeId: string,
  { accepted, active, handled, sessions }: NonNullable<WorkerStatistics['streams']>,
): void {
  const states = { accepted, active, handled, total: sessions }
  for (const [state, count] of Object.entries(states))
    store.add('nginx_connections_total', [nodeId, 'stream', state], count)
  store.add('nginx_requests_total', [nodeId, 'stream'], sessions)
}

/** One instance that wants it is enough, as in Kong. */
function tellsHealth(entities: EntityLookup): boolean {
  return entities.rows('plugins').some((row) => {
    const config = row['config'] as { readonly upstream_health_metrics?: unknown } | undefined
    return row['name'] === 'prometheus' && config?.upstream_health_metrics === true
  })
}

const HEALTH_STATES = ['healthchecks_off', 'healthy', 'unhealthy', 'dns_error'] as const

function addHealth(store: MetricStore, node: NodeServices, entities: EntityLookup): void {
  for (const upstream of entities.rows('upstreams')) {
    const health = node.upstreamHealth?.(upstream.id)
    for (const [target, address, state] of addressStates(health))
      for (const each of HEALTH_STATES)
        store.add(
          'upstream_target_health',
          [String(upstream['name']), target, address, each, 'http'],
          each === state ? 1 : 0,
        )
  }
}

function addressStates(
  health: UpstreamHealthFacts | undefined,
): readonly (readonly [target: string, address: string, state: string])[] {
  return (health?.targets ?? []).flatMap(({ host, port, health: state, addresses }) => {
    const target = `${host}:${port}`
    const known = addresses.length === 0 ? [{ ip: '', port: 0, health: state }] : addresses
    return known.map((each) => {
      const own = state === 'HEALTHCHECKS_OFF' ? state : each.health
      const address = each.ip === '' ? '' : `${each.ip}:${each.port}`
      return [target, address, own.toLowerCase()] as const
    })
  })
}
