import {
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { BodyFraming } from '../../http/body-framing.ts'
import type { ClientConnectionFacts } from '../connection-facts.ts'
import type { ProxyContext } from '../context.ts'
import { ProxyExchange } from '../exchange.ts'
import { GatewayError, type FailureCode } from '../gateway-error.ts'
import { handleExchange, refuseExchange } from '../handle-exchange.ts'
import { takeRequestHead } from '../head-pool.ts'
import { bodyFramingOf, headFailure } from '../read-request.ts'
import { RequestBody } from '../request-body.ts'
import { Http2Exchange, type Http2Home } from './http2-exchange.ts'
import { requestText } from './request-head.ts'

/** Whoever counts and ends the sessions of a listener. */
export interface SessionHome {
  readonly context: ProxyContext
  onSessionClosed(session: Http2Session): void
}

/** Bounds on what one client may ask of a session. */
const OPTIONS = {
  settings: { maxConcurrentStreams: 128, enableConnectProtocol: false },
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

/** A connection that speaks HTTP/2: each stream is an exchange like any other. */
export class Http2Session implements Http2Home {
  readonly #context: ProxyContext
  readonly #session: ServerHttp2Session
  readonly #facts: ClientConnectionFacts
  #exchanges = 0

  /** @param socket over which nothing was read yet, or that had it put back */
  constructor(home: SessionHome, socket: Duplex, facts: ClientConnectionFacts) {
    this.#context = home.context
    this.#facts = facts
    const { idleTimeoutMs, head } = home.context.limits
    this.#session = performServerHandshake(socket, {
      ...OPTIONS,
      settings: { ...OPTIONS.settings, maxHeaderListSize: head.headBytes },
    })
    this.#session.setTimeout(idleTimeoutMs, () => {
      if (this.#exchanges === 0) this.#session.close()
    })
    // What breaks a session ends it; its streams hear of that themselves.
    this.#session.on('error', () => this.#session.destroy())
    this.#session.on('close', () => home.onSessionClosed(this))
    this.#session.on('stream', (stream, headers, _flags, rawHeaders) => {
      this.#onStream(stream, headers, rawHeaders)
    })
  }

  get isIdle(): boolean {
    return this.#exchanges === 0
  }

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]): void {
    const startedAtMs = Date.now()
    const written = requestText(raw)
    const head = takeRequestHead()
    const bytes = Buffer.from(written?.text ?? '', 'latin1')
    const after =
      written === undefined ? -2 : head.read(bytes, 0, bytes.length, this.#context.limits.head)
    const downstream = new Http2Exchange(this, stream, {
      facts: this.#facts,
      awaitsContinue: written?.awaitsContinue ?? false,
    })
    const failure = after < 0 ? headFailure(after) : undefined
    const framing = failure ?? this.#framing(stream, bodyFramingOf(head), headers)
    const body = new RequestBody(typeof framing === 'string' ? NO_BODY : framing, downstream)
    const { holder, counters } = this.#context
    const snapshot = holder.current
    snapshot.enter()
    this.#facts.requests += 1
    this.#exchanges += 1
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

  /** Without a length the body ends with the stream, and goes on in chunks. */
  #framing(
    stream: ServerHttp2Stream,
    framing: BodyFraming | FailureCode,
    headers: IncomingHttpHeaders,
  ): BodyFraming | FailureCode {
    if (typeof framing === 'string') return framing
    if (headers['transfer-encoding'] !== undefined) return 'bad_request'
    if (framing.kind === 'length') return framing
    return stream.readableEnded || stream.endAfterHeaders ? NO_BODY : CHUNKED
  }

  onExchangeOver(): void {
    this.#exchanges -= 1
  }

  /** Takes no further streams; ends when those at hand have. */
  drain(): void {
    if (!this.#session.closed) this.#session.close()
  }

  destroy(): void {
    this.#session.destroy()
  }
}

const NO_BODY: BodyFraming = { kind: 'none' }
const CHUNKED: BodyFraming = { kind: 'chunked' }
