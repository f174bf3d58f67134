import type { BodyFraming } from '../http/body-framing.ts'
import { ChunkedDecoder } from '../http/chunked-decoder.ts'
import { ResponseField } from '../http/response-head.ts'
import { trailerFields } from '../http/trailer-fields.ts'
import { addDebugHeaders, answer, answerFailure } from './answer.ts'
import type { ResponseCoding } from './downstream.ts'
import type { ProxyExchange } from './exchange.ts'
import { GatewayError } from './gateway-error.ts'
import { proxiedHead, wantsTrailers, type LengthLine } from './response-head.ts'
import type { BodyOutput } from './spool/read-ahead.ts'
import { isHeldBack, runBodyFilter, runHeaderFilter, runResponse } from './run-phase.ts'

/** Bodies longer than this are read in bulk: into a buffer of their own. */
const BULK_BYTES = 65_536

/** What is buffered for plugins that want the whole response. */
const BUFFERED_BYTES = 64 * 1024 * 1024

const EMPTY = Buffer.alloc(0)
const NO_CONTENT = 204

/**
 * Relays one response from the upstream: its head after the header filters, its body as it comes,
 * through the body filters where there are any, or as a whole to plugins that want it so.
 */
export class ResponseRelay {
  /** The whole body has come. */
  isComplete = false
  /** The response cannot go on; the client's connection was ended, or a plugin's answer took its place. */
  isBroken = false
  /** Where the body goes: to the client, unless something else is set. */
  output: BodyOutput
  readonly #exchange: ProxyExchange
  readonly #framing: BodyFraming
  readonly #decoder: ChunkedDecoder | undefined
  readonly #hasFilters: boolean
  #remaining: number
  #buffered: Buffer[] | undefined
  #bufferedBytes = 0
  readonly #mayHaveTrailers: boolean
  #pass: ((bytes: Buffer, start: number, end: number) => void) | undefined

