import type { Deadline } from '../base/deadline-wheel.ts'
import { turnMs } from '../base/turn-clock.ts'
import type { BodyFraming } from '../http/body-framing.ts'
import { INCOMPLETE, MALFORMED } from '../http/message-head.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { TrailerField } from '../http/trailer-fields.ts'
import { BodyPace } from './body-pace.ts'
import type { ClientConnectionFacts } from './connection-facts.ts'
import type { ConnectionHome, ServedConnection } from './connection-home.ts'
import type { ProxyContext } from './context.ts'
import type { Downstream, ResponseCoding } from './downstream.ts'
import { ProxyExchange } from './exchange.ts'
import { GatewayError, type FailureCode } from './gateway-error.ts'
import { handleExchange, refuseExchange } from './handle-exchange.ts'
import { giveRequestHead, takeRequestHead } from './head-pool.ts'
import { Http1Output } from './http1-output.ts'
import { prefaceIn } from './http2/preface.ts'
import {
  bodyFramingOf,
  connectionWish,
  expectsContinue,
  headFailure,
  requestLineOf,
  type NoRequest,
} from './read-request.ts'
import { RepeatedHead } from './repeated-head.ts'
import { RequestBody, type BodySource } from './request-body.ts'
import type { Transport, TransportOwner } from './transport/transport.ts'

/** How long the rest of what a client sends is read away after the last answer. */
const LINGER_MS = 5000
const NO_BODY: BodyFraming = { kind: 'none' }
const CR = 13
const LF = 10

/**
 * A client's HTTP/1 connection: reads requests one after the other and hands each on; the next one is
 * not looked at before the exchange is over, whatever has come already.
 */
