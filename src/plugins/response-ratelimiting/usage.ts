import type { Counters } from '../../plugin-kit/counters.ts'
import { PERIOD_SECONDS, type Period } from '../../plugin-kit/periods.ts'
import type { RemoteCounters } from '../../plugin-kit/redis-counters.ts'

/** One window of one limit. */
export interface Window {
  /** Name of the limit. */
  readonly name: string
  readonly period: Period
  readonly limit: number
  /** Names the counter. */
  readonly key: string
  readonly startMs: number
}

export interface Used {
  readonly window: Window
  readonly by: number
}

/** Where usage is kept. */
export interface UsageStore {
  read(windows: readonly Window[], nowMs: number): readonly number[] | Promise<readonly number[]>
  add(used: readonly Used[], nowMs: number): void | Promise<unknown>
}

export function localUsage(counters: Counters): UsageStore {
  const seconds = (ms: number): number => Math.floor(ms / 1000)
  return {
    read: (windows, nowMs) => windows.map(({ key }) => counters.get(key, seconds(nowMs))),
    add(used, nowMs) {
      for (const { window, by } of used) {
        // A month or year by the calendar may be a little longer than it counts as.
        const end = seconds(window.startMs) + PERIOD_SECONDS[window.period] + 2 * 86_400
        counters.add(window.key, by, end, seconds(nowMs))
      }
    },
  }
}

export function remoteUsage(counters: RemoteCounters): UsageStore {
  return {
    read: (windows) => counters.read(windows.map(({ key }) => key)),
    add: (used) =>
      counters.increment(
        used.map(({ window: { key, period }, by }) => ({
          key,
          by,
          ttlSeconds: PERIOD_SECONDS[period],
        })),
      ),
  }
}
