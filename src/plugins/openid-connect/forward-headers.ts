import type { JWK } from 'jose'
import { toByteString, toHeaderValue } from '../../base/buffer-slices.ts'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { headerOfFact } from '../../plugin-kit/session-times.ts'
import { claimAt, type ClaimSources } from './claims.ts'
import type { Found } from './found.ts'
import type { Config } from './schema.ts'
import type { Sessions } from './sessions.ts'

type Side = 'upstream' | 'downstream'

/** The headers in which one side is told about an authenticated request. */
export interface ForwardedHeaders {
  /** Takes away what the client has sent under these names; only a client's credentials stay. */
  strip(exchange: Exchange): void
  /** @returns names and values */
  of(found: Found, sources: ClaimSources): readonly (readonly [name: string, value: string])[]
}

/** What headers may need besides what was found. */
interface Means {
  readonly sessions: Sessions | undefined
  /** The public keys of the provider that are known now. */
  readonly keys: () => readonly JWK[]
}

/** The key that a token is signed by, where it is known. */
function keyOf(token: string | undefined, { keys }: Means): JWK | undefined {
  const kid = token === undefined ? undefined : headerOf(token)?.['kid']
  return typeof kid === 'string' ? keys().find((key) => key.kid === kid) : undefined
}

function headerOf(token: string): JsonObject | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString())
    return isJsonObject(header) ? header : undefined
  } catch {
    // It is no JWT, so nobody has signed it by a key.
    return undefined
  }
}

const FACTS = {
  access_token: ({ tokens }: Found) => tokens.accessToken,
  access_token_jwk: ({ tokens }: Found, means: Means) => keyOf(tokens.accessToken, means),
  id_token: ({ tokens }: Found) => tokens.idToken,
  id_token_jwk: ({ tokens }: Found, means: Means) => keyOf(tokens.idToken, means),
  refresh_token: ({ tokens }: Found) => tokens.refreshToken,
  introspection: ({ introspection }: Found) => introspection,
  user_info: ({ userInfo }: Found) => userInfo,
  session_id: ({ session }: Found) => session?.id,
} as const

/** The scheme stands before the token. */
const WITH_SCHEME = 'authorization:bearer'

export function forwardedHeaders(config: Config, side: Side, means: Means): ForwardedHeaders {
  const sessionFacts =
    config[`session_${side === 'upstream' ? 'request' : 'response'}_headers`] ?? []
  const facts = Object.entries(FACTS).flatMap(([name, read]) => {
    const header = config[`${side}_${name as keyof typeof FACTS}_header`]
    return header === undefined ? [] : [{ header, read }]
  })
  const names = config[`${side}_headers_names`] ?? []
  const claims = (config[`${side}_headers_claims`] ?? []).map((claim, index) => ({
    claim,
    header: names[index]!,
  }))
  // Only `Authorization` may hold what the client is authenticated by.
  const stripped = [
    ...facts.map(({ header }) => header),
    ...names,
    ...sessionFacts.map(headerOfFact),
  ].filter((header) => !['authorization', WITH_SCHEME].includes(header.toLowerCase()))

  return {
    strip({ upstream }) {
      for (const name of stripped) upstream.removeHeader(name)
    },
    of: (found, sources) => [
      ...facts.flatMap(({ header, read }) => lineOf(header, read(found, means))),
      ...claims.flatMap(({ header, claim }) => lineOf(header, claimAt(sources, [claim]))),
      ...sessionFacts.flatMap((fact) =>
        lineOf(headerOfFact(fact), found.session && means.sessions?.fact(found.session, fact)),
      ),
    ],
  }
}

function lineOf(header: string, value: unknown): readonly (readonly [string, string])[] {
  const text = textOf(value)
  if (text === undefined) return []
  return header.toLowerCase() === WITH_SCHEME
    ? [['Authorization', `Bearer ${text}`]]
    : [[header, text]]
}

/** Texts as they are, lists of them with commas, objects as base64 of their JSON. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return headerText(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return headerText(value.join(', '))
  return Buffer.from(JSON.stringify(value)).toString('base64')
}

/** UTF-8, on one line. */
function headerText(text: string): string {
  return toHeaderValue(toByteString(text))
}
