import type { UriCaptures } from '../entities/uri-captures.ts'

/** One address to connect to. */
export interface Peer {
  readonly ip: string
  readonly port: number
  /** Name the address came from, for Host and SNI; the address itself when there was no name. */
  readonly hostname: string
  /** Value for the Host header that the upstream or target asks for, without the port. */
  readonly hostHeader: string | undefined
  /** Identity for failure counters; the same object or key as long as the address lives. */
  readonly key: string
}

export type BalancerFault =
  /** No target, none healthy, or all weights 0. */
  | { readonly fault: 'no-peer' }
  /** The name does not exist or has no usable records. */
  | { readonly fault: 'name-not-resolved'; readonly name: string; readonly detail: string }
  /** The name servers failed otherwise. */
  | { readonly fault: 'dns-failed'; readonly name: string; readonly detail: string }

/** What a balancer may ask about an exchange to choose by it. */
export interface BalancingRequest {
  readonly consumerId: string | undefined
  readonly credentialId: string | undefined
  readonly clientIp: string
  readonly path: string
  readonly captures: UriCaptures | undefined
  headerValues(name: string): readonly string[]
  queryValues(name: string): readonly (string | true)[]
  cookie(name: string): string | undefined
  /** Adds a `Set-Cookie` line to the response. */
  setCookie(line: string): void
}

export interface PeerOutcome {
  /** `ok`: a response head came, whatever its status. */
  readonly kind: 'ok' | 'connect-failed' | 'timed-out' | 'broken'
  readonly status?: number
  readonly connectMs?: number
  readonly responseMs?: number
}

/** Chooses peers for one host: an upstream by that name, or the addresses of a DNS name, or one address. */
export interface PeerSource {
  /**
   * Synchronous when the answer is known, which is the rule; a promise while names are resolved.
   * @param tried peers that failed for this exchange, oldest first
   */
  pick(request: BalancingRequest, tried: readonly Peer[]): Peer | BalancerFault | Promise<Peer | BalancerFault>
  /** Tells how it went, once a pick: for health, connection counts and latencies. */
  report(peer: Peer, outcome: PeerOutcome): void
  /** The exchange with a picked peer is over. */
  release(peer: Peer): void
}

/** Lives as long as the process; each snapshot hands it the upstreams and targets in force. */
export interface Balancers {
  source(host: string, port: number): PeerSource
}
