/** Windows of time that requests are counted in; from the shortest to the longest. */
export const PERIODS = ['second', 'minute', 'hour', 'day', 'month', 'year'] as const

export type Period = (typeof PERIODS)[number]

/** How long a window counts as: a month has 30 days, a year 365. */
export const PERIOD_SECONDS: Readonly<Record<Period, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  month: 2_592_000,
  year: 31_536_000,
}

/** When the window that holds a time began, by the calendar, in UTC; Unix ms. */
export function periodStart(period: Period, nowMs: number): number {
  if (period !== 'month' && period !== 'year') {
    const lengthMs = PERIOD_SECONDS[period] * 1000
    return Math.floor(nowMs / lengthMs) * lengthMs
  }
  const now = new Date(nowMs)
  return Date.UTC(now.getUTCFullYear(), period === 'month' ? now.getUTCMonth() : 0)
}

export type Limits = { readonly [Name in Period]?: number | undefined }

/** The configured limits, from the shortest window to the longest. */
export function limitsOf(limits: Limits): readonly (readonly [period: Period, limit: number])[] {
  return PERIODS.flatMap((period) => {
    const limit = limits[period]
    return limit === undefined ? [] : [[period, limit] as const]
  })
}

/** The message for limits of which a longer window allows less than a shorter one. */
export function periodOrderFault(limits: Limits): string | undefined {
  const given = limitsOf(limits)
  for (const [index, [period, limit]] of given.entries())
    for (const [longer, other] of given.slice(index + 1))
      if (other < limit)
        return `limit for ${longer}(${other.toFixed(1)}) cannot be lower than the limit for ${period}(${limit.toFixed(1)})`
  return undefined
}
