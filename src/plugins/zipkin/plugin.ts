import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  ALL_PROTOCOLS,
  definePlugin,
  type NodeServices,
  type Plugin,
  type PluginContext,
  type PluginHandlers,
} from '../../plugin-kit/plugin.ts'
import type { StreamSession } from '../../plugin-kit/stream-session.ts'
import { createPropagation, type Propagation } from '../../plugin-kit/tracing/propagation.ts'
import type { TraceContext } from '../../plugin-kit/tracing/trace-context.ts'
import { newSpanId, newTraceId } from '../../plugin-kit/tracing/trace-ids.ts'
import { reporter, type Report } from './reporter.ts'
import { schema, type Config } from './schema.ts'
import { reportSession } from './session-trace.ts'
import { finishTrace, startRequestSpan, type Trace } from './trace.ts'

/** Sends spans of requests to a Zipkin server, and hands the trace on to the upstream. */
export const zipkin: Plugin = definePlugin({
  name: 'zipkin',
  priority: 100_000,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },
  create: (config, context) => new TracingHandlers(config, context),
})

class TracingHandlers implements PluginHandlers {
  readonly #config: Config
  readonly #node: NodeServices
  readonly #propagation: Propagation
  readonly #report: Report | undefined
  /** When their preread phase began: Unix time in ms. */
  readonly #sessions = new WeakMap<StreamSession, number>()

  constructor(config: Config, { id, node }: PluginContext) {
    this.#config = config
    this.#node = node
    this.#propagation = createPropagation({
      propagation: config.propagation,
      headerType: config.header_type,
      defaultHeaderType: config.default_header_type,
      log: node.log,
    })
    this.#report = reporter(config, id, node)
  }

  /** It runs before all other plugins, so its time is that at which the phase begins. */
  access(exchange: Exchange): void {
    const extracted = this.#propagation.extract(exchange)
    const { context } = extracted
    const trace = this.#trace(exchange, context)
    const { traceId, spanId } = trace.request.start
    const proxyId = newSpanId()
    trace.accessAtMs = this.#node.now()
    trace.proxyId = proxyId
    this.#propagation.inject(exchange, extracted, {
      ...context,
      traceId,
      spanId: proxyId,
      parentId: spanId,
      // A request that chance left out has no decision that others would have to follow.
      isSampled: trace.isSampled || context.isSampled,
    })
  }

  headerFilter(exchange: Exchange): void {
    const trace = this.#trace(exchange, {})
    trace.headerFilterAtMs = this.#node.now()
    const { http_response_header_for_traceid: header } = this.#config
    if (header !== undefined) exchange.response.addHeader(header, trace.request.start.traceId)
  }

  bodyFilter(exchange: Exchange): void {
    this.#trace(exchange, {}).bodyFilterAtMs ??= this.#node.now()
  }

  /** A connection without HTTP has no headers that a trace could come or go in. */
  preread(session: StreamSession): void {
    this.#sessions.set(session, this.#node.now())
  }

  logSession(session: StreamSession): void {
    const { sample_ratio: ratio, traceid_byte_count: bytes } = this.#config
    if (this.#report === undefined || Math.random() >= ratio) return
    reportSession(session, newTraceId(bytes), {
      config: this.#config,
      nodeId: this.#node.nodeId,
      prereadAtMs: this.#sessions.get(session),
      nowMs: this.#node.now(),
      report: this.#report,
    })
  }

  log(exchange: Exchange): void {
    const trace = this.#trace(exchange, {})
    if (this.#report === undefined || !trace.isSampled) return
    const { config, nodeId } = { config: this.#config, nodeId: this.#node.nodeId }
    finishTrace(trace, exchange, { config, nodeId, nowMs: this.#node.now(), report: this.#report })
  }

  /** Begins where the plugin first meets the request: without a route there is no access phase. */
  #trace(exchange: Exchange, context: TraceContext): Trace {
    return exchange.local<Trace>(this, () => {
      const isShared = context.sharesSpanId === true
      const { sample_ratio: ratio, traceid_byte_count: bytes } = this.#config
      return {
        isSampled: context.isSampled ?? Math.random() < ratio,
        request: startRequestSpan(exchange, {
          config: this.#config,
          traceId: context.traceId ?? newTraceId(bytes),
          spanId: (isShared ? context.spanId : undefined) ?? newSpanId(),
          parentId: isShared ? context.parentId : context.spanId,
          warn: (message) => this.#node.log.warn(message),
        }),
        accessAtMs: undefined,
        proxyId: undefined,
        headerFilterAtMs: undefined,
        bodyFilterAtMs: undefined,
      }
    })
  }
}
