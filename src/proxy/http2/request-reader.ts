import type { BodyFraming } from '../../http/body-framing.ts'
import { HpackDecoder } from '../../http/http2/hpack-decoder.ts'
import { RequestFields, TrailerCheck } from '../../http/http2/request-fields.ts'
import type { HeaderBlock } from '../../http/http2/frame-reader.ts'
import { RequestHead, type HeadLimits } from '../../http/request-head.ts'
import type { FailureCode } from '../gateway-error.ts'
import { giveRequestHead, takeRequestHead } from '../head-pool.ts'
import { bodyFramingOf, expectsContinue, headFailure } from '../read-request.ts'

/** A request whose head has been read, or is refused. */
export interface OpenedRequest {
  readonly head: RequestHead
  readonly framing: BodyFraming
  readonly failure: FailureCode | undefined
  readonly endsStream: boolean
  readonly awaitsContinue: boolean
  /** It asks for a tunnel to speak another protocol in: RFC 8441. */
  readonly isTunnel: boolean
}

/** Longest block that is remembered. */
const REMEMBERED_BYTES = 4096
const NO_BODY: BodyFraming = { kind: 'none' }
const CHUNKED: BodyFraming = { kind: 'chunked' }

/** Both are used for one block at a time. */
const fields = new RequestFields()
let written = Buffer.allocUnsafeSlow(8192)

/**
 * Reads the header blocks of one connection. Clients say the same again and again: a block that comes
 * twice while the table stays as it is is the same request, and is not read a third time.
 */
export class RequestReader {
  readonly #limits: HeadLimits
  readonly #decoder = new HpackDecoder()
  /** The last block that changed nothing. */
  #lastBlock = ''
  #lastVersion = -1
  /** Its head, once it came twice in a row. */
  #known: RequestHead | undefined

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  /** @returns the request, or what is wrong: the whole table, or this request alone */
  read(block: HeaderBlock): OpenedRequest | 'broken' | 'malformed' {
    const { bytes, start, end, endsStream } = block
    const known = this.#match(bytes, start, end)
    if (known !== undefined) return openedAs(known, endsStream, false)
    const before = this.#decoder.version
    fields.begin(this.#limits.headBytes)
    if (!this.#decoder.decode(bytes, start, end, fields)) return 'broken'
    const verdict = fields.end()
    if (verdict === 'malformed') return 'malformed'
    const head = takeRequestHead()
    if (verdict === 'refused') return refused(head, 'bad_request', endsStream)
    if (verdict === 'too-large') return refused(head, this.#tooLarge(), endsStream)
    const failure = readText(head, fields.text, this.#limits)
    if (failure !== undefined) return refused(head, failure, endsStream)
    const { protocol } = fields
    if (protocol !== undefined) return openedTunnel(head, protocol, endsStream)
    if (this.#decoder.version === before && end - start <= REMEMBERED_BYTES)
      this.#remember(bytes.latin1Slice(start, end), head)
    return openedAs(head, endsStream, true)
  }

  /** The line of the request is judged before the head as a whole. */
  #tooLarge(): FailureCode {
    const isLine = (fields.path?.length ?? 0) > this.#limits.lineBytes
    return isLine ? 'uri_too_long' : 'head_too_large'
  }

  #match(bytes: Buffer, start: number, end: number): RequestHead | undefined {
    const known = this.#known
    if (known === undefined) return undefined
    const isSame =
      this.#lastVersion === this.#decoder.version &&
      this.#lastBlock.length === end - start &&
      bytes.latin1Slice(start, end) === this.#lastBlock
    if (isSame) return known
    this.#known = undefined
    return undefined
  }

  #remember(block: string, head: RequestHead): void {
    const { version } = this.#decoder
    if (this.#lastVersion === version && this.#lastBlock === block)
      this.#known = new RequestHead(head)
    this.#lastBlock = block
    this.#lastVersion = version
  }

  /** Reads what nobody wants, because it counts for the table. @returns false when that is broken */
  skip(block: HeaderBlock): boolean {
    fields.begin(-1)
    return this.#decoder.decode(block.bytes, block.start, block.end, fields)
  }

  /** Reads what comes after a body. */
  readTrailers(block: HeaderBlock): 'fine' | 'broken' | 'malformed' {
    const check = new TrailerCheck()
    if (!this.#decoder.decode(block.bytes, block.start, block.end, check)) return 'broken'
    return check.isMalformed || !block.endsStream ? 'malformed' : 'fine'
  }
}

function readText(head: RequestHead, text: string, limits: HeadLimits): FailureCode | undefined {
  if (written.length < text.length) written = Buffer.allocUnsafeSlow(text.length * 2)
  written.latin1Write(text)
  const after = head.read(written, 0, text.length, limits)
  if (after < 0) return headFailure(after)
  return after === text.length ? undefined : 'bad_request'
}

function refused(head: RequestHead, failure: FailureCode, endsStream: boolean): OpenedRequest {
  return {
    head,
    framing: endsStream ? NO_BODY : CHUNKED,
    failure,
    endsStream,
    awaitsContinue: false,
    isTunnel: false,
  }
}

/** Without a length the body ends with the stream, and goes on in chunks. */
function openedAs(
  head: RequestHead,
  endsStream: boolean,
  isNew: boolean,
): OpenedRequest | 'malformed' {
  const said = bodyFramingOf(head)
  if (typeof said === 'string') return refused(head, said, endsStream)
  if (endsStream && said.kind === 'length' && said.length > 0) {
    if (isNew) giveRequestHead(head)
    return 'malformed'
  }
  return {
    head,
    framing: said.kind === 'length' ? said : endsStream ? NO_BODY : CHUNKED,
    failure: undefined,
    endsStream,
    awaitsContinue: expectsContinue(head.fields),
    isTunnel: false,
  }
}

/** What follows the head of a tunnel is no body. @see RFC 8441 §4; RFC 9220 §3 on other protocols */
function openedTunnel(head: RequestHead, protocol: string, endsStream: boolean): OpenedRequest {
  const said = bodyFramingOf(head)
  if (typeof said === 'string' || said.kind !== 'none')
    return refused(head, 'bad_request', endsStream)
  if (protocol !== 'websocket') return refused(head, 'coding_not_implemented', endsStream)
  return {
    head,
    framing: NO_BODY,
    failure: undefined,
    endsStream,
    awaitsContinue: false,
    isTunnel: true,
  }
}
