import { fieldTable } from './field-table.ts'
import { HeadFields, INCOMPLETE, MALFORMED } from './message-head.ts'

/** Request fields with a number. Order is the numbering of {@link RequestField}. */
const NAMES = [
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy',
  'upgrade',
  'expect',
  'transfer-encoding',
  'content-length',
  'te',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-path',
  'x-forwarded-prefix',
  'x-real-ip',
  'via',
  'x-kong-request-id',
  'x-kong-request-debug',
  'x-kong-request-debug-token',
  'x-kong-request-debug-log',
  'x-consumer-id',
  'x-consumer-username',
  'x-consumer-custom-id',
  'x-credential-identifier',
  'x-anonymous-consumer',
  'authorization',
  'accept',
  'content-type',
] as const

/** Numbers of the request fields the data plane asks for by bit. */
export const RequestField = {
  host: 1,
  connection: 2,
  keepAlive: 3,
  proxyConnection: 4,
  proxy: 5,
  upgrade: 6,
  expect: 7,
  transferEncoding: 8,
  contentLength: 9,
  te: 10,
  forwardedFor: 11,
  forwardedProto: 12,
  forwardedHost: 13,
  forwardedPort: 14,
  forwardedPath: 15,
  forwardedPrefix: 16,
  realIp: 17,
  via: 18,
  requestId: 19,
  requestDebug: 20,
  requestDebugToken: 21,
  requestDebugLog: 22,
  consumerId: 23,
  consumerUsername: 24,
  consumerCustomId: 25,
  credentialIdentifier: 26,
  anonymousConsumer: 27,
  authorization: 28,
  accept: 29,
  contentType: 30,
} as const

export const REQUEST_FIELDS = fieldTable(NAMES)

/** The request line is longer than one header buffer: 414. */
export const URI_TOO_LONG = -4
/** `HTTP/2.0` or higher as text: 505. */
export const VERSION_NOT_SUPPORTED = -5
/** The head is larger than all header buffers: nginx's 494, sent as 400. */
export const HEAD_TOO_LARGE = -6
/** A line longer than one header buffer. */
export const FIELD_TOO_LARGE = -7

export interface HeadLimits {
  /** Longest request line and longest field line, in bytes. */
  readonly lineBytes: number
  /** Largest head as a whole, in bytes. */
  readonly headBytes: number
}

const SPACE = 32
const CR = 13
const LF = 10
const FIELD_LIMIT = 1000

/** Bytes of a method: upper-case letters, `_` and `-`, as nginx reads it. */
const METHOD_BYTES = new Uint8Array(256)
METHOD_BYTES.fill(1, 65, 91)
METHOD_BYTES[95] = 1
METHOD_BYTES[45] = 1

/** Bytes of a request target: visible ASCII and obs-text; no space, no control byte. */
const TARGET_BYTES = new Uint8Array(256).fill(1)
TARGET_BYTES.fill(0, 0, 33)
TARGET_BYTES[127] = 0

/** Request line and fields of one request, as offsets into {@link HeadFields.text}. */
export class RequestHead {
  readonly fields = new HeadFields(FIELD_LIMIT)
  method = ''
  target = ''
  /** 0 or 1 of `HTTP/1.x`; higher minor versions count as 1 but are named as sent. */
  minorVersion = 1

  /**
   * Reads a head from its first byte. On success `method`, `target` and the fields are set.
   * @returns position after the head, or a negative verdict
   * @see RFC 9112 §3; stricter than it on white space: exactly one space between the parts
   */
  read(bytes: Buffer, start: number, end: number, limits: HeadLimits): number {
    let at = start
    while (at < end && METHOD_BYTES[bytes[at]!] === 1) at += 1
    const methodEnd = at
    if (at >= end) return this.#unfinished(end - start, limits)
    if (bytes[at] !== SPACE || at === start) return MALFORMED
    at += 1
    const targetStart = at
    while (at < end && TARGET_BYTES[bytes[at]!] === 1) at += 1
    const targetEnd = at
    if (targetEnd - start > limits.lineBytes) return URI_TOO_LONG
    if (at + 11 > end) return this.#unfinishedVersion(bytes, at, end)
    const verdict = this.#readVersion(bytes, at)
    if (verdict !== 0) return verdict
    if (targetEnd === targetStart) return MALFORMED
    const after = this.fields.read(bytes, start, at + 11, end, REQUEST_FIELDS)
    if (after < 0) {
      if (after === INCOMPLETE && end - start > limits.headBytes) return HEAD_TOO_LARGE
      return after
    }
    if (after - start > limits.headBytes) return HEAD_TOO_LARGE
    const text = bytes.latin1Slice(start, after)
    this.fields.text = text
    this.method = methodOf(text, methodEnd - start)
    this.target = text.slice(targetStart - start, targetEnd - start)
    return this.#hasLongLine(limits) ? FIELD_TOO_LARGE : after
  }

  #unfinished(length: number, limits: HeadLimits): number {
    return length > limits.lineBytes ? MALFORMED : INCOMPLETE
  }

  #unfinishedVersion(bytes: Uint8Array, at: number, end: number): number {
    const expected = ' HTTP/'
    for (let offset = 0; at + offset < end && offset < expected.length; offset += 1)
      if (bytes[at + offset] !== expected.charCodeAt(offset)) return MALFORMED
    return INCOMPLETE
  }

  /** Reads ` HTTP/1.x` and CRLF at a position. */
  #readVersion(bytes: Uint8Array, at: number): number {
    if (
      bytes[at] !== SPACE ||
      bytes[at + 1] !== 72 ||
      bytes[at + 2] !== 84 ||
      bytes[at + 3] !== 84 ||
      bytes[at + 4] !== 80 ||
      bytes[at + 5] !== 47 ||
      bytes[at + 7] !== 46
    )
      return MALFORMED
    const major = bytes[at + 6]! - 48
    const minor = bytes[at + 8]! - 48
    if (major < 1 || major > 9 || minor < 0 || minor > 9) return MALFORMED
    if (bytes[at + 9] !== CR || bytes[at + 10] !== LF) return MALFORMED
    if (major > 1) return VERSION_NOT_SUPPORTED
    this.minorVersion = minor
    return 0
  }

  #hasLongLine(limits: HeadLimits): boolean {
    const { fields } = this
    if (fields.text.length <= limits.lineBytes) return false
    for (let index = 0; index < fields.count; index += 1)
      if (fields.lineEnd(index) - fields.spans[index * 4]! > limits.lineBytes) return true
    return false
  }
}

/** Common methods as constants, so that comparing them compares pointers. */
function methodOf(text: string, length: number): string {
  if (length === 3) {
    if (text.startsWith('GET')) return 'GET'
    if (text.startsWith('PUT')) return 'PUT'
  }
  if (length === 4 && text.startsWith('POST')) return 'POST'
  return text.slice(0, length)
}
