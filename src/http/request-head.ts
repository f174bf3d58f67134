import { fieldTable } from './field-table.ts'
import { KnownBytes } from './known-bytes.ts'
import { HeadFields, INCOMPLETE, MALFORMED, withColons } from './message-head.ts'

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
  'x-kong-request-debug|x-kong-request-debug-token|x-kong-request-debug-log',
  'x-consumer-id',
  'x-consumer-username',
  'x-consumer-custom-id',
  'x-credential-identifier',
  'x-anonymous-consumer',
  'authorization',
  'accept',
  'content-type',
  'if-match|if-none-match|if-modified-since|if-unmodified-since|if-range|content-range',
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
  consumerId: 21,
  consumerUsername: 22,
  consumerCustomId: 23,
  credentialIdentifier: 24,
  anonymousConsumer: 25,
  authorization: 26,
  accept: 27,
  contentType: 28,
  conditional: 29,
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
const PROTOCOL = Buffer.from(' HTTP/')

/** Bytes of a method: upper-case letters, `_` and `-`, as nginx reads it. */
const METHOD_BYTES = new Uint8Array(256)
METHOD_BYTES.fill(1, 65, 91)
METHOD_BYTES[95] = 1
METHOD_BYTES[45] = 1

/**
 * Bytes of a request target: visible ASCII and obs-text; no space, no control byte. Those of a plain
 * path stand for themselves wherever it goes; others have to be looked at.
 */
