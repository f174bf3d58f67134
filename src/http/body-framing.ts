import type { HeadFields } from './message-head.ts'
import type { RequestHead } from './request-head.ts'
import { RequestField } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'
import { ResponseField } from './response-head.ts'

/** How the end of a body is found. `length` counts bytes. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** Only responses: the body ends with the connection. */
  | { readonly kind: 'until-close' }

/** The framing could be read in two ways, or not at all. */
export type FramingFault =
  | 'length-and-chunked'
  | 'repeated-length'
  | 'repeated-coding'
  | 'bad-length'
  | 'unknown-coding'
  | 'chunked-in-http-1.0'

const NONE: BodyFraming = { kind: 'none' }
const CHUNKED: BodyFraming = { kind: 'chunked' }
const UNTIL_CLOSE: BodyFraming = { kind: 'until-close' }
const EMPTY: BodyFraming = { kind: 'length', length: 0 }

/**
 * Decides where a request body ends, refusing every message two parsers could read differently,
 * since that difference is what request smuggling lives on.
 *
 * @see RFC 9112 §6.3, stricter than it on purpose: a repeated length is a fault even when equal,
 * and `Transfer-Encoding` is exactly `chunked` or a fault
 */
export function requestFraming(head: RequestHead): BodyFraming | FramingFault {
  const { fields } = head
  const hasCoding = fields.has(RequestField.transferEncoding)
  if (!fields.has(RequestField.contentLength)) return hasCoding ? requestCoding(head) : NONE
  if ((fields.repeated & (1 << RequestField.contentLength)) !== 0) return 'repeated-length'
  const length = parseLength(fields.get(RequestField.contentLength)!)
  if (length === undefined) return 'bad-length'
  if (!hasCoding) return length === 0 ? EMPTY : { kind: 'length', length }
  const coding = requestCoding(head)
  return typeof coding === 'string' ? coding : 'length-and-chunked'
}

function requestCoding({ fields, minorVersion }: RequestHead): BodyFraming | FramingFault {
  if (minorVersion === 0) return 'chunked-in-http-1.0'
  return codingOf(fields, RequestField.transferEncoding)
}

/**
 * Decides where a response body ends.
 * @param method of the request it answers
 * @see RFC 9112 §6.3; a length beside a transfer coding is a fault, not overridden
 */
export function responseFraming(head: ResponseHead, method: string): BodyFraming | FramingFault {
  const { fields, status } = head
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return NONE
  const hasLength = fields.has(ResponseField.contentLength)
  if (fields.has(ResponseField.transferEncoding)) {
    if (hasLength) return 'length-and-chunked'
    return codingOf(fields, ResponseField.transferEncoding)
  }
  if (!hasLength) return UNTIL_CLOSE
  if ((fields.repeated & (1 << ResponseField.contentLength)) !== 0) return 'repeated-length'
  const length = parseLength(fields.get(ResponseField.contentLength)!)
  if (length === undefined) return 'bad-length'
  return { kind: 'length', length }
}

function codingOf(fields: HeadFields, id: number): BodyFraming | FramingFault {
  if ((fields.repeated & (1 << id)) !== 0) return 'repeated-coding'
  return fields.get(id)!.toLowerCase() === 'chunked' ? CHUNKED : 'unknown-coding'
}

/** A `Content-Length` value: 1 to 15 digits and nothing else. */
export function parseLength(value: string): number | undefined {
  if (value.length === 0 || value.length > 15) return undefined
  let length = 0
  for (let index = 0; index < value.length; index += 1) {
    const digit = value.charCodeAt(index) - 48
    if (digit < 0 || digit > 9) return undefined
    length = length * 10 + digit
  }
  return length
}
