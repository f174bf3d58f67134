import { fieldTable } from './field-table.ts'
import { KnownBytes } from './known-bytes.ts'
import { HeadFields, INCOMPLETE, MALFORMED, withColons } from './message-head.ts'

const NAMES = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'trailer',
  'server',
  'via',
  'date',
  'content-type',
  'x-kong-upstream-latency',
  'x-kong-proxy-latency',
  'x-kong-response-latency',
  'x-kong-request-id',
  'x-kong-upstream-status',
  'x-accel-redirect',
  'x-accel-buffering',
  'x-accel-charset',
  'x-accel-expires',
  'x-accel-limit-rate',
  'proxy-connection',
  'content-encoding',
] as const

/** Numbers of the response fields the data plane asks for by bit. */
export const ResponseField = {
  connection: 1,
  keepAlive: 2,
  transferEncoding: 3,
  contentLength: 4,
  upgrade: 5,
  trailer: 6,
  server: 7,
  via: 8,
  date: 9,
  contentType: 10,
  upstreamLatency: 11,
  proxyLatency: 12,
  responseLatency: 13,
  requestId: 14,
  upstreamStatus: 15,
  accelRedirect: 16,
  accelBuffering: 17,
  accelCharset: 18,
  accelExpires: 19,
  accelLimitRate: 20,
  proxyConnection: 21,
  contentEncoding: 22,
} as const

export const RESPONSE_FIELDS = fieldTable(NAMES)

/** What came does not begin with a status line. */
export const NOT_HTTP = -8

const FIELD_LIMIT = 1000
const CR = 13
const LF = 10

/** What was made of a head for clients that stay, and by which rules. */
export interface MadeOfResponse {
  readonly bytes: KnownBytes
  /** Bytes of the head with the body it announces; -1 where another thing than a length ends that. */
  wholeBytes: number
  rules: unknown
  /** Up to the latencies, and from there to the request's id. */
  start: string
  end: string
  readonly keepsAlive: boolean
}

/** Status line and fields of one response from an upstream. */
export class ResponseHead {
  readonly fields: HeadFields
  status = 0
  minorVersion = 1
  /** Start and end of the reason phrase in the text. */
  reasonStart = 0
  reasonEnd = 0
  /** Only of a head that is kept: it is asked again. */
  readonly made: MadeOfResponse | undefined

  /** @param kept a head whose copy it becomes; it is not read into again */
  constructor(kept?: ResponseHead) {
    if (kept === undefined) {
      this.fields = new HeadFields(FIELD_LIMIT)
      this.made = undefined
      return
    }
    this.fields = new HeadFields(kept.fields.count)
    this.fields.copyFrom(kept.fields)
    this.status = kept.status
    this.minorVersion = kept.minorVersion
    this.reasonStart = kept.reasonStart
    this.reasonEnd = kept.reasonEnd
    this.made = {
      bytes: new KnownBytes(this.fields.text),
      wholeBytes: -1,
      rules: undefined,
      start: '',
      end: '',
      keepsAlive: kept.keepsAlive,
    }
  }

  /**
   * @returns position after the head, or `INCOMPLETE`, `NOT_HTTP`, `MALFORMED`, `TOO_MANY_FIELDS`
   * @see RFC 9112 §4; the space before an empty reason may be missing
   */
  // oxlint-disable-next-line complexity -- the hot path of the codec, one test a part of the line
  read(bytes: Buffer, start: number, end: number): number {
    if (end - start < 12) return isPrefix(bytes, start, end) ? INCOMPLETE : NOT_HTTP
    if (!isPrefix(bytes, start, start + 7)) return NOT_HTTP
    const minor = bytes[start + 7]! - 48
    if (minor < 0 || minor > 9 || bytes[start + 8] !== 32) return NOT_HTTP
    const status = threeDigits(bytes, start + 9)
    if (status < 100) return NOT_HTTP
    let at = start + 12
    while (at < end && bytes[at] !== CR && bytes[at] !== LF) at += 1
    if (at + 1 >= end) return INCOMPLETE
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return MALFORMED
    if (at > start + 12 && bytes[start + 12] !== 32) return MALFORMED
    const after = this.fields.read(bytes, start, at + 2, end, RESPONSE_FIELDS)
    if (after < 0) return after
    if (this.fields.hasBareName) {
      const mended = withColons(bytes.latin1Slice(start, after))
      const verdict = this.read(mended, 0, mended.length)
      return verdict < 0 ? verdict : after
    }
    this.fields.text = bytes.latin1Slice(start, after)
    this.status = status
    this.minorVersion = minor
    this.reasonStart = Math.min(13, at - start)
    this.reasonEnd = at - start
    return after
  }

  /** Value of the Connection field; several are one list. */
  get connection(): string {
    const { fields } = this
    const isRepeated = (fields.repeated & (1 << ResponseField.connection)) !== 0
    if (isRepeated) return fields.values('connection').join(',')
    return fields.get(ResponseField.connection) ?? ''
  }

  /** Whether the upstream lets the connection live on. */
  get keepsAlive(): boolean {
    const { fields, minorVersion, made } = this
    if (made !== undefined) return made.keepsAlive
    if (!fields.has(ResponseField.connection)) return minorVersion > 0
    const connection = this.connection
    if (connection === 'keep-alive') return true
    if (/(?:^|,)\s*close\s*(?:,|$)/i.test(connection)) return false
    return minorVersion > 0 || /(?:^|,)\s*keep-alive\s*(?:,|$)/i.test(connection)
  }

  get reason(): string {
    return this.fields.text.slice(this.reasonStart, this.reasonEnd)
  }

  /** As received: `200 OK`; with its space even where the reason is missing. */
  get statusAndReason(): string {
    const text = this.fields.text.slice(9, this.reasonEnd)
    return text.length === 3 ? `${text} ` : text
  }
}

const PREFIX = Buffer.from('HTTP/1.')

function isPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end && at - start < PREFIX.length; at += 1)
    if (bytes[at] !== PREFIX[at - start]) return false
  return true
}

function threeDigits(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let offset = 0; offset < 3; offset += 1) {
    const digit = bytes[at + offset]! - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}