const PLAIN = 1
const SPECIAL = 2
const TARGET_BYTES = new Uint8Array(256).fill(SPECIAL)
TARGET_BYTES.fill(0, 0, 33)
TARGET_BYTES[127] = 0
for (let byte = 33; byte < 127; byte += 1)
  if (/[!$&'()*+,./:;=@\w~-]/.test(String.fromCharCode(byte))) TARGET_BYTES[byte] = PLAIN
const SLASH = 47
const QUESTION_MARK = 63
const DOT = 46

/** What came of a head the last time, and what it came of with. */
export interface MadeOfRequest {
  readonly bytes: KnownBytes
  /** Nothing in the head itself is a reason to refuse it. */
  isAccepted: boolean
  /** Value of Host. */
  host: string
  snapshot: unknown
  match: unknown
  plan: unknown
  /** A route was looked for by what the token's field says. */
  isRoutedByToken: boolean
  peer: unknown
  hasIdentity: boolean
  sendsRequestId: boolean
  realIp: unknown
  /** What is logged of it. */
  logged: unknown
  /** The bearer token, of a head that comes with another one each time. */
  token: string | undefined
  /** What the upstream is told: up to the request's id, and from there on, or up to the token. */
  before: string
  after: string
  /** What follows the token; `undefined` where there is none, or it does not go on. */
  rest: string | undefined
}

/** Request line and fields of one request, as offsets into {@link HeadFields.text}. */
export class RequestHead {
  readonly fields: HeadFields
  method = ''
  target = ''
  /** Where in the target the query begins, with its `?`; the target's length without one. */
  pathEnd = 0
  /** The path is normal as it stands, and nothing in it needs escaping. */
  isPlainPath = false
  /** Of `HTTP/1.x`; -1 for HTTP/0.9, which has a request line without version and nothing else. */
  minorVersion = 1
  /** Only of a head that is kept: it is asked again. */
  readonly made: MadeOfRequest | undefined

  /** @param kept a head whose copy it becomes; it is not read into again */
  constructor(kept?: RequestHead) {
    if (kept === undefined) {
      this.fields = new HeadFields(FIELD_LIMIT)
      this.made = undefined
      return
    }
    this.fields = new HeadFields(kept.fields.count)
    this.fields.copyFrom(kept.fields)
    this.method = kept.method
    this.target = kept.target
    this.pathEnd = kept.pathEnd
    this.isPlainPath = kept.isPlainPath
    this.minorVersion = kept.minorVersion
    this.made = {
      bytes: new KnownBytes(this.fields.text),
      isAccepted: false,
      host: this.fields.get(RequestField.host) ?? '',
      snapshot: undefined,
      match: undefined,
      plan: undefined,
      isRoutedByToken: false,
      peer: undefined,
      hasIdentity: false,
      sendsRequestId: false,
      realIp: undefined,
      logged: undefined,
      token: undefined,
      before: '',
      after: '',
      rest: undefined,
    }
  }

  /**
   * Reads a head from its first byte. On success `method`, `target` and the fields are set; after a
   * fault nothing is.
   * @returns position after the head, or a negative verdict
   * @see RFC 9112 §3; laxer as nginx is: several spaces may follow the method and stand around the version
   */
  read(bytes: Buffer, start: number, end: number, limits: HeadLimits): number {
    const after = this.#read(bytes, start, end, limits)
    if (after < 0) this.clear()
    return after
  }

  /** Makes it the head of a request of which nothing is known. */
  clear(): void {
    this.method = ''
    this.target = ''
    this.pathEnd = 0
    this.isPlainPath = false
    this.minorVersion = 1
    this.fields.clear()
  }

  // oxlint-disable-next-line complexity -- the hot path of the codec, one test a part of the line
  #read(bytes: Buffer, start: number, end: number, limits: HeadLimits): number {
    let at = start
    while (at < end && METHOD_BYTES[bytes[at]!] === 1) at += 1
    const methodEnd = at
    if (at >= end) return end - start > limits.lineBytes ? MALFORMED : INCOMPLETE
    if (bytes[at] !== SPACE || at === start) return MALFORMED
    while (at < end && bytes[at] === SPACE) at += 1
    const targetStart = at
    at = this.#readPath(bytes, at, end)
    const pathEnd = at
    while (at < end && TARGET_BYTES[bytes[at]!] !== 0) at += 1
    const targetEnd = at
    if (targetEnd - start + SHORTEST_VERSION > limits.lineBytes) return URI_TOO_LONG
    if (at < end && targetEnd > targetStart && !isTargetStart(bytes[targetStart]!)) return MALFORMED
    if (bytes[at] === CR && at < end)
      return this.#readWithoutVersion(bytes, start, { methodEnd, targetStart, targetEnd, end })
    if (at + 11 > end) return unfinishedVersion(bytes, at, end)
    if (targetEnd === targetStart) return MALFORMED
    let minor = readVersion(bytes, at)
    let fieldsStart = at + 11
    if (minor === MALFORMED) {
      const line = bytes.latin1Slice(at, Math.min(end, at + LONGEST_VERSION))
      minor = readOddVersion(line)
      fieldsStart = at + line.indexOf('\n') + 1
    }
    if (minor < 0) return minor
    const after = this.#readFields(bytes, start, fieldsStart, end, limits)
    if (after < 0) return after
    this.minorVersion = minor
    this.pathEnd = pathEnd - targetStart
    this.#setLine(methodEnd - start, targetStart - start, targetEnd - start)
    return this.#hasLongLine(limits) ? FIELD_TOO_LARGE : after
  }

  /** @returns position of the query, or of what ends the target */
  #readPath(bytes: Uint8Array, start: number, end: number): number {
    let kinds = 0
    let previous = 0
    let at = start
    for (; at < end; at += 1) {
      const byte = bytes[at]!
      const kind = TARGET_BYTES[byte]!
      if (kind === 0 || byte === QUESTION_MARK) break
      // An empty segment, or one that begins with a dot.
      kinds |= previous === SLASH && (byte === SLASH || byte === DOT) ? SPECIAL : kind
      previous = byte
    }
    this.isPlainPath = kinds === PLAIN && bytes[start] === SLASH
    return at
  }

  // oxlint-disable-next-line max-params -- the hot path of the codec: an object here costs more than it says
  #readFields(
    bytes: Buffer,
    start: number,
    fieldsStart: number,
    end: number,
    limits: HeadLimits,
  ): number {
    const after = this.fields.read(bytes, start, fieldsStart, end, REQUEST_FIELDS)
    if (after === INCOMPLETE) return end - start > limits.headBytes ? HEAD_TOO_LARGE : INCOMPLETE
    if (after < 0) return after
    if (after - start > limits.headBytes) return HEAD_TOO_LARGE
    if (!this.fields.hasBareName) {
      this.fields.text = bytes.latin1Slice(start, after)
      return after
    }
    const mended = withColons(bytes.latin1Slice(start, after))
    const verdict = this.fields.read(
      mended,
      0,
      mended.indexOf('\r\n') + 2,
      mended.length,
      REQUEST_FIELDS,
    )
    this.fields.text = mended.latin1Slice()
    return verdict < 0 ? verdict : after
  }

  /** HTTP/0.9: the line is all there is. `GET HTTP/1.1` is none: it lacks its path. */
  #readWithoutVersion(
    bytes: Buffer,
    start: number,
    at: {
      readonly methodEnd: number
      readonly targetStart: number
      readonly targetEnd: number
      readonly end: number
    },
  ): number {
    const after = at.targetEnd + 2
    if (after > at.end) return INCOMPLETE
    if (bytes[at.targetStart] !== SLASH || bytes[after - 1] !== LF) return MALFORMED
    this.fields.clear()
    this.fields.text = bytes.latin1Slice(start, after)
    this.minorVersion = -1
    const query = bytes.subarray(at.targetStart, at.targetEnd).indexOf(QUESTION_MARK)
    this.pathEnd = query === -1 ? at.targetEnd - at.targetStart : query
    this.#setLine(at.methodEnd - start, at.targetStart - start, at.targetEnd - start)
    return after
  }

  #setLine(methodEnd: number, targetStart: number, targetEnd: number): void {
    const { text } = this.fields
    this.method = methodOf(text, methodEnd)
    this.target = text.slice(targetStart, targetEnd)
  }

  #hasLongLine(limits: HeadLimits): boolean {
    const { fields } = this
    if (fields.text.length <= limits.lineBytes) return false
    for (let index = 0; index < fields.count; index += 1)
      if (fields.lineEnd(index) - fields.spans[index * 4]! > limits.lineBytes) return true
    return false
  }
}

