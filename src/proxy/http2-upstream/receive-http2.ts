import { turnMs } from '../../base/turn-clock.ts'
import type { PeerSource } from '../../balancer/peer.ts'
import type { BodyFraming } from '../../http/body-framing.ts'
import { ResponseField, type ResponseHead } from '../../http/response-head.ts'
import type { ProxyExchange } from '../exchange.ts'
import { giveResponseHead } from '../head-pool.ts'
import { adoptResponse } from '../receive-response.ts'
import { ResponseRelay } from '../relay-response.ts'
import { wantsTrailers } from '../response-head.ts'
import type { BodyOutput } from '../spool/read-ahead.ts'
import { sentMethod } from '../tries.ts'
import { HEAD_LIMIT } from './response-reader.ts'

/** What a part of a response came to. */
export type ReceiveVerdict =
  | 'more'
  /** What came is no response that may be passed on; the client has seen nothing of it. */
  | 'invalid'
  /** The client has seen some of a response that cannot go on. */
  | 'cut'
  /** A plugin or the gateway answered in its place. */
  | 'answered'

const NO_BODY: BodyFraming = { kind: 'none' }
const EMPTY: BodyFraming = { kind: 'length', length: 0 }
const UNTIL_END: BodyFraming = { kind: 'until-close' }

/** Reads the response of one stream into its relay. */
export class Http2Response {
  readonly #exchange: ProxyExchange
  readonly #peers: PeerSource
  #relay: ResponseRelay | undefined
  #interimBytes = 0
  /** What the head has said; -1: nothing. */
  #announcedBytes = -1
  #receivedBytes = 0

  constructor(exchange: ProxyExchange, peers: PeerSource) {
    this.#exchange = exchange
    this.#peers = peers
  }

  /** The client was sent something, or will be when a plugin has seen the whole. */
  get hasBegun(): boolean {
    return this.#relay !== undefined
  }

  /** The body has the length that was announced. @see RFC 9113 §8.1.1 */
  get isWhole(): boolean {
    return this.#announcedBytes === -1 || this.#announcedBytes === this.#receivedBytes
  }

  receiveInterim({ status, fields }: ResponseHead): ReceiveVerdict {
    this.#noteAnswer()
    this.#interimBytes += fields.text.length
    const links = status === 103 ? fields.values('link') : []
    if (links.length > 0) this.#exchange.downstream.sendEarlyHints(links)
    return this.#interimBytes <= HEAD_LIMIT ? 'more' : 'invalid'
  }

  receiveHead(head: ResponseHead, endsStream: boolean): ReceiveVerdict {
    const exchange = this.#exchange
    this.#noteAnswer()
    const framing = this.#framing(head, endsStream)
    if (framing === undefined) {
      giveResponseHead(head)
      return 'invalid'
    }
    exchange.upstreamHead = head
    exchange.response.viaVersion = '2'
    adoptResponse(exchange, head, this.#peers)
    const relay = (this.#relay = new ResponseRelay(exchange, framing, true))
    relay.begin()
    return relay.isBroken ? 'answered' : 'more'
  }

  #noteAnswer(): void {
    if (this.#exchange.answeredAtMs === -1) this.#exchange.answeredAtMs = turnMs()
  }

  /** @returns nothing for a body that ends before it has begun */
  #framing(head: ResponseHead, endsStream: boolean): BodyFraming | undefined {
    const { status, fields } = head
    if (sentMethod(this.#exchange) === 'HEAD' || status === 204 || status === 304) return NO_BODY
    const said = fields.get(ResponseField.contentLength)
    if (endsStream) return said === undefined || Number(said) === 0 ? EMPTY : undefined
    if (said === undefined) return UNTIL_END
    this.#announcedBytes = Number(said)
    return this.#mayGetTrailers ? UNTIL_END : { kind: 'length', length: this.#announcedBytes }
  }

  /** Over HTTP/1.1 fields may come after a body only where its length has not been said. */
  get #mayGetTrailers(): boolean {
    return this.#exchange.downstream.httpVersion !== '2' && wantsTrailers(this.#exchange)
  }

  /** Bytes are valid during the call only. */
  receiveBody(bytes: Buffer, start: number, end: number): ReceiveVerdict {
    const relay = this.#relay!
    this.#receivedBytes += end - start
    if (this.#announcedBytes !== -1 && this.#receivedBytes > this.#announcedBytes) return 'cut'
    relay.receive(bytes, start, end)
    if (!relay.isBroken) return 'more'
    return this.#exchange.finishedAtMs === -1 ? 'cut' : 'answered'
  }

  receiveTrailers(lines: string): void {
    this.#relay!.takeTrailers(lines)
  }

  /** @returns a promise only while plugins look at a response that was held back */
  end(): Promise<void> | undefined {
    return this.#relay!.end()
  }

  /** The body goes where the client is waited for, and not in the client's place the upstream. */
  divert(output: BodyOutput): void {
    this.#relay!.output = output
  }
}
