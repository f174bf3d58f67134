import { Count, HealthCell } from './health-table.ts'
import type { PeerOutcome } from './peer.ts'

/** Limits and statuses that one kind of check, active or passive, counts by. */
export interface HealthLimits {
  readonly successes: number
  readonly httpFailures: number
  readonly tcpFailures: number
  readonly timeouts: number
  readonly healthyStatuses: ReadonlySet<number>
  readonly unhealthyStatuses: ReadonlySet<number>
}

const HEALTHY = 0
const UNHEALTHY = 1

/**
 * Health of one address. A success takes back the failures counted, a failure the successes; what
 * reaches its limit flips the state. A limit of 0 means that this is not counted.
 *
 * The counts lie in a cell, which several workers may share.
 */
export class HealthCounters {
  readonly #cell: HealthCell

  constructor(cell: HealthCell = new HealthCell()) {
    this.#cell = cell
  }

  get isHealthy(): boolean {
    return this.#cell.get(Count.STATE) === HEALTHY
  }

  /**
   * Counts how an exchange or a check went; `ok` without a status is a success.
   * @returns whether the state flipped by this, rather than by another worker's count
   */
  count(outcome: PeerOutcome, limits: HealthLimits): boolean {
    switch (outcome.kind) {
      case 'ok':
        return outcome.status === undefined
          ? this.#countSuccess(limits)
          : this.#countStatus(outcome.status, limits)
      case 'connect-failed':
      case 'broken':
        return this.#countFailure(Count.TCP_FAILURES, limits.tcpFailures)
      case 'timed-out':
        return this.#countFailure(Count.TIMEOUTS, limits.timeouts)
    }
  }

  /** Sets the state by hand and starts counting anew. @returns whether it flipped */
  set(isHealthy: boolean): boolean {
    const hasFlipped = isHealthy
      ? this.#cell.change(Count.STATE, UNHEALTHY, HEALTHY)
      : this.#cell.change(Count.STATE, HEALTHY, UNHEALTHY)
    this.#cell.set(Count.SUCCESSES, 0)
    this.#forgetFailures()
    return hasFlipped
  }

  #countSuccess(limits: HealthLimits): boolean {
    if (limits.successes === 0) return false
    this.#forgetFailures()
    if (this.isHealthy) return false
    return this.#cell.increment(Count.SUCCESSES) >= limits.successes && this.set(true)
  }

  #forgetFailures(): void {
    for (const count of FAILURES) if (this.#cell.get(count) !== 0) this.#cell.set(count, 0)
  }

  #countStatus(status: number, limits: HealthLimits): boolean {
    if (limits.healthyStatuses.has(status)) return this.#countSuccess(limits)
    if (!limits.unhealthyStatuses.has(status)) return false
    return this.#countFailure(Count.HTTP_FAILURES, limits.httpFailures)
  }

  #countFailure(counter: Count, limit: number): boolean {
    if (limit === 0) return false
    this.#cell.set(Count.SUCCESSES, 0)
    if (!this.isHealthy) return false
    return this.#cell.increment(counter) >= limit && this.set(false)
  }
}

const FAILURES = [Count.HTTP_FAILURES, Count.TCP_FAILURES, Count.TIMEOUTS] as const
