import { flat } from '../base/buffer-slices.ts'
import { turnMs } from '../base/turn-clock.ts'
import { reasonPhrase } from '../http/reason-phrases.ts'
import { RequestField } from '../http/request-head.ts'
import { ResponseField, type MadeOfResponse } from '../http/response-head.ts'
import { oncePerSecond } from '../telemetry/log-time.ts'
import type { ProxyContext, ResponseHeaderRules } from './context.ts'
import type { ProxyExchange } from './exchange.ts'
import { keptLines, type HeaderEntry } from './header-edits.ts'

/** How the length of the body is said in the head. */
export type LengthLine =
  /** The upstream's own line stays, or there is none. */
  | 'as-received'
  | 'chunked'
  /** The body ends with the connection, or there is none. */
  | 'none'
  /** Bytes. */
  | number

const dateLine = oncePerSecond((ms) => `Date: ${new Date(ms).toUTCString()}\r\n`)

/** Fields of an upstream that never go on: they are about its own connection, or for this gateway. */
const HOP_BY_HOP =
  (1 << ResponseField.connection) |
  (1 << ResponseField.keepAlive) |
  (1 << ResponseField.transferEncoding) |
  (1 << ResponseField.upgrade) |
  (1 << ResponseField.proxyConnection) |
  (1 << ResponseField.accelRedirect) |
  (1 << ResponseField.accelBuffering) |
  (1 << ResponseField.accelCharset) |
  (1 << ResponseField.accelExpires) |
  (1 << ResponseField.accelLimitRate)

/** The head of a proxied response: what the upstream said, what plugins changed, what the gateway adds. */
export function proxiedHead(exchange: ProxyExchange, length: LengthLine): string {
  const { response, downstream, upstreamHead } = exchange
  const { made } = upstreamHead!
  const isUnchanged =
    made !== undefined &&
    response.edits === undefined &&
    length === 'as-received' &&
    downstream.keepsAlive &&
    exchange.balancerLines === ''
  if (isUnchanged) return repeatedHead(exchange, made)
  return (
    startOf(exchange, length) + latencyLines(exchange) + endOf(exchange) + idOf(exchange) + '\r\n'
  )
}

/** A head that repeats leads to the same head, but for latencies and id. */
function repeatedHead(exchange: ProxyExchange, made: MadeOfResponse): string {
  const { responseHeaders } = exchange.context
  if (made.rules !== responseHeaders) {
    made.rules = responseHeaders
    made.start = flat(startOf(exchange, 'as-received'))
    made.end = flat(endOf(exchange))
  }
  return made.start + latencyLines(exchange) + made.end + idOf(exchange) + '\r\n'
}

/** Up to the latencies: status line, fields that go on, those of the gateway's side. */
function startOf(exchange: ProxyExchange, length: LengthLine): string {
  const { response, context, upstreamHead } = exchange
  const { edits } = response
  const { fields, connection } = upstreamHead!
  const type =
    edits === undefined ? fields.get(ResponseField.contentType) : response.header('content-type')
  const typedLine = withCharset(exchange, type)
  let dropped = HOP_BY_HOP | ownFields(context) | (1 << ResponseField.via)
  if (length !== 'as-received') dropped |= 1 << ResponseField.contentLength
  if (typedLine !== '') dropped |= 1 << ResponseField.contentType
  if (fields.has(ResponseField.trailer) && !wantsTrailers(exchange))
    dropped |= 1 << ResponseField.trailer
  return (
    statusLine(exchange) +
    keptLines(fields, dropped, edits, namedIn(connection)) +
    (edits === undefined ? '' : addedLines(edits.added, OWN_NAMES, typedLine !== '')) +
    typedLine +
    connectionLines(exchange, length) +
    exchange.balancerLines +
    serverLine(exchange)
  )
}

/** The head of a response that the gateway makes. */
export function ownHead(exchange: ProxyExchange, length: LengthLine, now: number): string {
  const { response, context } = exchange
  // A plugin that waited for another server has times as well, and no peer.
  const isMadeHere = response.source === 'exit' && exchange.peer === undefined
  const isProxied = exchange.sentAtMs !== -1 && !isMadeHere
  const typedLine = withCharset(exchange, response.header('content-type'))
  return (
    statusLine(exchange) +
    dateLine(now) +
    addedLines(response.edits?.added ?? NO_ENTRIES, OWN_NAMES, typedLine !== '') +
    typedLine +
    connectionLines(exchange, length) +
    upgradeLine(exchange) +
    exchange.balancerLines +
    (isProxied
      ? serverLine(exchange) + latencyLines(exchange) + endOf(exchange) + idOf(exchange)
      : madeHereLines(exchange, context, now)) +
    '\r\n'
  )
}

