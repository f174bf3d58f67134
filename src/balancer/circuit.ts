import type { OutlierEjection } from '../entities/entity.ts'
import { Count, HealthCell } from './health-table.ts'
import type { PeerOutcome } from './peer.ts'

/** An upstream's `outlier_ejection`, ready for counting. */
export interface CircuitRules {
  readonly failures: number
  readonly statuses: ReadonlySet<number>
  readonly baseTimeMs: number
  readonly maxTimeMs: number
  /** Most addresses that may be left out at a time, in percent. */
  readonly maxPercent: number
}

export function circuitRules(options: OutlierEjection): CircuitRules {
  return {
    failures: options.consecutive_failures,
    statuses: new Set(options.http_statuses),
    baseTimeMs: options.base_time * 1000,
    maxTimeMs: options.max_time * 1000,
    maxPercent: options.max_percent,
  }
}

/** `OPEN`: left out for now. `HALF_OPEN`: takes requests again, the next failure opens it at once. */
export type CircuitState = 'CLOSED' | 'OPEN' | 'HALF_OPEN'

/**
 * Leaves an address out for a while when it fails several times in a row, each time longer than the
 * time before. It comes back by itself; then the first outcome decides.
 *
 * The counts lie in the cell of the address, which several workers may share.
 */
export class Circuit {
  readonly #cell: HealthCell

  constructor(cell: HealthCell = new HealthCell()) {
    this.#cell = cell
  }

  /** Unix time in ms until which it is open, or was last; 0 if it never was. */
  get openUntilMs(): number {
    return this.#cell.openUntilMs
  }

  /** How often it has opened since it was last well. */
  get openings(): number {
    return this.#cell.get(Count.OPENINGS)
  }

  get failuresInARow(): number {
    return this.#cell.get(Count.IN_A_ROW)
  }

  state(nowMs: number): CircuitState {
    if (this.openings === 0) return 'CLOSED'
    return nowMs < this.openUntilMs ? 'OPEN' : 'HALF_OPEN'
  }

  /**
   * Counts how an exchange went.
   * @param mayOpen whether so few others are left out that this one may be too
   * @returns whether its state changed by this
   */
  count(
    outcome: PeerOutcome,
    rules: CircuitRules,
    { nowMs, mayOpen }: { readonly nowMs: number; readonly mayOpen: () => boolean },
  ): boolean {
    const state = this.state(nowMs)
    // Exchanges that began before it opened say nothing new.
    if (state === 'OPEN') return false
    if (!isFailure(outcome, rules)) return this.#close()
    const failures = this.#cell.increment(Count.IN_A_ROW)
    const isEnough = state === 'HALF_OPEN' || failures >= rules.failures
    return isEnough && mayOpen() && this.#open(rules, nowMs)
  }

  /** Closes it, as if nothing had been. @returns whether it was open or half open */
  #close(): boolean {
    if (this.#cell.get(Count.IN_A_ROW) !== 0) this.#cell.set(Count.IN_A_ROW, 0)
    const openings = this.openings
    return openings > 0 && this.#cell.change(Count.OPENINGS, openings, 0)
  }

  #open(rules: CircuitRules, nowMs: number): boolean {
    const openings = this.openings
    // Before the count, which is what others look at first.
    this.#cell.openUntilMs = nowMs + Math.min(rules.baseTimeMs * (openings + 1), rules.maxTimeMs)
    this.#cell.set(Count.IN_A_ROW, 0)
    // Of several workers that see the failure only one opens it.
    return this.#cell.change(Count.OPENINGS, openings, openings + 1)
  }
}

function isFailure({ kind, status }: PeerOutcome, { statuses }: CircuitRules): boolean {
  return kind !== 'ok' || (status !== undefined && statuses.has(status))
}
