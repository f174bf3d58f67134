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

/**
 * Health of one address. A success takes back the failures counted, a failure the successes; what
 * reaches its limit flips the state. A limit of 0 means that this is not counted.
 */
export class HealthCounters {
  isHealthy = true
  #successes = 0
  #httpFailures = 0
  #tcpFailures = 0
  #timeouts = 0

  /**
   * Counts how an exchange or a check went; `ok` without a status is a success.
   * @returns whether the state flipped
   */
  count(outcome: PeerOutcome, limits: HealthLimits): boolean {
    switch (outcome.kind) {
      case 'ok':
        return outcome.status === undefined
          ? this.#countSuccess(limits)
          : this.#countStatus(outcome.status, limits)
      case 'connect-failed':
      case 'broken':
        this.#tcpFailures = this.#countFailure(this.#tcpFailures, limits.tcpFailures)
        return this.#fellIf(this.#tcpFailures, limits.tcpFailures)
      case 'timed-out':
        this.#timeouts = this.#countFailure(this.#timeouts, limits.timeouts)
        return this.#fellIf(this.#timeouts, limits.timeouts)
    }
  }

  /** Sets the state by hand and starts counting anew. @returns whether it flipped */
  set(isHealthy: boolean): boolean {
    const hasFlipped = this.isHealthy !== isHealthy
    this.isHealthy = isHealthy
    this.#successes = 0
    this.#httpFailures = 0
    this.#tcpFailures = 0
    this.#timeouts = 0
    return hasFlipped
  }

  #countSuccess(limits: HealthLimits): boolean {
    if (limits.successes === 0) return false
    this.#httpFailures = 0
    this.#tcpFailures = 0
    this.#timeouts = 0
    if (this.isHealthy) return false
    this.#successes += 1
    return this.#successes >= limits.successes && this.set(true)
  }

  #countStatus(status: number, limits: HealthLimits): boolean {
    if (limits.healthyStatuses.has(status)) return this.#countSuccess(limits)
    if (!limits.unhealthyStatuses.has(status)) return false
    this.#httpFailures = this.#countFailure(this.#httpFailures, limits.httpFailures)
    return this.#fellIf(this.#httpFailures, limits.httpFailures)
  }

  #countFailure(counter: number, limit: number): number {
    if (limit === 0) return counter
    this.#successes = 0
    return this.isHealthy ? counter + 1 : counter
  }

  #fellIf(counter: number, limit: number): boolean {
    return limit > 0 && this.isHealthy && counter >= limit && this.set(false)
  }
}