/** Beside the line that says how the connection goes on, as in Kong: another protocol is asked for. */
function upgradeLine({ failure }: ProxyExchange): string {
  return failure === 'https_required' || failure === 'http2_required'
    ? 'Connection: Upgrade\r\n'
    : ''
}

/** Whether the client has said that it reads fields after a body. */
export function wantsTrailers({ head }: ProxyExchange): boolean {
  return head.fields.get(RequestField.te)?.toLowerCase().includes('trailers') === true
}

const NO_ENTRIES: readonly HeaderEntry[] = []

function statusLine({ response, upstreamHead }: ProxyExchange): string {
  const { status } = response
  if (upstreamHead !== undefined && status === upstreamHead.status)
    return `HTTP/1.1 ${upstreamHead.statusAndReason}\r\n`
  return `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`
}

/** Fields the gateway says itself, if it is set to; an upstream's are then replaced. */
function ownFields({ responseHeaders }: ProxyContext): number {
  const { upstreamLatency, proxyLatency, upstreamStatus, requestId } = responseHeaders
  return (
    (upstreamLatency ? 1 << ResponseField.upstreamLatency : 0) |
    (proxyLatency ? 1 << ResponseField.proxyLatency : 0) |
    (upstreamStatus ? 1 << ResponseField.upstreamStatus : 0) |
    (requestId ? 1 << ResponseField.requestId : 0)
  )
}

/** Names whose lines the gateway writes, whatever a plugin has put in. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
  'via',
  'x-kong-request-id',
])

function addedLines(
  entries: readonly HeaderEntry[],
  own: ReadonlySet<string>,
  isTypeWritten: boolean,
): string {
  let lines = ''
  for (const [name, value] of entries) {
    const lower = name.toLowerCase()
    if (own.has(lower) || (isTypeWritten && lower === 'content-type')) continue
    lines += `${name}: ${value}\r\n`
  }
  return lines
}

const TYPES_WITH_CHARSET: ReadonlySet<string> = new Set([
  'text/html',
  'text/plain',
  'text/xml',
  'text/vnd.wap.wml',
  'application/javascript',
  'application/rss+xml',
])

/**
 * Text types get the configured charset when they say none and are not compressed.
 * @returns the whole line, or `''` when the type stays as it is
 * @see nginx, ngx_http_charset_module
 */
function withCharset({ response, context }: ProxyExchange, type: string | undefined): string {
  const { charset } = context.responseHeaders
  if (type === undefined || charset === '' || isOwnRedirect(response)) return ''
  if (!TYPES_WITH_CHARSET.has(type.toLowerCase())) return ''
  if (response.header('content-encoding') !== undefined) return ''
  return `Content-Type: ${type}; charset=${charset}\r\n`
}

/** nginx's pages for redirects say no charset. */
function isOwnRedirect({ source, status }: ProxyExchange['response']): boolean {
  return source !== 'service' && status >= 300 && status < 400
}

/** Lower-case names a Connection field lists, besides those that are dropped anyway. */
function namedIn(connection: string): ReadonlySet<string> | undefined {
  if (connection === '' || connection === 'keep-alive') return undefined
  if (/^(?:keep-alive|close|upgrade)$/i.test(connection)) return undefined
  const names = connection.toLowerCase().split(',')
  return new Set(names.map((name) => name.trim()).filter((name) => !FRAMING_NAMES.has(name)))
}

/** A peer cannot take away what says where the message ends. */
const FRAMING_NAMES: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding'])

function connectionLines({ downstream, upgrade }: ProxyExchange, length: LengthLine): string {
  if (upgrade !== undefined) return `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`
  const connection = downstream.keepsAlive ? KEEP_ALIVE : CLOSE
  if (length === 'chunked') return `Transfer-Encoding: chunked\r\n${connection}`
  return typeof length === 'number' ? `${connection}Content-Length: ${length}\r\n` : connection
}

