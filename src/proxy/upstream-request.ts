import { flat } from '../base/buffer-slices.ts'
import type { Peer } from '../balancer/peer.ts'
import type { HeadFields } from '../http/message-head.ts'
import { RequestField, type MadeOfRequest, type RequestHead } from '../http/request-head.ts'
import type { ProxyExchange } from './exchange.ts'
import { FORWARDING_FIELDS, forwardedLines, viaLine } from './forwarded.ts'
import { keptLines, type HeaderEntry } from './header-edits.ts'
import { IDENTITY_FIELDS } from './identity-lines.ts'
import { plannedPath, strippedPrefix } from './upstream-path.ts'

/** How the upstream learns where the request body ends; a number counts its bytes. */
export type SentBody = 'none' | 'chunked' | number

/** Fields of a client that never go on: they are about its own connection, or said anew. */
const DROPPED =
  (1 << RequestField.host) |
  (1 << RequestField.connection) |
  (1 << RequestField.keepAlive) |
  (1 << RequestField.proxyConnection) |
  (1 << RequestField.proxy) |
  (1 << RequestField.upgrade) |
  (1 << RequestField.expect) |
  (1 << RequestField.transferEncoding) |
  (1 << RequestField.contentLength) |
  (1 << RequestField.te) |
  (1 << RequestField.requestDebug) |
  FORWARDING_FIELDS

/** The head of the request to a peer, with the final empty line. */
export function upstreamRequestHead(exchange: ProxyExchange, peer: Peer, body: SentBody): string {
  const { made } = exchange.head
  if (made !== undefined && body === 'none' && exchange.upstreamIfChanged === undefined)
    return repeatedHead(exchange, peer, made)
  const id = exchange.context.sendsRequestId ? exchange.id : ''
  return beforeId(exchange, peer) + id + afterId(exchange) + endOf(exchange, body)
}

/**
 * A head that repeats leads to the same request, but for its id, its token and whose it is, as long
 * as nothing else changes.
 */
function repeatedHead(exchange: ProxyExchange, peer: Peer, made: MadeOfRequest): string {
  const { plan, identityLines, context } = exchange
  const { sendsRequestId, realIp } = context
  const hasIdentity = identityLines !== undefined
  const isSame =
    made.plan === plan &&
    made.peer === peer &&
    made.hasIdentity === hasIdentity &&
    made.sendsRequestId === sendsRequestId &&
    made.realIp === realIp
  if (!isSame) {
    made.plan = plan
    made.peer = peer
    made.hasIdentity = hasIdentity
    made.sendsRequestId = sendsRequestId
    made.realIp = realIp
    made.before = flat(beforeId(exchange, peer))
    setAfter(made, exchange)
  }
  const { before, after, rest } = made
  const start = sendsRequestId ? before + exchange.id + after : before + after
  const end = hasIdentity ? `${identityLines}\r\n` : '\r\n'
  return rest === undefined ? start + end : start + made.token! + rest + end
}

/** What follows the id, in two parts where a token stands in it that will be another one. */
function setAfter(made: MadeOfRequest, exchange: ProxyExchange): void {
  const after = afterId(exchange)
  const at = made.token === undefined ? -1 : positionOfToken(exchange.head, after)
  made.after = flat(at === -1 ? after : after.slice(0, at))
  made.rest = at === -1 ? undefined : flat(after.slice(at + made.token!.length))
}

/** Where the token of a head stands in some of its lines; -1 when its line is not among them. */
function positionOfToken({ fields, made }: RequestHead, lines: string): number {
  const field = fields.indexOf(RequestField.authorization)
  const lineStart = fields.spans[field * 4]!
  const tokenStart = fields.spans[field * 4 + 3]! - made!.token!.length
  const line = fields.text.slice(lineStart, fields.lineEnd(field))
  // A line may hold in it what looks like another one.
  const at = lines.startsWith(line) ? 0 : lines.indexOf(`\r\n${line}`) + 2
  return at === 1 ? -1 : at + tokenStart - lineStart
}

