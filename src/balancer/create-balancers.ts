import type { Target, Upstream } from '../entities/entity.ts'
import type { BalancerOptions } from './balancer-options.ts'
import { systemClock } from './clock.ts'
import { createNames } from './dns/create-names.ts'
import { HealthTable } from './health-table.ts'
import { createHostPicker } from './host-source.ts'
import type { HostPicker } from './host-source.ts'
import { createProbe } from './probe.ts'
import type {
  BalancerFault,
  Balancers,
  BalancingRequest,
  Peer,
  PeerOutcome,
  PeerSource,
} from './peer.ts'
import { ResolvedPeer, TargetAddress } from './target-address.ts'
import { setTargetHealth } from './set-target-health.ts'
import { UpstreamBalancer } from './upstream-balancer.ts'
import type { UpstreamBalancerOptions } from './upstream-balancer.ts'
import { upstreamHealth } from './upstream-health.ts'

/** Hosts remembered; snapshots keep hold of those of their services themselves. */
const KNOWN_HOSTS = 10_000
/** Longer hosts are no names of DNS, and are not remembered: whoever makes them up fills no memory. */
const LONGEST_HOST = 255

/** Upstreams in force, by the name a service asks for. */
interface UpstreamTable {
  readonly byName: Map<string, UpstreamBalancer>
  /** Counts configurations, so that a source knows when to look again. */
  generation: number
}

/** Makes the process's balancers. Reads resolv.conf and the hosts file at once. */
export function createBalancers(options: BalancerOptions): Balancers {
  const { clock = systemClock, log, random = Math.random } = options
  const names = options.names ?? createNames({ settings: options.dns, clock })
  const upstreamOptions: UpstreamBalancerOptions = {
    names,
    clock,
    random,
    log,
    probe: options.probe ?? createProbe(),
    clientCertificate: options.clientCertificate ?? (() => undefined),
    runsActiveChecks: options.runsActiveChecks ?? true,
    healthTable: new HealthTable(options.healthMemory),
  }
  const table: UpstreamTable = { byName: new Map(), generation: 0 }
  const sources = new Map<string, PeerSource>()

  const find = (upstreamId: string): UpstreamBalancer | undefined =>
    table.byName.values().find((balancer) => balancer.upstream.id === upstreamId)

  return {
    source(host, port) {
      const key = `${host}|${port}`
      const known = sources.get(key)
      if (known !== undefined) return known
      const picker = createHostPicker({ host, port, names, clock })
      const source = new ServiceSource(host, table, picker)
      if (host.length > LONGEST_HOST) return source
      sources.set(key, source)
      if (sources.size > KNOWN_HOSTS) sources.delete(sources.keys().next().value!)
      return source
    },

    apply(upstreams, targets) {
      const targetsOf = Map.groupBy(inTurn(targets), (target) => target.upstream.id)
      const before = new Map(table.byName)
      table.byName.clear()
      for (const upstream of upstreams) {
        const balancer = take(before, upstream) ?? new UpstreamBalancer(upstream, upstreamOptions)
        balancer.configure(upstream, targetsOf.get(upstream.id) ?? [])
        table.byName.set(upstream.name, balancer)
      }
      for (const gone of before.values()) gone.close()
      table.generation += 1
    },

    health(upstreamId) {
      const balancer = find(upstreamId)
      return balancer === undefined ? undefined : upstreamHealth(balancer, clock.nowMs())
    },

    setHealth(upstreamId, targetId, isHealthy, address) {
      const balancer = find(upstreamId)
      if (balancer === undefined) return `Upstream "${upstreamId}" has no balancer`
      return setTargetHealth(balancer, { targetId, isHealthy, address })
    },

    close() {
      for (const balancer of table.byName.values()) balancer.close()
    },
  }
}

/** The balancer that goes on as an upstream's: the one of its id, else the one of its name. */
function take(
  balancers: Map<string, UpstreamBalancer>,
  upstream: Upstream,
): UpstreamBalancer | undefined {
  const ofId = balancers.entries().find(([, balancer]) => balancer.upstream.id === upstream.id)
  const name = ofId?.[0] ?? upstream.name
  const balancer = balancers.get(name)
  balancers.delete(name)
  return balancer
}

/** Oldest first; a file's targets, all of one moment, as they stand there. */
function inTurn(targets: readonly Target[]): readonly Target[] {
  return targets.toSorted((a, b) => a.created_at - b.created_at)
}

/** A host is an upstream's name or else an address or a DNS name, whatever is in force just now. */
class ServiceSource implements PeerSource {
  readonly #host: string
  readonly #table: UpstreamTable
  readonly #picker: HostPicker
  #generation = -1
  #upstream: UpstreamBalancer | undefined

  constructor(host: string, table: UpstreamTable, picker: HostPicker) {
    this.#host = host
    this.#table = table
    this.#picker = picker
  }

  pick(
    request: BalancingRequest,
    tried: readonly Peer[],
  ): Peer | BalancerFault | Promise<Peer | BalancerFault> {
    if (this.#generation !== this.#table.generation) {
      this.#generation = this.#table.generation
      this.#upstream = this.#table.byName.get(this.#host)
    }
    return this.#upstream === undefined
      ? this.#picker.pick(tried)
      : this.#upstream.pick(request, tried)
  }

  report(peer: Peer, outcome: PeerOutcome): void {
    const address = addressOf(peer)
    address?.owner.report(address, outcome)
  }

  release(peer: Peer): void {
    const address = addressOf(peer)
    address?.owner.release(address)
  }
}

/** Peers of plain hosts have none, and nothing is counted for them. */
function addressOf(peer: Peer): TargetAddress | undefined {
  if (peer instanceof TargetAddress) return peer
  return peer instanceof ResolvedPeer ? peer.standsFor : undefined
}
