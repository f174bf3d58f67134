import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import { nodeCounters } from '../../plugin-kit/shared-memory.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { limitsOf, periodStart } from '../../plugin-kit/periods.ts'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin-kit/plugin.ts'
import { redisCounters } from '../../plugin-kit/redis-counters.ts'
import { readIncrements } from './read-increments.ts'
import { checks, schema, schemaWithDatabase, shorthands, type Config } from './schema.ts'
import { localUsage, remoteUsage, type Used, type UsageStore, type Window } from './usage.ts'

/** Limits by what the upstream says that each request used. */
export const responseRateLimiting: Plugin = define(schema)

/** The same where counters could be in a database. They are the node's own there too. */
export const responseRateLimitingWithDatabase: Plugin = define(schemaWithDatabase)

function define(fields: typeof schema | typeof schemaWithDatabase): Plugin {
  return definePlugin({
    name: 'response-ratelimiting',
    priority: 900,
    schema: fields as typeof schema,
    shorthands,
    checks,
    create: (config, context) => handlersBy(config as Config, context),
  })
}

const NO_ID = '00000000-0000-0000-0000-000000000000'
const NOTHING = new Uint8Array()

/** What is known of one request between its phases. */
interface Account {
  windows: readonly Window[]
  remaining: readonly number[]
  increments: ReadonlyMap<string, number>
  isStopped: boolean
}

function handlersBy(config: Config, context: PluginContext) {
  const { node } = context
  const store = storeOf(config, context)
  const windowsOf = windowsBy(config, context)
  const names = new Set(Object.keys(config.limits))
  const header = (config.header_name ?? 'x-kong-limit').toLowerCase()
  const key = {}

  const accountOf = (exchange: Exchange): Account =>
    exchange.local<Account>(key, () => ({
      windows: [],
      remaining: [],
      increments: new Map(),
      isStopped: false,
    }))

  function begin(exchange: Exchange, windows: readonly Window[], counts: readonly number[]) {
    const remaining = windows.map(({ limit }, index) => limit - counts[index]!)
    const empty = windows.find((_, index) => remaining[index] === 0)
    if (config.block_on_first_violation && empty !== undefined) return exceeded(empty)
    const account = Object.assign(accountOf(exchange), { windows, remaining })
    for (const name of names) tellUpstream(exchange, account, name)
    return undefined
  }

  function passWithout(error: unknown): undefined {
    if (!config.fault_tolerant) throw new Error('Cannot read usage', { cause: error })
    node.log.error('response-ratelimiting: cannot read usage, the request passes', error)
  }

  return {
    access(exchange: Exchange) {
      const windows = windowsOf(exchange)
      const counts = store.read(windows, node.now())
      return counts instanceof Promise
        ? counts.then((found) => begin(exchange, windows, found), passWithout)
        : begin(exchange, windows, counts)
    },
    headerFilter(exchange: Exchange) {
      const { response } = exchange
      const account = accountOf(exchange)
      if (account.windows.length === 0) return
      account.increments = readIncrements(response.headerValues(header).join(','), names)
      response.removeHeader(header)
      if (!config.hide_client_headers) tellLimits(exchange, account)
      account.isStopped = isBeyond(account)
      if (!account.isStopped) return
      response.status = 429
      response.dropLength(0)
    },
    bodyFilter(exchange: Exchange) {
      return accountOf(exchange).isStopped ? NOTHING : undefined
    },
    log(exchange: Exchange) {
      const account = accountOf(exchange)
      if (account.isStopped || account.increments.size === 0) return
      const used = usedOf(account)
      void Promise.resolve(store.add(used, node.now())).catch((error: unknown) =>
        node.log.error('response-ratelimiting: cannot count usage', error),
      )
    },
  }
}

function isBeyond({ windows, remaining, increments }: Account): boolean {
  return windows.some(
    ({ name }, index) => (increments.get(name) ?? 0) > 0 && remaining[index]! <= 0,
  )
}

function usedOf({ windows, increments }: Account): readonly Used[] {
  return windows.flatMap((window) => {
    const by = increments.get(window.name) ?? 0
    return by > 0 ? [{ window, by }] : []
  })
}

/** Says what is left of a limit, in the window that has the least. */
function tellUpstream({ upstream }: Exchange, account: Account, name: string): void {
  const left = account.remaining.filter((_, index) => account.windows[index]!.name === name)
  upstream.setHeader(`X-RateLimit-Remaining-${name}`, String(Math.min(...left)))
}

function exceeded({ name }: Window): Answer {
  return refuse(429, `API rate limit exceeded for '${name}'`, {
    reason: `response-ratelimiting: limit "${name}" is used up`,
  })
}

function tellLimits({ response }: Exchange, { windows, remaining, increments }: Account): void {
  for (const [index, { name, period, limit }] of windows.entries()) {
    const left = Math.max(0, remaining[index]! - (increments.get(name) ?? 0))
    response.setHeader(`X-RateLimit-Limit-${name}-${period}`, String(limit))
    response.setHeader(`X-RateLimit-Remaining-${name}-${period}`, String(left))
  }
}

function windowsBy(
  config: Config,
  { node, routeId = NO_ID, serviceId = NO_ID }: PluginContext,
): (exchange: Exchange) => readonly Window[] {
  const limits = Object.entries(config.limits).flatMap(([name, periods]) =>
    limitsOf(periods).map(([period, limit]) => ({ name, period, limit })),
  )
  const prefix = `response-ratelimit:${routeId}:${serviceId}:`
  return (exchange) => {
    const nowMs = node.now()
    const head = prefix + identifierOf(exchange, config)
    return limits.map(({ name, period, limit }) => {
      const startMs = periodStart(period, nowMs)
      return { name, period, limit, startMs, key: `${head}:${startMs}:${name}:${period}` }
    })
  }
}

function identifierOf({ consumer, credential, request }: Exchange, config: Config): string {
  const { limit_by: by } = config
  if (by === 'ip') return request.ip
  const consumerId = by === 'credential' ? undefined : consumer?.id
  return consumerId ?? credential?.id ?? request.ip
}

function storeOf({ policy, redis }: Config, { node }: PluginContext): UsageStore {
  return policy === 'redis'
    ? remoteUsage(redisCounters(node, redis))
    : localUsage(nodeCounters(node))
}
