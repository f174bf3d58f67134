import { json, message, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext, NodeStatus } from './admin-context.ts'
import type { AdminRequest, Resource } from './resource.ts'

/** What a node says about itself. */
export function nodeResources(context: AdminContext): readonly Resource[] {
  return [
    { path: '/', methods: { GET: () => json(200, nodeFacts(context)) } },
    statusResource(context),
    { path: '/timers', methods: { GET: () => json(200, timers()) } },
    {
      path: '/status/dns',
      methods: { GET: () => message(501, 'not implemented with the legacy DNS client') },
    },
    {
      path: '/plugins/enabled',
      methods: { GET: () => json(200, { enabled_plugins: context.plugins.map(nameOf) }) },
    },
    {
      path: '/robots.txt',
      isUnlisted: true,
      methods: {
        GET: () => ({
          status: 200,
          text: { type: 'text/plain', content: 'User-agent: *\nDisallow: /' },
        }),
      },
    },
  ]
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}

function nodeFacts(context: AdminContext): unknown {
  const { node, plugins, store } = context
  const used = new Set((store.all()['plugins'] ?? []).map(({ name }) => String(name)))
  return {
    tagline: 'Welcome to kong',
    version: node.version,
    edition: 'community',
    portunus_version: node.portunusVersion,
    hostname: node.hostname,
    node_id: node.id,
    lua_version: 'LuaJIT 2.1.0-20231117',
    timers: { running: 0, pending: 0 },
    plugins: {
      available_on_server: Object.fromEntries(
        plugins.map(({ name, version, priority }) => [name, { version, priority }]),
      ),
      enabled_in_cluster: [...used].sort(),
    },
    configuration: context.configuration(),
    pids: { master: node.masterPid, workers: node.workerPids() },
  }
}

/** Work in the background is not counted in timers here; the shape is what clients know. */
function timers(): unknown {
  const none = { total: 0, runs: 0, running: 0, pending: 0, waiting: 0 }
  return {
    worker: { id: 0, count: 1 },
    stats: {
      sys: none,
      timers: {},
      flamegraph: { running: '', pending: '', elapsed_time: '' },
    },
  }
}

/** `/status`, of the Admin API and of the Status API. */
export function statusResource(context: AdminContext): Resource {
  return { path: '/status', methods: { GET: (request) => status(context, request) } }
}

async function status(context: AdminContext, { query }: AdminRequest): Promise<AdminAnswer> {
  const unit = String(query.get('unit') ?? 'm')
  const scale = scaleOf(query.get('scale'))
  if (!/^[bkmg]$/i.test(unit))
    return message(400, `invalid unit '${unit}' (expected 'k/K', 'm/M', or 'g/G')`)
  if (scale < 0) return message(400, 'scale must be equal or greater than 0')
  const { connections, workers } = await context.status()
  return json(200, {
    memory: {
      lua_shared_dicts: sharedMemory((bytes) => inUnit(bytes, unit.toLowerCase(), scale)),
      workers_lua_vms: workers.map(({ pid, heapBytes }) => ({
        pid,
        http_allocated_gc: inUnit(heapBytes, unit.toLowerCase(), scale),
      })),
    },
    server: serverCounts(connections),
    ...(context.isDbLess
      ? { configuration_hash: context.configurationHash() }
      : { database: { reachable: await context.store.isReachable() } }),
  })
}

const DEFAULT_SCALE = 2
const MAX_SCALE = 20

/** What is no number does not count. */
function scaleOf(given: string | true | undefined): number {
  const scale = given === undefined || given === true ? Number.NaN : Number.parseFloat(given)
  return Number.isNaN(scale) ? DEFAULT_SCALE : Math.min(Math.trunc(scale), MAX_SCALE)
}

/** Megabytes of the memories that Kong's workers share, by their names. */
const KONG_SHARED_MEMORY: Readonly<Record<string, number>> = {
  kong: 5,
  kong_cluster_events: 5,
  kong_core_db_cache: 128,
  kong_core_db_cache_miss: 12,
  kong_db_cache: 128,
  kong_db_cache_miss: 12,
  kong_healthchecks: 5,
  kong_locks: 8,
  kong_rate_limiting_counters: 12,
  kong_secrets: 5,
  prometheus_metrics: 5,
}

/** There are none here; dashboards made for Kong look for them, and see that nothing of them is used. */
function sharedMemory(shown: (bytes: number) => number | string): unknown {
  return Object.fromEntries(
    Object.entries(KONG_SHARED_MEMORY).map(([name, megabytes]) => [
      name,
      { capacity: shown(megabytes * 1024 ** 2), allocated_slabs: shown(0) },
    ]),
  )
}

function serverCounts(counts: NodeStatus['connections']): unknown {
  return {
    connections_accepted: counts.accepted,
    connections_active: counts.active,
    connections_handled: counts.handled,
    connections_reading: counts.reading,
    connections_waiting: counts.waiting,
    connections_writing: counts.writing,
    total_requests: counts.requests,
  }
}

const UNIT_POWERS: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3 }

function inUnit(bytes: number, unit: string, scale: number): number | string {
  if (unit === 'b') return bytes
  return `${(bytes / 1024 ** UNIT_POWERS[unit]!).toFixed(scale)} ${unit.toUpperCase()}iB`
}
