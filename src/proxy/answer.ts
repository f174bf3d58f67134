import { toByteString } from '../base/buffer-slices.ts'
import { reasonPhrase } from '../http/reason-phrases.ts'
import { RequestField } from '../http/request-head.ts'
import {
  exit,
  type Answer,
  type AnswerHeaders,
  type ErrorAnswer,
  type ExitAnswer,
} from '../plugin-kit/answer.ts'
import {
  CONTENT_TYPES,
  errorBody,
  errorFormat,
  errorPage,
  serverErrorFormat,
  type WantedFormat,
} from './error-format.ts'
import type { ProxyExchange } from './exchange.ts'
import { finish } from './finish.ts'
import { FAILURES, GatewayError, type FailureCode } from './gateway-error.ts'
import { grpcMessage, grpcStatus } from './grpc-status.ts'
import { HeaderEdits, isFieldName } from './header-edits.ts'
import { ownHead } from './response-head.ts'
import { asBuffer, runBodyFilter, runHeaderFilter } from './run-phase.ts'
import { statusMessage } from './status-messages.ts'

/**
 * Answers with what a plugin gave, through the response phases, and ends the exchange. What cannot
 * be said in HTTP is a fault of the plugin.
 */
export function answer(exchange: ProxyExchange, given: Answer): void {
  const fault = faultOf(given)
  if (fault === undefined) {
    answerAsGiven(exchange, given)
    return
  }
  const { context, id, refusedBy } = exchange
  context.log.error(`Plugin "${refusedBy ?? ''}" cannot answer exchange ${id}: ${fault}`)
  answerFailure(exchange, new GatewayError('plugin_failed', fault))
}

/** A status below 200 would announce another answer, and the rest be read as that. */
function faultOf({ status, headers }: Answer): string | undefined {
  if (!Number.isInteger(status) || status < 200 || status > 999)
    return `${status} is no status of a final response`
  for (const name in headers) if (!isFieldName(name)) return `"${name}" is no field name`
  return undefined
}

function answerAsGiven(exchange: ProxyExchange, given: Answer): void {
  exchange.refusal = given
  const rendered =
    given.kind === 'exit' ? renderExit(exchange, given) : renderError(exchange, given)
  if (given.kind === 'exit' && given.countsAsProxied === true) {
    exchange.sentAtMs = exchange.answeredAtMs = Date.now()
    deliver(exchange, 'service', rendered)
    return
  }
  if (given.kind === 'exit' && given.waitedMs !== undefined) {
    exchange.answeredAtMs = Date.now()
    exchange.sentAtMs = exchange.answeredAtMs - given.waitedMs
  }
  deliver(exchange, given.kind, rendered)
}

/** Answers for a failure as the table of failures has it, and ends the exchange. */
export function answerFailure(exchange: ProxyExchange, error: GatewayError): void {
  const { failure, code, text = failure.text } = error
  exchange.failure = code
  exchange.refusal = error
  if (failure.side === 'client' && failure.style !== 'kong') exchange.downstream.closeAfter()
  exchange.response.source = 'error'
  if (failure.style === 'page') deliver(exchange, 'error', renderPage(code))
  else {
    const { status } = failure
    const headers = FAILURE_HEADERS[code]
    const format =
      failure.style === 'kong'
        ? errorFormat(acceptOf(exchange))
        : serverErrorFormat(wantedFromServer(exchange, error.fieldsBefore))
    deliver(exchange, 'error', renderMessage(exchange, { status, message: text, headers, format }))
  }
}

/** What is sent when a header filter fails, which no filter is asked about again. */
const PLUGIN_FAILED = exit(500, { message: FAILURES.plugin_failed.text })

const FAILURE_HEADERS: Readonly<Partial<Record<FailureCode, AnswerHeaders>>> = {
  https_required: { upgrade: 'TLS/1.2, HTTP/1.1' },
  http2_required: { upgrade: 'HTTP/2' },
}

interface Rendered {
  readonly status: number
  readonly headers: AnswerHeaders | undefined
  /** Written after the others. */
  readonly contentType: string | undefined
  readonly body: Buffer
}

const EMPTY = Buffer.alloc(0)

function renderExit(exchange: ProxyExchange, given: ExitAnswer): Rendered {
  const { status, headers, body } = given
  if (isGrpcCall(exchange))
    return grpcAnswer(status, given.message ?? (typeof body === 'string' ? body : ''), headers)
  return { status, headers, contentType: undefined, body: toBuffer(body) }
}

function renderError(exchange: ProxyExchange, given: ErrorAnswer): Rendered {
  const { status, headers, message = statusMessage(status) } = given
  // As in Kong, a client of gRPC hears from such an answer what kind of failure it was, no more.
  if (isGrpcCall(exchange)) return grpcAnswer(status, '', headers)
  const format = errorFormat(acceptOf(exchange))
  return renderMessage(exchange, { status, message, headers, format })
}

/** Lines of one field are one list. */
function acceptOf({ head: { fields } }: ProxyExchange): string | undefined {
  const first = fields.get(RequestField.accept)
  return first === undefined ? undefined : fields.values('accept').join(',')
}

function renderMessage(
  exchange: ProxyExchange,
  said: {
    readonly status: number
    readonly message: string
    readonly headers: AnswerHeaders | undefined
    readonly format: WantedFormat | 'bare'
  },
): Rendered {
  const { status, message, headers, format } = said
  if (isGrpcCall(exchange)) return grpcAnswer(status, message, headers)
  if (format === 'none') return { status, headers, contentType: undefined, body: EMPTY }
  if (format === 'bare') {
    const body = Buffer.from(JSON.stringify({ message }))
    return { status, headers, contentType: CONTENT_TYPES.json, body }
  }
  const texts = { message, requestId: exchange.id }
  return {
    status,
    headers,
    contentType: CONTENT_TYPES[format],
    body: Buffer.from(errorBody(format, texts, exchange.context.errorTemplates)),
  }
}

