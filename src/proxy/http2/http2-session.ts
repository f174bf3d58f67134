import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Deadline } from '../../base/deadline-wheel.ts'
import { turnMs } from '../../base/turn-clock.ts'
import type { BodyFraming } from '../../http/body-framing.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { ClientConnectionFacts } from '../connection-facts.ts'
import type { ConnectionHome, ServedConnection } from '../connection-home.ts'
import type { ProxyContext } from '../context.ts'
import { ProxyExchange } from '../exchange.ts'
import { GatewayError, type FailureCode } from '../gateway-error.ts'
import { handleExchange, refuseExchange } from '../handle-exchange.ts'
import { takeRequestHead } from '../head-pool.ts'
import { bodyFramingOf, headFailure } from '../read-request.ts'
import { RequestBody } from '../request-body.ts'
import { FloodGauge } from './flood-gauge.ts'
import { Http2Exchange, type Http2Home } from './http2-exchange.ts'
import { requestText } from './request-head.ts'

/** Bounds on what one client may ask of a session. */
const OPTIONS = {
  settings: { enableConnectProtocol: true },
  // An upstream that repeats a field which may stand once is passed on as over HTTP/1.1.
  strictSingleValueFields: false,
  // Opening streams only to reset them is work without a request: at most so many at once, then a
  // few a second, before the session ends.
  streamResetBurst: 200,
  streamResetRate: 20,
  maxSettings: 32,
  maxOutstandingPings: 10,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxHeaderListPairs: 1000,
} as const

/** How often a session is looked at that says nothing a stream would hear of. */
const WATCH_MS = 5000
/** What is left to be sent when a session ends may take so long. */
const ENDING_MS = 5000

