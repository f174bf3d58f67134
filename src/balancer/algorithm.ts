import type { Upstream } from '../entities/entity.ts'
import type { Clock } from './clock.ts'
import type { BalancingRequest, Peer } from './peer.ts'
import { ConsistentHashing } from './consistent-hashing.ts'
import { LeastConnections } from './least-connections.ts'
import { LeastLatency } from './least-latency.ts'
import { RoundRobin } from './round-robin.ts'
import type { TargetAddress } from './target-address.ts'

/** Decides which address is next. It keeps to available ones with a weight. */
export interface Algorithm {
  /** Takes over addresses and weights; called after every change, before the next pick. */
  update(addresses: readonly TargetAddress[], targetCount: number): void
  /** One not tried before if there is one. */
  next(tried: readonly Peer[], request: BalancingRequest): TargetAddress | undefined
  /** Learns how long a response took; only where that matters. */
  observe?(address: TargetAddress, latencyMs: number): void
}

export interface AlgorithmOptions {
  readonly upstream: Upstream
  readonly clock: Clock
  readonly random: () => number
}

export const ALGORITHMS: Readonly<
  Record<Upstream['algorithm'], (options: AlgorithmOptions) => Algorithm>
> = {
  'round-robin': () => new RoundRobin<TargetAddress>(),
  'least-connections': () => new LeastConnections(),
  'consistent-hashing': (options) => new ConsistentHashing(options),
  latency: (options) => new LeastLatency(options),
}
