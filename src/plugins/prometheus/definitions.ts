export type MetricKind = 'counter' | 'gauge' | 'histogram'

export interface Definition {
  readonly kind: MetricKind
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, without the infinite one. */
  readonly buckets?: readonly number[]
  /** How the values of several workers become one. */
  readonly combine: 'sum' | 'first'
}

const KONG_BUCKETS = [1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000, 3000, 6000]
const UPSTREAM_BUCKETS = [25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10_000, 30_000, 60_000]
const MODEL_BUCKETS = [
  250, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000, 10_000, 30_000, 60_000,
]
const ROUTE_LABELS = ['service', 'route', 'workspace']
/** Those about caches are for plugins that Kong has, and others bring. */
const MODEL_LABELS = [
  'ai_provider',
  'ai_model',
  'cache_status',
  'vector_db',
  'embeddings_provider',
  'embeddings_model',
]

const counter = (help: string, labels: readonly string[]): Definition => ({
  kind: 'counter',
  help,
  labels,
  combine: 'sum',
})
const gauge = (
  help: string,
  labels: readonly string[],
  combine: 'sum' | 'first' = 'first',
): Definition => ({ kind: 'gauge', help, labels, combine })
const histogram = (
  help: string,
  buckets: readonly number[],
  labels: readonly string[] = ROUTE_LABELS,
): Definition => ({
  kind: 'histogram',
  help,
  labels,
  buckets,
  combine: 'sum',
})

/** Every metric there can be, by its name without `kong_`; sorted, as they are shown. */
export const DEFINITIONS = {
  ai_llm_cost_total: counter('Cost of calls of language models', [...MODEL_LABELS, 'workspace']),
  ai_llm_provider_latency_ms: histogram(
    'Time that language models take to answer, in ms',
    MODEL_BUCKETS,
    [...MODEL_LABELS, 'workspace'],
  ),
  ai_llm_requests_total: counter('Calls of language models', [...MODEL_LABELS, 'workspace']),
  ai_llm_tokens_total: counter('Tokens of calls of language models', [
    ...MODEL_LABELS,
    'token_type',
    'workspace',
  ]),
  bandwidth_bytes: counter('Bytes received from and sent to clients', [
    'service',
    'route',
    'direction',
    'workspace',
    'consumer',
  ]),
  datastore_reachable: gauge('Whether the datastore answers, 0 if it does not', []),
  http_requests_total: counter('Requests by status, service and route', [
    'service',
    'route',
    'code',
    'source',
    'workspace',
    'consumer',
  ]),
  kong_latency_ms: histogram('Time that requests spend in the gateway, in ms', KONG_BUCKETS),
  memory_workers_lua_vms_bytes: gauge('Bytes on the heap of each worker', [
    'node_id',
    'pid',
    'kong_subsystem',
  ]),
  nginx_connections_total: gauge(
    'Connections of clients by state',
    ['node_id', 'subsystem', 'state'],
    'sum',
  ),
  nginx_metric_errors_total: counter('Errors while metrics were collected', []),
  nginx_requests_total: gauge('Requests of all kinds', ['node_id', 'subsystem'], 'sum'),
  nginx_timers: gauge('Timers by state', ['state']),
  node_info: gauge('Node and version', ['node_id', 'version']),
  request_latency_ms: histogram(
    'Time from the first byte of a request to the last of its response, in ms',
    UPSTREAM_BUCKETS,
  ),
  session_duration_ms: histogram(
    'Time from the first byte of a session of TCP, TLS or UDP to its end, in ms',
    UPSTREAM_BUCKETS,
  ),
  stream_sessions_total: counter('Sessions of TCP, TLS and UDP by status, service and route', [
    'service',
    'route',
    'code',
    'source',
    'workspace',
  ]),
  upstream_latency_ms: histogram(
    'Time that upstreams take to begin to answer, in ms',
    UPSTREAM_BUCKETS,
  ),
  upstream_target_health: gauge('Health of targets: 1 for the state that a target is in', [
    'upstream',
    'target',
    'address',
    'state',
    'subsystem',
  ]),
} as const satisfies Readonly<Record<string, Definition>>

export type MetricName = keyof typeof DEFINITIONS
