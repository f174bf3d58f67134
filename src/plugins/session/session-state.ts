import { randomBytes } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import type { Config, SessionFact } from './schema.ts'

/** One session. Times are Unix seconds. */
export interface SessionState {
  readonly id: string
  readonly audience: string
  readonly subject: string
  readonly consumerId: string
  readonly credentialId: string
  readonly groups: readonly string[]
  readonly createdAt: number
  /** When it was last renewed. */
  readonly renewedAt: number
  /** When it was last used, to a minute. */
  readonly usedAt: number
}

export interface Timeouts {
  readonly idling: number
  readonly rolling: number
  readonly absolute: number
}

export function sessionTimeouts(config: Config): Timeouts {
  return {
    idling: config.idling_timeout,
    rolling: config.rolling_timeout,
    absolute: config.absolute_timeout,
  }
}

export function rememberTimeouts(config: Config): Timeouts {
  return {
    idling: 0,
    rolling: config.remember_rolling_timeout,
    absolute: config.remember_absolute_timeout,
  }
}

export function newSession(
  whose: Pick<SessionState, 'audience' | 'subject' | 'consumerId' | 'credentialId' | 'groups'>,
  now: number,
): SessionState {
  const id = randomBytes(32).toString('base64url')
  return { id, ...whose, createdAt: now, renewedAt: now, usedAt: now }
}

/** Whether a session still holds. */
export function isAlive(session: SessionState, timeouts: Timeouts, now: number): boolean {
  return Object.values(remaining(session, timeouts, now)).every((seconds) => seconds > 0)
}

/** Seconds until each timeout; `Infinity` for one that is switched off. */
function remaining(session: SessionState, timeouts: Timeouts, now: number): Timeouts {
  const left = (since: number, timeout: number): number =>
    timeout === 0 ? Infinity : since + timeout - now
  return {
    idling: left(session.usedAt, timeouts.idling),
    rolling: left(session.renewedAt, timeouts.rolling),
    absolute: left(session.createdAt, timeouts.absolute),
  }
}

/** A use is taken note of at most so often, since it needs a new cookie. */
const TOUCH_SECONDS = 60
/** What is left of the rolling timeout when a session is renewed. */
const RENEWAL_SHARE = 0.25

/** @returns the session as it is to be sent again; `undefined` while that is not due */
export function refreshed(
  session: SessionState,
  timeouts: Timeouts,
  now: number,
): SessionState | undefined {
  const { rolling } = remaining(session, timeouts, now)
  if (rolling <= timeouts.rolling * RENEWAL_SHARE)
    return { ...session, renewedAt: now, usedAt: now }
  return now - session.usedAt >= TOUCH_SECONDS ? { ...session, usedAt: now } : undefined
}

/** What headers tell about a session. */
export function sessionFact(
  session: SessionState,
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

export function writeSession(session: SessionState): string {
  return JSON.stringify(session)
}

/** @param text comes from a seal, so its form is ours */
export function readSession(text: string): SessionState | undefined {
  const value: unknown = JSON.parse(text)
  return isJsonObject(value) && typeof value['id'] === 'string'
    ? (value as unknown as SessionState)
    : undefined
}
