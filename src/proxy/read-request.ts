import type { BodyFraming, FramingFault } from '../http/body-framing.ts'
import { requestFraming } from '../http/body-framing.ts'
import { MALFORMED, type HeadFields } from '../http/message-head.ts'
import { isMalformedPath } from '../http/normalize-path.ts'
import {
  FIELD_TOO_LARGE,
  HEAD_TOO_LARGE,
  RequestField,
  URI_TOO_LONG,
  VERSION_NOT_SUPPORTED,
  type RequestHead,
} from '../http/request-head.ts'
import { TOO_MANY_FIELDS } from '../http/message-head.ts'
import type { ProxyExchange } from './exchange.ts'
import { hostFacts } from './host-facts.ts'
import { GatewayError, type FailureCode } from './gateway-error.ts'

/** Bytes that are no whole request. */
export interface NoRequest {
  /** A negative one of the codec. */
  readonly verdict: number
  readonly head: RequestHead
  readonly start: number
  /** Behind empty lines. */
  readonly at: number
  /** An earlier part of it has come before. */
  readonly hasBegun: boolean
}

/** Why a head that broke the grammar is refused. @param verdict a negative one of the codec */
export function headFailure(verdict: number): FailureCode {
  return HEAD_FAILURES.get(verdict) ?? 'bad_request'
}

const HEAD_FAILURES: ReadonlyMap<number, FailureCode> = new Map([
  [MALFORMED, 'bad_request'],
  [TOO_MANY_FIELDS, 'head_too_large'],
  [HEAD_TOO_LARGE, 'head_too_large'],
  [FIELD_TOO_LARGE, 'head_too_large'],
  [URI_TOO_LONG, 'uri_too_long'],
  [VERSION_NOT_SUPPORTED, 'version_not_supported'],
])

/** Where the body ends; a failure where two readers could differ about it. */
export function bodyFramingOf(head: RequestHead): BodyFraming | FailureCode {
  const framing = requestFraming(head)
  return typeof framing === 'string' ? FRAMING_FAILURES[framing] : framing
}

const FRAMING_FAILURES: Readonly<Record<FramingFault, FailureCode>> = {
  'length-and-chunked': 'bad_request',
  'repeated-length': 'bad_request',
  'repeated-coding': 'bad_request',
  'bad-length': 'bad_request',
  'chunked-in-http-1.0': 'bad_request',
  'unknown-coding': 'coding_not_implemented',
}

/**
 * What the client asks for its connection after this request, as nginx reads it: by what a value
 * contains, and by the last line that says something.
 */
export function connectionWish(fields: HeadFields): 'close' | 'keep-alive' | undefined {
  if (!fields.has(RequestField.connection)) return undefined
  if ((fields.repeated & (1 << RequestField.connection)) === 0)
    return wishOf(fields.get(RequestField.connection)!)
  let wish: 'close' | 'keep-alive' | undefined
  for (const value of fields.values('connection')) wish = wishOf(value) ?? wish
  return wish
}

function wishOf(value: string): 'close' | 'keep-alive' | undefined {
  if (value === 'keep-alive') return 'keep-alive'
  const connection = value.toLowerCase()
  if (connection.includes('close')) return 'close'
  return connection.includes('keep-alive') ? 'keep-alive' : undefined
}

/** The request line for the log, as far as it can be made out. */
export function requestLineOf(bytes: Buffer, start: number, end: number): string {
  const text = bytes.latin1Slice(start, Math.min(end, start + 1024))
  return text.split(/[\r\n]/, 1)[0]!
}

/** @see RFC 9110 §10.1.1; other expectations are neither met nor refused, as by nginx */
export function expectsContinue(fields: HeadFields): boolean {
  const { expect } = RequestField
  return fields.has(expect) && fields.get(expect)?.toLowerCase() === '100-continue'
}

/**
 * Refuses what must not reach a route: requests whose host, path or repeated fields could be read
 * in two ways, methods that are for proxies of another kind, and announced bodies beyond the limit.
 */
export function readRequest(exchange: ProxyExchange): GatewayError | undefined {
  const { head, context, body } = exchange
  const { made } = head
  if (made?.isAccepted !== true) {
    const fault = faultOfHead(exchange)
    if (fault !== undefined) return fault
    if (made !== undefined) made.isAccepted = true
  }
  const { bodyBytes } = context.limits
  if (bodyBytes > 0 && (body.knownLength ?? 0) > bodyBytes)
    return new GatewayError('body_too_large', 'The announced body is too large')
  return undefined
}

/** What follows from the head alone, and is the same for every request that has it. */
function faultOfHead({ head, routing }: ProxyExchange): GatewayError | undefined {
  const { fields } = head
  if (!head.isPlainPath && isMalformedPath(routing.rawPath))
    return badRequest('The request target is malformed', 0)
  if (!hasValidHost(head, routing))
    return badRequest('Host is missing or invalid', fieldsBeforeHostFault(head, routing))
  if ((fields.repeated & SINGLE_FIELDS) !== 0) {
    const at = repeatedFieldAt(fields)
    if (at !== undefined) return badRequest('A field that may stand once is repeated', at)
  }
  if (head.method === 'CONNECT' || head.method === 'TRACE')
    return new GatewayError('method_not_allowed', `Method ${head.method} is not served`)
  return undefined
}

function badRequest(message: string, fieldsBefore: number): GatewayError {
  const error = new GatewayError('bad_request', message)
  error.fieldsBefore = fieldsBefore
  return error
}

/** Fields of which a second one is refused, as nginx refuses it; Host has a check of its own. */
const SINGLE_FIELDS =
  (1 << RequestField.authorization) | (1 << RequestField.expect) | (1 << RequestField.conditional)

/** Where a field stands that may not stand again. The conditional ones share a number, so names decide. */
function repeatedFieldAt(fields: HeadFields): number | undefined {
  const seen = new Set<string>()
  for (let index = 0; index < fields.count; index += 1) {
    if ((SINGLE_FIELDS & (1 << fields.ids[index]!)) === 0) continue
    const name = fields.nameAt(index).toLowerCase()
    if (seen.has(name)) return index
    seen.add(name)
  }
  return undefined
}

/** HTTP/1.0 may do without one, and HTTP/0.9, which has nothing but GET. */
function hasValidHost(head: RequestHead, routing: ProxyExchange['routing']): boolean {
  const { fields, minorVersion } = head
  if (routing.host !== '' && !routing.hostFacts.isValid) return false
  if (!fields.has(RequestField.host))
    return minorVersion === 0 || (minorVersion < 0 && head.method === 'GET')
  if ((fields.repeated & (1 << RequestField.host)) !== 0) return false
  // The host of an absolute form is another one than the field's, which must be right as well.
  return head.isPlainPath ? routing.host !== '' : hostFacts(fields.get(RequestField.host)!).isValid
}

/** nginx judges the host of an absolute form with the request line, one that is missing at the end. */
function fieldsBeforeHostFault(head: RequestHead, routing: ProxyExchange['routing']): number {
  const { fields } = head
  const own = fields.get(RequestField.host)
  if (routing.host !== (own ?? '') && !routing.hostFacts.isValid) return 0
  const at = fields.indexOf(RequestField.host)
  if (own === undefined) return fields.count
  return hostFacts(own).isValid ? fields.ids.indexOf(RequestField.host, at + 1) : at
}
