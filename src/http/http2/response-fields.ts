import { reasonPhrase } from '../reason-phrases.ts'
import type { FieldTaker } from './hpack-decoder.ts'
import type { Http2Field } from './http2-field.ts'

const REGULAR = 1
/** Makes the response it stands in a malformed one. */
const WRONG = 2
const STATUS = 3
/** About a connection of HTTP/1, or how its messages are framed. */
const DROPPED = 4
const LENGTH = 5

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
// oxlint-disable-next-line no-control-regex -- what ends a value for one reader or another: RFC 9113 §8.2.1
const VALUE = /^(?:[^\0\n\r\t ](?:[^\0\n\r]*[^\0\n\r\t ])?)?$/

const ABOUT_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/**
 * What a field is in a response. One about a connection is dropped, as over HTTP/1, where careless
 * upstreams send them as well; nothing here is framed by them.
 *
 * @see RFC 9113 §8.2, §8.3.2; laxer than §8.2.2, by which the response is malformed
 */
function responseFieldKind({ name, value }: Http2Field): number {
  if (name === ':status') return /^[1-9]\d\d$/.test(value) ? STATUS : WRONG
  if (!NAME.test(name) || !VALUE.test(value)) return WRONG
  if (ABOUT_CONNECTIONS.has(name)) return DROPPED
  if (name === 'content-length') return /^\d{1,15}$/.test(value) ? LENGTH : WRONG
  return REGULAR
}

function kindOf(field: Http2Field): number {
  if (field.responseKind === 0) field.responseKind = responseFieldKind(field)
  return field.responseKind
}

/** What became of the fields of a response. */
export type ResponseVerdict = 'whole' | 'malformed' | 'too-large'

/**
 * Writes the fields of an HTTP/2 response as a head of HTTP/1.1, so that one codec with one set of
 * checks reads all responses.
 *
 * @see RFC 9113 §8.3.2
 */
export class ResponseFields implements FieldTaker {
  /** The head, once the verdict is `whole`. */
  text = ''
  #status = ''
  #lines = ''
  #hasLength = false
  #isMalformed = false
  #bytesLeft = 0

  /** @param limitBytes of names and values together, as HTTP/1.1 has them */
  begin(limitBytes: number): void {
    this.text = ''
    this.#status = ''
    this.#lines = ''
    this.#hasLength = false
    this.#isMalformed = false
    this.#bytesLeft = limitBytes
  }

  takeField(field: Http2Field): void {
    if (this.#bytesLeft < 0) return
    this.#bytesLeft -= field.name.length + field.value.length + 4
    switch (kindOf(field)) {
      case REGULAR:
        this.#lines += `${field.name}: ${field.value}\r\n`
        break
      case STATUS:
        if (this.#status !== '' || this.#lines !== '') this.#isMalformed = true
        this.#status = field.value
        break
      case LENGTH:
        if (this.#hasLength) this.#isMalformed = true
        this.#hasLength = true
        this.#lines += `content-length: ${field.value}\r\n`
        break
      case WRONG:
        this.#isMalformed = true
        break
      default:
        break
    }
  }

  end(): ResponseVerdict {
    if (this.#isMalformed || this.#status === '') return 'malformed'
    if (this.#bytesLeft < 0) return 'too-large'
    const status = this.#status
    this.text = `HTTP/1.1 ${status} ${reasonPhrase(Number(status))}\r\n${this.#lines}\r\n`
    return 'whole'
  }
}

/** Writes what comes after the body of a response as lines of HTTP/1.1. @see RFC 9113 §8.1 */
export class TrailerLines implements FieldTaker {
  text = ''
  isMalformed = false
  #bytesLeft: number

  constructor(limitBytes: number) {
    this.#bytesLeft = limitBytes
  }

  takeField(field: Http2Field): void {
    this.#bytesLeft -= field.name.length + field.value.length + 4
    const kind = kindOf(field)
    if (kind === WRONG || kind === STATUS || this.#bytesLeft < 0) this.isMalformed = true
    else if (kind === REGULAR) this.text += `${field.name}: ${field.value}\r\n`
  }
}
