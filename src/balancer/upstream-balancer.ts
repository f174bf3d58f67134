import type { Target, Upstream } from '../entities/entity.ts'
import { ActiveChecks } from './active-checks.ts'
import type { ResolvedTarget } from './active-checks.ts'
import { ALGORITHMS } from './algorithm.ts'
import type { Algorithm } from './algorithm.ts'
import type { BalancerLog } from './balancer-options.ts'
import { circuitRules } from './circuit.ts'
import type { CircuitRules } from './circuit.ts'
import type { Clock } from './clock.ts'
import type { Names } from './dns/name-cache.ts'
import { isHeaderFound } from './hash-input.ts'
import { healthRules } from './health-rules.ts'
import type { HealthRules } from './health-rules.ts'
import type { HealthTable } from './health-table.ts'
import { SLOW_START_STEPS, slowStartShare } from './slow-start.ts'
import { toBalancerFault } from './host-source.ts'
import type { BalancerFault, BalancingRequest, Peer, PeerOutcome } from './peer.ts'
import type { ClientCertificate, Probe } from './probe.ts'
import { ResolvedPeer } from './target-address.ts'
import type { AddressOwner, TargetAddress } from './target-address.ts'
import { UpstreamTarget } from './upstream-target.ts'
import { wasTried } from './was-tried.ts'

export interface UpstreamBalancerOptions {
  readonly names: Names
  readonly clock: Clock
  readonly random: () => number
  readonly log: BalancerLog
  readonly probe: Probe
  readonly clientCertificate: (certificateId: string) => ClientCertificate | undefined
  readonly runsActiveChecks: boolean
  readonly healthTable: HealthTable
}

const NO_PEER: BalancerFault = { fault: 'no-peer' }

/** Resolved peers of TTL 0 names kept, so that the same address is the same peer. */
const RESOLVED_PEERS = 256

/** Chooses among the targets of one upstream, for as long as there is an upstream of that name. */
export class UpstreamBalancer implements AddressOwner {
  upstream: Upstream
  rules: HealthRules
  /** Absent: circuits stay closed. */
  circuitRules: CircuitRules | undefined
  targets: readonly UpstreamTarget[] = []
  totalWeight = 0
  availableWeight = 0
  /** Whether it may be picked from at all: enough weight is available. */
  isServing = false
  readonly #options: UpstreamBalancerOptions
  readonly #resolved = new Map<string, ResolvedPeer>()
  readonly #checks: ActiveChecks
  #addresses: readonly TargetAddress[] = []
  #algorithm: Algorithm
  #isClosed = false
  /** Generation of the health table that is drawn upon. */
  #seen = -1
  #cancelReopening: (() => void) | undefined
  #cancelGrowing: (() => void) | undefined

