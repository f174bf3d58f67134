import type { PeerSource } from '../balancer/peer.ts'
import { turnMs } from '../base/turn-clock.ts'
import { responseFraming } from '../http/body-framing.ts'
import { INCOMPLETE } from '../http/message-head.ts'
import { NOT_HTTP, ResponseField, ResponseHead } from '../http/response-head.ts'
import type { ServiceTarget } from '../snapshot/snapshot.ts'
import type { ProxyExchange } from './exchange.ts'
import { finish } from './finish.ts'
import { takeResponseHead } from './head-pool.ts'
import { ResponseRelay } from './relay-response.ts'
import { proxiedHead } from './response-head.ts'
import { runHeaderFilter } from './run-phase.ts'
import { openTunnel } from './tunnel.ts'
import type { BodyOutput } from './spool/read-ahead.ts'
import type { UpstreamConnection } from './upstream-connection.ts'
import { wantsUpgrade } from './upstream-request.ts'

/** Largest response head, and largest sum of interim ones. */
const HEAD_LIMIT = 65_536
/** Longest head that is remembered. */
const REMEMBERED_BYTES = 4096

export interface ResponseSource {
  readonly connection: UpstreamConnection
  /** Of the request as it was sent. */
  readonly method: string
  readonly target: ServiceTarget
  /** Where the peer was picked, and hears how it did. */
  readonly peers: PeerSource
}

/** What bytes from the upstream came to. */
export type ReceiveVerdict =
  | 'more'
  /** The response has ended where the bytes did, or before. */
  | 'complete'
  /** What came is no response that may be passed on; the client has seen nothing of it. */
  | 'invalid'
  /** The client has seen some of a response that cannot go on. */
  | 'cut'
  /** A plugin or the gateway answered in its place. */
  | 'answered'
  | 'tunnel'

/** The response becomes the upstream's. */
export function adoptResponse(
  exchange: ProxyExchange,
  head: ResponseHead,
  peers: PeerSource,
): void {
  const { response, peer, sentAtMs, answeredAtMs } = exchange
  response.source = 'service'
  response.status = head.status
  response.upstreamStatus = head.status
  response.fields = head.fields
  peers.report(peer!, { kind: 'ok', status: head.status, responseMs: answeredAtMs - sentAtMs })
}

function keptHead(head: ResponseHead): ResponseHead {
  const kept = new ResponseHead(head)
  const framing = responseFraming(kept, 'GET')
  if (typeof framing === 'object' && framing.kind === 'length')
    kept.made!.wholeBytes = kept.fields.text.length + framing.length
  return kept
}

/** Reads one response: interim heads, the head, then the body into its relay. */
export class ReceivedResponse {
  readonly #exchange: ProxyExchange
  readonly #source: ResponseSource
  #relay: ResponseRelay | undefined
  #begun: Buffer | undefined
  #isBulk = false
  /** Size of the interim heads so far. */
  #interimBytes = 0
  /** More came than the response. */
  #hasSurplus = false
  endsWithConnection = false

  constructor(exchange: ProxyExchange, source: ResponseSource) {
    this.#exchange = exchange
    this.#source = source
  }

  /** The client was sent something, or will be when a plugin has seen the whole. */
  get hasBegun(): boolean {
    return this.#relay !== undefined
  }

  /** The connection may serve another request, as far as the response is concerned. */
  get isReusable(): boolean {
    return !this.endsWithConnection && !this.#hasSurplus && this.#exchange.upstreamHead!.keepsAlive
  }

