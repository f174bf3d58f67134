import type * as OAuth from 'oauth4webapi'
import type { JsonObject } from '../../base/json.ts'
import type { Finding } from '../remembered.ts'

/** What a call of a server needs besides its own parameters, for oauth4webapi. */
export interface OAuthCall {
  readonly oauth: typeof OAuth
  readonly metadata: OAuth.AuthorizationServer
  readonly client: OAuth.Client
  readonly auth: OAuth.ClientAuth
  readonly options: object
}

/**
 * Asks the server what a token is.
 *
 * @param parameters what it is told besides, such as `token_type_hint`
 * @returns what the server says of it, also when it is not active
 * @throws what oauth4webapi throws when there is no such answer
 * @see RFC 7662 §2
 */
export async function introspectToken(
  { oauth, metadata, client, auth, options }: OAuthCall,
  token: string,
  parameters: Readonly<Record<string, string>>,
): Promise<JsonObject> {
  const response = await oauth.introspectionRequest(metadata, client, auth, token, {
    ...options,
    additionalParameters: { ...parameters },
  })
  return { ...(await oauth.processIntrospectionResponse(metadata, client, response)) }
}

export interface AnswerLife {
  readonly nowMs: number
  /** By which clocks may differ. */
  readonly leewaySeconds: number
  /** How long an answer counts at most. */
  readonly activeMs: number
  /** How long it counts that a token is not active. */
  readonly inactiveMs: number
}

/** Whether a token is active now, and how long that answer counts: never beyond the token's end. */
export function judgeIntrospection(
  claims: JsonObject,
  { nowMs, leewaySeconds, activeMs, inactiveMs }: AnswerLife,
): Finding<JsonObject | undefined> {
  const { active, exp, nbf } = claims
  const endsMs = typeof exp === 'number' ? (exp + leewaySeconds) * 1000 : Infinity
  const hasBegun = typeof nbf !== 'number' || (nbf - leewaySeconds) * 1000 <= nowMs
  return active === true && endsMs > nowMs && hasBegun
    ? { value: claims, untilMs: Math.min(endsMs, nowMs + activeMs) }
    : { value: undefined, untilMs: nowMs + inactiveMs }
}
