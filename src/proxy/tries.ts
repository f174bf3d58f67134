import type { BalancerFault, Peer, PeerSource } from '../balancer/peer.ts'
import { beginTurn } from '../base/turn-clock.ts'
import type { ServiceTarget } from '../snapshot/snapshot.ts'
import type { UpstreamTls } from '../snapshot/upstream-tls.ts'
import type { ProxyExchange } from './exchange.ts'
import { FAILURES, GatewayError, type FailureCode } from './gateway-error.ts'
import { hostNameOf } from './host-facts.ts'
import { isPromise } from './is-promise.ts'
import type { EndpointTls } from './endpoint-table.ts'
import { isTlsScheme, upstreamHost } from './upstream-request.ts'

/** A request with one of these was perhaps carried out once it was sent. */
const NOT_REPEATED: ReadonlySet<string> = new Set(['POST', 'LOCK', 'PATCH'])

/** TLS for a plugin that changes the scheme: as for a service that sets nothing. */
const PLAIN_RULES: UpstreamTls = {
  key: 'default',
  verify: false,
  verifyDepth: 1,
  ca: [],
  certificate: undefined,
}

/** Peers of the service, or of the place a plugin has chosen instead. */
export function peersOf(exchange: ProxyExchange, target: ServiceTarget): PeerSource {
  const other = exchange.upstreamIfChanged?.newTarget
  return other === undefined
    ? target.peers
    : exchange.context.balancers.source(other.host, other.port)
}

/** Whoever asks for a peer, and hears of one or of none. Nothing is told once it is over. */
export interface PeerTaker {
  readonly isOver: boolean
  onPeer(peer: Peer): void
  onNoPeer(error: GatewayError): void
}

/** Picks the next peer, for whom the taker answers to the source then; most are there at once. */
export function pickPeer(exchange: ProxyExchange, peers: PeerSource, taker: PeerTaker): void {
  const picked = peers.pick(exchange.balancing, exchange.tried)
  if (!isPromise(picked)) takePicked(picked, exchange, peers, taker)
  else
    picked
      .then(
        (peer) => {
          beginTurn()
          takePicked(peer, exchange, peers, taker)
        },
        (error: unknown) => {
          beginTurn()
          exchange.context.log.error(`Cannot pick a peer for exchange ${exchange.id}`, error)
          if (!taker.isOver) taker.onNoPeer(new GatewayError('dns_failed', 'The balancer failed'))
        },
      )
      .catch((error: unknown) => {
        // A bug of the gateway's own: no name server is to be blamed for it.
        exchange.context.log.error(`Cannot handle exchange ${exchange.id}`, error)
        if (!taker.isOver) taker.onNoPeer(new GatewayError('plugin_failed', 'The gateway failed'))
      })
}

// oxlint-disable-next-line max-params -- the hot path: an object here costs more than it says
function takePicked(
  picked: Peer | BalancerFault,
  exchange: ProxyExchange,
  peers: PeerSource,
  taker: PeerTaker,
): void {
  if (!('fault' in picked)) {
    if (taker.isOver) peers.release(picked)
    else taker.onPeer(picked)
  } else if (!taker.isOver) taker.onNoPeer(faultError(picked, exchange.tried.length > 0))
}

/** How a connection to a peer is secured; nothing for a plain one. */
export function endpointTls(
  exchange: ProxyExchange,
  target: ServiceTarget,
  peer: Peer,
): EndpointTls | undefined {
  if (!isTlsScheme(exchange)) return undefined
  return {
    serverName: hostNameOf(upstreamHost(exchange, peer)),
    rules: target.tls ?? PLAIN_RULES,
  }
}

/** Method of the request as it is sent. */
export function sentMethod(exchange: ProxyExchange): string {
  return exchange.upstreamIfChanged?.newMethod ?? exchange.head.method
}

/** Whether a request that was sent may be sent again. See RFC 9110 §9.2.2, nginx `proxy_next_upstream`. */
export function isRepeatable(exchange: ProxyExchange): boolean {
  return !NOT_REPEATED.has(sentMethod(exchange))
}

/** Remembers that the peer at hand failed: it is not picked again while there are others. */
export function countFailedTry(exchange: ProxyExchange, peer: Peer, code: FailureCode): void {
  exchange.tried = [...exchange.tried, peer]
  noteFailedTry(exchange, peer, code)
}

/** Remembers for logs that a try failed. */
export function noteFailedTry(exchange: ProxyExchange, peer: Peer, code: FailureCode): void {
  const failed = {
    ip: peer.ip,
    port: peer.port,
    state: 'failed',
    code: FAILURES[code].status,
    startedAtMs: exchange.sentAtMs,
    balancerMs: 0,
  } as const
  exchange.failedTries = [...exchange.failedTries, failed]
}

/** After a first failed try Kong tells of a balancer's fault in general terms only. */
function faultError(fault: BalancerFault, isRepeated: boolean): GatewayError {
  if (isRepeated) return new GatewayError('no_peer_left', 'No peer is left to try')
  switch (fault.fault) {
    case 'no-peer':
      return new GatewayError('no_peer', 'No peer is available')
    case 'name-not-resolved':
      return new GatewayError(
        'name_not_resolved',
        `Cannot resolve "${fault.name}": ${fault.detail}`,
      )
    case 'dns-failed':
      return new GatewayError(
        'dns_failed',
        `Cannot resolve "${fault.name}": ${fault.detail}`,
        `failed the initial dns/balancer resolve for '${fault.name}' with: ${fault.detail}`,
      )
  }
}
