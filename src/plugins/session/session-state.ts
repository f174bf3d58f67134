import { randomBytes } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import type { SessionTimes, Timeouts } from '../../plugin-kit/session-times.ts'
import type { Config } from './schema.ts'

/** One session. */
export interface SessionState extends SessionTimes {
  readonly id: string
  readonly audience: string
  readonly subject: string
  readonly consumerId: string
  readonly credentialId: string
  readonly groups: readonly string[]
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
