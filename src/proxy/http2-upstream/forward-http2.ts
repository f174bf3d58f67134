import type { Peer, PeerOutcome, PeerSource } from '../../balancer/peer.ts'
import { turnMs } from '../../base/turn-clock.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { ServiceTarget } from '../../snapshot/snapshot.ts'
import { answerFailure } from '../answer.ts'
import { BufferedRequest } from '../buffer-request.ts'
import type { Stage } from '../downstream.ts'
import type { ProxyExchange } from '../exchange.ts'
import { finish, finishAfter } from '../finish.ts'
import { FAILURES, GatewayError, type FailureCode } from '../gateway-error.ts'
import { readAheadFromMs, SlowClient } from '../slow-client.ts'
import {
  countFailedTry,
  endpointTls,
  isRepeatable,
  noteFailedTry,
  peersOf,
  pickPeer,
  type PeerTaker,
} from '../tries.ts'
import { isGrpcScheme } from '../upstream-request.ts'
import { giveResponseHead } from '../head-pool.ts'
import { Http2Request, type Awaited, type RequestOwner } from './send-http2.ts'
import { Http2Response, type ReceiveVerdict } from './receive-http2.ts'
import type { SessionUser, UpstreamSession } from './upstream-session.ts'
import type { StreamLoss, StreamUser, UpstreamStream } from './upstream-stream.ts'

/** Tries that did the peer no harm, and are repeated without being counted as its failures. */
const MOST_HARMLESS = 3

/**
 * Sends a request to a peer of its service, as a stream of an HTTP/2 session, and relays the answer: as
 * over HTTP/1.1, but for what is shared. Bodies of gRPC are never held back: a call may be a
 * conversation, whose answer begins before its request ends.
 */
export class Http2Forwarding implements Stage, PeerTaker, RequestOwner, SessionUser, StreamUser {
  isOver = false
  readonly #exchange: ProxyExchange
  readonly #target: ServiceTarget
  readonly #peers: PeerSource
  readonly #isGrpc: boolean
  #retriesLeft: number
  #harmlessTries = 0
  #session: UpstreamSession | undefined
  #stream: UpstreamStream | undefined
  #response: Http2Response | undefined
  #request: Http2Request | undefined
  /** The body, where it is wanted whole before a peer is asked. */
  #buffered: BufferedRequest | undefined
  /** The upstream is held back because the client cannot take more. */
  #isHeldUp = false
  #slowClient: SlowClient | undefined

  constructor(exchange: ProxyExchange, target: ServiceTarget) {
    this.#exchange = exchange
    this.#target = target
    this.#retriesLeft = target.retries
    this.#peers = peersOf(exchange, target)
    this.#isGrpc = isGrpcScheme(exchange)
  }

  begin(): void {
    const { body, downstream, plan, upstreamIfChanged, bodyFault } = this.#exchange
    if (bodyFault !== undefined) {
      this.onBodyFault(bodyFault)
      return
    }
    downstream.sendContinue()
    const isReplaced = upstreamIfChanged?.newBody !== undefined
    if (!body.isComplete && isReplaced) body.discard()
    const isAwaited = !body.isComplete && !isReplaced && !this.#isGrpc
    if (isAwaited && plan!.route.request_buffering) this.#buffer()
    else this.#try()
  }

