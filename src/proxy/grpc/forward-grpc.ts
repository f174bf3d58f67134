import type { ClientHttp2Stream } from 'node:http2'
import { nodeHttp2 } from '../../base/late-modules.ts'
import type { BalancerFault, Peer, PeerOutcome, PeerSource } from '../../balancer/peer.ts'
import type { Deadline } from '../../base/deadline-wheel.ts'
import { beginTurn, turnMs } from '../../base/turn-clock.ts'
import type { ServiceTarget } from '../../snapshot/snapshot.ts'
import { answerFailure } from '../answer.ts'
import type { Stage } from '../downstream.ts'
import type { ProxyExchange } from '../exchange.ts'
import { finish } from '../finish.ts'
import { FAILURES, GatewayError, type FailureCode } from '../gateway-error.ts'
import { isPromise } from '../is-promise.ts'
import type { BodySink } from '../request-body.ts'
import { countFailedTry, endpointTls, faultError, isRepeatable, peersOf } from '../tries.ts'
import { isTlsScheme, upstreamRequestHead, type SentBody } from '../upstream-request.ts'
import { GrpcResponse } from './receive-grpc.ts'
import { http2RequestFields } from './request-fields.ts'
import type { SessionUser, UpstreamSession } from './upstream-session.ts'

/**
 * Sends a request to a peer of a gRPC service, as a stream of an HTTP/2 session, and relays the answer.
 * Bodies are never held back: a call may be a conversation, whose answer begins before its request ends.
 */
