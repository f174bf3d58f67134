import { PERIOD_SECONDS, type Period } from '../../plugin-kit/periods.ts'
import type { Window } from './policies.ts'

/** What became of a request in one window. */
export interface Usage extends Window {
  /** Before this request; 0 or less stops it. */
  readonly remaining: number
}

export type HeaderLines = readonly (readonly [name: string, value: string])[]

const NAMES: Readonly<Record<Period, { readonly limit: string; readonly remaining: string }>> = {
  second: names('Second'),
  minute: names('Minute'),
  hour: names('Hour'),
  day: names('Day'),
  month: names('Month'),
  year: names('Year'),
}

function names(period: string) {
  return { limit: `X-RateLimit-Limit-${period}`, remaining: `X-RateLimit-Remaining-${period}` }
}

/**
 * The headers that tell a client about its limits. `RateLimit-*` speak of the window with the least
 * left, of several alike of the longest.
 *
 * @param stopping the window that stops the request; this one alone has it counted, as in Kong
 */
export function limitHeaders(
  usages: readonly Usage[],
  stopping: Usage | undefined,
  nowMs: number,
): HeaderLines {
  const lines: (readonly [string, string])[] = []
  let tightest: Usage | undefined
  let least = Infinity
  for (const usage of usages) {
    const counts = stopping === undefined || stopping === usage
    const remaining = Math.max(0, usage.remaining - (counts ? 1 : 0))
    const { limit, remaining: name } = NAMES[usage.period]
    lines.push([limit, String(usage.limit)], [name, String(remaining)])
    if (remaining > least) continue
    tightest = usage
    least = remaining
  }
  if (tightest === undefined) return lines
  const reset = String(secondsLeft(tightest, nowMs))
  lines.push(
    ['RateLimit-Limit', String(tightest.limit)],
    ['RateLimit-Remaining', String(least)],
    ['RateLimit-Reset', reset],
  )
  if (stopping !== undefined) lines.push(['Retry-After', reset])
  return lines
}

function secondsLeft({ period, startMs }: Window, nowMs: number): number {
  return Math.max(1, PERIOD_SECONDS[period] - Math.floor((nowMs - startMs) / 1000))
}
