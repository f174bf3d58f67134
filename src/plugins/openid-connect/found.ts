import type { JsonObject } from '../../base/json.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { TokenScheme } from '../../plugin-kit/possession/token-challenges.ts'
import type { ClaimSources } from './claims.ts'
import type { OidcClient } from './clients.ts'
import type { Credentials } from './credentials.ts'
import type { AuthMethod } from './request-fields.ts'
import type { Session } from './session-storage.ts'
import { trustedClaims, type Tokens } from './tokens.ts'

/** What a request was authenticated by. */
export interface Found {
  readonly method: AuthMethod
  readonly client: OidcClient | undefined
  readonly tokens: Tokens
  /** Claims of the access token, where it has any. */
  readonly accessClaims?: JsonObject | undefined
  /** What the provider says of the access token. */
  readonly introspection?: JsonObject | undefined
  readonly userInfo?: JsonObject | undefined
  readonly session?: Session | undefined
  /** The browser has the tokens of before. */
  readonly hasNewTokens?: boolean
  /** Keeps the credentials from the upstream. */
  readonly hide: () => void
}

/** Why a request was not authenticated by what it brought. */
export interface Refused {
  readonly refused: string
  /** Stable short code for the decision record. */
  readonly code: string
  /** Of a token: the scheme that it came under. */
  readonly cameAs?: TokenScheme
  /** What the next proof of the client must have in it. */
  readonly nonce?: string
}

/** Nothing: the request has no such credentials. */
export type Outcome = Found | Refused | undefined

/** Where claims are looked for. What is about the access comes before what is about the user. */
export function claimSources(found: Found): ClaimSources {
  const { introspection, accessClaims, tokens, userInfo } = found
  return [
    introspection,
    accessClaims,
    trustedClaims(tokens.idToken),
    userInfo,
    tokens.scope === undefined ? undefined : { scope: tokens.scope },
  ]
}

export function refused(code: string, why: string): Refused {
  return { code, refused: why }
}

/** One request, and what a method may need of it. */
export interface Ask {
  readonly exchange: Exchange
  readonly credentials: Credentials
  /** The client that the request asks for, or the first one. */
  readonly client: OidcClient | undefined
  /** Told of a session that cannot go on. */
  readonly onEnded: (session: Session) => Promise<void>
}
