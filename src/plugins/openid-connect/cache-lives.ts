import type { Config } from './schema.ts'

/** How long answers of a provider are remembered, in milliseconds. */
export interface CacheLives {
  /** One that does not say when it ends. */
  readonly usualMs: number
  /** One that does, at most; never beyond its end. */
  readonly longestMs: number
  /** That a token is not active. */
  readonly negativeMs: number
  /** What has become old, while the provider cannot be asked. Absent: not at all. */
  readonly resurrectedMs: number | undefined
}

/** Stricter than Kong's: a token that has ended is no good, however long `cache_ttl_min` is. */
export function cacheLives({
  cache_ttl: usual,
  cache_ttl_min: shortest = 0,
  cache_ttl_max: longest,
  cache_ttl_neg: negative,
  cache_ttl_resurrect: resurrected,
}: Config): CacheLives {
  const usualMs = Math.min(Math.max(usual, shortest), longest ?? Infinity) * 1000
  return {
    usualMs,
    longestMs: longest === undefined ? usualMs : longest * 1000,
    negativeMs: negative === undefined ? usualMs : negative * 1000,
    resurrectedMs: resurrected === undefined ? undefined : resurrected * 1000,
  }
}

/** @param endsAtMs when an answer ends, where it says so */
export function livesUntil(
  { usualMs, longestMs }: CacheLives,
  nowMs: number,
  endsAtMs: number | undefined,
): number {
  return endsAtMs === undefined ? nowMs + usualMs : Math.min(endsAtMs, nowMs + longestMs)
}
