import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import { nodeCounters } from '../../plugin-kit/shared-memory.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { explainWith } from '../../plugin-kit/explain-with.ts'
import { limitsOf, periodStart } from '../../plugin-kit/periods.ts'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin-kit/plugin.ts'
import { redisCounters } from '../../plugin-kit/redis-counters.ts'
import { identifierBy } from './identifier.ts'
import { limitHeaders, type HeaderLines, type Usage } from './limit-headers.ts'
import { localPolicy, redisPolicy, type Policy, type Window } from './policies.ts'
import {
  checks,
  configFault,
  schema,
  schemaWithDatabase,
  shorthands,
  type Config,
} from './schema.ts'
import { syncedPolicy } from './synced-policy.ts'

/** What to do about a refusal, by its code. */
const FIXES = {
  'over-limit': 'wait until the period is over (Retry-After), or raise the limit',
}

/** Lets each client send so many requests in each window of time. */
export const rateLimiting: Plugin = define(schema)

/** The same where counters could be in a database. They are the node's own there too. */
export const rateLimitingWithDatabase: Plugin = define(schemaWithDatabase)

function define(fields: typeof schema | typeof schemaWithDatabase): Plugin {
  return definePlugin({
    name: 'rate-limiting',
    priority: 910,
    schema: fields as typeof schema,
    shorthands,
    checks,
    configValidator: configFault,
    explain: explainWith('limit', FIXES),
    create: (config, context) => handlersBy(config as Config, context),
  })
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

interface Told {
  lines: HeaderLines
}

function handlersBy(config: Config, context: PluginContext) {
  const { node } = context
  const windowsOf = windowsBy(config, context)
  const counted = policyOf(config, context)
  const answer = refuse(config.error_code ?? 429, config.error_message, {
    reason: 'rate-limiting: over the limit',
  })
  const key = {}

  function decide(
    exchange: Exchange,
    windows: readonly Window[],
    before: readonly number[],
  ): Answer | undefined {
    const usages = windows.map((window, index): Usage => ({
      ...window,
      remaining: window.limit - before[index]!,
    }))
    const stopping = usages.findLast(({ remaining }) => remaining <= 0)
    if (!config.hide_client_headers)
      exchange.local<Told>(key, () => ({ lines: [] })).lines = limitHeaders(
        usages,
        stopping,
        node.now(),
      )
    const { decisions } = exchange
    if (decisions !== undefined && (stopping !== undefined || decisions.wantsPasses))
      decisions.note(decisionOf(stopping))
    return stopping === undefined ? undefined : answer
  }

  function passWithout(error: unknown): undefined {
    if (!config.fault_tolerant) throw new Error('Cannot count requests', { cause: error })
    node.log.error('rate-limiting: cannot count, the request passes', error)
  }

  return {
    access(exchange: Exchange) {
      const windows = windowsOf(exchange)
      const before = counted.policy(windows, node.now())
      return before instanceof Promise
        ? before.then((counts) => decide(exchange, windows, counts), passWithout)
        : decide(exchange, windows, before)
    },
    ...(!config.hide_client_headers && {
      headerFilter(exchange: Exchange) {
        const { lines } = exchange.local<Told>(key, () => ({ lines: [] }))
        for (const [name, value] of lines) exchange.response.setHeader(name, value)
      },
    }),
    ...(counted.end && { dispose: counted.end }),
  }
}

function decisionOf(stopping: Usage | undefined) {
  return stopping === undefined
    ? ({ plugin: 'rate-limiting', verdict: 'passed', code: 'within-limits' } as const)
    : ({
        plugin: 'rate-limiting',
        verdict: 'refused',
        code: 'over-limit',
        detail: `all ${stopping.limit} requests of this ${stopping.period} are used`,
      } as const)
}

/** The windows that a request counts in. Counters are told apart by what the instance is bound to. */
function windowsBy(
  config: Config,
  { node, routeId = NO_ID, serviceId = NO_ID }: PluginContext,
): (exchange: Exchange) => readonly Window[] {
  const limits = limitsOf(config)
  const identifierOf = identifierBy(config)
  const prefix = `ratelimit:${routeId}:${serviceId}:`
  return (exchange) => {
    const nowMs = node.now()
    const head = prefix + identifierOf(exchange)
    return limits.map(([period, limit]) => {
      const startMs = periodStart(period, nowMs)
      return { period, limit, startMs, key: `${head}:${startMs}:${period}` }
    })
  }
}

function policyOf(
  config: Config,
  { node }: PluginContext,
): { readonly policy: Policy; readonly end?: () => void } {
  if (config.policy !== 'redis') return { policy: localPolicy(nodeCounters(node)) }
  const counters = redisCounters(node, config.redis)
  if (config.sync_rate === -1) return { policy: redisPolicy(counters) }
  const synced = syncedPolicy(counters, node.log)
  const timer = setInterval(() => void synced.push(), config.sync_rate * 1000).unref()
  return {
    policy: synced.policy,
    end() {
      clearInterval(timer)
      void synced.push()
    },
  }
}
