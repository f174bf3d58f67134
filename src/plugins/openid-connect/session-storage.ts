import { isJsonObject } from '../../base/json.ts'
import type { SessionTimes } from '../../plugin-kit/session-times.ts'
import type { Tokens } from './tokens.ts'

/** Somebody who has logged in. */
export interface Session extends SessionTimes {
  readonly id: string
  readonly clientId: string
  readonly tokens: Tokens
  /** As it lies in a storage that must know whether another request has changed it; no part of it. */
  readonly stored?: string | undefined
}

/** How a session is to be kept. */
export interface Keeping {
  /** For so long, if nobody comes with it. */
  readonly seconds: number
  readonly kind:
    | 'new'
    /** Others may have changed it in the meantime, and their change counts. */
    | 'used'
    /** It has other tokens, and the ones of before are spent. */
    | 'changed'
}

/**
 * Where sessions are.
 * All methods throw {@link SessionsUnavailable} where that place cannot be asked.
 */
export interface SessionStorage {
  /** Whether the cookie says all of a session, so that it is to be sent again whenever that changes. */
  readonly isCookie: boolean
  /** What the cookie of a session says. */
  cookieText(session: Session): string
  /** @param cookieText comes from a seal, so its form is ours */
  read(cookieText: string): Promise<Session | undefined>
  /** One that was removed meanwhile stays so. */
  keep(session: Session, how: Keeping): Promise<void>
  remove(session: Session): Promise<void>
}

/** The place where sessions are does not answer: it is not known who is logged in. */
export class SessionsUnavailable extends Error {
  constructor() {
    super('The Redis with the sessions does not answer')
    this.name = 'SessionsUnavailable'
  }
}

/** Sessions that are in their cookies, whole. */
export const cookieStorage: SessionStorage = {
  isCookie: true,
  cookieText: writeSession,
  read: async (text) => readSession(text),
  keep: async () => undefined,
  remove: async () => undefined,
}

export function writeSession(session: Session): string {
  return JSON.stringify({ ...session, stored: undefined })
}

/** @param text comes from a seal, so its form is ours */
export function readSession(text: string): Session | undefined {
  const value: unknown = JSON.parse(text)
  return isJsonObject(value) && typeof value['id'] === 'string' && isJsonObject(value['tokens'])
    ? (value as unknown as Session)
    : undefined
}
