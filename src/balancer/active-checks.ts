import type { Healthchecks } from '../entities/entity.ts'
import type { BalancerLog } from './balancer-options.ts'
import type { Clock } from './clock.ts'
import { literalIp } from './host-name.ts'
import type { PeerOutcome } from './peer.ts'
import type { ClientCertificate, Probe, ProbeRequest } from './probe.ts'
import type { TargetAddress } from './target-address.ts'

export interface ActiveChecksOptions {
  readonly clock: Clock
  readonly probe: Probe
  readonly log: BalancerLog
  /** Addresses to check at the moment. */
  readonly addresses: () => readonly TargetAddress[]
  /** An address that a TTL 0 name leads to; nothing while it leads nowhere. */
  readonly resolve: (address: TargetAddress) => Promise<ResolvedTarget | undefined>
  readonly onOutcome: (address: TargetAddress, outcome: PeerOutcome) => void
}

export interface ResolvedTarget {
  readonly ip: string
  readonly port: number
}

export interface ActiveChecksSettings {
  readonly active: Healthchecks['active']
  /** Asked for with each check, since a certificate may be renewed meanwhile. */
  readonly clientCertificate: () => ClientCertificate | undefined
}

/** As long as nginx waits where no timeout is set. */
const LONGEST_PROBE_MS = 60_000

/**
 * Asks addresses how they are: the healthy ones in one rhythm, the unhealthy ones in another. A
 * round starts when its interval is over and the round before has ended.
 */
export class ActiveChecks {
  readonly #options: ActiveChecksOptions
  #settings: ActiveChecksSettings | undefined
  #cancels: (() => void)[] = []
  /** Counts changes of rhythm, so that rounds of an earlier one end with it. */
  #generation = 0

  constructor(options: ActiveChecksOptions) {
    this.#options = options
  }

  /** Rounds under way go on; only another rhythm starts afresh. */
  configure(settings: ActiveChecksSettings): void {
    const before = this.#settings?.active
    const { active } = settings
    this.#settings = settings
    const isSameRhythm =
      before?.healthy.interval === active.healthy.interval &&
      before.unhealthy.interval === active.unhealthy.interval
    if (isSameRhythm) return
    this.close()
    this.#schedule(true, active.healthy.interval)
    this.#schedule(false, active.unhealthy.interval)
  }

  close(): void {
    this.#generation += 1
    for (const cancel of this.#cancels) cancel()
    this.#cancels = []
  }

  #schedule(isHealthy: boolean, intervalSeconds: number): void {
    if (intervalSeconds === 0) return
    const { clock } = this.#options
    const generation = this.#generation
    const intervalMs = intervalSeconds * 1000
    const slot = isHealthy ? 0 : 1
    const startRound = (): void => {
      const startedAtMs = clock.nowMs()
      void this.#round(isHealthy).then(() => {
        if (generation !== this.#generation) return
        const elapsed = clock.nowMs() - startedAtMs
        this.#cancels[slot] = clock.after(Math.max(intervalMs - elapsed, 1), startRound)
      })
    }
    this.#cancels[slot] = clock.after(intervalMs, startRound)
  }

  /** Checks all addresses of one state, a few at a time. Never rejects. */
  async #round(isHealthy: boolean): Promise<void> {
    const settings = this.#settings
    if (settings === undefined) return
    const waiting = this.#options
      .addresses()
      .filter(({ weight, counters }) => weight > 0 && counters.isHealthy === isHealthy)
      .values()
    const work = async (): Promise<void> => {
      for (const address of waiting) await this.#check(address, settings)
    }
    const workers = Math.max(settings.active.concurrency, 1)
    const count = Math.min(workers, this.#options.addresses().length)
    await Promise.all(Array.from({ length: count }, work))
  }

  async #check(address: TargetAddress, settings: ActiveChecksSettings): Promise<void> {
    const generation = this.#generation
    const outcome = await this.#outcome(address, settings).catch((error: unknown) => {
      this.#options.log.error(`Cannot check ${address.ip}:${address.port}`, error)
      return undefined
    })
    if (outcome === undefined) return
    const isCurrent = generation === this.#generation && this.#options.addresses().includes(address)
    if (isCurrent) this.#options.onOutcome(address, outcome)
  }

  async #outcome(address: TargetAddress, settings: ActiveChecksSettings): Promise<PeerOutcome> {
    const target = address.isVirtual ? await this.#options.resolve(address) : address
    if (target === undefined) return { kind: 'connect-failed' }
    return this.#options.probe(probeOf(address, target, settings))
  }
}

function probeOf(
  address: TargetAddress,
  { ip, port }: ResolvedTarget,
  { active, clientCertificate }: ActiveChecksSettings,
): ProbeRequest {
  return {
    type: active.type,
    ip,
    port,
    hostHeader: address.hostHeader,
    path: active.http_path,
    headers: active.headers ?? {},
    serverName: active.https_sni ?? literalIp(address.hostname) ?? address.hostname,
    verifiesCertificate: active.https_verify_certificate,
    clientCertificate: clientCertificate(),
    timeoutMs: active.timeout === 0 ? LONGEST_PROBE_MS : active.timeout * 1000,
  }
}
