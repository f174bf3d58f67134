import { measure, measureSession, type Measured } from '../../plugin-kit/measured.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { DEFAULT_WORKSPACE } from '../../plugin-kit/workspace.ts'
import { adminRoutes, metricStore } from './admin-routes.ts'
import type { MetricStore } from './metric-store.ts'
import { recordModels } from './record-models.ts'
import { schema, type Config } from './schema.ts'

/** Counts and measures requests for a Prometheus server, which fetches them from the Admin API. */
export const prometheus: Plugin = definePlugin({
  name: 'prometheus',
  priority: 13,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },
  adminRoutes,

  create(config, { node }) {
    const store = metricStore(node)
    return {
      log(exchange) {
        // A request without a route is not counted.
        if (exchange.route === undefined) return
        const source = exchange.response.source === 'service' ? 'service' : 'kong'
        record(store, config, { ...measure(exchange), source })
        if (config.ai_metrics) recordModels(store, exchange.logValues)
      },
      logSession(session) {
        if (session.route === undefined) return
        const isProxied = session.status === 200 && session.tries.length > 0
        const source = isProxied ? 'service' : 'kong'
        recordSession(store, config, { ...measureSession(session), source })
      },
    }
  },
})

type Recorded = Measured & { readonly source: 'service' | 'kong' }

function record(store: MetricStore, config: Config, measured: Recorded): void {
  const { status, source } = measured
  const [service, route] = namesOf(measured)
  const { name: workspace } = DEFAULT_WORKSPACE
  const who = config.per_consumer ? (measured.consumer?.username ?? '') : ''
  if (config.status_code_metrics)
    store.add('http_requests_total', [service, route, String(status), source, workspace, who], 1)
  if (config.bandwidth_metrics) {
    const bytes = { ingress: measured.requestBytes, egress: measured.responseBytes }
    for (const [direction, count] of Object.entries(bytes))
      store.add('bandwidth_bytes', [service, route, direction, workspace, who], count)
  }
  if (config.latency_metrics) recordLatencies(store, [service, route, workspace], measured)
}

/** Nobody authenticates in a session, so no consumer has it. */
function recordSession(store: MetricStore, config: Config, measured: Recorded): void {
  const [service, route] = namesOf(measured)
  const { name: workspace } = DEFAULT_WORKSPACE
  const { status, source, requestBytes, responseBytes } = measured
  if (config.status_code_metrics)
    store.add('stream_sessions_total', [service, route, String(status), source, workspace], 1)
  if (config.bandwidth_metrics) {
    store.add('bandwidth_bytes', [service, route, 'ingress', workspace, ''], requestBytes)
    store.add('bandwidth_bytes', [service, route, 'egress', workspace, ''], responseBytes)
  }
  if (!config.latency_metrics) return
  const labels = [service, route, workspace]
  store.observe('session_duration_ms', labels, measured.latencyMs)
  store.observe('kong_latency_ms', labels, measured.kongLatencyMs)
}

function namesOf(measured: Measured): readonly [service: string, route: string] {
  const { service, routeName, routeId = '' } = measured
  return [service?.name ?? service?.host ?? '', routeName ?? routeId]
}

/** What did not happen has a time of -1. */
function recordLatencies(
  store: MetricStore,
  labels: readonly string[],
  { latencyMs, upstreamLatencyMs, kongLatencyMs }: Measured,
): void {
  if (latencyMs >= 0) store.observe('request_latency_ms', labels, latencyMs)
  if (upstreamLatencyMs >= 0) store.observe('upstream_latency_ms', labels, upstreamLatencyMs)
  if (kongLatencyMs >= 0) store.observe('kong_latency_ms', labels, kongLatencyMs)
}
