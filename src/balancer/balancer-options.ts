import type { Clock } from './clock.ts'
import type { DnsSettings } from './dns/dns-settings.ts'
import type { Names } from './dns/name-cache.ts'

export interface BalancerOptions {
  readonly dns: DnsSettings
  readonly log: BalancerLog
  /** Defaults to the system's. */
  readonly clock?: Clock
  /** Instead of a resolver made from `dns`. */
  readonly names?: Names
  /** At least 0, below 1. */
  readonly random?: () => number
}

export interface BalancerLog {
  warn(message: string): void
  error(message: string, cause?: unknown): void
}
