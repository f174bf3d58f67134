import type { JsonObject } from '../../base/json.ts'
import { isSignedBy } from '../../plugin-kit/jose/algorithms.ts'
import { whenKnown, type SourcedRecord } from '../../plugin-kit/consumer-source.ts'
import type { DecodedToken } from '../../plugin-kit/jose/decode-token.ts'
import { tokenShapeFault } from '../../plugin-kit/jose/token-shape.ts'
import { fittingKeys, type TrustedKey } from '../../plugin-kit/jwks/key-set.ts'
import { checkClaims, type ClaimFault, type ClaimRules, type Validity } from './check-claims.ts'
import { tokenType, type FoundConsumer, type Issuer } from './issuers.ts'
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
 * not understood, and an end. Keys come from the issuer alone, whatever the token's header points to.
 *
 * @param now gives Unix time in whole seconds
 * @returns a promise when the issuer is asked for a key that is not known yet
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
  if (keys.length > 0) return verifyWith(keys, issued, rules, now())
  const again = issuer.keys.renew(kid)
  if (again instanceof Promise)
    return again.then(() => verifyWith(candidates(), issued, rules, now()))
  return verifyWith(again ? candidates() : keys, issued, rules, now())
}

function verifyWith(
  keys: readonly TrustedKey[],
  issued: Issued,
  rules: ClaimRules,
  now: number,
): Verdict | Promise<Verdict> {
  const { token, claims, issuer, text } = issued
  if (keys.length === 0) return refuseKeys(issued, now)
  const key = keys.find(({ key: each }) => isSignedBy(token.algorithm, each, token, 'as-hash'))
  if (key === undefined)
    return refused(
      issued,
      'Invalid signature',
      'signature-wrong',
      `no key of ${issuer.name} made this ${token.algorithmName} signature`,
    )
  const validity = checkTimes(claims, rules, now)
  if ('errors' in validity) {
    const { errors: body, code, reason } = validity
    return { kind: 'refused', body, code, reason, token }
  }
  const refusal = issuer.accept?.(claims)
  if (refusal !== undefined) return { ...refusal, token }
  const verifiedFor = (found: FoundConsumer): Verdict => {
    if (found.isUnavailable) return refuseUnavailable(issued)
    if (found.missing !== undefined) return refuseConsumer(issued, found.missing)
    return {
      kind: 'verified',
      token,
      key: shorterOf(key, found.record),
      keyName: key.kid,
      validity,
      headers: issuer.headersOf?.(claims) ?? [],
      identity: { ...identityOf(claims, issuer, found.consumer), token: text },
    }
  }
  return whenKnown(issuer.findConsumer?.(claims) ?? NO_CONSUMER, verifiedFor)
}

const NO_CONSUMER: FoundConsumer = { consumer: undefined }

/** What stands on two feet falls with the first; both may end sooner than they say now. */
function shorterOf(
  key: TrustedKey,
  record: SourcedRecord | undefined,
): Pick<SourcedRecord, 'usableUntil'> {
  if (record === undefined) return key
  return {
    get usableUntil() {
      return Math.min(key.usableUntil, record.usableUntil)
    },
  }
}

/** Who a token stands for, where no credential says so. */
function identityOf(
  { sub }: JsonObject,
  { name }: Issuer,
  consumer: Verified['identity']['consumer'],
): Verified['identity'] {
  const subject = typeof sub === 'string' && sub !== '' ? sub : undefined
  return {
    consumer,
    credential: {
      // Subjects are unique within an issuer only.
      id: subject === undefined ? name : `${name}#${subject}`,
      ...(consumer && { consumerId: consumer.id }),
    },
    credentialIdentifier: subject,
  }
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

/** A time after which a token is over is a must, and all times that it has are looked at. */
function checkTimes(claims: JsonObject, rules: ClaimRules, now: number): Validity | ClaimFault {
  const { leeway, maximumExpiration } = rules
  for (const name of ['exp', 'nbf', 'iat'])
    // JSON can say numbers that are infinite here: 1e999.
    if (claims[name] === Infinity || claims[name] === -Infinity)
      return timeFault(name, 'must be a number', `claim ${name} is infinite`)
  const claimsToVerify: ('exp' | 'nbf')[] = claims['nbf'] === undefined ? ['exp'] : ['exp', 'nbf']
  const validity = checkClaims(claims, { claimsToVerify, leeway, maximumExpiration }, now)
  if ('errors' in validity) return validity
  const { iat } = claims
  if (iat === undefined) return validity
  if (typeof iat !== 'number')
    return timeFault('iat', 'must be a number', 'claim iat must be a number')
  if (iat - leeway > now)
    return timeFault('iat', 'issued in the future', `token is from in ${iat - now} s`)
  return { ...validity, from: Math.max(validity.from, iat - leeway) }
}

function timeFault(name: string, message: string, reason: string): ClaimFault {
  return { errors: { [name]: message }, code: `claim-${name}-invalid`, reason }
}

function refuseUnavailable({ token }: Issued): TokenRefusal {
  return {
    kind: 'refused',
    status: 503,
    body: { message: 'Cannot look up consumers now' },
    code: 'source-unavailable',
    reason: 'the consumer_source has no answer; the error log says why',
    token,
    challenge: 'none',
  }
}

function refuseConsumer({ token }: Issued, reason: string): TokenRefusal {
  return {
    kind: 'refused',
    status: 403,
    body: { message: 'No consumer for this token' },
    code: 'consumer-missing',
    reason,
    token,
    challenge: 'none',
  }
}

function refused({ token }: Issued, message: string, code: string, reason: string): TokenRefusal {
  return { kind: 'refused', body: { message }, code, reason, token }
}
