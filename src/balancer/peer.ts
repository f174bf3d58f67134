import type { Target, Upstream } from '../entities/entity.ts'
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
  pick(
    request: BalancingRequest,
    tried: readonly Peer[],
  ): Peer | BalancerFault | Promise<Peer | BalancerFault>
  /** Tells how it went, once a pick: for health, connection counts and latencies. */
  report(peer: Peer, outcome: PeerOutcome): void
  /** The exchange with a picked peer is over. */
  release(peer: Peer): void
}

/** Lives as long as the process; each snapshot hands it the upstreams and targets in force. */
export interface Balancers {
  /** Of a service's host: an upstream by that name, one address, or a DNS name. */
  source(host: string, port: number): PeerSource
  /** Takes over the upstreams of a new configuration; health of targets that stay is kept. */
  apply(upstreams: readonly Upstream[], targets: readonly Target[]): void
  /** State of an upstream's targets for the Admin API; nothing for an unknown id. */
  health(upstreamId: string): UpstreamHealth | undefined
  /**
   * Sets a target's health by hand.
   * @param address one `ip:port` of the target; all of them when absent
   * @returns why it could not be set, if so
   */
  setHealth(
    upstreamId: string,
    targetId: string,
    isHealthy: boolean,
    address?: string,
  ): string | undefined
  /** Ends probes and timers. */
  close(): void
}

/** What `/upstreams/{u}/health` shows. */
export interface UpstreamHealth {
  readonly isChecked: boolean
  readonly balancer: 'HEALTHY' | 'UNHEALTHY' | 'HEALTHCHECKS_OFF'
  readonly weight: WeightSum
  readonly targets: readonly TargetHealth[]
}

export interface TargetHealth {
  readonly targetId: string
  readonly host: string
  readonly port: number
  /** How the name was resolved: `A`, `AAAA`, `SRV`, or `ttl=0, virtual SRV`. */
  readonly dns: string
  readonly nodeWeight: number
  readonly weight: WeightSum
  readonly health: 'HEALTHY' | 'UNHEALTHY' | 'DNS_ERROR' | 'HEALTHCHECKS_OFF'
  readonly addresses: readonly AddressHealth[]
}

export interface AddressHealth {
  readonly ip: string
  readonly port: number
  readonly weight: number
  readonly health: 'HEALTHY' | 'UNHEALTHY'
  /** What counts of the weight now; only with `slow_start`. */
  readonly current_weight?: number
  /** Only with `outlier_ejection`. */
  readonly circuit?: CircuitHealth
}

/** As the Admin API shows it. */
export interface CircuitHealth {
  readonly state: 'CLOSED' | 'OPEN' | 'HALF_OPEN'
  /** In a row, so far. */
  readonly failures: number
  /** How often it has opened since the address was last well. */
  readonly openings: number
  /** Unix time in seconds; only while it is open. */
  readonly open_until?: number
}

export interface WeightSum {
  readonly total: number
  readonly available: number
  readonly unavailable: number
}