/** Without `Accept`, errors of the server follow the type of the request, then the configured one. */
function wantedFromServer({ head, context }: ProxyExchange, fieldsBefore: number): string {
  const { fields } = head
  const said = (field: number): string | undefined =>
    fields.indexOf(field) < fieldsBefore ? fields.get(field) : undefined
  return said(RequestField.accept) ?? said(RequestField.contentType) ?? context.errorDefaultType
}

function renderPage(code: FailureCode): Rendered {
  const { status, text } = FAILURES[code]
  const page =
    code === 'plain_on_tls_port'
      ? errorPage(`${status} ${text}`, text)
      : errorPage(`${status} ${reasonPhrase(status)}`)
  return { status, headers: undefined, contentType: 'text/html', body: Buffer.from(page) }
}

function isGrpcCall({ request }: ProxyExchange): boolean {
  return request.httpVersion === '2' && request.isGrpc
}

/** A gRPC client reads the fields alone. */
function grpcAnswer(status: number, message: string, headers: AnswerHeaders | undefined): Rendered {
  const { code, name } = grpcStatus(status)
  return {
    status,
    headers: { 'grpc-status': code, 'grpc-message': grpcMessage(message || name), ...headers },
    contentType: 'application/grpc',
    body: EMPTY,
  }
}

function toBuffer(body: string | Uint8Array | undefined): Buffer {
  if (body === undefined) return EMPTY
  return typeof body === 'string' ? Buffer.from(body) : asBuffer(body)
}

/** The response becomes what was rendered, whatever an upstream had begun to say. */
function deliver(
  exchange: ProxyExchange,
  source: 'service' | 'exit' | 'error',
  rendered: Rendered,
): void {
  exchange.stage = undefined
  if (exchange.isOver) {
    finish(exchange)
    return
  }
  const { response } = exchange
  response.source = source
  fill(exchange, rendered)
  const failed = exchange.collected.headerFilter.length > 0 && runHeaderFilter(exchange)
  if (failed) fill(exchange, renderExit(exchange, PLUGIN_FAILED))
  send(exchange, failed ? toBuffer(PLUGIN_FAILED.body) : rendered.body)
  finish(exchange)
}

function fill(exchange: ProxyExchange, { status, headers, contentType }: Rendered): void {
  const { response } = exchange
  response.status = status
  response.fields = undefined
  response.isLengthDropped = false
  response.newLength = undefined
  response.edits = new HeaderEdits()
  for (const name in headers) {
    const value = headers[name]!
    if (typeof value === 'object') response.edits.set(titled(name), value)
    else response.edits.add(titled(name), String(value))
  }
  if (contentType !== undefined) response.edits.set('Content-Type', contentType)
  if (exchange.context.allowsDebugHeader) addDebugHeaders(exchange)
}

/** Says which route and service were matched, to clients that ask for it. */
export function addDebugHeaders(exchange: ProxyExchange): void {
  const { match, response } = exchange
  if (match === undefined || exchange.head.fields.value('kong-debug') === undefined) return
  const { route, service } = match
  response.setHeader('Kong-Route-Id', route.id)
  if (route.name !== null) response.setHeader('Kong-Route-Name', toByteString(route.name))
  if (service === undefined) return
  response.setHeader('Kong-Service-Id', service.id)
  if (service.name !== null) response.setHeader('Kong-Service-Name', toByteString(service.name))
}

function send(exchange: ProxyExchange, body: Buffer): void {
  const { response, downstream, head } = exchange
  const now = Date.now()
  let filtered: Buffer | undefined
  try {
    filtered = exchange.collected.bodyFilter.length === 0 ? body : runFilters(exchange, body)
  } catch (error) {
    exchange.context.log.error(`A body filter failed in exchange ${exchange.id}`, error)
    downstream.abort()
    return
  }
  const isEmpty = hasNoBody(exchange)
  const canChunk = downstream.httpVersion !== '1.0'
  const isUnknown = response.isLengthDropped && response.newLength === undefined
  const isChunked = isUnknown && canChunk && !isEmpty
  const length = isChunked ? 'chunked' : filtered.length
  const text = ownHead(exchange, lengthLine(exchange, length), now)
  response.sentHead = text
  response.sizeBytes += text.length
  // Without a body the head is all, and over HTTP/2 ends the stream: gRPC's trailers-only answer.
  if (isEmpty || head.method === 'HEAD' || (filtered.length === 0 && !isChunked)) {
    downstream.sendWhole(text)
    return
  }
  response.bodyBytes = filtered.length
  response.sizeBytes += filtered.length
  downstream.sendHead(text, isChunked ? 'chunked' : 'as-is')
  downstream.sendBody(filtered, 0, filtered.length)
  downstream.endBody()
}

function lengthLine({ response }: ProxyExchange, length: 'chunked' | number) {
  return response.status === 204 || response.status === 304 ? 'none' : length
}

function hasNoBody({ response }: ProxyExchange): boolean {
  return response.status === 204 || response.status === 304
}

/** The whole body is one piece and the last. */
function runFilters(exchange: ProxyExchange, body: Buffer): Buffer {
  return runBodyFilter(exchange, body, true)
}

/** `content-type` → `Content-Type`, as Kong's answers have it. */
function titled(name: string): string {
  let known = titles.get(name)
  if (known === undefined) {
    known = name.replaceAll(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase())
    if (titles.size < KNOWN_TITLES) titles.set(name, known)
  }
  return known
}

const titles = new Map([['www-authenticate', 'WWW-Authenticate']])
const KNOWN_TITLES = 500
