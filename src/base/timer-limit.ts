/** Timers hold no longer than this; about 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** @returns so many ms, or as many as a timer takes; 0 is no limit */
export function timerLimit(ms: number): number {
  return Math.min(ms || LONGEST_TIMER_MS, LONGEST_TIMER_MS)
}
