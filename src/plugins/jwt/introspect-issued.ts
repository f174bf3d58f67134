import type { JsonObject } from '../../base/json.ts'
import { admitIssued, checkTimes, refuseTimes, type CertainToken } from './admit-issued.ts'
import type { ClaimRules } from './check-claims.ts'
import type { Issuer } from './issuers.ts'
import type { TokenRefusal, Verified } from './verify-token.ts'

/** A token that its issuer is to be asked about. */
export interface Questionable {
  /** As received. */
  readonly text: string
  readonly issuer: Issuer
  /** What its signature proves, of a JWT. */
  readonly signed: CertainToken | undefined
}

/** The letters that a token may have. RFC 6750 §2.1 */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/
const MAX_LENGTH = 8192

/** Whether a text may be a token that only its issuer can read. A JWT that is broken is none. */
export function isOpaqueToken(text: string): boolean {
  const isBrokenJwt = /^eyJ[\w-]*\.[^.]*\.[^.]*$/.test(text)
  return text.length <= MAX_LENGTH && TOKEN.test(text) && !isBrokenJwt
}

/**
 * Asks the issuer what a token is. What it says now counts before what it signed then, but for whom
 * the token is bound to. Nothing is taken while there is no answer: a token may have been revoked.
 *
 * @param now gives Unix time in whole seconds
 * @see RFC 7662 §2.2, §4
 */
export async function introspectIssued(
  { text, issuer, signed }: Questionable,
  rules: ClaimRules,
  now: () => number,
): Promise<Verified | TokenRefusal> {
  const asked = { header: {}, claims: undefined, ...signed?.token, isIntrospected: true } as const
  const answer = await issuer.introspection!.ask(text)
  if (answer.kind !== 'active')
    return { ...(answer.kind === 'inactive' ? inactive : unavailable)(issuer), token: asked }

  const claims = claimsOf(signed?.claims, answer.claims)
  const token = { ...asked, claims }
  const refusal = refuseAnswer(answer.claims, issuer)
  if (refusal !== undefined) return { ...refusal, token }
  const validity = checkTimes(claims, rules, now(), false)
  if ('errors' in validity) return refuseTimes(validity, token)
  const certain = { token, claims, issuer, validity }
  return admitIssued(
    signed === undefined
      ? { ...certain, jwt: undefined, grounds: [answer], keyName: undefined }
      : {
          ...signed,
          ...certain,
          validity: overlap(validity, signed.validity),
          grounds: [...signed.grounds, answer],
        },
  )
}

function claimsOf(signed: JsonObject | undefined, said: JsonObject): JsonObject {
  const cnf = signed?.['cnf']
  return { ...signed, ...said, ...(cnf !== undefined && { cnf }) }
}

type Times = CertainToken['validity']

function overlap(one: Times, other: Times): Times {
  return { from: Math.max(one.from, other.from), until: Math.min(one.until, other.until) }
}

function refuseAnswer(said: JsonObject, { name }: Issuer): TokenRefusal | undefined {
  const { iss } = said
  if (iss !== undefined && iss !== name)
    return refused(
      'Unknown issuer',
      'issuer-other',
      `${name} says that the token is of ${JSON.stringify(iss)}`,
    )
  const kinds = ['token_type', 'token_use', 'typ'].map((member) => said[member])
  // Issuers know their refresh tokens as well, and these are active for long.
  return kinds.some((kind) => typeof kind === 'string' && /refresh/i.test(kind))
    ? refused('Invalid token type', 'type-wrong', `${name} says that it is a refresh token`)
    : undefined
}

function inactive({ name }: Issuer): TokenRefusal {
  return refused(
    'Token not active',
    'token-inactive',
    `${name} says that the token is not active: it has ended, was revoked, or never was`,
  )
}

function unavailable({ name }: Issuer): TokenRefusal {
  return {
    ...refused(
      'Cannot verify tokens of this issuer now',
      'introspection-unavailable',
      `${name} cannot be asked about tokens; the error log says why`,
    ),
    status: 503,
    challenge: 'none',
  }
}

function refused(message: string, code: string, reason: string): TokenRefusal {
  return { kind: 'refused', body: { message }, code, reason }
}
