/** When a session began and was last heard of, in Unix seconds. */
export interface SessionTimes {
  readonly createdAt: number
  /** When it was last renewed. */
  readonly renewedAt: number
  /** When it was last used, to a minute. */
  readonly usedAt: number
}

/** Seconds; 0 switches a timeout off. */
export interface Timeouts {
  /** Without a request. */
  readonly idling: number
  /** Without being renewed. */
  readonly rolling: number
  /** Renewed or not. */
  readonly absolute: number
}

/** What headers can tell about a session. */
export const SESSION_FACTS = [
  'id',
  'audience',
  'subject',
  'timeout',
  'idling-timeout',
  'rolling-timeout',
  'absolute-timeout',
] as const

export type SessionFact = (typeof SESSION_FACTS)[number]

/** Whether a session still holds. */
export function isAlive(times: SessionTimes, timeouts: Timeouts, now: number): boolean {
  return secondsLeft(times, timeouts, now) > 0
}

/** Seconds until a session ends if nobody comes with it; `Infinity` for one without timeouts. */
export function secondsLeft(times: SessionTimes, timeouts: Timeouts, now: number): number {
  return Math.min(...Object.values(remaining(times, timeouts, now)))
}

/** Seconds until each timeout; `Infinity` for one that is switched off. */
function remaining(times: SessionTimes, timeouts: Timeouts, now: number): Timeouts {
  const left = (since: number, timeout: number): number =>
    timeout === 0 ? Infinity : since + timeout - now
  return {
    idling: left(times.usedAt, timeouts.idling),
    rolling: left(times.renewedAt, timeouts.rolling),
    absolute: left(times.createdAt, timeouts.absolute),
  }
}

/** A use is taken note of at most so often, since the session must be kept anew then. */
const TOUCH_SECONDS = 60
/** Where a session may not rest that long, at this share of the time that it may. */
const TOUCH_SHARE = 0.5
/** What is left of the rolling timeout when a session is renewed. */
const RENEWAL_SHARE = 0.25

/** @returns the session as it is to be kept anew; `undefined` while that is not due */
export function refreshed<Session extends SessionTimes>(
  session: Session,
  timeouts: Timeouts,
  now: number,
): Session | undefined {
  const { rolling } = remaining(session, timeouts, now)
  if (rolling <= timeouts.rolling * RENEWAL_SHARE)
    return { ...session, renewedAt: now, usedAt: now }
  const touchSeconds = Math.min(TOUCH_SECONDS, timeouts.idling * TOUCH_SHARE)
  const isDue = timeouts.idling > 0 && now - session.usedAt >= touchSeconds
  return isDue ? { ...session, usedAt: now } : undefined
}

/** What headers tell about a session. */
export function sessionFact(
  session: SessionTimes & Readonly<Record<'id' | 'audience' | 'subject', string>>,
  fact: SessionFact,
  of: { readonly timeouts: Timeouts; readonly now: number },
): string {
  const left = remaining(session, of.timeouts, of.now)
  switch (fact) {
    case 'id':
      return session.id
    case 'audience':
      return session.audience
    case 'subject':
      return session.subject
    case 'timeout':
      return secondsText(Math.min(...Object.values(left)))
    case 'idling-timeout':
      return secondsText(left.idling)
    case 'rolling-timeout':
      return secondsText(left.rolling)
    case 'absolute-timeout':
      return secondsText(left.absolute)
  }
}

/** A timeout that is switched off is told as 0. */
function secondsText(seconds: number): string {
  return seconds === Infinity ? '0' : String(Math.max(0, Math.floor(seconds)))
}

/** `idling-timeout` → `Session-Idling-Timeout` */
export function headerOfFact(fact: SessionFact): string {
  return `Session-${fact.replaceAll(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase())}`
}