export class Http1Connection
  implements ServedConnection, TransportOwner, Deadline, Downstream, BodySource
{
  deadlineMs = Infinity
  wheelTick = -1
  readonly facts: ClientConnectionFacts
  readonly #home: ConnectionHome
  readonly #context: ProxyContext
  readonly #transport: Transport
  readonly #output: Http1Output
  #exchange: ProxyExchange | undefined
  /** The rest of the body of an exchange that is over. */
  #unwanted: RequestBody | undefined
  /** A head that has begun, or requests that came early. */
  #pending: Buffer | undefined
  readonly #repeated = new RepeatedHead()
  readonly #pace = new BodyPace()
  #startedAtMs = 0
  #minorVersion = 1
  #keepsAlive = true
  #awaitsContinue = false
  #isReadingRequests = false
  /** No further request is served; what the client still sends is read away. */
  #isEnding = false
  #isClosing = false
  /** Input may follow that nobody reads, so the connection must linger. */
  #lingers = false

  constructor(home: ConnectionHome, transport: Transport, facts: ClientConnectionFacts) {
    this.#home = home
    this.#context = home.context
    this.#transport = transport
    this.#output = new Http1Output(transport)
    this.facts = facts
    transport.owner = this
    this.#setDeadline(home.context.limits.headTimeoutMs)
  }

  /** @param first bytes that were read before the connection was handed over */
  start(first?: Buffer): void {
    if (first !== undefined && first.length > 0) this.onBytes(first, first.length)
    if (!this.#isClosing) this.#transport.resume()
  }

  get isIdle(): boolean {
    return this.#exchange === undefined && this.#pending === undefined
  }

  // Transport

  onBytes(bytes: Buffer, length: number): void {
    if (this.#isClosing) return
    if (this.#exchange !== undefined || this.#unwanted !== undefined) {
      const at = this.#readBody(bytes, 0, length)
      if (at < length && !this.#isClosing) this.#readOn(bytes, at, length)
    } else this.#readOn(bytes, 0, length)
  }

  /** A client that ends its side is taken to be gone, as nginx takes it. */
  onEnd(): void {
    this.#leave()
    this.#transport.close()
  }

  onDrained(): void {
    if (this.#isClosing) return
    const stage = this.#exchange?.stage
    if (this.#exchange === undefined) this.#setDeadline(this.#context.limits.idleTimeoutMs)
    else this.deadlineMs = Infinity
    stage?.onDownstreamDrained()
  }

  onClosed(): void {
    this.deadlineMs = Infinity
    this.#leave()
    this.#home.onConnectionClosed(this)
  }

  onDeadline(): void {
    const { limits } = this.#context
    if (this.#isClosing || this.#transport.isCongested) this.#transport.destroy()
    else if (this.#exchange !== undefined) this.#failBody('request_timed_out')
    else if (this.#pending === undefined || limits.headTimeoutMs === 0) this.#transport.close()
    else this.refuse('request_timed_out')
  }

  #leave(): void {
    this.#isClosing = true
    const exchange = this.#exchange
    if (exchange === undefined || exchange.isOver) return
    exchange.isOver = true
    exchange.bodyFault ??= 'bad_request'
    exchange.body.fail()
    exchange.stage?.onClientGone()
  }

  #setDeadline(afterMs: number): void {
    this.#context.wheel.set(this, turnMs() + afterMs)
  }

  // Requests

  /** Reads requests from new bytes, behind what is waiting. */
  #readOn(bytes: Buffer, start: number, end: number): void {
    const pending = this.#pending
    if (pending === undefined) {
      this.#readRequests(bytes, start, end)
      return
    }
    const all = Buffer.concat([pending, bytes.subarray(start, end)])
    this.#pending = undefined
    // A head that has begun is tried again at the end of a line, not for each byte.
    const isWorthTrying =
      all.length > this.#context.limits.head.lineBytes || bytes.subarray(start, end).includes(LF)
    if (isWorthTrying) this.#readRequests(all, 0, all.length)
    else this.#pending = all
  }

  #readRequests(bytes: Buffer, start: number, end: number): void {
    let at = start
    this.#isReadingRequests = true
    while (at < end && this.#canRead) {
      const next = this.#readRequest(bytes, at, end)
      if (next === at) break
      at = next
    }
    this.#isReadingRequests = false
    if (this.#isEnding) this.#end(at === end)
    if (this.#isClosing || at === end) return
    this.#pending = Buffer.from(bytes.subarray(at, end))
    if (!this.#canRead) this.#transport.pause()
  }

  get #canRead(): boolean {
    return this.#exchange === undefined && this.#unwanted === undefined && !this.#isEnding
  }

  /** @returns where the next request begins; the same place when this one is incomplete */
  #readRequest(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at += 1
    if (at === end) return end
    const hasBegun = this.#startedAtMs !== 0
    if (!hasBegun) this.#startedAtMs = turnMs()
    const { limits } = this.#context
    const known = this.#repeated.match(bytes, at, end, limits.head)
    if (known !== undefined) return this.#begin(known, bytes, at + known.fields.text.length, end)
    const head = takeRequestHead()
    const after = head.read(bytes, at, end, limits.head)
    if (after < 0)
      return this.#readNoRequest({ verdict: after, head, start, at, hasBegun }, bytes, end)
    this.#repeated.remember(head)
    return this.#begin(head, bytes, after, end)
  }

  /** Waits for the rest of a head, or refuses what is none, unless HTTP/2 begins with it. */
  #readNoRequest(found: NoRequest, bytes: Buffer, end: number): number {
    const { verdict, head, start, at } = found
    const mayBeHttp2 = verdict === MALFORMED && this.#home.takesHttp2 && this.facts.requests === 0
    const preface = mayBeHttp2 ? prefaceIn(bytes, start, end) : 'none'
    if (preface === 'whole') {
      giveRequestHead(head)
      this.#isClosing = true
      this.deadlineMs = Infinity
      this.#home.onHttp2(this, this.#transport, Buffer.from(bytes.subarray(start, end)))
      return end
    }
    if (verdict === INCOMPLETE || preface === 'begun') {
      giveRequestHead(head)
      // The time for a head is counted from its first byte, however slowly the others come.
      if (!found.hasBegun) this.#setDeadline(this.#context.limits.headTimeoutMs)
      return start
    }
    this.refuse(headFailure(verdict), head, requestLineOf(bytes, at, end))
    return end
  }

  #begin(head: RequestHead, bytes: Buffer, start: number, end: number): number {
    const framing = bodyFramingOf(head)
    if (typeof framing === 'string') {
      this.refuse(framing, head)
      return end
    }
    this.#readConnectionRules(head)
    const body = new RequestBody(framing, this)
    const exchange = this.#createExchange(head, body)
    this.deadlineMs = Infinity
    let at = start
    if (!body.isComplete) {
      this.#pace.restart()
      at = this.#readBody(bytes, start, end)
    }
    if (this.#exchange === exchange) handleExchange(exchange)
    return at
  }

  #createExchange(head: RequestHead, body: RequestBody): ProxyExchange {
    const { counters, holder } = this.#context
    this.facts.requests += 1
    counters.requests += 1
    counters.writing += 1
    const snapshot = holder.current
    snapshot.enter()
    this.#exchange = new ProxyExchange({
      startedAtMs: this.#startedAtMs,
      context: this.#context,
      downstream: this,
      snapshot,
      head,
      body,
    })
    this.#startedAtMs = 0
    return this.#exchange
  }

  /** Whether another request may follow on this connection. */
  #readConnectionRules(head: RequestHead): void {
    const { fields, minorVersion } = head
    this.#minorVersion = minorVersion
    this.#output.isBare = minorVersion === -1
    this.#awaitsContinue = minorVersion >= 1 && expectsContinue(fields)
    this.#keepsAlive =
      minorVersion >= 1 &&
      this.facts.requests + 1 < this.#context.limits.requestsPerConnection &&
      !this.#home.isDraining
    const wish = connectionWish(fields)
    if (wish === 'close') this.#keepsAlive = false
    else if (wish === 'keep-alive' && minorVersion === 0) this.#keepsAlive = !this.#home.isDraining
  }

  /** Answers a request that could not be read, and closes. */
  refuse(code: FailureCode, head = takeRequestHead(), line?: string): void {
    this.#keepsAlive = false
    this.#lingers = true
    this.#minorVersion = 1
    this.#output.isBare = false
    this.#pending = undefined
    if (this.#startedAtMs === 0) this.#startedAtMs = turnMs()
    const exchange = this.#createExchange(head, new RequestBody(NO_BODY, this))
    exchange.rawRequestLine = line
    refuseExchange(exchange, new GatewayError(code, 'The request cannot be read'))
  }

  // Request body

  /** @returns position after the body */
  #readBody(bytes: Buffer, start: number, end: number): number {
    const body = this.#exchange?.body ?? this.#unwanted!
    if (body.isComplete) return start
    const at = body.receive(bytes, start, end)
    if (at === -1 || this.#isBeyondLimit(body)) {
      this.#failBody(at === -1 ? 'bad_request' : 'body_too_large')
      return end
    }
    if (!body.isComplete) this.#awaitBody(body)
    else if (body === this.#unwanted) this.#endUnwanted()
    else if (!this.#transport.isCongested) this.deadlineMs = Infinity
    return at
  }

  #awaitBody(body: RequestBody): void {
    const { limits, wheel } = this.#context
    wheel.set(this, this.#pace.deadlineMs(body.receivedBytes, limits, turnMs()))
  }

  #isBeyondLimit(body: RequestBody): boolean {
    const { bodyBytes } = this.#context.limits
    return bodyBytes > 0 && body.receivedBytes > bodyBytes
  }

  /** The rest of the body cannot be had, so there is no next request either. */
  #failBody(code: FailureCode): void {
    this.#keepsAlive = false
    this.#lingers = true
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.#end(false)
      return
    }
    exchange.bodyFault = code
    exchange.body.fail()
    exchange.stage?.onBodyFault(code)
  }

  pauseBody(): void {
    this.deadlineMs = Infinity
    this.#pace.pause(turnMs())
    this.#transport.pause()
  }

  resumeBody(): void {
    if (this.#isClosing) return
    const body = this.#exchange?.body ?? this.#unwanted
    if (body !== undefined) this.#awaitBody(body)
    this.#transport.resume()
  }

  // Downstream

  get httpVersion(): '1.0' | '1.1' {
    return this.#minorVersion >= 1 ? '1.1' : '1.0'
  }

  get viaVersion(): string {
    return VIA_VERSIONS[this.#minorVersion + 1] ?? ''
  }

  get keepsAlive(): boolean {
    return this.#keepsAlive
  }

  get isCongested(): boolean {
    return this.#transport.isCongested
  }

  closeAfter(): void {
    this.#keepsAlive = false
  }

  sendContinue(): void {
    if (!this.#awaitsContinue) return
    this.#awaitsContinue = false
    this.#transport.writeText('HTTP/1.1 100 Continue\r\n\r\n')
  }

  sendEarlyHints(): void {
    // Not over HTTP/1.
  }

  sendWhole(text: string): void {
    this.#output.sendWhole(text)
    this.#watchSending()
  }

  sendHead(text: string, coding: ResponseCoding): void {
    if (coding === 'until-close') this.#keepsAlive = false
    this.#output.sendHead(text, coding)
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    this.#output.sendBody(bytes, start, end)
    this.#watchSending()
  }

  flush(): void {
    this.#output.flush()
    this.#watchSending()
  }

  sendTrailers(fields: readonly TrailerField[]): void {
    this.#output.sendTrailers(fields)
  }

  endBody(): void {
    this.#output.endBody()
    this.#watchSending()
  }

  abort(): void {
    this.#isClosing = true
    this.#transport.reset()
  }

  /** From each write that does not go out at once the client has so long to take more. */
  #watchSending(): void {
    if (this.#transport.isCongested) this.#setDeadline(this.#context.limits.sendTimeoutMs)
  }

  takeOver(): { readonly transport: Transport; readonly rest: Buffer | undefined } {
    const rest = this.#pending
    this.#pending = undefined
    this.deadlineMs = Infinity
    return { transport: this.#transport, rest }
  }

  next(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#exchange = undefined
    this.#context.counters.writing -= 1
    if (this.#isClosing) return
    // Whether the body of a client that waits for permission still comes cannot be known.
    if (this.#awaitsContinue && !exchange.body.isComplete) this.#keepsAlive = false
    if (!this.#keepsAlive) {
      this.#end(exchange.body.isComplete)
      return
    }
    if (exchange.body.isComplete) this.#awaitNext()
    else {
      this.#unwanted = exchange.body
      exchange.body.discard()
    }
  }

  #endUnwanted(): void {
    this.#unwanted = undefined
    this.#awaitNext()
  }

  #awaitNext(): void {
    if (!this.#transport.isCongested) this.#setDeadline(this.#context.limits.idleTimeoutMs)
    if (this.#home.isDraining) this.#end(true)
    else if (this.#pending !== undefined && !this.#isReadingRequests) this.#readPending()
  }

  #readPending(): void {
    const pending = this.#pending!
    this.#pending = undefined
    this.#readRequests(pending, 0, pending.length)
    // A body that is not whole says itself when it wants more.
    const isBetween = this.#pending === undefined && this.#exchange?.body.isComplete === true
    if (this.#canRead || (isBetween && !this.#isEnding)) this.#transport.resume()
  }

  /**
   * Closes so that the client gets what was sent: a socket closed with unread bytes is reset, which
   * can overtake the answer.
   */
  #end(isInputRead: boolean): void {
    this.#isEnding = true
    if (this.#isReadingRequests || this.#isClosing) return
    if (isInputRead && !this.#lingers && this.#pending === undefined) {
      this.#closeNow()
      return
    }
    this.#isClosing = true
    this.#pending = undefined
    this.#setDeadline(LINGER_MS)
    this.#transport.end()
    this.#transport.resume()
  }

  #closeNow(): void {
    this.#isClosing = true
    this.#setDeadline(this.#context.limits.sendTimeoutMs)
    this.#transport.close()
  }

  /** Ends an idle connection; one with an exchange ends after it. */
  drain(): void {
    this.#keepsAlive = false
    if (this.isIdle && !this.#isClosing) this.#closeNow()
  }

  destroy(): void {
    this.#transport.destroy()
  }
}

/** By minor version, from HTTP/0.9 on; Kong says none for higher ones. */
const VIA_VERSIONS = ['0.9 ', '1.0 ', '1.1 ']