  constructor(upstream: Upstream, options: UpstreamBalancerOptions) {
    this.#options = options
    this.upstream = upstream
    this.rules = healthRules(upstream.healthchecks)
    this.#algorithm = this.#createAlgorithm()
    this.#checks = new ActiveChecks({
      clock: options.clock,
      probe: options.probe,
      log: options.log,
      addresses: () => this.#addresses,
      resolve: (address) => this.#anyAddress(address),
      onOutcome: (address, outcome) => this.#countActive(address, outcome),
    })
  }

  /** @param targets in the order of their turns */
  configure(upstream: Upstream, targets: readonly Target[]): void {
    const before = this.upstream
    this.upstream = upstream
    this.rules = healthRules(upstream.healthchecks)
    const { outlier_ejection: ejection } = upstream
    this.circuitRules = ejection === undefined ? undefined : circuitRules(ejection)
    if (!isSameChoice(before, upstream)) this.#algorithm = this.#createAlgorithm()
    if (this.#options.runsActiveChecks) this.#warnOfHeaders(upstream)
    const known = new Map(this.targets.map((target) => [`${target.host}:${target.port}`, target]))
    this.targets = targets.map((entity) => {
      const old = known.get(entity.target)
      known.delete(entity.target)
      const target = old ?? this.#createTarget(entity)
      target.configure(upstream, entity)
      return target
    })
    for (const gone of known.values()) gone.close()
    this.#update()
    if (this.#options.runsActiveChecks) this.#configureChecks(upstream)
  }

  /** Once for all workers. */
  #warnOfHeaders(upstream: Upstream): void {
    for (const field of ['hash_on_header', 'hash_fallback_header'] as const) {
      const name = upstream[field]
      if (name === null || isHeaderFound(name)) continue
      const remedy = name.toLowerCase().replaceAll('-', '_')
      this.#options.log.warn(
        `Upstream "${upstream.name}": ${field} "${name}" finds no header, as in Kong, so all requests hash alike; write "${remedy}" to have the header found`,
      )
    }
  }

  #configureChecks({ client_certificate, healthchecks }: Upstream): void {
    const certificateId = client_certificate?.id
    const clientCertificate = () =>
      certificateId === undefined ? undefined : this.#options.clientCertificate(certificateId)
    this.#checks.configure({ active: healthchecks.active, clientCertificate })
  }

  close(): void {
    this.#isClosed = true
    this.#cancelReopening?.()
    this.#cancelGrowing?.()
    this.#checks.close()
    for (const target of this.targets) target.close()
  }

  pick(
    request: BalancingRequest,
    tried: readonly Peer[],
  ): Peer | BalancerFault | Promise<Peer | BalancerFault> {
    if (this.#options.healthTable.generation !== this.#seen) this.refresh()
    const address = this.isServing ? this.#algorithm.next(tried, request) : undefined
    if (address === undefined) return this.#pickLater(request, tried)
    if (address.isVirtual) return this.#resolve(address, request, tried)
    address.active += 1
    return address
  }

  report(address: TargetAddress, outcome: PeerOutcome): void {
    const { connectMs = 0, responseMs } = outcome
    if (responseMs !== undefined) this.#algorithm.observe?.(address, connectMs + responseMs)
    if (this.rules.isChecked && address.counters.count(outcome, this.rules.passive))
      this.healthChanged(address)
    if (this.circuitRules !== undefined) this.#countForCircuit(address, outcome, this.circuitRules)
  }

  release(address: TargetAddress): void {
    if (address.active > 0) address.active -= 1
  }

  /** Draws the consequences of an address's changed health, here and in other workers. */
  healthChanged(address: TargetAddress): void {
    this.#tell(address, address.counters.isHealthy ? 'healthy' : 'unhealthy')
  }

  #countActive(address: TargetAddress, outcome: PeerOutcome): void {
    if (address.counters.count(outcome, this.rules.active)) this.healthChanged(address)
  }

  #countForCircuit(address: TargetAddress, outcome: PeerOutcome, rules: CircuitRules): void {
    const nowMs = this.#options.clock.nowMs()
    const mayOpen = (): boolean => {
      const open = this.#addresses.filter(({ circuit }) => circuit.state(nowMs) === 'OPEN').length
      return ((open + 1) / this.#addresses.length) * 100 <= rules.maxPercent
    }
    if (!address.circuit.count(outcome, rules, { nowMs, mayOpen })) return
    const left = Math.round((address.circuit.openUntilMs - nowMs) / 100) / 10
    this.#tell(
      address,
      address.circuit.state(nowMs) === 'OPEN' ? `left out for ${left} s` : 'well again',
    )
  }

  #tell(address: TargetAddress, state: string): void {
    this.#options.healthTable.changed()
    this.refresh()
    const share = `${this.availableWeight} of ${this.totalWeight} weight available`
    this.#options.log.warn(
      `Upstream "${this.upstream.name}": ${address.ip}:${address.port} (${address.hostname}) is ${state}, ${share}`,
    )
  }

  async #anyAddress(address: TargetAddress): Promise<ResolvedTarget | undefined> {
    const { answer } = await this.#options.names.lookupFresh(address.ip)
    if (answer.kind !== 'resolved') return undefined
    const { ip, port } = answer.addresses[0]!
    return { ip, port: port === 0 ? address.port : port }
  }

  /** With names still being resolved for the first time there may be a peer soon. */
  #pickLater(
    request: BalancingRequest,
    tried: readonly Peer[],
  ): BalancerFault | Promise<Peer | BalancerFault> {
    const pending = this.targets
      .map((target) => target.pending)
      .filter((wait) => wait !== undefined)
    if (pending.length === 0) return NO_PEER
    return Promise.race(pending).then(() => this.pick(request, tried))
  }

  /** Resolves a TTL 0 name for one exchange; when that fails, another address may do. */
  async #resolve(
    address: TargetAddress,
    request: BalancingRequest,
    tried: readonly Peer[],
  ): Promise<Peer | BalancerFault> {
    const { answer } = await this.#options.names.lookupFresh(address.ip)
    if (answer.kind === 'resolved') {
      const at = Math.floor(this.#options.random() * answer.addresses.length)
      const { ip, port } = answer.addresses[at]!
      address.active += 1
      return this.#resolvedPeer(address, ip, port === 0 ? address.port : port)
    }
    const others = [...tried, address]
    const another = this.#algorithm.next(others, request)
    if (another === undefined || wasTried(others, another))
      return toBalancerFault(address.ip, answer)
    return this.pick(request, others)
  }

  #resolvedPeer(address: TargetAddress, ip: string, port: number): ResolvedPeer {
    const key = `${ip}|${port}|${address.key}`
    const known = this.#resolved.get(key)
    if (known?.standsFor === address) return known
    const peer = new ResolvedPeer(address, ip, port)
    this.#resolved.set(key, peer)
    if (this.#resolved.size > RESOLVED_PEERS)
      this.#resolved.delete(this.#resolved.keys().next().value!)
    return peer
  }

  #createTarget(entity: Target): UpstreamTarget {
    const { names, clock, healthTable } = this.#options
    return new UpstreamTarget(entity.target, {
      names,
      clock,
      healthTable,
      owner: this,
      onChange: () => {
        if (!this.#isClosed) this.#update()
      },
    })
  }

  #createAlgorithm(): Algorithm {
    const { clock, random } = this.#options
    return ALGORITHMS[this.upstream.algorithm]({ upstream: this.upstream, clock, random })
  }

  #update(): void {
    const addresses = this.targets.flatMap((target) => target.addresses)
    this.#addresses = addresses
    if (!this.rules.isChecked) for (const address of addresses) address.counters.set(true)
    this.refresh()
    this.#weigh()
  }

  /** Sums up what is available now, and with it whether the whole may serve. */
  refresh(): void {
    if (this.#isClosed) return
    const { clock, healthTable } = this.#options
    this.#seen = healthTable.generation
    const nowMs = clock.nowMs()
    let isAnyBack = false
    this.totalWeight = 0
    this.availableWeight = 0
    for (const address of this.#addresses) {
      const wasAvailable = address.isAvailable
      address.isAvailable = address.counters.isHealthy && !this.#isLeftOut(address, nowMs)
      if (address.isAvailable && !wasAvailable) {
        address.availableSinceMs = nowMs
        isAnyBack = true
      }
      this.totalWeight += address.fullWeight
      if (address.isAvailable) this.availableWeight += address.fullWeight
    }
    const percent = this.totalWeight === 0 ? 0 : (this.availableWeight / this.totalWeight) * 100
    this.isServing = percent > this.rules.thresholdPercent
    if (this.circuitRules !== undefined) this.#awaitReopening(nowMs)
    if (isAnyBack && this.upstream.slow_start !== undefined) this.#weigh()
  }

  #isLeftOut({ circuit }: TargetAddress, nowMs: number): boolean {
    return this.circuitRules !== undefined && circuit.state(nowMs) === 'OPEN'
  }

  /** Looks again when the next circuit lets requests try. */
  #awaitReopening(nowMs: number): void {
    this.#cancelReopening?.()
    const times = this.#addresses
      .map(({ circuit }) => circuit.openUntilMs)
      .filter((time) => time > nowMs)
    this.#cancelReopening =
      times.length === 0
        ? undefined
        : this.#options.clock.after(Math.min(...times) - nowMs, () => this.refresh())
  }

  /** Gives each address the weight that counts now, and again while some are growing. */
  #weigh(): void {
    const { clock } = this.#options
    const nowMs = clock.nowMs()
    const windowMs = (this.upstream.slow_start ?? 0) * 1000
    let isGrowing = false
    for (const address of this.#addresses) {
      const share = slowStartShare(nowMs - address.availableSinceMs, windowMs)
      address.weight = address.fullWeight * share
      if (share < 1) isGrowing = true
    }
    this.#algorithm.update(this.#addresses, this.targets.length)
    this.#cancelGrowing?.()
    this.#cancelGrowing = isGrowing
      ? clock.after(windowMs / SLOW_START_STEPS, () => this.#weigh())
      : undefined
  }
}

/** Whether an algorithm may go on with its state under the new settings. */
function isSameChoice(before: Upstream, after: Upstream): boolean {
  return CHOICE_FIELDS.every((field) => before[field] === after[field])
}

const CHOICE_FIELDS = [
  'algorithm',
  'slots',
  'hash_on',
  'hash_fallback',
  'hash_on_header',
  'hash_fallback_header',
  'hash_on_cookie',
  'hash_on_cookie_path',
  'hash_on_query_arg',
  'hash_fallback_query_arg',
  'hash_on_uri_capture',
  'hash_fallback_uri_capture',
] as const