/** A path, or the scheme of an absolute form. `*` and an authority alone are refused, as by nginx. */
function isTargetStart(byte: number): boolean {
  return byte === 47 || (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90)
}

/** For a head that ends before the shortest version could. */
function unfinishedVersion(bytes: Uint8Array, at: number, end: number): number {
  while (at + 1 < end && bytes[at] === SPACE && bytes[at + 1] === SPACE) at += 1
  const expected = ' HTTP/'
  for (let offset = 0; at + offset < end && offset < expected.length; offset += 1)
    if (bytes[at + offset] !== expected.charCodeAt(offset)) return MALFORMED
  return INCOMPLETE
}

/**
 * Reads ` HTTP/1.x` and CRLF at a position.
 * @returns the minor version, or a negative verdict
 */
function readVersion(bytes: Uint8Array, at: number): number {
  for (let offset = 0; offset < PROTOCOL.length; offset += 1)
    if (bytes[at + offset] !== PROTOCOL[offset]) return MALFORMED
  const major = bytes[at + 6]! - 48
  const minor = bytes[at + 8]! - 48
  if (bytes[at + 7] !== 46 || major < 1 || major > 9 || minor < 0 || minor > 9) return MALFORMED
  if (bytes[at + 9] !== CR || bytes[at + 10] !== LF) return MALFORMED
  return major > 1 ? VERSION_NOT_SUPPORTED : minor
}

/**
 * Reads a version as nginx also takes it: with more spaces around it, or with a longer minor number.
 * Of a major number beyond 1 it reads no further.
 *
 * @param rest of the request line, and what follows it
 * @returns the minor version, or a negative verdict
 */
function readOddVersion(rest: string): number {
  if (/^ +HTTP\/(?:[2-9]|1\d)/.test(rest)) return VERSION_NOT_SUPPORTED
  const minor = /^ +HTTP\/1\.(\d{1,3}) *\r\n/.exec(rest)?.[1]
  if (minor !== undefined) return Number(minor)
  return /\n|\r[^\n]/.test(rest) || rest.length === LONGEST_VERSION ? MALFORMED : INCOMPLETE
}

const LONGEST_VERSION = 64
/** ` HTTP/1.1` and the end of the line, which counts with it. */
const SHORTEST_VERSION = 11

/** Common methods as constants, so that comparing them compares pointers. */
function methodOf(text: string, length: number): string {
  if (length === 3) {
    if (text.startsWith('GET')) return 'GET'
    if (text.startsWith('PUT')) return 'PUT'
  }
  if (length === 4 && text.startsWith('POST')) return 'POST'
  return text.slice(0, length)
}
