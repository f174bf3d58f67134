import type { Clock } from './clock.ts'
import type { ResolutionFailure } from './dns/name-answer.ts'
import type { KnownName, Names } from './dns/name-cache.ts'
import { literalIp, urlHost } from './host-name.ts'
import type { BalancerFault, Peer } from './peer.ts'
import { RoundRobin } from './round-robin.ts'
import type { WeightedPeer } from './round-robin.ts'

/** Picks among the addresses of one name, or gives the one address. It knows no health. */
export interface HostPicker {
  pick(tried: readonly Peer[]): Peer | BalancerFault | Promise<Peer | BalancerFault>
}

export interface HostPickerOptions {
  readonly host: string
  readonly port: number
  readonly names: Names
  readonly clock: Clock
}

export function createHostPicker(options: HostPickerOptions): HostPicker {
  const ip = literalIp(options.host)
  if (ip === undefined) return new NamePicker(options)
  const peer = createPeer({ ip, port: options.port, hostname: ip, weight: 1 })
  return { pick: () => peer }
}

/** What went wrong with a name, as a balancer says it. */
export function toBalancerFault(name: string, failure: ResolutionFailure): BalancerFault {
  const fault = failure.kind === 'not-found' ? 'name-not-resolved' : 'dns-failed'
  return { fault, name, detail: failure.detail }
}

/** Several addresses take turns; an SRV record's port and weight count. */
class NamePicker implements HostPicker {
  readonly #options: HostPickerOptions
  readonly #turns = new RoundRobin<WeightedPeer>()
  #known: KnownName | undefined
  #peers = new Map<string, WeightedPeer>()
  #fault: BalancerFault | undefined
  #only: Peer | undefined

  constructor(options: HostPickerOptions) {
    this.#options = options
  }

  pick(tried: readonly Peer[]): Peer | BalancerFault | Promise<Peer | BalancerFault> {
    const { clock, names, host } = this.#options
    const freshUntilMs = this.#known?.freshUntilMs ?? 0
    if (freshUntilMs === Number.POSITIVE_INFINITY || clock.nowMs() < freshUntilMs)
      return this.#choose(tried)
    const known = names.lookup(host)
    if (known instanceof Promise)
      return known.then((answer) => {
        this.#learn(answer)
        return this.#choose(tried)
      })
    this.#learn(known)
    return this.#choose(tried)
  }

  #choose(tried: readonly Peer[]): Peer | BalancerFault {
    return this.#only ?? this.#fault ?? this.#turns.next(tried) ?? { fault: 'no-peer' }
  }

  /** Addresses that stay keep their peer. */
  #learn(known: KnownName): void {
    const { host, port } = this.#options
    const { answer } = known
    if (this.#known?.answer === answer) {
      this.#known = known
      return
    }
    this.#known = known
    this.#only = undefined
    if (answer.kind !== 'resolved') {
      this.#peers = new Map()
      this.#fault = toBalancerFault(host, answer)
      return
    }
    this.#fault = undefined
    const before = this.#peers
    this.#peers = new Map()
    for (const address of answer.addresses) {
      const ownPort = address.port === 0 ? port : address.port
      const key = `${address.ip}|${ownPort}`
      const old = before.get(key)
      const isSame = old?.weight === address.weight
      const { ip, weight } = address
      this.#peers.set(key, isSame ? old : createPeer({ ip, port: ownPort, hostname: host, weight }))
    }
    const peers = [...this.#peers.values()]
    this.#turns.update(peers)
    if (peers.length === 1) this.#only = peers[0]
  }
}

function createPeer(of: {
  readonly ip: string
  readonly port: number
  readonly hostname: string
  readonly weight: number
}): WeightedPeer {
  const { ip, port, hostname, weight } = of
  return {
    ip,
    port,
    hostname,
    hostHeader: urlHost(hostname),
    key: `${ip}|${port}|${hostname}`,
    weight,
    isAvailable: true,
    credit: 0,
  }
}
