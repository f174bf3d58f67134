import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { nodeHttp2 } from '../../base/late-modules.ts'
import type { PeerSource } from '../../balancer/peer.ts'
import { beginTurn, turnMs } from '../../base/turn-clock.ts'
import type { BodyFraming } from '../../http/body-framing.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { ProxyExchange } from '../exchange.ts'
import { takeResponseHead } from '../head-pool.ts'
import { adoptResponse } from '../receive-response.ts'
import { ResponseRelay } from '../relay-response.ts'
import { sentMethod } from '../tries.ts'
import { fieldLines, responseText } from './response-fields.ts'

/** Whoever sent the request, and hears what its answer came to. */
export interface ResponseOwner {
  onResponseMore(): void
  onResponseComplete(): void
  onResponseReplaced(): void
  /** The client has seen some of a response that cannot go on. */
  onResponseCut(): void
  onResponseInvalid(): void
  /** @param code the reset's, or `NGHTTP2_NO_ERROR` where the connection went away without one */
  onStreamLost(code: number): void
}

export interface GrpcSource {
  readonly stream: ClientHttp2Stream
  readonly peers: PeerSource
  readonly on: ResponseOwner
}

const NO_BODY: BodyFraming = { kind: 'none' }
const EMPTY: BodyFraming = { kind: 'length', length: 0 }
const UNTIL_END: BodyFraming = { kind: 'until-close' }

/** Reads the response of one stream into its relay. */
export class GrpcResponse {
  readonly #exchange: ProxyExchange
  readonly #source: GrpcSource
  #relay: ResponseRelay | undefined
  #hasEnded = false
  /** Nobody listens any more. */
  #isLeft = false

  constructor(exchange: ProxyExchange, source: GrpcSource) {
    this.#exchange = exchange
    this.#source = source
    const { stream } = source
    stream.on('response', (headers, flags, raw) => this.#onHead(headers, flags, raw))
    stream.on('data', (bytes: Buffer) => this.#onData(bytes))
    stream.on('trailers', (_headers: unknown, _flags: unknown, raw: readonly string[]) => {
      this.#relay?.takeTrailers(fieldLines(raw))
    })
    stream.on('end', () => this.#onEnd())
    // The close that follows says what it came to.
    stream.on('error', () => {})
    stream.on('close', () => {
      beginTurn()
      if (!this.#isLeft && !this.#hasEnded) source.on.onStreamLost(stream.rstCode ?? 0)
    })
  }

  /** The client was sent something, or will be when a plugin has seen the whole. */
  get hasBegun(): boolean {
    return this.#relay !== undefined
  }

  #onHead(headers: IncomingHttpHeaders, flags: number, raw: readonly string[]): void {
    if (this.#isLeft) return
    beginTurn()
    const exchange = this.#exchange
    const { on, peers } = this.#source
    if (exchange.answeredAtMs === -1) exchange.answeredAtMs = turnMs()
    const head = readHead(exchange, Number(headers[':status']), raw)
    if (head === undefined) {
      on.onResponseInvalid()
      return
    }
    adoptResponse(exchange, head, peers)
    exchange.response.viaVersion = '2'
    const relay = new ResponseRelay(exchange, this.#framing(head, flags), true)
    this.#relay = relay
    relay.begin()
    if (relay.isBroken) on.onResponseReplaced()
    else if (!relay.isComplete) {
      exchange.downstream.flush()
      on.onResponseMore()
    }
  }

  #framing({ status }: ResponseHead, flags: number): BodyFraming {
    if (sentMethod(this.#exchange) === 'HEAD' || status === 204 || status === 304) return NO_BODY
    return (flags & nodeHttp2().constants.NGHTTP2_FLAG_END_STREAM) === 0 ? UNTIL_END : EMPTY
  }

  #onData(bytes: Buffer): void {
    const relay = this.#relay
    if (this.#isLeft || relay === undefined) return
    beginTurn()
    relay.receive(bytes, 0, bytes.length)
    const { on } = this.#source
    if (relay.isBroken && this.#exchange.finishedAtMs === -1) on.onResponseCut()
    else if (relay.isBroken) on.onResponseReplaced()
    else {
      this.#exchange.downstream.flush()
      on.onResponseMore()
    }
  }

  /** A stream that was reset ends as well, without being whole. */
  #onEnd(): void {
    const { stream, on } = this.#source
    const isWhole =
      stream.rstCode === nodeHttp2().constants.NGHTTP2_NO_ERROR || stream.rstCode === undefined
    if (this.#isLeft || this.#relay === undefined || !isWhole) return
    beginTurn()
    this.#hasEnded = true
    on.onResponseComplete()
  }

  /** @returns a promise only while plugins look at a response that was held back */
  end(): Promise<void> | undefined {
    return this.#relay!.end()
  }

  leave(): void {
    this.#isLeft = true
  }
}

function readHead(
  exchange: ProxyExchange,
  status: number,
  raw: readonly string[],
): ResponseHead | undefined {
  const bytes = Buffer.from(responseText(status, raw), 'latin1')
  const head = (exchange.upstreamHead ??= takeResponseHead())
  return head.read(bytes, 0, bytes.length) === bytes.length ? head : undefined
}
