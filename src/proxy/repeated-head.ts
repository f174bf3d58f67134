import { RequestHead, type HeadLimits } from '../http/request-head.ts'
import { bearerTokenOf, VariedHead, type TokenPlace } from './varied-head.ts'

/** Longest head that is remembered. */
const REMEMBERED_BYTES = 4096

/**
 * Clients say the same again and again: from the second time on a head is compared, not read. In
 * front of many users it is the same but for whose token it has.
 */
export class RepeatedHead {
  /** The last head that was read, as text. */
  #last = ''
  /** The last head, once it came twice in a row. */
  #known: RequestHead | undefined
  /** The last head, once it came twice in a row with different tokens. */
  #varied: VariedHead | undefined
  /** Those of the settings that were in force for the last head: others bring new ones. */
  #limits: HeadLimits | undefined

  /** @returns the known head, when the bytes begin with it */
  match(bytes: Buffer, start: number, end: number, limits: HeadLimits): RequestHead | undefined {
    if (limits !== this.#limits) this.#forget(limits)
    const known = this.#known
    if (known !== undefined) {
      if (known.made!.bytes.isAt(bytes, start, end)) return known
      this.#known = undefined
    }
    const varied = this.#varied
    if (varied === undefined) return undefined
    if (varied.match(bytes, start, end, limits)) return varied.head
    this.#varied = undefined
    return undefined
  }

  /** What came of a head, such as who the client is, came of it by settings that are no more. */
  #forget(limits: HeadLimits): void {
    this.#limits = limits
    this.#last = ''
    this.#known = undefined
    this.#varied = undefined
  }

  /** Keeps a head that was read. */
  remember(head: RequestHead): void {
    const { text, hasBareName } = head.fields
    if (text.length > REMEMBERED_BYTES || hasBareName || head.minorVersion < 0) return
    if (this.#last === text) this.#known = new RequestHead(head)
    else {
      const token = bearerTokenOf(head)
      if (token !== undefined && this.#isLastAround(text, token))
        this.#varied = new VariedHead(head, token)
    }
    this.#last = text
  }

  /** Whether the last head is one with the same text around some token. */
  #isLastAround(text: string, { start, end }: TokenPlace): boolean {
    const last = this.#last
    const behind = text.length - end
    return (
      last.length > start + behind &&
      last.startsWith(text.slice(0, start)) &&
      last.endsWith(text.slice(end))
    )
  }
}
