import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  definePlugin,
  type Plugin,
  type PluginContext,
  type PluginHandlers,
} from '../../plugin-kit/plugin.ts'
import { preciseNowMs } from '../../plugin-kit/tracing/phase-notes.ts'
import { createPropagation, type Propagation } from '../../plugin-kit/tracing/propagation.ts'
import { newSpanId, newTraceId } from '../../plugin-kit/tracing/trace-ids.ts'
import type { TraceContext } from '../../plugin-kit/tracing/trace-context.ts'
import { exporter, type Export } from './exporter.ts'
import { collectLogLines, logRecord } from './log-lines.ts'
import { encodeSpan } from './otlp.ts'
import { resourceOf, type ResourceOf } from './resource.ts'
import { isInShare } from './sampler.ts'
import { configChecks, schema, shorthands, type Config } from './schema.ts'
import { spansOf, tracedParts, type Trace, type Traced } from './trace.ts'

/** Sends spans of requests and lines of the error log to an OpenTelemetry collector. */
export const opentelemetry: Plugin = definePlugin({
  name: 'opentelemetry',
  priority: 14,
  schema,
  shorthands,
  configChecks,
  readsPhaseNotes: true,

  create(config, context) {
    const resource = resourceOf(config, context.node)
    const traces = tracing(config, context, resource)
    const logs = logging(config, context, { resource, traceOf: traces?.traceOf })
    return {
      ...traces?.handlers,
      ...logs,
      log(exchange) {
        traces?.handlers.log(exchange)
        logs?.log(exchange)
      },
    }
  },
})

interface Tracing {
  readonly handlers: PluginHandlers & Required<Pick<PluginHandlers, 'log'>>
  readonly traceOf: (exchange: Exchange) => Trace
}

/** How requests are traced by one instance. */
interface Rules extends Traced {
  /** Whether there are spans at all; else traces are only handed on. */
  readonly isOn: boolean
  readonly share: number
}

function rulesOf(config: Config, { node, entities }: PluginContext): Rules {
  const instrumentations = node.setting('tracing_instrumentations')
  const isOn = Array.isArray(instrumentations) && instrumentations[0] !== 'off'
  const share = config.sampling_rate ?? (node.setting('tracing_sampling_rate') as number) ?? 0
  const upstreams = new Set(entities.rows('upstreams').map(({ name }) => name as string))
  return { parts: tracedParts(instrumentations), upstreams, isOn, share }
}

function tracing(
  config: Config,
  context: PluginContext,
  resource: ResourceOf,
): Tracing | undefined {
  const { id, node } = context
  const { traces_endpoint: url, http_response_header_for_traceid: header } = config
  if (url === undefined) return undefined
  const rules = rulesOf(config, context)
  const send = exporter('traces', url, { config, pluginId: id, node })
  const propagation = createPropagation({
    propagation: config.propagation,
    headerType: config.header_type,
    log: node.log,
  })
  const key = {}
  const begin = (exchange: Exchange, context: TraceContext): Trace =>
    exchange.local<Trace>(key, () => beginTrace(context, rules))
  const traceOf = (exchange: Exchange): Trace => begin(exchange, {})
  const handlers: Tracing['handlers'] = {
    access: (exchange) => handOn(exchange, { propagation, begin }),
    ...(header !== undefined && {
      headerFilter: (exchange: Exchange) =>
        exchange.response.addHeader(header, traceOf(exchange).traceId),
    }),
    log(exchange) {
      const trace = traceOf(exchange)
      if (!trace.isSampled) return
      sendSpans(exchange, trace, { rules, resource, send })
    },
  }
  return { handlers, traceOf }
}

function beginTrace(context: TraceContext, { isOn, share, parts }: Rules): Trace {
  const traceId = context.traceId ?? newTraceId()
  return {
    traceId,
    // A caller that wants the trace does not force it; one that does not, does.
    isSampled: isOn && context.isSampled !== false && isInShare(traceId, share),
    rootId: newSpanId(),
    parentId: context.spanId ?? context.parentId,
    balancerId: parts.balancer ? newSpanId() : undefined,
    handedOnAtMs: preciseNowMs(),
  }
}

/** The upstream is told that the span of the try, or else of the request, is its parent. */
function handOn(
  exchange: Exchange,
  {
    propagation,
    begin,
  }: {
    readonly propagation: Propagation
    readonly begin: (exchange: Exchange, context: TraceContext) => Trace
  },
): void {
  const extracted = propagation.extract(exchange)
  const { context } = extracted
  const { traceId, isSampled, rootId, parentId, balancerId } = begin(exchange, context)
  propagation.inject(exchange, extracted, {
    ...context,
    traceId,
    isSampled,
    ...(balancerId === undefined
      ? { spanId: rootId, parentId }
      : { spanId: balancerId, parentId: rootId }),
  })
}

function sendSpans(
  exchange: Exchange,
  trace: Trace,
  how: { readonly rules: Rules; readonly resource: ResourceOf; readonly send: Export },
): void {
  const resource = how.resource(exchange)
  if (resource === undefined) return
  for (const span of spansOf(exchange, trace, { ...how.rules, endMs: preciseNowMs() }))
    how.send({ resource, bytes: encodeSpan(span) })
}

function logging(
  config: Config,
  { id, node }: PluginContext,
  from: {
    readonly resource: ResourceOf
    readonly traceOf: Tracing['traceOf'] | undefined
  },
): Required<Pick<PluginHandlers, 'log' | 'dispose'>> | undefined {
  const { logs_endpoint: url } = config
  if (url === undefined) return undefined
  const send = exporter('logs', url, { config, pluginId: id, node })
  const lines = collectLogLines(node)
  return {
    dispose: () => lines.release(),
    log(exchange) {
      const taken = lines.take(exchange.id)
      if (taken.length === 0) return
      const resource = from.resource(exchange)
      if (resource === undefined) return
      const trace = from.traceOf?.(exchange)
      const of = {
        exchangeId: exchange.id,
        traceId: trace?.traceId,
        spanId: trace?.rootId,
        isSampled: trace?.isSampled === true,
      }
      for (const line of taken)
        send({ resource, bytes: logRecord(line, line.isOfExchange ? of : undefined) })
    },
  }
}
