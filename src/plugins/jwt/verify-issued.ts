import type { JsonObject } from '../../base/json.ts'
import { isSignedBy } from '../../plugin-kit/jose/algorithms.ts'
import type { DecodedToken } from '../../plugin-kit/jose/decode-token.ts'
import { tokenShapeFault } from '../../plugin-kit/jose/token-shape.ts'
import { fittingKeys, type TrustedKey } from '../../plugin-kit/jwks/key-set.ts'
import { admitIssued, checkTimes, refuseTimes, type CertainToken } from './admit-issued.ts'
import type { ClaimRules } from './check-claims.ts'
import { introspectIssued } from './introspect-issued.ts'
import { tokenType, type Issuer } from './issuers.ts'
import type { TokenRefusal, Verified } from './verify-token.ts'

type Verdict = Verified | TokenRefusal

/** What is known of a token of an issuer before its signature is. */
interface Issued {
  /** As received. */
  readonly text: string
  readonly token: DecodedToken
  readonly claims: JsonObject
  readonly issuer: Issuer
}

/**
 * Verifies a token of a trusted issuer. It is read more strictly than tokens of credentials, whose
 * clients may rely on what Kong lets pass: one spelling only, nothing twice, nothing critical that is
 * not understood, and an end. An issuer that is to be asked is asked last. Keys come from the issuer alone, whatever the token's header points to.
 *
 * @param now gives Unix time in whole seconds
 * @returns a promise when the issuer is asked: for a key that is not known yet, or about the token
 * @see RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725
 */
export function verifyIssued(
  issued: Issued,
  rules: ClaimRules,
  now: () => number,
): Verdict | Promise<Verdict> {
  const { text, token, issuer } = issued
  const shape = tokenShapeFault(text, token)
  if (shape !== undefined)
    return refused(
      issued,
      `Bad token; ${shape.fault}`,
      'token-malformed',
      `bad token: ${shape.why}`,
    )
  const refusal = refuseHeader(issued)
  if (refusal !== undefined) return refusal

  const kid = typeof token.header['kid'] === 'string' ? token.header['kid'] : undefined
  const candidates = (): readonly TrustedKey[] => {
    const { algorithmName, algorithm } = token
    const usable = issuer.keys.keys.filter(({ usableUntil }) => now() < usableUntil)
    return fittingKeys(usable, { kid, algorithmName, algorithm })
  }
  const keys = candidates()
  if (keys.length > 0) return verifyWith(keys, issued, rules, now)
  const again = issuer.keys.renew(kid)
  if (again instanceof Promise)
    return again.then(() => verifyWith(candidates(), issued, rules, now))
  return verifyWith(again ? candidates() : keys, issued, rules, now)
}

function verifyWith(
  keys: readonly TrustedKey[],
  issued: Issued,
  rules: ClaimRules,
  now: () => number,
): Verdict | Promise<Verdict> {
  const { token, claims, issuer, text } = issued
  if (keys.length === 0) return refuseKeys(issued, now())
  const key = keys.find(({ key: each }) => isSignedBy(token.algorithm, each, token, 'as-hash'))
  if (key === undefined)
    return refused(
      issued,
      'Invalid signature',
      'signature-wrong',
      `no key of ${issuer.name} made this ${token.algorithmName} signature`,
    )
  const validity = checkTimes(claims, rules, now(), true)
  if ('errors' in validity) return refuseTimes(validity, token)
  const signed: CertainToken = {
    jwt: text,
    token,
    claims,
    issuer,
    validity,
    grounds: [key],
    keyName: key.kid,
  }
  return issuer.introspection?.ofJwts === true
    ? introspectIssued({ text, issuer, signed }, rules, now)
    : admitIssued(signed)
}

function refuseHeader(issued: Issued): TokenRefusal | undefined {
  const { token, issuer } = issued
  const { crit, typ } = token.header
  if (crit !== undefined)
    return refused(
      issued,
      'Bad token; unknown critical header',
      'token-critical',
      `the token wants ${JSON.stringify(crit)} to be understood`,
    )
  if (!issuer.algorithms.has(token.algorithmName))
    return refused(
      issued,
      'Invalid algorithm',
      'algorithm-refused',
      `token is signed with ${token.algorithmName}, for ${issuer.name} that must be ${[...issuer.algorithms].join(', ')}`,
    )
  const { types } = issuer
  if (types !== undefined && !(typeof typ === 'string' && types.has(tokenType(typ))))
    return refused(
      issued,
      'Invalid token type',
      'type-wrong',
      `token is of type ${JSON.stringify(typ) ?? 'none'}, for ${issuer.name} that must be ${[...types].join(' or ')}`,
    )
  return undefined
}

/** Without any key nothing can be said about a token, which is not its fault. */
function refuseKeys(issued: Issued, now: number): TokenRefusal {
  const { token, issuer } = issued
  if (!issuer.makesJwts)
    return refused(
      issued,
      'Unknown key',
      'key-unknown',
      `no JWT of ${issuer.name} is expected: its jwks has no keys`,
    )
  if (!issuer.keys.keys.some(({ usableUntil }) => now < usableUntil))
    return {
      kind: 'refused',
      status: 503,
      body: { message: 'Cannot verify tokens of this issuer now' },
      code: 'keys-unavailable',
      reason: `the keys of ${issuer.name} cannot be had; the error log says why`,
      token,
      challenge: 'none',
    }
  const { kid } = token.header
  return refused(
    issued,
    'Unknown key',
    'key-unknown',
    `${issuer.name} has no key ${kid === undefined ? '' : `${JSON.stringify(kid)} `}for ${token.algorithmName}`,
  )
}

function refused({ token }: Issued, message: string, code: string, reason: string): TokenRefusal {
  return { kind: 'refused', body: { message }, code, reason, token }
}
