import type { Peer, PeerOutcome, PeerSource } from '../balancer/peer.ts'
import { turnMs } from '../base/turn-clock.ts'
import type { ServiceTarget } from '../snapshot/snapshot.ts'
import { answerFailure } from './answer.ts'
import { bodyNotStored, BufferedRequest } from './buffer-request.ts'
import type { Stage } from './downstream.ts'
import type { ProxyExchange } from './exchange.ts'
import { finish, finishAfter } from './finish.ts'
import { FAILURES, GatewayError, type FailureCode } from './gateway-error.ts'
import { Http2Forwarding } from './http2-upstream/forward-http2.ts'
import { passWhole } from './pass-whole.ts'
import { ReceivedResponse } from './receive-response.ts'
import type { BodySink } from './request-body.ts'
import type { StoredBody } from './spool/stored-body.ts'
import { readAheadFromMs, SlowClient } from './slow-client.ts'
import { StoredSender } from './spool/stored-sender.ts'
import type { UpstreamConnection, UpstreamUser } from './upstream-connection.ts'
import {
  countFailedTry,
  endpointTls,
  isRepeatable,
  noteFailedTry,
  peersOf,
  pickPeer,
  sentMethod,
  type PeerTaker,
} from './tries.ts'
import {
  isGrpcScheme,
  upstreamRequestHead,
  wantsUpgrade,
  type SentBody,
} from './upstream-request.ts'
import { asChunk, writeRequest } from './write-request.ts'

/** Sends the request to a peer of its service, to others if that fails, and relays the answer. */
export function forward(exchange: ProxyExchange): void {
  const target = exchange.plan?.target
  if (target === undefined) {
    answerFailure(exchange, new GatewayError('no_service', 'The route has no service'))
    return
  }
  const forwarding = speaksHttp2(exchange, target)
    ? new Http2Forwarding(exchange, target)
    : new Forwarding(exchange, target)
  exchange.stage = forwarding
  forwarding.begin()
}

/** A protocol cannot be changed to over HTTP/2, and another place than the service's is not known to speak it. */
function speaksHttp2(exchange: ProxyExchange, { http2 }: ServiceTarget): boolean {
  if (isGrpcScheme(exchange)) return true
  return http2 && !wantsUpgrade(exchange) && exchange.upstreamIfChanged?.newTarget === undefined
}

class Forwarding implements Stage, BodySink, PeerTaker, UpstreamUser {
  isOver = false
  readonly #exchange: ProxyExchange
  readonly #target: ServiceTarget
  readonly #peers: PeerSource
  #retriesLeft: number
  #connection: UpstreamConnection | undefined
  #isReused = false
  /** The last try met a connection that had died while it was idle; others may have as well. */
  #needsNewConnection = false
  /** The request went out whole. */
  #isSent = false
  /** Some of the request went out; a body that streams cannot be sent again. */
  #hasBegun = false
  #isStreaming = false
  #isChunked = false
  #response: ReceivedResponse | undefined
  /** The body, where it is wanted whole before a peer is asked. */
  #buffered: BufferedRequest | undefined
  #storedSender: StoredSender | undefined
  /** The upstream is not read because the client cannot take more. */
  #isHeldUp = false
  #slowClient: SlowClient | undefined

  constructor(exchange: ProxyExchange, target: ServiceTarget) {
    this.#exchange = exchange
    this.#target = target
    this.#retriesLeft = target.retries
    this.#peers = peersOf(exchange, target)
  }

  /** A route that buffers has the whole body before it asks, so that slow clients wait here. */
  begin(): void {
    const { body, downstream, plan, upstreamIfChanged, bodyFault } = this.#exchange
    if (bodyFault !== undefined) {
      this.onBodyFault(bodyFault)
      return
    }
    // Also to a client that did not wait for it, as nginx does.
    downstream.sendContinue()
    if (body.isComplete) this.#try()
    else {
      if (upstreamIfChanged?.newBody !== undefined) {
        body.discard()
        this.#try()
      } else if (plan!.route.request_buffering) this.#buffer()
      else this.#try()
    }
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
    this.#isSent = false
    this.#hasBegun = false
    const tls = endpointTls(exchange, this.#target, peer)
    const { pool } = exchange.context
    const connection = this.#needsNewConnection ? undefined : pool.take(peer, tls)
    this.#isReused = connection !== undefined
    if (connection === undefined) {
      this.#connection = pool.dial(peer, tls, this, this.#target.connectTimeoutMs)
    } else {
      connection.user = this
      this.#send(connection)
    }
  }

  onNoPeer(error: GatewayError): void {
    this.#fail(error)
  }

  onUpstreamConnected(connection: UpstreamConnection): void {
    this.#send(connection)
  }

  onUpstreamConnectFailed(code: string): void {
    this.#tryFailed(
      'connect-failed',
      code === 'ETIMEDOUT' ? 'upstream_timed_out' : 'upstream_refused',
    )
  }