  /** @param isHttp2 the upstream answers over HTTP/2, where fields may come after every body */
  constructor(exchange: ProxyExchange, framing: BodyFraming, isHttp2 = false) {
    this.#exchange = exchange
    this.output = exchange.downstream
    this.#framing = framing
    this.#remaining = framing.kind === 'length' ? framing.length : 0
    const { kind } = framing
    this.#mayHaveTrailers =
      kind === 'chunked'
        ? wantsTrailers(exchange)
        : isHttp2 && (exchange.downstream.httpVersion === '2' || wantsTrailers(exchange))
    this.#decoder = kind === 'chunked' ? new ChunkedDecoder(this.#mayHaveTrailers) : undefined
    this.#hasFilters = exchange.collected.bodyFilter.length > 0
    this.isComplete = framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0)
  }

  /** Many more bytes will come, as far as the head tells. */
  get isBulk(): boolean {
    return (
      this.#buffered === undefined &&
      (this.#framing.kind !== 'length' || this.#remaining > BULK_BYTES)
    )
  }

  /** Sends the head, or holds everything back for plugins that look at the whole. */
  begin(): void {
    const { collected, context } = this.#exchange
    if (context.allowsDebugHeader) addDebugHeaders(this.#exchange)
    if (collected.response.length > 0 && isHeldBack(this.#exchange)) this.#buffered = []
    else this.#sendHead()
  }

  /** Passes on what an upstream says that does not speak HTTP, as nginx does: bytes until it ends. */
  beginBare(): void {
    this.#exchange.downstream.closeAfter()
    this.#exchange.downstream.sendHead('', 'until-close')
  }

  #sendHead(): void {
    const exchange = this.#exchange
    const { collected, response, downstream } = exchange
    if (collected.headerFilter.length > 0) {
      const failure = runHeaderFilter(exchange)
      if (failure !== undefined) {
        this.isBroken = true
        answerFailure(exchange, failure)
        return
      }
    }
    const coding = this.#coding()
    if (coding === 'until-close') downstream.closeAfter()
    const text = proxiedHead(exchange, this.#lengthLine(coding))
    response.sentHead = text
    response.sizeBytes = text.length
    downstream.sendHead(text, coding)
  }

  /** A body whose length is not known any more is told by chunks, where the client knows them. */
  #coding(): ResponseCoding {
    const { response, downstream, head } = this.#exchange
    const kind = this.#framing.kind
    if (kind === 'none' || head.method === 'HEAD') return 'as-is'
    const isDropped =
      response.isLengthDropped || response.edits?.removed.has('content-length') === true
    const isKnown = isDropped ? response.newLength !== undefined : kind === 'length'
    if (isKnown) return 'as-is'
    if (downstream.httpVersion === '1.0') return 'until-close'
    return this.#mayHaveTrailers ? 'with-trailers' : 'chunked'
  }

  #lengthLine(coding: ResponseCoding): LengthLine {
    if (coding === 'as-is') return this.#lengthAsIs()
    return coding === 'until-close' ? 'none' : 'chunked'
  }

  #lengthAsIs(): LengthLine {
    const { newLength, status } = this.#exchange.response
    if (newLength !== undefined) return newLength
    // There is none to such a status, and a client of HTTP/2 takes one that is said for a fault: RFC 9110 §8.6.
    if (status === NO_CONTENT) return 'none'
    return this.#isEmptyWithoutSaying() ? 0 : 'as-received'
  }

  /** HTTP/2 ends a message without a body by a flag, which HTTP/1 has to say in a field. */
  #isEmptyWithoutSaying(): boolean {
    const { response } = this.#exchange
    const isEmpty = this.#framing.kind === 'length' && this.#framing.length === 0
    return isEmpty && response.fields?.has(ResponseField.contentLength) === false
  }

  /**
   * Takes body bytes; ends the response when they were the last.
   * @returns position after the body's part, or -1 when its coding is broken
   */
  receive(bytes: Buffer, start: number, end: number): number {
    if (this.isComplete) return start
    switch (this.#framing.kind) {
      case 'length': {
        const stop = Math.min(end, start + this.#remaining)
        this.#remaining -= stop - start
        if (stop > start) this.#take(bytes, start, stop)
        this.isComplete = this.#remaining === 0
        return stop
      }
      case 'chunked': {
        this.#pass ??= (from, begin, stop) => this.#take(from, begin, stop)
        const pass = this.#pass
        const stop = this.#decoder!.read(bytes, start, end, (from, to) => pass(bytes, from, to))
        this.isComplete = this.#decoder!.isDone
        if (this.isComplete && this.#mayHaveTrailers) this.takeTrailers(this.#decoder!.trailers)
        return stop
      }
      case 'until-close':
        if (end > start) this.#take(bytes, start, end)
        return end
      case 'none':
        return start
    }
  }

  /** @param lines what came after the body, each line with its CRLF */
  takeTrailers(lines: string): void {
    this.#exchange.response.trailers = trailerFields(lines)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    // A client that asked for the head alone gets no more, whatever a plugin asked the upstream.
    if (this.isBroken || this.#exchange.head.method === 'HEAD') return
    if (this.#buffered !== undefined) this.#buffer(bytes, start, end)
    else if (this.#hasFilters) this.#filter(Buffer.from(bytes.subarray(start, end)), false)
    else {
      const { response } = this.#exchange
      response.bodyBytes += end - start
      response.sizeBytes += end - start
      this.output.sendBody(bytes, start, end)
    }
  }

  #buffer(bytes: Buffer, start: number, end: number): void {
    this.#bufferedBytes += end - start
    if (this.#bufferedBytes <= BUFFERED_BYTES) {
      this.#buffered!.push(Buffer.from(bytes.subarray(start, end)))
      return
    }
    this.isBroken = true
    this.#buffered = []
    answerFailure(
      this.#exchange,
      new GatewayError(
        'upstream_invalid',
        'The response is too large for a plugin that wants it whole',
      ),
    )
  }

  #filter(piece: Buffer, isLast: boolean): void {
    const { context, response, downstream, id } = this.#exchange
    try {
      const filtered = runBodyFilter(this.#exchange, piece, isLast)
      response.bodyBytes += filtered.length
      response.sizeBytes += filtered.length
      this.output.sendBody(filtered, 0, filtered.length)
    } catch (error) {
      context.log.error(`A body filter failed in exchange ${id}`, error)
      this.isBroken = true
      downstream.abort()
    }
  }

  /**
   * Ends the response.
   * @returns a promise only while plugins look at a response that was held back
   */
  end(): Promise<void> | undefined {
    if (this.#buffered === undefined) {
      this.#endBody()
      return undefined
    }
    const whole = Buffer.concat(this.#buffered)
    this.#buffered = undefined
    return this.#release(whole)
  }

  async #release(whole: Buffer): Promise<void> {
    const exchange = this.#exchange
    const refusal = await runResponse(exchange, whole)
    if (refusal instanceof GatewayError) answerFailure(exchange, refusal)
    else if (refusal !== undefined) answer(exchange, refusal)
    else if (!exchange.isOver) {
      const body = exchange.response.newBody ?? whole
      this.#sendHead()
      this.#take(body, 0, body.length)
      this.#endBody()
    }
  }

  #endBody(): void {
    if (this.isBroken) return
    if (this.#hasFilters) this.#filter(EMPTY, true)
    if (this.isBroken) return
    const { response } = this.#exchange
    if (this.#mayHaveTrailers && response.trailers.length > 0)
      this.output.sendTrailers(response.trailers)
    this.output.endBody()
  }
}
