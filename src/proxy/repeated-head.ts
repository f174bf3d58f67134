import { RequestHead } from '../http/request-head.ts'

/** Longest head that is remembered. */
const REMEMBERED_BYTES = 4096

/** Clients say the same again and again: from the second time on a head is compared, not read. */
export class RepeatedHead {
  /** The last head as text. */
  #last = ''
  /** The last head, once it came twice in a row. */
  #known: RequestHead | undefined

  /** @returns the known head, when the bytes begin with it */
  match(bytes: Buffer, start: number, end: number): RequestHead | undefined {
    const known = this.#known
    if (known === undefined) return undefined
    if (known.made!.bytes.isAt(bytes, start, end)) return known
    this.#known = undefined
    return undefined
  }

  /** Keeps a head that was read. */
  remember(head: RequestHead): void {
    const { text, hasBareName } = head.fields
    if (text.length > REMEMBERED_BYTES || hasBareName || head.minorVersion < 0) return
    if (this.#last === text) this.#known = new RequestHead(head)
    this.#last = text
  }
}
