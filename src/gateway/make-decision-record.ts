import type {
  DecisionRecord,
  RecordedName,
  RecordedRequest,
  RoutedParts,
} from '../admin/decision-record.ts'
import type { Decision } from '../plugin-kit/exchange.ts'
import type { Refusal } from '../proxy/handle-exchange.ts'
import type { ProxyExchange } from '../proxy/exchange.ts'
import { GatewayError } from '../proxy/gateway-error.ts'
import { routingNames } from './routing-names.ts'

/** Longer texts of clients are cut. */
const LONGEST_PATH = 1024
const LONGEST_BODY = 500

/**
 * What is kept of an exchange that is over. Of the request only what is no secret: no header but those
 * that routes ask for, no value of the query, no body.
 */
export function decisionRecord(exchange: ProxyExchange): DecisionRecord {
  const { response, noted, route, service, consumer, refusal } = exchange
  const why = reasonOf(exchange)
  const body = response.status >= 400 ? bodyOf(refusal) : undefined
  return {
    id: exchange.id,
    at_ms: Math.round(exchange.finishedAtMs),
    configuration: exchange.snapshot.version,
    status: response.status,
    answered_by: answererOf(exchange),
    ...why,
    request: requestOf(exchange),
    route: named(route),
    service: named(service),
    consumer: consumer === undefined ? null : named({ ...consumer, name: consumerName(consumer) }),
    ...(body !== undefined && { body }),
    decisions: noted,
    tries: exchange.tries.map(({ ip, port, state = null, code = null }) => ({
      ip,
      port,
      state,
      code,
    })),
    timings: timingsOf(exchange),
  }
}

/** The same record, for which clients cannot choose the size. */
export function withoutFacts(record: DecisionRecord): DecisionRecord {
  const { request, decisions } = record
  return {
    ...record,
    request: { ...request, query: [], routed: bare(request.routed) },
    decisions: decisions.slice(0, 10).map(({ plugin, verdict, code, detail }) => ({
      plugin,
      verdict,
      code,
      ...(detail !== undefined && { detail: cut(detail, LONGEST_BODY) }),
    })),
    ...(record.reason !== undefined && { reason: cut(record.reason, LONGEST_BODY) }),
  }
}

function bare({ source_port, destination_ip }: RoutedParts): RoutedParts {
  return { source_port, destination_ip }
}

/** Why an exchange was not served, for people; nothing where it was. */
export function reasonOf(exchange: ProxyExchange): { code?: string; reason?: string } {
  const { refusal, response, refusedBy } = exchange
  if (response.source === 'service') return {}
  if (response.status === CLIENT_CLOSED && refusal === undefined)
    return { code: 'client-closed', reason: 'the client went away before it had its answer' }
  if (refusal === undefined) return {}
  const noted = refusalNoted(exchange)
  if (noted !== undefined) return { code: noted.code, reason: noted.detail ?? noted.code }
  if (refusal instanceof GatewayError)
    return { code: refusal.code.replaceAll('_', '-'), reason: refusal.message }
  const { reason } = refusal
  if (reason !== undefined) return { code: 'refused', reason }
  return {
    code: 'answered',
    reason: `${refusedBy ?? 'the gateway'} answered the request itself`,
  }
}

const CLIENT_CLOSED = 499

/** What the plugin that answered noted of it. */
function refusalNoted({ noted, refusedBy, response }: ProxyExchange): Decision | undefined {
  if (response.status < 400) return undefined
  return noted.findLast(({ verdict, plugin }) => verdict === 'refused' && plugin === refusedBy)
}

function answererOf({ response, refusedBy, refusal }: ProxyExchange): string {
  if (response.source === 'service') return 'upstream'
  return refusal instanceof GatewayError ? 'gateway' : (refusedBy ?? 'gateway')
}

/** What answers of other servers or of plugins without a reason say is nobody's business here. */
function bodyOf(refusal: Refusal | undefined): string | undefined {
  if (refusal === undefined) return undefined
  if (refusal instanceof GatewayError)
    return JSON.stringify({ message: refusal.text ?? refusal.failure.text })
  if (refusal.kind === 'error')
    return refusal.message === undefined ? undefined : JSON.stringify({ message: refusal.message })
  if (refusal.reason === undefined || typeof refusal.body !== 'string') return undefined
  return cut(refusal.body, LONGEST_BODY)
}

function requestOf(exchange: ProxyExchange): RecordedRequest {
  const { head, request, routing } = exchange
  return {
    method: head.method,
    scheme: request.scheme,
    host: cut(routing.host, LONGEST_PATH),
    port: request.port,
    path: cut(request.rawPath, LONGEST_PATH),
    query: routing.rawQuery === '' ? [] : queryNames(routing.rawQuery),
    http_version: request.httpVersion,
    client_ip: request.ip,
    routed: routedParts(exchange),
  }
}

/** What a router needs to decide once more. */
function routedParts({ routing, snapshot }: ProxyExchange): RoutedParts {
  const { headers, query } = routingNames(snapshot.entities)
  const found = headers.map((name) => [name, routing.headerValues(name)] as const)
  const present = found.filter(([, values]) => values.length > 0)
  const parts = query.size === 0 ? [] : routing.rawQuery.split('&')
  const wanted = parts.filter((part) => query.has(part.split('=', 1)[0]!))
  return {
    source_port: routing.sourcePort,
    destination_ip: routing.destinationIp,
    ...(routing.sni !== undefined && { sni: routing.sni }),
    ...(present.length > 0 && { headers: Object.fromEntries(present) }),
    ...(wanted.length > 0 && { query: wanted.join('&') }),
  }
}

const MOST_NAMES = 20
const LONGEST_NAME = 40

function queryNames(rawQuery: string): readonly string[] {
  // A part without `=` may be a value that stands alone, and secret.
  const parts = rawQuery.split('&', MOST_NAMES).filter((part) => part.includes('='))
  const names = parts.map((part) => part.slice(0, part.indexOf('=')))
  return [...new Set(names.filter((name) => name.length <= LONGEST_NAME))]
}

function timingsOf({ latencies }: ProxyExchange): DecisionRecord['timings'] {
  const { requestMs, gatewayMs, upstreamMs } = latencies
  return {
    total_ms: rounded(requestMs),
    gateway_ms: rounded(gatewayMs),
    ...(upstreamMs !== -1 && { upstream_ms: rounded(upstreamMs) }),
  }
}

function rounded(ms: number): number {
  return Math.max(Math.round(ms * 100) / 100, 0)
}

function named(entity: RecordedName | undefined): RecordedName | null {
  return entity === undefined ? null : { id: entity.id, name: entity.name }
}

function consumerName(consumer: NonNullable<ProxyExchange['consumer']>): string | null {
  return consumer.username ?? consumer.custom_id ?? null
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
