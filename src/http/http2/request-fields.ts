import { randomBytes } from 'node:crypto'
import type { FieldTaker } from './hpack-decoder.ts'
import type { Http2Field } from './http2-field.ts'

const REGULAR = 1
/** Makes the request it stands in a malformed one. */
const WRONG = 2
const METHOD = 3
const PATH = 4
const SCHEME = 5
const AUTHORITY = 6
const PROTOCOL = 7
const HOST = 8
const COOKIE = 9
const LENGTH = 10

const PSEUDO_KINDS: ReadonlyMap<string, number> = new Map([
  [':method', METHOD],
  [':path', PATH],
  [':scheme', SCHEME],
  [':authority', AUTHORITY],
  [':protocol', PROTOCOL],
])

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VISIBLE = /^[\x21-\x7e\x80-\xff]*$/
/** Also refuses white space at either end. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/
const SCHEME_NAME = /^[A-Za-z][0-9A-Za-z+.-]*$/

/** Those that frame messages of HTTP/1. @see RFC 9113 §8.2.2 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** What a field is in a request. @see RFC 9113 §8.2, §8.3.1 */
function requestFieldKind({ name, value }: Http2Field): number {
  const pseudo = PSEUDO_KINDS.get(name)
  if (pseudo !== undefined) return isRightPseudo(pseudo, value) ? pseudo : WRONG
  if (!NAME.test(name) || !VALUE.test(value) || FORBIDDEN.has(name)) return WRONG
  switch (name) {
    case 'te':
      return value.toLowerCase() === 'trailers' ? REGULAR : WRONG
    case 'content-length':
      return /^\d{1,15}$/.test(value) ? LENGTH : WRONG
    case 'host':
      return HOST
    case 'cookie':
      return COOKIE
    default:
      return REGULAR
  }
}

function isRightPseudo(kind: number, value: string): boolean {
  switch (kind) {
    case METHOD:
    case PROTOCOL:
      return TOKEN.test(value)
    case SCHEME:
      return SCHEME_NAME.test(value)
    case PATH:
      return value !== '' && VISIBLE.test(value)
    default:
      return VISIBLE.test(value)
  }
}

function kindOf(field: Http2Field): number {
  if (field.kind === 0) field.kind = requestFieldKind(field)
  return field.kind
}

/** What became of the fields of a request. */
export type RequestVerdict =
  | 'whole'
  /** No request by the rules of HTTP/2: the stream is reset. */
  | 'malformed'
  /** A request that two readers could understand in two ways, or that is not served. */
  | 'refused'
  | 'too-large'

/**
 * Writes the fields of an HTTP/2 request as a head of HTTP/1.1, so that one codec with one set of
 * checks reads all requests. `:authority` becomes Host, cookie crumbs become one field again.
 *
 * @see RFC 9113 §8.3.1, §8.2.3; RFC 8441 §5
 */
export class RequestFields implements FieldTaker {
  /** The head, once the verdict is `whole`. */
  text = ''
  /** What is to be spoken in the tunnel that an extended CONNECT asks for. */
  protocol: string | undefined
  path: string | undefined
  #method: string | undefined
  #scheme: string | undefined
  #authority: string | undefined
  #host: string | undefined
  #lines = ''
  #cookies = ''
  #isRegular = false
  #hasLength = false
  #isMalformed = false
  #isRefused = false
  #bytesLeft = 0

  /** @param limitBytes of names and values together, as HTTP/1.1 has them */
  begin(limitBytes: number): void {
    this.text = ''
    this.protocol = undefined
    this.path = undefined
    this.#method = undefined
    this.#scheme = undefined
    this.#authority = undefined
    this.#host = undefined
    this.#lines = ''
    this.#cookies = ''
    this.#isRegular = false
    this.#hasLength = false
    this.#isMalformed = false
    this.#isRefused = false
    this.#bytesLeft = limitBytes
  }