/** Up to the value of `X-Kong-Request-Id`, if that is sent. */
function beforeId(exchange: ProxyExchange, peer: Peer): string {
  const { head, routing, context } = exchange
  const { fields } = head
  const changes = exchange.upstreamIfChanged
  const path = changes?.newPath ?? plannedPath(exchange)
  const query = changes?.newQuery
  const target = query === undefined ? withQuery(path, routing) : `${path}${query && `?${query}`}`
  return (
    `${changes?.newMethod ?? head.method} ${target} HTTP/1.1\r\n` +
    (fields.has(RequestField.te) ? teLine(fields) : '') +
    viaLine(exchange) +
    `Host: ${upstreamHost(exchange, peer)}\r\n` +
    (wantsUpgrade(exchange) ? UPGRADE : KEEP_ALIVE) +
    forwardedLines(exchange, strippedPrefix(exchange)) +
    (context.sendsRequestId ? 'X-Kong-Request-Id: ' : '')
  )
}

/** From there up to what says who the client is. */
function afterId(exchange: ProxyExchange): string {
  const { head, identityLines, context } = exchange
  const { fields } = head
  const edits = exchange.upstreamIfChanged?.edits
  let dropped = DROPPED
  if (context.sendsRequestId) dropped |= 1 << RequestField.requestId
  if (identityLines !== undefined) dropped |= IDENTITY_FIELDS
  const named = fields.has(RequestField.connection) ? namedInConnection(fields) : undefined
  return (context.sendsRequestId ? '\r\n' : '') + keptLines(fields, dropped, edits, named)
}

function endOf({ identityLines, upstreamIfChanged }: ProxyExchange, body: SentBody): string {
  const edits = upstreamIfChanged?.edits
  return (
    (identityLines ?? '') +
    (edits === undefined ? '' : addedLines(edits.added)) +
    bodyLine(body) +
    '\r\n'
  )
}

const KEEP_ALIVE = 'Connection: keep-alive\r\n'
const UPGRADE = 'Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n'

function withQuery(path: string, routing: ProxyExchange['routing']): string {
  return routing.hasQuery ? `${path}?${routing.rawQuery}` : path
}

function bodyLine(body: SentBody): string {
  if (body === 'none') return ''
  return body === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${body}\r\n`
}

/** A `te` of a client says what it can read; only trailers concern what lies beyond this gateway. */
function teLine(fields: HeadFields): string {
  return /(?:^|,)\s*trailers\s*(?:,|$)/i.test(fields.values('te').join(','))
    ? 'TE: trailers\r\n'
    : ''
}

/** Fields that frame the message or speak for the gateway; a plugin's are not believed. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-path',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-real-ip',
])

function addedLines(entries: readonly HeaderEntry[]): string {
  let lines = ''
  for (const [name, value] of entries)
    if (!OWN_NAMES.has(name.toLowerCase())) lines += `${name}: ${value}\r\n`
  return lines
}

/**
 * Lower-case names that the Connection field takes out.
 * @returns nothing when it says no more than one of the usual words
 */
function namedInConnection(fields: HeadFields): ReadonlySet<string> | undefined {
  const isRepeated = (fields.repeated & (1 << RequestField.connection)) !== 0
  const value = isRepeated
    ? fields.values('connection').join(',')
    : fields.get(RequestField.connection)!
  if (/^(?:keep-alive|close|upgrade)$/i.test(value)) return undefined
  return new Set(
    value
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
}

/** Whether the client asks to change to the one protocol that is passed through. */
export function wantsUpgrade({ head }: ProxyExchange): boolean {
  return (
    head.fields.has(RequestField.upgrade) &&
    head.minorVersion >= 1 &&
    head.fields.get(RequestField.upgrade)!.toLowerCase() === 'websocket'
  )
}

/** Value of Host: a plugin's, the client's where the route keeps it, else the peer's with its port. */
export function upstreamHost(exchange: ProxyExchange, peer: Peer): string {
  const { routing, plan } = exchange
  const set = exchange.upstreamIfChanged?.newHost
  if (set !== undefined) return set
  if (plan?.route.preserve_host === true && routing.host !== '') return routing.host
  const name = peer.hostHeader ?? peer.hostname
  return peer.port === (isTlsScheme(exchange) ? 443 : 80) ? name : `${name}:${peer.port}`
}

/** Whether the upstream is spoken to over TLS. */
export function isTlsScheme({ upstreamIfChanged, plan }: ProxyExchange): boolean {
  const scheme = upstreamIfChanged?.newScheme ?? plan?.target?.scheme
  return scheme === 'https' || scheme === 'grpcs'
}

/** Whether the upstream is spoken to over HTTP/2. */
export function isGrpcScheme({ upstreamIfChanged, plan }: ProxyExchange): boolean {
  const scheme = upstreamIfChanged?.newScheme ?? plan?.target?.scheme
  return scheme === 'grpc' || scheme === 'grpcs'
}
