import { Circuit } from './circuit.ts'
import { HealthCounters } from './health-counters.ts'
import type { HealthCell } from './health-table.ts'
import { urlHost } from './host-name.ts'
import type { PeerOutcome } from './peer.ts'
import type { WeightedPeer } from './round-robin.ts'
import type { StandIn } from './was-tried.ts'

/** The balancer that an address belongs to. */
export interface AddressOwner {
  report(address: TargetAddress, outcome: PeerOutcome): void
  release(address: TargetAddress): void
}

export interface TargetAddressInit {
  readonly owner: AddressOwner
  readonly ip: string
  readonly port: number
  readonly hostname: string
  /** The upstream's own `host_header`, else the hostname is it. */
  readonly hostHeader: string | undefined
  readonly weight: number
  readonly isVirtual: boolean
  /** Where its health is counted. */
  readonly cell: HealthCell
  readonly nowMs: number
}

/**
 * One address of an upstream's target, with everything that is known about it. It lives as long as
 * the target has the address, whatever configuration comes and goes.
 */
export class TargetAddress implements WeightedPeer {
  readonly owner: AddressOwner
  readonly ip: string
  readonly port: number
  readonly hostname: string
  readonly key: string
  /** The ip is a name whose records have TTL 0: it is resolved for each exchange. */
  readonly isVirtual: boolean
  readonly cell: HealthCell
  readonly counters: HealthCounters
  readonly circuit: Circuit
  hostHeader: string
  /** As configured, or as its SRV record says. */
  fullWeight: number
  /** The share of it that counts now: less while it starts slowly. */
  weight: number
  /** When it came, or last came back. */
  availableSinceMs: number
  isAvailable: boolean
  credit = 0
  /** Exchanges under way. */
  active = 0
  /** Peak moving average of latencies, and when it was last worked out. */
  latencyMs = 0
  latencyAtMs = 0

  constructor(init: TargetAddressInit) {
    this.owner = init.owner
    this.ip = init.ip
    this.port = init.port
    this.hostname = init.hostname
    this.key = `${init.ip}|${init.port}|${init.hostname}`
    this.hostHeader = init.hostHeader ?? urlHost(init.hostname)
    this.fullWeight = init.weight
    this.weight = init.weight
    this.isVirtual = init.isVirtual
    this.cell = init.cell
    this.counters = new HealthCounters(init.cell)
    this.circuit = new Circuit(init.cell)
    this.isAvailable = this.counters.isHealthy
    this.availableSinceMs = init.nowMs
  }
}

/** An address that a virtual one led to, for one exchange or several. */
export class ResolvedPeer implements StandIn {
  readonly standsFor: TargetAddress
  readonly ip: string
  readonly port: number
  readonly hostname: string
  readonly key: string

  constructor(standsFor: TargetAddress, ip: string, port: number) {
    this.standsFor = standsFor
    this.ip = ip
    this.port = port
    this.hostname = standsFor.hostname
    this.key = `${ip}|${port}|${standsFor.hostname}`
  }

  get hostHeader(): string {
    return this.standsFor.hostHeader
  }
}