/** A connection that speaks HTTP/2: each stream is an exchange like any other. */
export class Http2Session implements Http2Home, ServedConnection, Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly facts: ClientConnectionFacts
  readonly #context: ProxyContext
  readonly #socket: Socket
  readonly #session: ServerHttp2Session
  readonly #flood: FloodGauge
  #streams = 0
  /** When it ends unless a request comes; `Infinity` while there is one. */
  #idleUntilMs: number
  #isEnding = false

  /** @param socket over which nothing was read yet, or that had it put back */
  constructor(home: ConnectionHome, socket: Socket, facts: ClientConnectionFacts) {
    this.#context = home.context
    this.facts = facts
    this.#socket = socket
    this.#flood = new FloodGauge(() => socket.bytesRead)
    const { headTimeoutMs, head, streamsPerConnection } = home.context.limits
    this.#idleUntilMs = turnMs() + headTimeoutMs
    this.#session = performServerHandshake(socket, {
      ...OPTIONS,
      settings: {
        ...OPTIONS.settings,
        maxConcurrentStreams: streamsPerConnection,
        maxHeaderListSize: head.headBytes,
      },
    })
    // What breaks a session ends it; its streams hear of that themselves.
    this.#session.on('error', () => this.#session.destroy())
    this.#session.on('close', () => this.#leave(home))
    this.#session.on('ping', () => this.#checkFlood())
    this.#session.on('remoteSettings', () => this.#checkFlood())
    this.#session.on('stream', (stream, headers, _flags, rawHeaders) => {
      this.#onStream(stream, headers, rawHeaders)
    })
    this.#watch()
  }

  #leave(home: ConnectionHome): void {
    this.deadlineMs = Infinity
    this.#socket.destroy()
    home.onConnectionClosed(this)
  }

  // Time

  #watch(): void {
    const nowMs = turnMs()
    this.#context.wheel.set(this, Math.min(nowMs + WATCH_MS, this.#idleUntilMs))
  }

  onDeadline(nowMs: number): void {
    if (this.#isEnding) {
      this.#session.destroy()
      this.#socket.destroy()
      return
    }
    this.#checkFlood()
    if (nowMs >= this.#idleUntilMs) this.#end()
    else this.#watch()
  }

  /** Says that no further streams are taken, and closes when those at hand are over. */
  #end(): void {
    if (!this.#session.closed) this.#session.close()
    if (this.#streams > 0) return
    this.#isEnding = true
    this.#context.wheel.set(this, turnMs() + ENDING_MS)
  }

  #checkFlood(): void {
    if (this.#session.destroyed || !this.#flood.isFlooded) return
    this.#context.log.warn(`Closed HTTP/2 connection of ${this.facts.peerIp}: flooded with frames`)
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }

  // Requests

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]): void {
    const startedAtMs = Date.now()
    const { head, framing, awaitsContinue, isTunnel } = this.#readHead(stream, headers, raw)
    const downstream = new Http2Exchange(this, stream, {
      context: this.#context,
      facts: this.facts,
      awaitsContinue,
      isTunnel,
    })
    const body = new RequestBody(typeof framing === 'string' ? NO_BODY : framing, downstream)
    const { holder, counters } = this.#context
    const snapshot = holder.current
    snapshot.enter()
    this.#enter()
    counters.requests += 1
    counters.writing += 1
    const exchange = new ProxyExchange({
      startedAtMs,
      context: this.#context,
      downstream,
      snapshot,
      head,
      body,
    })
    downstream.exchange = exchange
    if (typeof framing === 'string') {
      refuseExchange(exchange, new GatewayError(framing, 'The request cannot be read'))
      return
    }
    if (!body.isComplete) downstream.read(body)
    handleExchange(exchange)
  }

  #readHead(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    raw: readonly string[],
  ): OpenedRequest {
    const head = takeRequestHead()
    const written = requestText(raw)
    if (written === undefined)
      return { head, framing: 'bad_request', awaitsContinue: false, isTunnel: false }
    const { text, awaitsContinue, protocol } = written
    const bytes = Buffer.from(text, 'latin1')
    this.#flood.count(bytes.length)
    const opened = { head, awaitsContinue, isTunnel: protocol !== undefined }
    const after = head.read(bytes, 0, bytes.length, this.#context.limits.head)
    if (after < 0) return { ...opened, framing: headFailure(after) }
    const framing = bodyFramingOf(head)
    if (protocol !== undefined) return { ...opened, framing: tunnelFraming(protocol, framing) }
    return { ...opened, framing: streamFraming(stream, framing, headers) }
  }

  #enter(): void {
    this.facts.requests += 1
    this.#streams += 1
    this.#idleUntilMs = Infinity
    if (this.facts.requests >= this.#context.limits.requestsPerConnection) this.#end()
  }

  countPayload(bytes: number): void {
    this.#flood.count(bytes)
  }

  onStreamClosed(): void {
    this.#streams -= 1
    if (this.#streams > 0) return
    if (this.#session.closed) this.#end()
    else {
      this.#idleUntilMs = turnMs() + this.#context.limits.idleTimeoutMs
      if (this.#idleUntilMs < this.deadlineMs) this.#watch()
    }
  }

  drain(): void {
    this.#end()
  }

  destroy(): void {
    this.#session.destroy()
  }
}

/** A request whose head has been read, or is refused. */
interface OpenedRequest {
  readonly head: RequestHead
  readonly framing: BodyFraming | FailureCode
  readonly awaitsContinue: boolean
  readonly isTunnel: boolean
}

/** Without a length the body ends with the stream, and goes on in chunks. */
function streamFraming(
  stream: ServerHttp2Stream,
  framing: BodyFraming | FailureCode,
  headers: IncomingHttpHeaders,
): BodyFraming | FailureCode {
  if (typeof framing === 'string') return framing
  if (headers['transfer-encoding'] !== undefined) return 'bad_request'
  if (framing.kind === 'length') return framing
  return stream.readableEnded || stream.endAfterHeaders ? NO_BODY : CHUNKED
}

/** What follows the head of a tunnel is no body. @see RFC 8441 §4; RFC 9220 §3 on other protocols */
function tunnelFraming(
  protocol: string,
  framing: BodyFraming | FailureCode,
): BodyFraming | FailureCode {
  if (typeof framing === 'string' || framing.kind !== 'none') return 'bad_request'
  return protocol === 'websocket' ? framing : 'coding_not_implemented'
}

const NO_BODY: BodyFraming = { kind: 'none' }
const CHUNKED: BodyFraming = { kind: 'chunked' }