  onUpstreamDeadline(): void {
    if (this.#isHeldUp) this.#readAhead()
    else this.#tryFailed('timed-out', 'upstream_timed_out')
  }

  /**
   * Repeats what may be repeated. A connection that was idle and turns out dead before it said
   * anything is no failure of the peer; that try counts, but one on a new connection always follows.
   */
  #tryFailed(kind: PeerOutcome['kind'], code: FailureCode): void {
    const exchange = this.#exchange
    const peer = exchange.peer!
    this.#connection?.destroy()
    this.#connection = undefined
    const wasStale = kind === 'broken' && this.#isReused && exchange.answeredAtMs === -1
    if (!wasStale) this.#peers.report(peer, { kind })
    this.#peers.release(peer)
    if (this.#response?.hasBegun === true) {
      this.#breakOff()
      return
    }
    this.#response = undefined
    const mayTry = wasStale || (FAILURES[code].isRetryable && this.#retriesLeft > 0)
    if (!mayTry || !this.#canRepeat()) {
      this.#fail(new GatewayError(code, `Peer ${peer.ip}:${peer.port} failed: ${kind}`))
      return
    }
    this.#retriesLeft -= 1
    this.#needsNewConnection = wasStale
    if (wasStale) noteFailedTry(exchange, peer, code)
    else countFailedTry(exchange, peer, code)
    exchange.peer = undefined
    this.#try()
  }

  #canRepeat(): boolean {
    return !this.#hasBegun || (!this.#isStreaming && isRepeatable(this.#exchange))
  }

  // Request

  #send(connection: UpstreamConnection): void {
    this.#connection = connection
    this.#hasBegun = true
    const { body, upstreamIfChanged, context } = this.#exchange
    const newBody = upstreamIfChanged?.newBody
    if (newBody === undefined && !body.isComplete) {
      this.#stream(connection)
      return
    }
    const stored = this.#buffered?.stored
    if (stored !== undefined) {
      this.#sendStored(connection, stored)
      return
    }
    const whole = newBody ?? (body.heldBytes > 0 ? body.heldToSend() : undefined)
    const head = this.#head(this.#wholeLength(newBody))
    const transport = connection.transport!
    writeRequest(transport, head, whole)
    this.#isSent = true
    const { writeTimeoutMs, readTimeoutMs } = this.#target
    const timeoutMs = transport.isCongested ? writeTimeoutMs : readTimeoutMs
    context.wheel.set(connection, this.#exchange.sentAtMs + timeoutMs)
  }

  #head(body: SentBody): string {
    return upstreamRequestHead(this.#exchange, this.#exchange.peer!, body)
  }

