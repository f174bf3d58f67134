import { PERIOD_SECONDS } from '../../plugin-kit/periods.ts'
import type { PluginLog } from '../../plugin-kit/plugin.ts'
import type { RemoteCounters } from '../../plugin-kit/redis-counters.ts'
import type { Policy, Window } from './policies.ts'

interface Known {
  /** What Redis said. */
  readonly base: number
  /** What was counted since and Redis does not know. */
  added: number
  readonly ttlSeconds: number
}

export interface SyncedPolicy {
  readonly policy: Policy
  /** Tells Redis what was counted. Afterwards it is asked again. */
  readonly push: () => Promise<void>
}

/**
 * What counters kept between two pushes may take. Clients choose how many there are where they are told
 * apart by address or header, so that a full memory is pushed at once, before its time.
 */
export const MOST_BYTES = 32 * 1024 * 1024
/** What a counter takes besides its key. */
const COUNTER_BYTES = 150

/**
 * Counters of a Redis that are asked once and then kept here, until what was counted is pushed. They
 * may lag behind what other nodes count, by as much time as lies between two pushes.
 */
export function syncedPolicy(counters: RemoteCounters, log: PluginLog): SyncedPolicy {
  let known = new Map<string, Known>()
  let knownBytes = 0

  async function learn(windows: readonly Window[]): Promise<void> {
    if (knownBytes >= MOST_BYTES) void push()
    const missing = windows.filter(({ key }) => !known.has(key))
    if (missing.length === 0) return
    const counts = await counters.read(missing.map(({ key }) => key))
    for (const [index, { key, period }] of missing.entries())
      if (!known.has(key)) {
        known.set(key, { base: counts[index] ?? 0, added: 0, ttlSeconds: PERIOD_SECONDS[period] })
        knownBytes += key.length + COUNTER_BYTES
      }
  }

  function count(windows: readonly Window[]): readonly number[] {
    const entries = windows.map(({ key }) => known.get(key))
    const before = entries.map((entry) => (entry === undefined ? 0 : entry.base + entry.added))
    const isOver = windows.some(({ limit }, index) => before[index]! >= limit)
    if (!isOver) for (const entry of entries) if (entry !== undefined) entry.added += 1
    return before
  }

  async function push(): Promise<void> {
    const pushed = [...known].filter(([, { added }]) => added > 0)
    known = new Map()
    knownBytes = 0
    if (pushed.length === 0) return
    try {
      await counters.increment(
        pushed.map(([key, { added: by, ttlSeconds }]) => ({ key, by, ttlSeconds })),
      )
    } catch (error) {
      log.error('rate-limiting: cannot push counters to Redis; they are lost', error)
    }
  }

  return {
    policy: (windows) =>
      windows.every(({ key }) => known.has(key))
        ? count(windows)
        : learn(windows).then(() => count(windows)),
    push,
  }
}