  receive(bytes: Buffer, length: number): ReceiveVerdict {
    if (this.#relay !== undefined) return this.#receiveBody(this.#relay, bytes, 0, length)
    const exchange = this.#exchange
    if (exchange.answeredAtMs === -1) exchange.answeredAtMs = turnMs()
    if (this.#begun === undefined) return this.#receiveHead(bytes, length)
    const all = Buffer.concat([this.#begun, bytes.subarray(0, length)])
    this.#begun = undefined
    return this.#receiveHead(all, all.length)
  }

  #receiveHead(bytes: Buffer, end: number): ReceiveVerdict {
    const known = this.#source.connection.stack.repeatedHead
    const after = known === undefined ? 0 : this.#recognise(known, bytes, end)
    return after > 0 ? this.#begin(known!, bytes, after, end) : this.#readHead(bytes, end)
  }

  /** @returns position after a head that is the same as the last ones; 0 for another one */
  #recognise(known: ResponseHead, bytes: Buffer, end: number): number {
    const { bytes: expected } = known.made!
    if (expected.isAt(bytes, 0, end)) {
      this.#exchange.upstreamHead = known
      return expected.length
    }
    this.#source.connection.stack.repeatedHead = undefined
    return 0
  }

  #readHead(bytes: Buffer, end: number): ReceiveVerdict {
    const head = (this.#exchange.upstreamHead ??= takeResponseHead())
    let at = 0
    for (;;) {
      const after = head.read(bytes, at, end)
      if (after === INCOMPLETE) {
        if (end > HEAD_LIMIT) return 'invalid'
        this.#begun = Buffer.from(bytes.subarray(at, end))
        return 'more'
      }
      if (after === NOT_HTTP && at === 0) return this.#passBare(bytes, end)
      if (after < 0) return 'invalid'
      const size = after - at
      at = after
      if (head.status === 101) return this.#change(head, bytes, at, end)
      if (head.status >= 200) {
        this.#remember(head)
        return this.#begin(head, bytes, at, end)
      }
      if (!this.#passInterim(head, size)) return 'invalid'
      if (at === end) return 'more'
    }
  }

  /** @returns false for one too many */
  #passInterim({ status, fields }: ResponseHead, size: number): boolean {
    this.#interimBytes += size
    const links = status === 103 ? fields.values('link') : []
    if (links.length > 0) this.#exchange.downstream.sendEarlyHints(links)
    return this.#interimBytes <= HEAD_LIMIT
  }

  /** Upstreams say the same again and again; from the second time on it is compared, not read. */
  #remember(head: ResponseHead): void {
    const { stack } = this.#source.connection
    const { text } = head.fields
    if (text.length > REMEMBERED_BYTES || head.fields.has(ResponseField.trailer)) return
    if (stack.lastHead === text) stack.repeatedHead = keptHead(head)
    stack.lastHead = text
  }

  #begin(head: ResponseHead, bytes: Buffer, at: number, end: number): ReceiveVerdict {
    const framing = responseFraming(head, this.#source.method)
    if (typeof framing === 'string') return 'invalid'
    this.endsWithConnection = framing.kind === 'until-close'
    adoptResponse(this.#exchange, head, this.#source.peers)
    const relay = new ResponseRelay(this.#exchange, framing)
    this.#relay = relay
    relay.begin()
    if (relay.isBroken) return 'answered'
    return this.#receiveBody(relay, bytes, at, end)
  }

  #receiveBody(relay: ResponseRelay, bytes: Buffer, at: number, end: number): ReceiveVerdict {
    const stop = relay.receive(bytes, at, end)
    if (stop === -1) return 'cut'
    if (relay.isBroken) return this.#exchange.finishedAtMs === -1 ? 'cut' : 'answered'
    if (relay.isComplete) {
      this.#hasSurplus = stop !== end
      return 'complete'
    }
    this.#exchange.downstream.flush()
    if (!this.#isBulk && relay.isBulk) {
      this.#isBulk = true
      this.#source.connection.transport!.setBulk(true)
    }
    return 'more'
  }

  /** @returns a promise only while plugins look at a response that was held back */
  end(): Promise<void> | undefined {
    return this.#relay!.end()
  }

  /** The body goes where the client is waited for, and not in the client's place the upstream. */
  divert(output: BodyOutput): void {
    this.#relay!.output = output
    // What was read last may still be on its way to the client, so the next read must not go there.
    if (this.#isBulk) this.#source.connection.transport!.setBulk(false, false)
  }

  /** Leaves a connection as the next exchange expects it. */
  leave({ transport }: UpstreamConnection): void {
    if (transport === undefined || transport.isClosed) return
    if (this.#isBulk) transport.setBulk(false, !this.#exchange.downstream.isCongested)
    transport.resume()
  }

  /** Passes on what does not speak HTTP, as nginx does; only HTTP/1 clients can be sent such a thing. */
  #passBare(bytes: Buffer, end: number): ReceiveVerdict {
    const { response, downstream } = this.#exchange
    if (downstream.httpVersion === '2') return 'invalid'
    response.source = 'service'
    response.status = 200
    response.upstreamStatus = 200
    this.endsWithConnection = true
    this.#relay = new ResponseRelay(this.#exchange, { kind: 'until-close' })
    this.#relay.beginBare()
    return this.#receiveBody(this.#relay, bytes, 0, end)
  }

  /** The upstream changes the protocol, which the client must have asked for. */
  #change(head: ResponseHead, bytes: Buffer, at: number, end: number): ReceiveVerdict {
    const exchange = this.#exchange
    if (!wantsUpgrade(exchange) || !exchange.body.isComplete) return 'invalid'
    adoptResponse(exchange, head, this.#source.peers)
    exchange.upgrade = head.fields.get(ResponseField.upgrade) ?? 'websocket'
    if (exchange.collected.headerFilter.length > 0 && runHeaderFilter(exchange) !== undefined) {
      exchange.upgrade = undefined
      return 'invalid'
    }
    exchange.stage = undefined
    const text = proxiedHead(exchange, 'none')
    exchange.response.sentHead = text
    exchange.response.sizeBytes = text.length
    exchange.downstream.sendWhole(text)
    this.#openTunnel(bytes, at, end)
    return 'tunnel'
  }

  #openTunnel(bytes: Buffer, at: number, end: number): void {
    const exchange = this.#exchange
    const { transport: client, rest } = exchange.downstream.takeOver()
    const upstream = this.#source.connection.transport!
    const first = at < end ? Buffer.from(bytes.subarray(at, end)) : undefined
    openTunnel({
      client,
      upstream,
      wheel: exchange.context.wheel,
      idleTimeoutMs: this.#source.target.readTimeoutMs,
      onClientBytes() {},
      onUpstreamBytes(length) {
        exchange.response.bodyBytes += length
        exchange.response.sizeBytes += length
      },
      onOver: () => finish(exchange),
    })
    if (first !== undefined) client.writeBytes(first)
    if (rest !== undefined) upstream.writeBytes(rest)
  }
}
