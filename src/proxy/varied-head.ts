import { KnownBytes } from '../http/known-bytes.ts'
import { valueEndOf } from '../http/message-head.ts'
import { RequestField, RequestHead, type HeadLimits } from '../http/request-head.ts'

const SCHEME = 'Bearer '
const SPACE = 32
const TAB = 9

/**
 * A head that comes again and again but for its bearer token: what stands around the token is
 * compared, and nothing but the token is read.
 */
export class VariedHead {
  /** Says at any time what the head that matched last says. */
  readonly head: RequestHead
  readonly #field: number
  readonly #before: KnownBytes
  readonly #after: KnownBytes

  /**
   * @param head one whose bearer token may be another next time
   * @param token where it stands in the head's text
   */
  constructor(head: RequestHead, token: TokenPlace) {
    const { text } = head.fields
    this.head = new RequestHead(head)
    this.head.made!.token = text.slice(token.start, token.end)
    this.#field = token.field
    this.#before = new KnownBytes(text.slice(0, token.start))
    this.#after = new KnownBytes(text.slice(token.end))
  }

  /** Whether the bytes begin with this head, whatever its token; {@link head} is then what they say. */
  match(bytes: Buffer, start: number, end: number, limits: HeadLimits): boolean {
    if (!this.#before.isAt(bytes, start, end)) return false
    const tokenStart = start + this.#before.length
    const tokenEnd = valueEndOf(bytes, tokenStart, end)
    if (!isWithoutSpaceAround(bytes, tokenStart, tokenEnd)) return false
    if (!this.#after.isAt(bytes, tokenEnd, end)) return false
    const after = tokenEnd + this.#after.length
    // As long as this no line of it is too long.
    if (after - start > limits.lineBytes || after - start > limits.headBytes) return false
    this.#take(bytes.latin1Slice(start, after), tokenEnd - tokenStart)
    return true
  }

  #take(text: string, tokenLength: number): void {
    const { fields, made } = this.head
    const { spans, count } = fields
    const grown = tokenLength - made!.token!.length
    const tokenStart = this.#before.length
    fields.text = text
    made!.token = text.slice(tokenStart, tokenStart + tokenLength)
    if (made!.isRoutedByToken) made!.snapshot = undefined
    if (grown === 0) return
    for (let at = this.#field * 4 + 3; at < count * 4; at += 1) spans[at] = spans[at]! + grown
  }
}

/** Where in the text of a head its bearer token stands. */
export interface TokenPlace {
  /** Index of the Authorization field. */
  readonly field: number
  readonly start: number
  readonly end: number
}

/** Where the token stands of a head that has one. */
export function bearerTokenOf({ fields }: RequestHead): TokenPlace | undefined {
  const field = fields.indexOf(RequestField.authorization)
  if (field === -1) return undefined
  const valueStart = fields.spans[field * 4 + 2]!
  const end = fields.spans[field * 4 + 3]!
  const start = valueStart + SCHEME.length
  const isBearer = fields.text.startsWith(SCHEME, valueStart) && end > start
  return isBearer ? { field, start, end } : undefined
}

/** White space there is none of the value. */
function isWithoutSpaceAround(bytes: Buffer, start: number, end: number): boolean {
  if (end === start) return false
  const first = bytes[start]!
  const last = bytes[end - 1]!
  return first !== SPACE && first !== TAB && last !== SPACE && last !== TAB
}