const KEEP_ALIVE = 'Connection: keep-alive\r\n'
const CLOSE = 'Connection: close\r\n'

/** The upstream's Server stays; a plugin's stands for it. */
function serverLine({ response, context }: ProxyExchange): string {
  const { edits, fields } = response
  const isKept = fields !== undefined && fields.has(ResponseField.server)
  if (isKept && edits === undefined) return ''
  const added = edits?.added.findLast(([name]) => name.toLowerCase() === 'server')
  if (added !== undefined) return `Server: ${added[1]}\r\n`
  if (isKept && edits?.removed.has('server') !== true) return ''
  return context.responseHeaders.server ? `Server: ${context.product}\r\n` : ''
}

function latencyLines(exchange: ProxyExchange): string {
  const { response, sentAtMs, answeredAtMs } = exchange
  const { responseHeaders: rules } = exchange.context
  const waited = (answeredAtMs === -1 ? turnMs() : answeredAtMs) - sentAtMs
  const took = sentAtMs - exchange.startedAtMs
  const both = rules.upstreamLatency && rules.proxyLatency
  const lines = both ? bothLatencies(waited, took) : oneLatency(rules, waited, took)
  return rules.upstreamStatus && response.upstreamStatus !== undefined
    ? `${lines}X-Kong-Upstream-Status: ${response.upstreamStatus}\r\n`
    : lines
}

function oneLatency(rules: ResponseHeaderRules, waited: number, took: number): string {
  if (rules.upstreamLatency) return `X-Kong-Upstream-Latency: ${waited}\r\n`
  return rules.proxyLatency ? `X-Kong-Proxy-Latency: ${took}\r\n` : ''
}

/** Most latencies are a few milliseconds: their lines are made once. */
const COMMON_MS = 32
const common: (string | undefined)[] = Array.from({ length: COMMON_MS * COMMON_MS })

function bothLatencies(waited: number, took: number): string {
  if (waited >= COMMON_MS || took >= COMMON_MS || waited < 0 || took < 0)
    return `X-Kong-Upstream-Latency: ${waited}\r\nX-Kong-Proxy-Latency: ${took}\r\n`
  return (common[waited * COMMON_MS + took] ??= flat(
    `X-Kong-Upstream-Latency: ${waited}\r\nX-Kong-Proxy-Latency: ${took}\r\n`,
  ))
}

/** From the latencies to the request's id. */
function endOf(exchange: ProxyExchange): string {
  const { requestId } = exchange.context.responseHeaders
  return requestId ? `${viaLine(exchange)}X-Kong-Request-Id: ` : viaLine(exchange)
}

function idOf({ context, id }: ProxyExchange): string {
  return context.responseHeaders.requestId ? `${id}\r\n` : ''
}

function viaLine({ response, context }: ProxyExchange): string {
  const own = context.responseHeaders.via ? `${response.viaVersion} ${context.product}` : ''
  const { fields, edits } = response
  const hasOther = edits !== undefined || fields?.has(ResponseField.via) === true
  const values = hasOther ? response.headerValues('via') : NONE
  if (values.length === 0) return own === '' ? '' : `Via: ${own}\r\n`
  const others = values.join(', ')
  return own === '' ? `Via: ${others}\r\n` : `Via: ${others}, ${own}\r\n`
}

const NONE: readonly string[] = []

/** An answer that names this gateway in Via, as plugins that ask elsewhere make it, keeps its Server. */
function madeHereLines(exchange: ProxyExchange, context: ProxyContext, now: number): string {
  const { responseHeaders: rules, product } = context
  const via = exchange.response.headerValues('via').join(', ')
  const isForeign = rules.via && via === `1.1 ${product}`
  let lines = via === '' ? '' : `Via: ${via}\r\n`
  if (rules.responseLatency) {
    const { startedAtMs, sentAtMs, answeredAtMs } = exchange
    const waited = answeredAtMs === -1 ? 0 : answeredAtMs - sentAtMs
    lines += `X-Kong-Response-Latency: ${now - startedAtMs - waited}\r\n`
  }
  const server = isForeign ? exchange.response.header('server') : rules.server ? product : undefined
  if (server !== undefined) lines += `Server: ${server}\r\n`
  return rules.requestId ? `${lines}X-Kong-Request-Id: ${exchange.id}\r\n` : lines
}
