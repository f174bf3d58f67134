import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../base/json.ts'
import type { IssuerState } from './issuer-state.ts'

/** Who logged in, for which client, and for what. */
export interface Login {
  readonly subject: string
  readonly clientId: string
  /** Names with spaces between them. */
  readonly scope: string
  /** Absent: the client itself. */
  readonly audience: string | undefined
  /** Unix time in s. */
  readonly at: number
  readonly nonce?: string | undefined
  /** Put into the access token as they are. */
  readonly moreClaims?: JsonObject
}

export const LIFETIME_SECONDS = 3600

/** What a form says of a login; the client itself where nobody is named. */
export function loginOf(form: URLSearchParams, clientId: string, at: number): Login {
  return {
    subject: form.get('username') || clientId,
    clientId,
    scope: form.get('scope') ?? '',
    audience: form.get('audience') ?? form.get('resource') ?? undefined,
    at,
  }
}

/** A JWT as RFC 9068 has it. */
export function accessToken(login: Login, { name, keys, seconds }: IssuerState): string {
  const { subject, clientId, scope, audience = clientId, moreClaims } = login
  const now = seconds()
  return keys.current.sign(
    {
      sub: subject,
      aud: audience,
      client_id: clientId,
      scope,
      ...moreClaims,
      iss: name,
      iat: now,
      exp: now + LIFETIME_SECONDS,
      jti: randomUUID(),
    },
    'at+jwt',
  )
}

/** @see OpenID Connect Core §2 */
export function idToken(
  { subject, clientId, nonce, at }: Login,
  { name, keys, seconds }: IssuerState,
): string {
  const now = seconds()
  const claims = { iss: name, sub: subject, aud: clientId, iat: now, exp: now + LIFETIME_SECONDS }
  const more = { auth_time: at, preferred_username: subject, ...(nonce !== undefined && { nonce }) }
  return keys.current.sign({ ...claims, ...more }, 'JWT')
}
