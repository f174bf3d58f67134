import type { Clock } from './clock.ts'
import type { DnsSettings } from './dns/dns-settings.ts'
import type { Names } from './dns/name-cache.ts'
import type { ClientCertificate, Probe } from './probe.ts'

export interface BalancerOptions {
  readonly dns: DnsSettings
  readonly log: BalancerLog
  /** Defaults to the system's. */
  readonly clock?: Clock
  /** Instead of a resolver made from `dns`. */
  readonly names?: Names
  /** False: another worker makes the active checks, over the same memory. */
  readonly runsActiveChecks?: boolean
  /** From `healthMemory`, shared by the workers of a process; absent: this one is alone. */
  readonly healthMemory?: SharedArrayBuffer
  /** Makes the connections of active checks; defaults to real ones. */
  readonly probe?: Probe
  /** The certificate that active checks of an upstream with `client_certificate` show. */
  readonly clientCertificate?: (certificateId: string) => ClientCertificate | undefined
  /** At least 0, below 1. */
  readonly random?: () => number
}

export interface BalancerLog {
  warn(message: string): void
  error(message: string, cause?: unknown): void
}
