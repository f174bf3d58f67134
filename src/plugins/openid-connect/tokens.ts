import type { TokenEndpointResponse } from 'oauth4webapi'
import { isJsonObject, type JsonObject } from '../../base/json.ts'

/** What a provider has given out. */
export interface Tokens {
  readonly accessToken?: string | undefined
  readonly idToken?: string | undefined
  readonly refreshToken?: string | undefined
  /** What was granted, where the provider says so. */
  readonly scope?: string | undefined
  /** When the access token ends, in Unix seconds. */
  readonly expiresAt?: number | undefined
}

/** @param before what a grant need not repeat; RFC 6749 §6, OpenID Connect Core §12.2 */
export function tokensOf(
  response: TokenEndpointResponse,
  nowSeconds: number,
  before: Tokens = {},
): Tokens {
  const { expires_in: lasts } = response
  return {
    accessToken: response.access_token,
    idToken: response.id_token ?? before.idToken,
    refreshToken: response.refresh_token ?? before.refreshToken,
    scope: response.scope ?? before.scope,
    expiresAt: lasts === undefined ? undefined : nowSeconds + lasts,
  }
}

/**
 * Claims of a token that is trusted for where it came from: straight from the provider, or out of a
 * sealed session.
 *
 * @returns `undefined` for a token that is no JWT
 */
export function trustedClaims(token: string | undefined): JsonObject | undefined {
  const parts = token?.split('.')
  if (parts?.length !== 3) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString('utf8'))
    return isJsonObject(claims) ? claims : undefined
  } catch {
    // A token that only its issuer can read may have dots, too.
    return undefined
  }
}

/** Whether a token looks like a signed JWT. Whether it is one, its verification finds out. */
export function looksSigned(token: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(token)
}