  #wholeLength(newBody: Buffer | undefined): SentBody {
    const { body } = this.#exchange
    if (newBody !== undefined) return newBody.length
    return body.framing.kind === 'none' ? 'none' : body.receivedBytes
  }

  #sendStored(connection: UpstreamConnection, stored: StoredBody): void {
    const transport = connection.transport!
    connection.deadlineMs = Infinity
    transport.writeText(this.#head(stored.length))
    const sender = new StoredSender(stored, transport, (fault) => {
      if (this.#connection !== connection) return
      if (fault === undefined) this.#afterPiece(sender, transport.isCongested)
      else bodyNotStored(this.#exchange, fault)
    })
    this.#storedSender = sender
    sender.sendNext()
  }

  /** While a piece is read it is the disk that is waited for, not the upstream. */
  #afterPiece(sender: StoredSender, isCongested: boolean): void {
    this.#isSent = sender.isDone
    if (isCongested) this.#setDeadline(this.#target.writeTimeoutMs)
    else if (this.#isSent) this.#setDeadline(this.#target.readTimeoutMs)
    else {
      this.#connection!.deadlineMs = Infinity
      sender.sendNext()
    }
  }

  /** Between its pieces it is the client that is waited for, not the upstream. */
  #stream(connection: UpstreamConnection): void {
    const { body } = this.#exchange
    const { framing } = body
    this.#isStreaming = true
    this.#isChunked = framing.kind !== 'length'
    connection.deadlineMs = Infinity
    connection.transport!.writeText(
      this.#head(framing.kind === 'length' ? framing.length : 'chunked'),
    )
    body.pipe(this)
  }

  takeBody(bytes: Buffer): void {
    const transport = this.#connection?.transport
    if (transport === undefined) return
    if (this.#isChunked) transport.writeBytes(asChunk(bytes))
    else transport.writeBytes(bytes)
    if (!transport.isCongested) return
    this.#exchange.body.pause()
    this.#setDeadline(this.#target.writeTimeoutMs)
  }

  endBody(): void {
    const transport = this.#connection?.transport
    if (transport === undefined) return
    if (this.#isChunked) transport.writeText('0\r\n\r\n')
    this.#isSent = true
    this.#setDeadline(this.#target.readTimeoutMs)
  }

  onUpstreamDrained(): void {
    if (this.#isSent) this.#setDeadline(this.#target.readTimeoutMs)
    else {
      if (this.#connection !== undefined) this.#connection.deadlineMs = Infinity
      if (this.#storedSender === undefined) this.#exchange.body.resume()
      else this.#storedSender.sendNext()
    }
  }

  #setDeadline(afterMs: number): void {
    if (this.#connection !== undefined)
      this.#exchange.context.wheel.set(this.#connection, turnMs() + afterMs)
  }

  // Response

  onUpstreamBytes(bytes: Buffer, length: number): void {
    if (this.#response === undefined && this.#passWhole(bytes, length)) return
    this.#response ??= new ReceivedResponse(this.#exchange, {
      connection: this.#connection!,
      method: sentMethod(this.#exchange),
      target: this.#target,
      peers: this.#peers,
    })
    const verdict = this.#response.receive(bytes, length)
    if (verdict === 'more') {
      if (!this.isOver) this.#awaitMore()
    } else this.#settle(verdict)
  }

  #passWhole(bytes: Buffer, length: number): boolean {
    const exchange = this.#exchange
    const known = this.#connection!.stack.repeatedHead
    if (known === undefined || !this.#isSent) return false
    if (!passWhole(exchange, known, this.#peers, bytes, length)) return false
    this.#end()
    exchange.stage = undefined
    this.#release(known.keepsAlive)
    finish(exchange)
    return true
  }

  /** While the client takes its time the upstream is not read, and not timed. */
  #awaitMore(): void {
    const connection = this.#connection
    if (connection === undefined) return
    const { downstream, context } = this.#exchange
    const isFull = this.#slowClient?.output.isFull ?? downstream.isCongested
    if (this.#response!.hasBegun && isFull) {
      connection.transport!.pause()
      this.#isHeldUp = this.#isSent && this.#slowClient === undefined
      const untilMs = this.#isHeldUp ? readAheadFromMs(this.#exchange) : Infinity
      context.wheel.set(connection, untilMs)
    } else if (this.#isSent) this.#setDeadline(this.#target.readTimeoutMs)
  }

  /** The upstream is read on, and what it says waits for the client. */
  #readAhead(): void {
    this.#slowClient = new SlowClient(this.#exchange, () => this.#readOn())
    this.#response!.divert(this.#slowClient.output)
    this.#readOn()
  }

  #readOn(): void {
    this.#isHeldUp = false
    this.#connection?.transport?.resume()
    if (this.#isSent) this.#setDeadline(this.#target.readTimeoutMs)
  }

  #settle(verdict: 'complete' | 'invalid' | 'cut' | 'answered' | 'tunnel'): void {
    switch (verdict) {
      case 'complete':
        this.#complete()
        break
      case 'invalid':
        this.#tryFailed('broken', 'upstream_invalid')
        break
      case 'cut':
        this.#release(false)
        this.#breakOff()
        break
      case 'answered':
        this.#release(false)
        this.#end()
        break
      case 'tunnel':
        this.#end()
        this.#connection!.deadlineMs = Infinity
        this.#peers.release(this.#exchange.peer!)
        break
    }
  }

  #complete(): void {
    const exchange = this.#exchange
    const response = this.#response!
    this.#end()
    exchange.stage = undefined
    const waiting = response.end()
    this.#release(this.#isSent && response.isReusable)
    if (this.#slowClient?.output.isAwaited === true) this.#slowClient.takeOver()
    else if (waiting === undefined) finish(exchange)
    else finishAfter(exchange, waiting)
  }

  #release(isReusable: boolean): void {
    const { context, peer } = this.#exchange
    const connection = this.#connection
    if (peer !== undefined) this.#peers.release(peer)
    if (connection === undefined) return
    this.#connection = undefined
    this.#response?.leave(connection)
    if (isReusable) this.#buffered?.recycle(connection.transport!)
    if (isReusable) context.pool.give(connection)
    else connection.destroy()
  }

  onUpstreamEnded(): void {
    if (this.#response?.endsWithConnection === true) this.#complete()
    else this.onUpstreamBroken()
  }

  onUpstreamBroken(): void {
    this.#tryFailed('broken', 'upstream_closed')
  }

  onDownstreamDrained(): void {
    if (this.#slowClient === undefined) this.#readOn()
    else this.#slowClient.onDownstreamDrained()
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
    this.#release(false)
    finish(this.#exchange)
  }

  onBodyFault(code: FailureCode): void {
    if (this.isOver) return
    const exchange = this.#exchange
    if (exchange.sentAtMs === -1) exchange.sentAtMs = turnMs()
    this.#release(false)
    if (this.#response?.hasBegun === true) this.#breakOff()
    else this.#fail(new GatewayError(code, 'The request body cannot be read'))
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
