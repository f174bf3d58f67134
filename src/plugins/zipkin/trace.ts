import type { Exchange, Try } from '../../plugin-kit/exchange.ts'
import type { Report } from './reporter.ts'
import { readRequestTags } from './request-tags.ts'
import type { Config } from './schema.ts'
import { Span } from './span.ts'

/** What the plugin keeps about one exchange. Times are Unix times in ms. */
export interface Trace {
  readonly isSampled: boolean
  readonly request: Span
  accessAtMs: number | undefined
  /** Id of the span that stands for the way to the upstream; the upstream has been told of it. */
  proxyId: string | undefined
  headerFilterAtMs: number | undefined
  bodyFilterAtMs: number | undefined
}

export function startRequestSpan(
  exchange: Exchange,
  options: {
    readonly config: Config
    readonly traceId: string
    readonly spanId: string
    readonly parentId: string | undefined
    readonly warn: (message: string) => void
  },
): Span {
  const { request, startedAtMs } = exchange
  const { config, traceId, spanId, parentId, warn } = options
  const { method, path } = request
  const name = config.http_span_name === 'method_path' ? `${method} ${path}` : method
  const span = new Span({ kind: 'SERVER', name, traceId, spanId, parentId, startMs: startedAtMs })
  span.remote = { ip: request.ip, port: request.clientPort }
  span.tag('lc', 'kong')
  span.tag('http.method', method)
  span.tag('http.host', request.host)
  span.tag('http.path', path)
  span.tag('http.protocol', `HTTP/${request.httpVersion}`)
  for (const { name: tag, value } of config.static_tags ?? []) span.tag(tag, value)
  const { tags, unreadable } = readRequestTags(
    request.headerValues(config.tags_header.toLowerCase()),
  )
  if (unreadable.length > 0)
    warn(`Could not parse the following Zipkin tags: ${unreadable.join(', ')}`)
  for (const [tag, value] of Object.entries(tags)) span.tag(tag, value)
  return span
}

export interface TraceEnd {
  readonly config: Config
  readonly nodeId: string
  readonly nowMs: number
  readonly report: Report
}

/** Completes the spans of an exchange that is over, and reports them. */
export function finishTrace(trace: Trace, exchange: Exchange, end: TraceEnd): void {
  const { config, nodeId, nowMs, report } = end
  const { request } = trace
  const proxy = proxySpan(trace, nowMs)
  addTimes(trace, proxy, { exchange, config, nowMs })
  const { upstreamMs } = exchange.latencies
  reportTries(request, exchange, {
    lastEndMs: ({ startedAtMs }) => (upstreamMs < 0 ? nowMs : startedAtMs + upstreamMs),
    report,
  })
  tagWithPeer(proxy, exchange)
  request.tag('http.status_code', exchange.response.status)
  request.tag('kong.consumer', exchange.consumer?.id)
  if (config.include_credential) request.tag('kong.credential', exchange.credential?.id)
  request.tag('kong.node.id', nodeId)
  tagWithNames(proxy, exchange)
  report(proxy, nowMs)
  report(request, nowMs)
}

function proxySpan({ request, proxyId, accessAtMs, headerFilterAtMs }: Trace, nowMs: number): Span {
  const name = `${request.start.name} (proxy)`
  const span = request.child(name, accessAtMs ?? headerFilterAtMs ?? nowMs)
  return proxyId === undefined ? span : new Span({ ...span.start, spanId: proxyId })
}

/** When the phases began and ended. The rewrite phase is told of at the request's own span. */
function addTimes(
  trace: Trace,
  proxy: Span,
  { exchange, config, nowMs }: Pick<TraceEnd, 'config' | 'nowMs'> & { readonly exchange: Exchange },
): void {
  const { request, headerFilterAtMs, bodyFilterAtMs } = trace
  const accessAtMs = trace.accessAtMs ?? proxy.start.startMs
  const accessEndMs = exchange.tries[0]?.startedAtMs ?? headerFilterAtMs ?? nowMs
  const headerFilterEndMs = bodyFilterAtMs ?? nowMs
  if (config.phase_duration_flavor === 'tags') {
    request.tag('kong.rewrite.duration_ms', accessAtMs - exchange.startedAtMs)
    proxy.tag('kong.access.duration_ms', accessEndMs - accessAtMs)
    if (headerFilterAtMs === undefined) return
    proxy.tag('kong.header_filter.duration_ms', headerFilterEndMs - headerFilterAtMs)
    proxy.tag('kong.body_filter.duration_ms', nowMs - headerFilterEndMs)
    return
  }
  request.annotate('krs', exchange.startedAtMs)
  request.annotate('krf', accessAtMs)
  if (headerFilterAtMs !== undefined) proxy.annotate('khs', headerFilterAtMs)
  proxy.annotate('khf', headerFilterEndMs)
  if (bodyFilterAtMs !== undefined) proxy.annotate('kbs', bodyFilterAtMs)
  proxy.annotate('kas', accessAtMs)
  proxy.annotate('kaf', accessEndMs)
  proxy.annotate('kbf', nowMs)
}

/** What tries and names are told of: a request, or a session of a stream. */
export type Traced = Pick<Exchange, 'tries' | 'route' | 'service'>

/** A try lasts until the next one begins, the last one until the upstream answers. */
export function reportTries(
  request: Span,
  traced: Traced,
  { lastEndMs, report }: { readonly lastEndMs: (last: Try) => number; readonly report: Report },
): void {
  for (const [index, each] of traced.tries.entries()) {
    const name = `${request.start.name} (balancer try ${index + 1})`
    const span = request.child(name, each.startedAtMs)
    span.remote = { ip: each.ip, port: each.port }
    span.tag('kong.balancer.try', index + 1)
    if (each.state !== undefined) {
      span.tag('error', true)
      span.tag('kong.balancer.state', each.state)
      span.tag('http.status_code', each.code)
    }
    tagWithNames(span, traced)
    report(span, traced.tries[index + 1]?.startedAtMs ?? lastEndMs(each))
  }
}

/** Says at the span of the way to the upstream who it led to. */
export function tagWithPeer(proxy: Span, { tries, service }: Traced): void {
  const last = tries.at(-1)
  if (last === undefined) return
  proxy.tag('peer.hostname', service?.host)
  proxy.remote = { ip: last.ip, port: last.port }
}

export function tagWithNames(span: Span, { service, route }: Traced): void {
  if (service !== undefined) {
    span.tag('kong.service', service.id)
    span.tag('kong.service_name', service.name)
    span.remote = { ...span.remote, serviceName: service.name ?? undefined }
  }
  span.tag('kong.route', route?.id)
  span.tag('kong.route_name', route?.name)
}
