import { KnownBytes } from '../../http/known-bytes.ts'
import { HpackDecoder } from '../../http/http2/hpack-decoder.ts'
import type { Http2Field } from '../../http/http2/http2-field.ts'
import type { HeaderBlock } from '../../http/http2/frame-reader.ts'
import { ResponseFields, TrailerLines } from '../../http/http2/response-fields.ts'
import { ResponseField, ResponseHead } from '../../http/response-head.ts'
import { giveResponseHead, takeResponseHead } from '../head-pool.ts'

/** Largest response head, as over HTTP/1. */
export const HEAD_LIMIT = 65_536
/** Longest block that is remembered. */
const REMEMBERED_BYTES = 4096

interface KnownResponse {
  readonly block: KnownBytes
  readonly head: ResponseHead
  /** What it adds to the table; `undefined`: nothing, and its meaning is the table's. */
  readonly added: readonly Http2Field[] | undefined
}

/** Both are used for one block at a time. */
const fields = new ResponseFields()
let written = Buffer.allocUnsafeSlow(8192)

/**
 * Reads the header blocks of one session. Upstreams say the same again and again: a block that comes
 * twice, and means the same both times, is the same response, and is not read a third time.
 */
export class ResponseReader {
  readonly #decoder = new HpackDecoder()
  /** The last block, if it may mean the same again; and what the table was then. */
  #lastBlock = ''
  #lastVersion = -1
  /** That block, once it came twice in a row. */
  #known: KnownResponse | undefined

  /** @returns the head, or what is wrong: the whole table, or this response alone */
  read(block: HeaderBlock): ResponseHead | 'broken' | 'malformed' {
    const known = this.#match(block)
    if (known !== undefined) return known
    const before = this.#decoder.version
    fields.begin(HEAD_LIMIT)
    if (!this.#decoder.decode(block.bytes, block.start, block.end, fields)) return 'broken'
    if (fields.end() !== 'whole') return 'malformed'
    const head = readText(fields.text)
    if (head === undefined) return 'malformed'
    this.#remember(block, head, before)
    return head
  }

  #match({ bytes, start, end }: HeaderBlock): ResponseHead | undefined {
    const known = this.#known
    if (known === undefined) return undefined
    const isSame = known.block.length === end - start && known.block.isAt(bytes, start, end)
    if (isSame && known.added !== undefined) {
      this.#decoder.repeat(known.added)
      return known.head
    }
    if (isSame && this.#lastVersion === this.#decoder.version) return known.head
    this.#known = undefined
    return undefined
  }

  /** @param before the table as it was before the block was read */
  #remember({ bytes, start, end }: HeaderBlock, head: ResponseHead, before: number): void {
    const { version, added } = this.#decoder
    const last = this.#lastBlock
    this.#lastBlock = ''
    if (end - start > REMEMBERED_BYTES || head.fields.has(ResponseField.trailer)) return
    if (added === undefined && version !== before) return
    const block = bytes.latin1Slice(start, end)
    if (last === block && (added !== undefined || this.#lastVersion === version))
      this.#known = { block: new KnownBytes(block), head: new ResponseHead(head), added }
    this.#lastBlock = block
    this.#lastVersion = version
  }

  /** Reads what nobody wants, because it counts for the table. @returns false when that is broken */
  skip({ bytes, start, end }: HeaderBlock): boolean {
    fields.begin(-1)
    return this.#decoder.decode(bytes, start, end, fields)
  }

  /** @returns lines of HTTP/1.1, or what is wrong: the whole table, or this response alone */
  readTrailers({
    bytes,
    start,
    end,
  }: HeaderBlock): { readonly lines: string } | 'broken' | 'malformed' {
    const trailers = new TrailerLines(HEAD_LIMIT)
    if (!this.#decoder.decode(bytes, start, end, trailers)) return 'broken'
    return trailers.isMalformed ? 'malformed' : { lines: trailers.text }
  }
}

function readText(text: string): ResponseHead | undefined {
  if (written.length < text.length) written = Buffer.allocUnsafeSlow(text.length * 2)
  written.latin1Write(text)
  const head = takeResponseHead()
  if (head.read(written, 0, text.length) === text.length) return head
  giveResponseHead(head)
  return undefined
}
