/** How many times an address grows until it has all its weight. */
export const SLOW_START_STEPS = 10

/**
 * Share of its weight that an address has some time after it came or came back: a tenth at first, so
 * that it can fill its caches and pools before the full load comes.
 *
 * @param windowMs how long it grows; 0: not at all
 * @returns above 0, at most 1
 */
export function slowStartShare(elapsedMs: number, windowMs: number): number {
  if (elapsedMs >= windowMs) return 1
  return Math.max(elapsedMs / windowMs, 1 / SLOW_START_STEPS)
}
