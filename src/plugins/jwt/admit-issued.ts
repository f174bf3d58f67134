import type { JsonObject } from '../../base/json.ts'
import { whenKnown, type SourcedRecord } from '../../plugin-kit/consumer-source.ts'
import { checkClaims, type ClaimFault, type ClaimRules, type Validity } from './check-claims.ts'
import type { FoundConsumer, Issuer } from './issuers.ts'
import type { TokenContent, TokenRefusal, Verified } from './verify-token.ts'

type Verdict = Verified | TokenRefusal

/** What a token rests on, which may end sooner than it says now: a key, an answer, a record. */
type Ground = Pick<SourcedRecord, 'usableUntil'>

/** A token of which it is certain that its issuer made it, and that it is in time. */
export interface CertainToken {
  /** As received; absent for one that is no JWT, and that nobody could read. */
  readonly jwt: string | undefined
  readonly token: TokenContent
  readonly claims: JsonObject
  readonly issuer: Issuer
  readonly validity: Validity
  readonly grounds: readonly Ground[]
  /** Of the issuer's key. */
  readonly keyName: string | undefined
}

/** Looks whether a token is what its issuer's tokens must be, and finds the consumer. */
export function admitIssued(certain: CertainToken): Verdict | Promise<Verdict> {
  const { token, claims, issuer, grounds, validity, keyName } = certain
  const refusal = issuer.accept?.(claims)
  if (refusal !== undefined) return { ...refusal, token }
  return whenKnown(issuer.findConsumer?.(claims) ?? NO_CONSUMER, (found): Verdict => {
    if (found.isUnavailable) return { ...CONSUMERS_UNAVAILABLE, token }
    if (found.missing !== undefined) return { ...refuseConsumer(found.missing), token }
    return {
      kind: 'verified',
      token,
      key: shortestOf(found.record === undefined ? grounds : [...grounds, found.record]),
      keyName,
      validity,
      headers: issuer.headersOf?.(claims) ?? [],
      identity: { ...identityOf(certain, found.consumer), token: certain.jwt },
      possession: issuer.possession,
    }
  })
}

const NO_CONSUMER: FoundConsumer = { consumer: undefined }

/** What stands on several feet falls with the first. */
function shortestOf(grounds: readonly Ground[]): Ground | undefined {
  const [first, ...others] = grounds
  if (others.length === 0) return first
  return {
    get usableUntil() {
      return Math.min(...grounds.map(({ usableUntil }) => usableUntil))
    },
  }
}

/** Who a token stands for, where no credential says so. */
function identityOf(
  { claims: { sub, client_id: client }, token, issuer: { name } }: CertainToken,
  consumer: Verified['identity']['consumer'],
): Verified['identity'] {
  // Of tokens of clients that stand for no user, issuers name the client. RFC 7662 §2.2
  const named = sub ?? (token.isIntrospected ? client : undefined)
  const subject = typeof named === 'string' && named !== '' ? named : undefined
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

/**
 * Looks at all times that a token has.
 *
 * @param mustEnd whether there must be a time after which it is over
 */
export function checkTimes(
  claims: JsonObject,
  rules: ClaimRules,
  now: number,
  mustEnd: boolean,
): Validity | ClaimFault {
  const { leeway, maximumExpiration } = rules
  for (const name of ['exp', 'nbf', 'iat'])
    // JSON can say numbers that are infinite here: 1e999.
    if (claims[name] === Infinity || claims[name] === -Infinity)
      return timeFault(name, 'must be a number', `claim ${name} is infinite`)
  const claimsToVerify = (['exp', 'nbf'] as const).filter(
    (name) => claims[name] !== undefined || (name === 'exp' && mustEnd),
  )
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

export function refuseTimes(
  { errors: body, code, reason }: ClaimFault,
  token: TokenContent,
): TokenRefusal {
  return { kind: 'refused', body, code, reason, token }
}

function timeFault(name: string, message: string, reason: string): ClaimFault {
  return { errors: { [name]: message }, code: `claim-${name}-invalid`, reason }
}

const CONSUMERS_UNAVAILABLE: TokenRefusal = {
  kind: 'refused',
  status: 503,
  body: { message: 'Cannot look up consumers now' },
  code: 'source-unavailable',
  reason: 'the consumer_source has no answer; the error log says why',
  challenge: 'none',
}

function refuseConsumer(reason: string): TokenRefusal {
  return {
    kind: 'refused',
    status: 403,
    body: { message: 'No consumer for this token' },
    code: 'consumer-missing',
    reason,
    challenge: 'none',
  }
}