export class GrpcForwarding implements Stage, BodySink, SessionUser, Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #exchange: ProxyExchange
  readonly #target: ServiceTarget
  readonly #peers: PeerSource
  #retriesLeft: number
  #session: UpstreamSession | undefined
  #stream: ClientHttp2Stream | undefined
  /** Resets the stream. */
  #abort: AbortController | undefined
  #response: GrpcResponse | undefined
  /** The request went out whole. */
  #isSent = false
  /** Some of the body went out; it cannot be sent again. */
  #isStreaming = false
  #isOver = false

  constructor(exchange: ProxyExchange, target: ServiceTarget) {
    this.#exchange = exchange
    this.#target = target
    this.#retriesLeft = target.retries
    this.#peers = peersOf(exchange, target)
  }

  begin(): void {
    const { body, downstream, upstreamIfChanged, bodyFault } = this.#exchange
    if (bodyFault !== undefined) {
      this.onBodyFault(bodyFault)
      return
    }
    if (!body.isComplete) {
      downstream.sendContinue()
      if (upstreamIfChanged?.newBody !== undefined) body.discard()
    }
    this.#try()
  }

  // Peers and tries

  #try(): void {
    const exchange = this.#exchange
    const picked = this.#peers.pick(exchange.balancing, exchange.tried)
    if (!isPromise(picked)) this.#usePicked(picked)
    else
      picked
        .then((peer) => {
          beginTurn()
          this.#usePicked(peer)
        })
        .catch((error: unknown) => {
          exchange.context.log.error(`Cannot pick a peer for exchange ${exchange.id}`, error)
          this.#fail(new GatewayError('dns_failed', 'The balancer failed'))
        })
  }

  #usePicked(picked: Peer | BalancerFault): void {
    const exchange = this.#exchange
    if ('fault' in picked) {
      if (!this.#isOver) this.#fail(faultError(picked, exchange.tried.length > 0))
      return
    }
    if (this.#isOver) {
      this.#peers.release(picked)
      return
    }
    exchange.peer = picked
    exchange.sentAtMs = turnMs()
    exchange.answeredAtMs = -1
    this.#reach(picked)
  }

  #reach(peer: Peer): void {
    const { context } = this.#exchange
    const tls = endpointTls(this.#exchange, this.#target, peer)
    const { connectTimeoutMs } = this.#target
    context.pool.sessions.reach({ peer, tls, connectTimeoutMs }, this)
  }

  onSession(session: UpstreamSession): void {
    if (this.#isOver) return
    this.#session = session
    try {
      const stream = this.#open(session)
      // A session that had ended unnoticed is not found again.
      if (stream === undefined) this.#reach(this.#exchange.peer!)
      else this.#begun(stream)
    } catch (error) {
      this.#exchange.context.log.error(`Cannot send exchange ${this.#exchange.id}`, error)
      this.#release()
      this.#fail(new GatewayError('bad_request', 'The request cannot be sent over HTTP/2'))
    }
  }

  onSessionFailed(code: string): void {
    if (this.#isOver) return
    this.#tryFailed(
      'connect-failed',
      code === 'ETIMEDOUT' ? 'upstream_timed_out' : 'upstream_refused',
      true,
    )
  }

  onDeadline(): void {
    if (this.#isOver) return
    this.#session?.retire()
    this.#tryFailed('timed-out', 'upstream_timed_out', false)
  }

  /** @param isUntouched the peer has surely done nothing about the request */
  #tryFailed(kind: PeerOutcome['kind'], code: FailureCode, isUntouched: boolean): void {
    const exchange = this.#exchange
    const peer = exchange.peer!
    const hasBegun = this.#response?.hasBegun === true
    this.#leaveStream(false)
    this.#peers.report(peer, { kind })
    this.#peers.release(peer)
    if (hasBegun) {
      this.#breakOff()
      return
    }
    const canRepeat = !this.#isStreaming && (isUntouched || isRepeatable(exchange))
    if (!canRepeat || !FAILURES[code].isRetryable || this.#retriesLeft <= 0) {
      this.#fail(new GatewayError(code, `Peer ${peer.ip}:${peer.port} failed: ${kind}`))
      return
    }
    this.#retriesLeft -= 1
    countFailedTry(exchange, peer, code)
    exchange.peer = undefined
    this.#try()
  }

  // Request

  #open(session: UpstreamSession): ClientHttp2Stream | undefined {
    const exchange = this.#exchange
    const { body, upstreamIfChanged } = exchange
    const newBody = upstreamIfChanged?.newBody
    const isWhole = newBody !== undefined || body.isComplete
    const length = isWhole ? (newBody?.length ?? body.receivedBytes) : undefined
    const head = upstreamRequestHead(exchange, exchange.peer!, this.#sentBody(length))
    const scheme = isTlsScheme(exchange) ? 'https' : 'http'
    const { signal } = (this.#abort = new AbortController())
    return session.open(http2RequestFields(head, scheme), { endStream: length === 0, signal })
  }

  #sentBody(length: number | undefined): SentBody {
    const { framing } = this.#exchange.body
    if (this.#exchange.upstreamIfChanged?.newBody === undefined)
      return framing.kind === 'length' ? framing.length : 'none'
    return length!
  }

  #begun(stream: ClientHttp2Stream): void {
    this.#stream = stream
    this.#isSent = false
    this.#response = new GrpcResponse(this.#exchange, { stream, peers: this.#peers, on: this })
    stream.on('drain', () => this.#onDrained())
    const { body, upstreamIfChanged } = this.#exchange
    const newBody = upstreamIfChanged?.newBody
    if (newBody === undefined && !body.isComplete) {
      this.#isStreaming = true
      body.pipe(this)
      return
    }
    const whole = newBody ?? (body.heldBytes > 0 ? body.heldAsOne() : undefined)
    if (whole !== undefined) stream.end(whole)
    this.#isSent = true
    const { writeTimeoutMs, readTimeoutMs } = this.#target
    this.#setDeadline(stream.writableNeedDrain ? writeTimeoutMs : readTimeoutMs)
  }

  takeBody(bytes: Buffer): void {
    const stream = this.#stream
    if (stream === undefined || stream.destroyed) return
    // The bytes are the reader's, who reads on before they are sent.
    if (stream.write(Buffer.from(bytes))) return
    this.#exchange.body.pause()
    this.#setDeadline(this.#target.writeTimeoutMs)
  }

  endBody(): void {
    const stream = this.#stream
    if (stream === undefined || stream.destroyed) return
    stream.end()
    this.#isSent = true
    this.#setDeadline(this.#target.readTimeoutMs)
  }

  #onDrained(): void {
    if (this.#isOver) return
    if (this.#isSent || this.#response?.hasBegun === true)
      this.#setDeadline(this.#target.readTimeoutMs)
    else this.deadlineMs = Infinity
    if (!this.#isSent) this.#exchange.body.resume()
  }

  #setDeadline(afterMs: number): void {
    this.#exchange.context.wheel.set(this, turnMs() + afterMs)
  }

  // Response

  /** Some of the response has come. While the client takes its time the upstream is not read, and not timed. */
  onResponseMore(): void {
    if (this.#isOver) return
    if (this.#exchange.downstream.isCongested) {
      this.#stream?.pause()
      this.deadlineMs = Infinity
    } else this.#setDeadline(this.#target.readTimeoutMs)
  }

  /** The response is whole. The rest of the request, if there is one, nobody wants. */
  onResponseComplete(): void {
    if (this.#isOver) return
    const exchange = this.#exchange
    const response = this.#response!
    this.#isOver = true
    exchange.stage = undefined
    this.#release(this.#isSent)
    const waiting = response.end()
    if (waiting === undefined) finish(exchange)
    else
      waiting
        .catch((error: unknown) => {
          exchange.context.log.error(`Cannot end exchange ${exchange.id}`, error)
          exchange.downstream.abort()
        })
        .finally(() => finish(exchange))
  }

  /** A plugin or the gateway has answered in its place. */
  onResponseReplaced(): void {
    this.#isOver = true
    this.#release()
  }

  onResponseCut(): void {
    this.#release()
    this.#breakOff()
  }

  onResponseInvalid(): void {
    if (!this.#isOver) this.#tryFailed('broken', 'upstream_invalid', false)
  }

  /** The stream has ended before its response was whole. */
  onStreamLost(code: number): void {
    if (this.#isOver) return
    const isUntouched = code === nodeHttp2().constants.NGHTTP2_REFUSED_STREAM
    this.#tryFailed('broken', 'upstream_closed', isUntouched)
  }

  onDownstreamDrained(): void {
    if (this.#isOver || this.#stream === undefined) return
    this.#stream.resume()
    this.#setDeadline(this.#target.readTimeoutMs)
  }

  // Ends

  onClientGone(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#release()
    finish(this.#exchange)
  }

  onBodyFault(code: FailureCode): void {
    if (this.#isOver) return
    const exchange = this.#exchange
    if (exchange.sentAtMs === -1) exchange.sentAtMs = turnMs()
    const hasBegun = this.#response?.hasBegun === true
    this.#release()
    if (hasBegun) this.#breakOff()
    else this.#fail(new GatewayError(code, 'The request body cannot be read'))
  }

  #release(isWhole = false): void {
    const { peer } = this.#exchange
    if (peer !== undefined) this.#peers.release(peer)
    this.#leaveStream(isWhole)
  }

  /**
   * Lets go of the stream; one that is not over is reset, so that the upstream stops working for it.
   * @param isWhole both request and response have come to their end
   */
  #leaveStream(isWhole: boolean): void {
    const stream = this.#stream
    this.#stream = undefined
    this.deadlineMs = Infinity
    this.#response?.leave()
    this.#response = undefined
    if (stream !== undefined && !isWhole) this.#abort?.abort()
  }

  #fail(error: GatewayError): void {
    this.#isOver = true
    answerFailure(this.#exchange, error)
  }

  /** The client has part of a response that will not become whole. */
  #breakOff(): void {
    this.#isOver = true
    this.#exchange.downstream.abort()
    finish(this.#exchange)
  }
}
