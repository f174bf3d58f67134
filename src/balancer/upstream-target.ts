import type { Target, Upstream } from '../entities/entity.ts'
import type { Clock } from './clock.ts'
import type { KnownName, Names } from './dns/name-cache.ts'
import type { HealthTable } from './health-table.ts'
import { literalIp, urlHost } from './host-name.ts'
import { TargetAddress } from './target-address.ts'
import type { AddressOwner } from './target-address.ts'

/** When a target is looked up again that has no address, or whose records have TTL 0. */
const RETRY_MS = 30_000
const VIRTUAL_RETRY_MS = 60_000

/** Bounds of the wait for a renewal: not a busy loop, and no longer than timers go. */
const SHORTEST_WAIT_MS = 100
const LONGEST_WAIT_MS = 86_400_000

export interface UpstreamTargetOptions {
  readonly names: Names
  readonly clock: Clock
  readonly owner: AddressOwner
  readonly healthTable: HealthTable
  /** Addresses have come or gone. */
  readonly onChange: () => void
}

interface WantedAddress {
  readonly ip: string
  readonly port: number
  /** Of an SRV record; otherwise the target's weight is it. */
  readonly weight: number | undefined
  readonly serviceName: string | undefined
  readonly isVirtual: boolean
}

/** One target of an upstream and the addresses it has at the moment, kept up to date. */
export class UpstreamTarget {
  readonly host: string
  readonly port: number
  id = ''
  nodeWeight = 0
  addresses: readonly TargetAddress[] = []
  /** `A`, `AAAA`, `SRV`, `ttl=0, virtual SRV`, or why there is no address. */
  dns = 'unknown'
  isResolved = false
  /** While the name is being resolved for the first time. */
  pending: Promise<void> | undefined
  readonly #options: UpstreamTargetOptions
  readonly #literalIp: string | undefined
  #upstream: Upstream | undefined
  #wanted: readonly WantedAddress[] = []
  #answer: KnownName['answer'] | undefined
  #cancelTimer: (() => void) | undefined
  #isClosed = false

  /** @param target `host:port` as stored */
  constructor(target: string, options: UpstreamTargetOptions) {
    const colon = target.lastIndexOf(':')
    this.host = target.slice(0, colon)
    this.port = Number(target.slice(colon + 1))
    this.#literalIp = literalIp(this.host)
    this.#options = options
  }

  /** Takes over weight and host rules; addresses that stay keep what is known about them. */
  configure(upstream: Upstream, target: Target): void {
    const isNew = this.#upstream === undefined
    this.#upstream = upstream
    this.id = target.id
    this.nodeWeight = target.weight
    if (isNew) this.#start()
    else this.#replaceAddresses()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer?.()
    for (const { cell } of this.addresses) this.#options.healthTable.release(cell)
  }

  #start(): void {
    const ip = this.#literalIp
    if (ip === undefined) {
      this.#lookUp()
      return
    }
    this.dns = ip.includes(':') ? 'AAAA' : 'A'
    this.isResolved = true
    this.#wanted = [
      { ip, port: this.port, weight: undefined, serviceName: undefined, isVirtual: false },
    ]
    this.#replaceAddresses()
  }

  #lookUp(): void {
    const known = this.#options.names.lookupFresh(this.host)
    if (!(known instanceof Promise)) {
      this.#learn(known)
      return
    }
    const learned = known.then((answer) => {
      this.pending = undefined
      if (this.#isClosed) return
      this.#learn(answer)
      this.#options.onChange()
    })
    if (this.#answer === undefined) this.pending = learned
    // Detached: look-ups do not reject.
    else void learned
  }

  #learn({ answer, freshUntilMs }: KnownName): void {
    this.#cancelTimer?.()
    const wait = this.#waitFor(answer, freshUntilMs)
    if (wait !== undefined)
      this.#cancelTimer = this.#options.clock.after(wait, () => this.#lookUp())
    if (this.#answer === answer) return
    this.#answer = answer
    this.isResolved = answer.kind === 'resolved'
    if (answer.kind !== 'resolved') {
      this.dns = answer.detail
      this.#wanted = []
    } else if (answer.ttlSeconds === 0) {
      this.dns = 'ttl=0, virtual SRV'
      const { host: ip, port } = this
      this.#wanted = [{ ip, port, weight: undefined, serviceName: undefined, isVirtual: true }]
    } else {
      this.dns = answer.type
      this.#wanted = answer.addresses.map(({ ip, port, weight, name }) => ({
        ip,
        port: port === 0 ? this.port : port,
        weight: answer.type === 'SRV' ? weight : undefined,
        serviceName: answer.type === 'SRV' ? name : undefined,
        isVirtual: false,
      }))
    }
    this.#replaceAddresses()
  }

  /** @returns nothing when the answer holds for good */
  #waitFor(answer: KnownName['answer'], freshUntilMs: number): number | undefined {
    if (answer.kind !== 'resolved') return RETRY_MS
    if (answer.ttlSeconds === 0) return VIRTUAL_RETRY_MS
    if (freshUntilMs === Number.POSITIVE_INFINITY) return undefined
    const wait = freshUntilMs - this.#options.clock.nowMs()
    return Math.min(Math.max(wait, SHORTEST_WAIT_MS), LONGEST_WAIT_MS)
  }

  #replaceAddresses(): void {
    const before = new Map(this.addresses.map((address) => [address.key, address]))
    const kept = new Map<string, TargetAddress>()
    for (const wanted of this.#wanted) {
      const hostname = this.#hostnameOf(wanted)
      const key = `${wanted.ip}|${wanted.port}|${hostname}`
      if (!kept.has(key)) kept.set(key, this.#address(wanted, hostname, before.get(key)))
    }
    this.addresses = [...kept.values()]
    for (const address of before.values())
      if (kept.get(address.key) !== address) this.#options.healthTable.release(address.cell)
  }

  #hostnameOf({ serviceName }: WantedAddress): string {
    return (this.#upstream!.use_srv_name ? serviceName : undefined) ?? this.#literalIp ?? this.host
  }

  #address(wanted: WantedAddress, hostname: string, old: TargetAddress | undefined): TargetAddress {
    const { ip, port, isVirtual } = wanted
    const { name, host_header } = this.#upstream!
    const weight = this.nodeWeight === 0 ? 0 : (wanted.weight ?? this.nodeWeight)
    if (old === undefined || old.isVirtual !== isVirtual)
      return new TargetAddress({
        owner: this.#options.owner,
        // Names of upstreams are the same in all workers, whenever these were started.
        cell: this.#options.healthTable.acquire(`${name}|${ip}|${port}|${hostname}`),
        nowMs: this.#options.clock.nowMs(),
        ip,
        port,
        hostname,
        hostHeader: host_header ?? undefined,
        weight,
        isVirtual,
      })
    old.fullWeight = weight
    old.hostHeader = host_header ?? urlHost(hostname)
    return old
  }
}