  takeField(field: Http2Field): void {
    if (this.#bytesLeft < 0) return
    const kind = kindOf(field)
    this.#bytesLeft -= field.name.length + field.value.length + 4
    if (kind === REGULAR) {
      this.#isRegular = true
      this.#lines += `${field.name}: ${field.value}\r\n`
    } else if (kind >= METHOD && kind <= PROTOCOL) this.#takePseudo(kind, field.value)
    else this.#takeSpecial(kind, field.value)
  }

  // oxlint-disable-next-line complexity -- five pseudo-fields, each of which may stand once
  #takePseudo(kind: number, value: string): void {
    let known: string | undefined
    switch (kind) {
      case METHOD:
        known = this.#method
        this.#method = value
        break
      case PATH:
        known = this.path
        this.path = value
        break
      case SCHEME:
        known = this.#scheme
        this.#scheme = value
        break
      case AUTHORITY:
        known = this.#authority
        this.#authority = value
        break
      default:
        known = this.protocol
        this.protocol = value
    }
    if (known !== undefined || this.#isRegular) this.#isMalformed = true
  }

  #takeSpecial(kind: number, value: string): void {
    this.#isRegular = true
    switch (kind) {
      case HOST:
        if (this.#host !== undefined) this.#isRefused = true
        this.#host = value
        break
      case COOKIE:
        this.#cookies += this.#cookies === '' ? value : `; ${value}`
        break
      case LENGTH:
        if (this.#hasLength) this.#isMalformed = true
        this.#hasLength = true
        this.#lines += `content-length: ${value}\r\n`
        break
      default:
        this.#isMalformed = true
    }
  }

  end(): RequestVerdict {
    if (this.#isMalformed) return 'malformed'
    if (this.#bytesLeft < 0) return 'too-large'
    const method = this.#method
    const { path, protocol } = this
    if (method === 'CONNECT' && protocol === undefined) return this.#refuseConnect()
    if (method === undefined || path === undefined || this.#scheme === undefined) return 'malformed'
    if (!path.startsWith('/') && !isWholeServer(method, path)) return 'malformed'
    if (protocol === undefined) return this.#write(method, path)
    return method === 'CONNECT' ? this.#write('GET', path) : 'malformed'
  }

  /** To be a proxy of that kind is no error to be asked for, and not what this one is. @see RFC 9113 §8.5 */
  #refuseConnect(): RequestVerdict {
    return this.path === undefined && this.#scheme === undefined ? 'refused' : 'malformed'
  }

  #write(method: string, path: string): RequestVerdict {
    const host = this.#host
    const authority = this.#authority ?? host
    // Two names for one host are two requests in one.
    if (this.#isRefused || (host ?? authority) !== authority) return 'refused'
    const hostLine = authority === undefined ? '' : `Host: ${authority}\r\n`
    const cookieLine = this.#cookies === '' ? '' : `cookie: ${this.#cookies}\r\n`
    const upgradeLines = this.protocol === undefined ? '' : upgradeTo(this.protocol)
    this.text = `${method} ${path} HTTP/1.1\r\n${hostLine}${this.#lines}${upgradeLines}${cookieLine}\r\n`
    return 'whole'
  }
}

/** @see RFC 9110 §7.1 */
function isWholeServer(method: string, path: string): boolean {
  return path === '*' && method === 'OPTIONS'
}

/**
 * The same wish as HTTP/1.1 has it. Over HTTP/2 no key is sent, and no answer to it expected, so
 * that the upstream gets one of the gateway's.
 *
 * @see RFC 8441 §5, RFC 6455 §4.1
 */
function upgradeTo(protocol: string): string {
  const key = randomBytes(16).toString('base64')
  return `Connection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: ${key}\r\n`
}

/** Looks at what comes after a request body, of which nothing goes on. @see RFC 9113 §8.1 */
export class TrailerCheck implements FieldTaker {
  isMalformed = false

  takeField(field: Http2Field): void {
    const kind = kindOf(field)
    if (kind === WRONG || (kind >= METHOD && kind <= PROTOCOL)) this.isMalformed = true
  }
}