  #buffer(): void {
    this.#buffered = new BufferedRequest(this.#exchange, () => this.#try())
    this.#buffered.start()
  }

  // Peers and tries

  #try(): void {
    pickPeer(this.#exchange, this.#peers, this)
  }

  onPeer(peer: Peer): void {
    const exchange = this.#exchange
    exchange.peer = peer
    exchange.sentAtMs = turnMs()
    exchange.answeredAtMs = -1
    const tls = endpointTls(exchange, this.#target, peer)
    const { connectTimeoutMs } = this.#target
    exchange.context.pool.sessions.reach({ peer, tls, connectTimeoutMs }, this)
  }

  onNoPeer(error: GatewayError): void {
    this.#fail(error)
  }

  onSession(session: UpstreamSession): void {
    if (this.isOver) return
    this.#session = session
    this.#send(session)
  }

  onSessionFailed(code: string): void {
    if (this.isOver) return
    const failure = code === 'ETIMEDOUT' ? 'upstream_timed_out' : 'upstream_refused'
    this.#tryFailed({ kind: 'connect-failed', code: failure, isUntouched: true, isHarmless: false })
  }

  onStreamDeadline(): void {
    if (this.isOver) return
    if (this.#isHeldUp) {
      this.#readAhead()
      return
    }
    this.#session?.retire()
    this.#tryFailed({
      kind: 'timed-out',
      code: 'upstream_timed_out',
      isUntouched: false,
      isHarmless: false,
    })
  }

  /**
   * A session that was in use and ends before it says anything to this request is no failure of the
   * peer, and neither is one that wants no more requests.
   */
  onLost(loss: StreamLoss): void {
    if (this.isOver) return
    const { answeredAtMs } = this.#exchange
    const isUntouched = loss === 'untouched'
    const isStale = loss === 'closed' && this.#stream!.isReused && answeredAtMs === -1
    this.#tryFailed({
      kind: 'broken',
      code: loss === 'invalid' ? 'upstream_invalid' : 'upstream_closed',
      isUntouched,
      isHarmless: isUntouched || isStale,
    })
  }

  #tryFailed(failed: FailedTry): void {
    const { kind, code, isHarmless } = failed
    const exchange = this.#exchange
    const peer = exchange.peer!
    const hasBegun = this.#response?.hasBegun === true
    const isStreaming = this.#request?.isStreaming === true
    this.#leaveStream()
    const isForgiven = isHarmless && this.#harmlessTries < MOST_HARMLESS
    if (!isForgiven) this.#peers.report(peer, { kind })
    this.#peers.release(peer)
    if (hasBegun) this.#breakOff()
    else if (!isStreaming && this.#mayRepeat(failed, isForgiven)) this.#repeat(code, isForgiven)
    else this.#fail(new GatewayError(code, `Peer ${peer.ip}:${peer.port} failed: ${kind}`))
  }

  /** A harmless try is always repeated, up to a number that no sound peer needs. */
  #mayRepeat({ code, isUntouched }: FailedTry, isForgiven: boolean): boolean {
    const mayTry = isForgiven || (FAILURES[code].isRetryable && this.#retriesLeft > 0)
    return mayTry && (isUntouched || isRepeatable(this.#exchange))
  }

  #repeat(code: FailureCode, isForgiven: boolean): void {
    const exchange = this.#exchange
    const peer = exchange.peer!
    if (isForgiven) {
      this.#harmlessTries += 1
      noteFailedTry(exchange, peer, code)
    } else {
      this.#retriesLeft -= 1
      countFailedTry(exchange, peer, code)
    }
    exchange.peer = undefined
    this.#try()
  }

  // Request

  #send(session: UpstreamSession): void {
    const exchange = this.#exchange
    const stream = session.openStream(this, this.#isGrpc)
    const request = new Http2Request(exchange, stream, this)
    this.#stream = stream
    this.#request = request
    this.#response = new Http2Response(exchange, this.#peers)
    request.begin(this.#buffered)
  }

  onAwaits(awaited: Awaited): void {
    // The time is that of the client until it takes more, or is read ahead of.
    if (this.#isHeldUp) return
    switch (awaited) {
      case 'room':
        this.#setDeadline(this.#target.writeTimeoutMs)
        break
      case 'response':
        this.#awaitUpstream()
        break
      case 'body':
        // In a conversation it is the upstream's turn as well.
        if (this.#isConversing) this.#awaitUpstream()
        else this.#setDeadline(Infinity)
    }
  }

  /** One that is held back is not timed. */
  #awaitUpstream(): void {
    this.#setDeadline(this.#stream?.isPaused === true ? Infinity : this.#target.readTimeoutMs)
  }

  get #isConversing(): boolean {
    return this.#isGrpc && this.#response?.hasBegun === true
  }

  onStreamMoved(): void {
    if (!this.isOver) this.#request?.onMoved()
  }

  onStreamDrained(): void {
    if (!this.isOver) this.#request?.onDrained()
  }

  #setDeadline(afterMs: number): void {
    this.#stream?.expectWithin(afterMs)
  }

  // Response

  onInterim(head: ResponseHead): void {
    if (this.isOver) return
    const verdict = this.#response!.receiveInterim(head)
    this.#judge(verdict)
    if (verdict === 'more' && this.#request?.isSent === true) this.#awaitUpstream()
  }

  onHead(head: ResponseHead, endsStream: boolean): void {
    if (this.isOver) giveResponseHead(head)
    else this.#judge(this.#response!.receiveHead(head, endsStream))
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (!this.isOver) this.#judge(this.#response!.receiveBody(bytes, start, end))
  }

  onTrailers(lines: string): void {
    if (!this.isOver) this.#response!.receiveTrailers(lines)
  }

  #judge(verdict: ReceiveVerdict): void {
    switch (verdict) {
      case 'more':
        break
      case 'invalid':
        this.#tryFailed(INVALID)
        break
      case 'cut':
        this.#release()
        this.#breakOff()
        break
      case 'answered':
        this.#release()
        this.#end()
    }
  }

  /** While the client takes its time the upstream is held back, and not timed. */
  onReadEnd(): void {
    if (this.isOver) return
    const { downstream } = this.#exchange
    downstream.flush()
    const isFull = this.#slowClient?.output.isFull ?? downstream.isCongested
    const isSent = this.#request!.isSent
    if (isFull) {
      this.#stream!.pause()
      this.#isHeldUp = isSent && this.#slowClient === undefined && !this.#isGrpc
      const untilMs = this.#isHeldUp ? readAheadFromMs(this.#exchange) : Infinity
      this.#setDeadline(untilMs - turnMs())
    } else if (isSent || this.#isConversing) this.#setDeadline(this.#target.readTimeoutMs)
  }

  /** The upstream is read on, and what it says waits for the client. */
  #readAhead(): void {
    this.#slowClient = new SlowClient(this.#exchange, () => this.#readOn())
    this.#response!.divert(this.#slowClient.output)
    this.#readOn()
  }

  #readOn(): void {
    this.#isHeldUp = false
    this.#stream?.resume()
    if (this.#request?.isSent === true || this.#isConversing)
      this.#setDeadline(this.#target.readTimeoutMs)
  }

  /** The rest of the request, if there is one, nobody wants. */
  onEnd(): void {
    if (this.isOver) return
    const exchange = this.#exchange
    const response = this.#response!
    if (!response.isWhole) {
      this.#release()
      this.#breakOff()
      return
    }
    this.#end()
    exchange.stage = undefined
    const waiting = response.end()
    if (this.#request!.isSent) this.#buffered?.recycle(this.#stream!)
    this.#release()
    if (this.#slowClient?.output.isAwaited === true) this.#slowClient.takeOver()
    else if (waiting === undefined) finish(exchange)
    else finishAfter(exchange, waiting)
  }

  onDownstreamDrained(): void {
    if (this.isOver) return
    if (this.#slowClient !== undefined) this.#slowClient.onDownstreamDrained()
    else if (this.#stream?.isPaused === true) this.#readOn()
  }

  // Ends

  #end(): void {
    this.isOver = true
    this.#buffered?.close()
  }

  onClientGone(): void {
    if (this.isOver) return
    this.#end()
    this.#slowClient?.close()
    this.#release()
    finish(this.#exchange)
  }

  onBodyFault(code: FailureCode): void {
    if (this.isOver) return
    const exchange = this.#exchange
    if (exchange.sentAtMs === -1) exchange.sentAtMs = turnMs()
    const hasBegun = this.#response?.hasBegun === true
    this.#release()
    if (hasBegun) this.#breakOff()
    else this.#fail(new GatewayError(code, 'The request body cannot be read'))
  }

  #release(): void {
    const { peer } = this.#exchange
    if (peer !== undefined) this.#peers.release(peer)
    this.#leaveStream()
  }

  #leaveStream(): void {
    const stream = this.#stream
    this.#stream = undefined
    this.#session = undefined
    this.#request = undefined
    this.#response = undefined
    stream?.leave()
  }

  #fail(error: GatewayError): void {
    this.#end()
    answerFailure(this.#exchange, error)
  }

  /** The client has part of a response that will not become whole. */
  #breakOff(): void {
    this.#end()
    this.#slowClient?.close()
    this.#exchange.downstream.abort()
    finish(this.#exchange)
  }
}

interface FailedTry {
  readonly kind: PeerOutcome['kind']
  readonly code: FailureCode
  /** The peer has surely done nothing about the request. */
  readonly isUntouched: boolean
  /** It says nothing against the peer. */
  readonly isHarmless: boolean
}

const INVALID: FailedTry = {
  kind: 'broken',
  code: 'upstream_invalid',
  isUntouched: false,
  isHarmless: false,
}
