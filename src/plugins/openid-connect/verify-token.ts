import type { CryptoKey, JSONWebKeySet, JWTPayload, KeyObject } from 'jose'
import type * as Jose from 'jose'
import type { JsonObject } from '../../base/json.ts'
import type { OidcClient } from './clients.ts'
import { loadJose } from '../../plugin-kit/oauth/libraries.ts'
import type { Provider, ProviderFacts } from './provider.ts'
import type { Config } from './schema.ts'

/** How an instance verifies tokens. */
export type Verify = (token: string) => Promise<Verified>

interface VerifyOptions {
  readonly token: string
  /** Further values of `iss`. */
  readonly issuersAllowed: readonly string[]
  readonly leewaySeconds: number
  readonly nowMs: number
  /** Keys for HS256, HS384 and HS512; none: these are not taken. */
  readonly secrets: readonly string[]
}

export type Verified =
  | { readonly claims: JsonObject; readonly generation: number }
  | { readonly fault: string }

const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
const SYMMETRIC = ['HS256', 'HS384', 'HS512']
/** Types that a token for access, or about a user, may say it has. @see RFC 8725 §3.11 */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/at+jwt', 'id+jwt'])
/** Without a name of the key so many that fit are tried. */
const MAX_KEYS = 8

/**
 * Verifies signature, issuer and times of tokens. A token without `exp` is refused, since it would
 * be good for ever. Keys that are not known are looked for anew, as often as the provider allows.
 *
 * @returns throws when the provider cannot be asked
 */
export function verifierOf(
  config: Config,
  provider: Provider,
  more: { readonly clients: readonly OidcClient[]; readonly now: () => number },
): Verify {
  const options = {
    issuersAllowed: config.issuers_allowed ?? [],
    leewaySeconds: config.leeway,
    secrets: config.enable_hs_signatures ? more.clients.flatMap(({ secret }) => secret ?? []) : [],
  }
  return async (token) => {
    const jose = await loadJose()
    const about = { token, ...options, nowMs: more.now() }
    const first = await verifyBy(jose, await provider.facts(), about)
    if (!('isKeyFault' in first)) return first
    const renewed = await provider.renewed()
    return renewed === undefined ? first : verifyBy(jose, renewed, about)
  }
}

type Attempt = Verified & { readonly isKeyFault?: true }

async function verifyBy(
  jose: typeof Jose,
  { keys, metadata, generation }: ProviderFacts,
  { token, secrets, issuersAllowed, leewaySeconds, nowMs }: VerifyOptions,
): Promise<Attempt> {
  try {
    const { alg, typ } = jose.decodeProtectedHeader(token)
    if (typeof typ === 'string' && !TYPES.has(typ.toLowerCase()))
      return { fault: `its type is ${JSON.stringify(typ)}` }
    const isSymmetric = SYMMETRIC.includes(alg ?? '')
    const claims = await verifyByOneOf(jose, isSymmetric ? { secrets } : { keySet: keys }, {
      token,
      rules: {
        algorithms: isSymmetric && secrets.length > 0 ? SYMMETRIC : ASYMMETRIC,
        issuer: [metadata.issuer, ...issuersAllowed],
        clockTolerance: leewaySeconds,
        currentDate: new Date(nowMs),
        requiredClaims: ['exp'],
      },
    })
    const { iat } = claims
    if (iat !== undefined && iat > nowMs / 1000 + leewaySeconds)
      return { fault: 'it was issued in the future' }
    return { claims, generation }
  } catch (error) {
    return faultOf(jose, error)
  }
}

interface Question {
  readonly token: string
  readonly rules: Jose.JWTVerifyOptions
}

async function verifyByOneOf(
  jose: typeof Jose,
  keys: { readonly secrets: readonly string[] } | { readonly keySet: JSONWebKeySet },
  { token, rules }: Question,
): Promise<JWTPayload> {
  if ('secrets' in keys)
    return firstThatVerifies(
      jose,
      keys.secrets.map((secret) => Buffer.from(secret)),
      { token, rules },
    )
  try {
    return (await jose.jwtVerify(token, jose.createLocalJWKSet(keys.keySet), rules)).payload
  } catch (error) {
    if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error
    return firstThatVerifies(jose, error, { token, rules })
  }
}

async function firstThatVerifies(
  jose: typeof Jose,
  keys: Iterable<Uint8Array> | AsyncIterable<CryptoKey | KeyObject | Uint8Array>,
  { token, rules }: Question,
): Promise<JWTPayload> {
  let tried = 0
  for await (const key of keys) {
    if ((tried += 1) > MAX_KEYS) break
    try {
      return (await jose.jwtVerify(token, key, rules)).payload
    } catch (error) {
      if (!(error instanceof jose.errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new jose.errors.JWSSignatureVerificationFailed()
}

/** @throws what is no fault of the token */
function faultOf({ errors }: typeof Jose, error: unknown): Attempt {
  if (error instanceof errors.JWKSNoMatchingKey)
    return { fault: 'no key of the provider fits it', isKeyFault: true }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return { fault: 'its signature is not that of the provider', isKeyFault: true }
  if (error instanceof errors.JWTExpired) return { fault: 'it has expired' }
  if (error instanceof errors.JWTClaimValidationFailed)
    return { fault: `its claim ${JSON.stringify(error.claim)} is wrong: ${error.reason}` }
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    return { fault: `it cannot be read: ${error.message}` }
  throw error
}
