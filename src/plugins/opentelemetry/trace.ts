import { isIP } from 'node:net'
import type { Exchange, Try } from '../../plugin-kit/exchange.ts'
import { maskedQuery } from '../../plugin-kit/masked-query.ts'
import { isTraced, notesOf, type PhaseNote } from '../../plugin-kit/tracing/phase-notes.ts'
import { newSpanId } from '../../plugin-kit/tracing/trace-ids.ts'
import type { OtlpSpan } from './otlp.ts'

/** What the plugin keeps about one exchange. */
export interface Trace {
  readonly traceId: string
  readonly isSampled: boolean
  /** Of the span of the request. */
  readonly rootId: string
  /** The caller's span. */
  readonly parentId: string | undefined
  /** Of the span of the last try, which the upstream has been told of; absent where tries have none. */
  readonly balancerId: string | undefined
  /** When the plugin's access phase ended: Unix time in ms, with fractions. */
  readonly handedOnAtMs: number
}

/** Which parts of an exchange have spans. */
export interface TracedParts {
  readonly router: boolean
  readonly balancer: boolean
  readonly dns: boolean
}

export interface Traced {
  readonly parts: TracedParts
  /** Names of upstreams; a service with one of them as its host needs no name looked up. */
  readonly upstreams: ReadonlySet<string>
}

/** @param instrumentations the setting `tracing_instrumentations` */
export function tracedParts(instrumentations: unknown): TracedParts {
  return {
    router: isTraced(instrumentations, 'router'),
    balancer: isTraced(instrumentations, 'balancer'),
    dns: isTraced(instrumentations, 'dns_query'),
  }
}

/** The spans of an exchange that is over, that of the request first. @param endMs Unix time */
export function spansOf(
  exchange: Exchange,
  trace: Trace,
  { parts, upstreams, endMs }: Traced & { readonly endMs: number },
): readonly OtlpSpan[] {
  const { phases, routing } = notesOf(exchange)
  const child = (span: ChildSpan): OtlpSpan => ({
    traceId: trace.traceId,
    spanId: newSpanId(),
    parentId: trace.rootId,
    kind: 'internal',
    attributes: {},
    hasFailed: false,
    exception: undefined,
    ...span,
  })
  return [
    rootSpan(exchange, trace, endMs),
    ...phases.filter(({ phase }) => phase === 'rewrite').map((note) => child(phaseSpan(note))),
    ...(parts.router && routing !== undefined ? [child({ name: 'kong.router', ...routing })] : []),
    ...phases.filter(({ phase }) => phase !== 'rewrite').map((note) => child(phaseSpan(note))),
    ...(parts.dns && !upstreams.has(exchange.service?.host ?? '')
      ? dnsSpans(exchange, trace).map(child)
      : []),
    ...(parts.balancer ? trySpans(exchange, trace, endMs).map(child) : []),
  ]
}

type ChildSpan = Pick<OtlpSpan, 'name' | 'startMs' | 'endMs'> & Partial<OtlpSpan>

function rootSpan(exchange: Exchange, trace: Trace, endMs: number): OtlpSpan {
  const { request, response, route, id, startedAtMs } = exchange
  const { scheme, host, rawPath, pathWithQuery } = request
  const sentQuery = pathWithQuery.slice(rawPath.length + 1)
  const query = sentQuery === '' ? '' : `?${maskedQuery(sentQuery, exchange)}`
  return {
    traceId: trace.traceId,
    spanId: trace.rootId,
    parentId: trace.parentId,
    name: 'kong',
    kind: 'server',
    startMs: startedAtMs,
    endMs,
    hasFailed: false,
    exception: undefined,
    attributes: {
      'http.method': request.method,
      'http.url': `${scheme}://${host}${rawPath}${query}`,
      'http.host': host,
      'http.scheme': scheme,
      'http.flavor': request.httpVersion,
      'http.client_ip': request.ip,
      'net.peer.ip': request.peerIp,
      'kong.request.id': id,
      'http.status_code': response.status,
      'http.route': route?.paths?.[0] ?? '',
    },
  }
}

function phaseSpan({ phase, plugin, startMs, endMs, error }: PhaseNote): ChildSpan {
  const name = `kong.${phase}.plugin.${plugin}`
  if (error === undefined) return { name, startMs, endMs }
  const exception = error instanceof Error ? error.message : 'it threw what is no error'
  return { name, startMs, endMs, hasFailed: true, exception }
}

/** A name is looked up after the last plugin has run, and before the first peer is asked. */
function dnsSpans({ service, tries: [first] }: Exchange, trace: Trace): readonly ChildSpan[] {
  if (service === undefined || first === undefined || isIP(service.host) !== 0) return []
  return [
    {
      name: 'kong.dns',
      kind: 'client',
      startMs: Math.min(trace.handedOnAtMs, first.startedAtMs),
      endMs: first.startedAtMs,
      attributes: {
        'dns.record.domain': service.host,
        'dns.record.port': service.port,
        'dns.record.ip': first.ip,
      },
    },
  ]
}

function trySpans(
  { tries, service }: Exchange,
  { balancerId }: Trace,
  endMs: number,
): readonly ChildSpan[] {
  return tries.map((each, index) => {
    const next: Try | undefined = tries[index + 1]
    const hasFailed = each.state !== undefined
    return {
      name: 'kong.balancer',
      kind: 'client',
      ...(next === undefined && balancerId !== undefined && { spanId: balancerId }),
      startMs: each.startedAtMs,
      endMs: next?.startedAtMs ?? endMs,
      hasFailed,
      attributes: {
        try_count: index + 1,
        'net.peer.ip': each.ip,
        'net.peer.port': each.port,
        'net.peer.name': service?.host,
        ...(hasFailed && { 'http.status_code': each.code }),
      },
    }
  })
}
