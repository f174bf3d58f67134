import type { Counters } from '../../plugin-kit/counters.ts'
import { PERIOD_SECONDS, type Period } from '../../plugin-kit/periods.ts'
import type { RemoteCounters } from '../../plugin-kit/redis-counters.ts'

/** One window of time in which a request counts. */
export interface Window {
  readonly period: Period
  readonly limit: number
  /** Names the counter. */
  readonly key: string
  readonly startMs: number
}

/**
 * Counts a request in every window.
 * @returns how many came before it in each; rejects when that cannot be known
 */
export type Policy = (
  windows: readonly Window[],
  nowMs: number,
) => readonly number[] | Promise<readonly number[]>

/** Counters of this node. What is over a limit is taken back, so that it does not count. */
export function localPolicy(counters: Counters): Policy {
  return (windows, nowMs) => {
    const nowSeconds = Math.floor(nowMs / 1000)
    const add = (by: number) => (window: Window) =>
      counters.add(window.key, by, endSeconds(window), nowSeconds)
    const before = windows.map(add(1)).map((count) => count - 1)
    const isOver = windows.some(({ limit }, index) => before[index]! >= limit)
    if (isOver) windows.forEach(add(-1))
    return before
  }
}

/** A counter of a month or year may outlive the 30 or 365 days it is said to have. */
function endSeconds({ startMs, period }: Window): number {
  const days = period === 'month' || period === 'year' ? 2 * 86_400 : 0
  return Math.floor(startMs / 1000) + PERIOD_SECONDS[period] + days
}

/** Counters of a Redis, asked with every request; rejected requests count as well. */
export function redisPolicy(counters: RemoteCounters): Policy {
  return async (windows) => {
    const counts = await counters.increment(
      windows.map(({ key, period }) => ({ key, by: 1, ttlSeconds: PERIOD_SECONDS[period] })),
    )
    return counts.map((count) => count - 1)
  }
}
