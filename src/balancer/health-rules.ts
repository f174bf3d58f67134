import type { Healthchecks, UnhealthyLimits } from '../entities/entity.ts'
import type { HealthLimits } from './health-counters.ts'

/** An upstream's `healthchecks`, ready for counting. */
export interface HealthRules {
  /** Whether anything can make an address unhealthy; otherwise all count as healthy. */
  readonly isChecked: boolean
  readonly active: HealthLimits
  readonly passive: HealthLimits
  /** The balancer serves while more than this share of weight is available. */
  readonly thresholdPercent: number
}

export function healthRules(checks: Healthchecks): HealthRules {
  const { active, passive } = checks
  const { tcp_failures, timeouts, http_failures } = passive.unhealthy
  return {
    isChecked:
      active.healthy.interval > 0 ||
      active.unhealthy.interval > 0 ||
      tcp_failures + timeouts + http_failures > 0,
    active: limitsOf(active),
    passive: limitsOf(passive),
    thresholdPercent: checks.threshold,
  }
}

function limitsOf(checks: {
  readonly healthy: { readonly http_statuses: readonly number[]; readonly successes: number }
  readonly unhealthy: UnhealthyLimits
}): HealthLimits {
  const { healthy, unhealthy } = checks
  return {
    successes: healthy.successes,
    httpFailures: unhealthy.http_failures,
    tcpFailures: unhealthy.tcp_failures,
    timeouts: unhealthy.timeouts,
    healthyStatuses: new Set(healthy.http_statuses),
    unhealthyStatuses: new Set(unhealthy.http_statuses),
  }
}
