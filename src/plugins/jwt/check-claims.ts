import type { JsonObject } from '../../base/json.ts'

/** Which claims a plugin instance looks at. */
export interface ClaimRules {
  readonly claimsToVerify: readonly ('exp' | 'nbf')[]
  /** Seconds that clocks may differ. */
  readonly leeway: number
  /** Seconds a token may still live; 0: no limit. */
  readonly maximumExpiration: number
}

/** From when until when, in Unix seconds, a token's claims hold: `from` is in it, `until` is not. */
export interface Validity {
  readonly from: number
  readonly until: number
}

export interface ClaimFault {
  /** Messages by claim, as the client gets them. */
  readonly errors: Readonly<Record<string, string>>
  readonly code: string
  readonly reason: string
}

/**
 * Checks the registered claims that the rules name; others are not looked at. All that is wrong is
 * told at once. Without leeway a token whose `exp` is now is expired.
 *
 * @param now Unix time in whole seconds
 */
export function checkClaims(
  claims: JsonObject,
  rules: ClaimRules,
  now: number,
): Validity | ClaimFault {
  const errors: Record<string, string> = {}
  const reasons: string[] = []
  let code = ''
  const validity = { from: -Infinity, until: Infinity }
  for (const name of rules.claimsToVerify) {
    const value = claims[name]
    const fault =
      typeof value === 'number'
        ? timeFault({ name, value, leeway: rules.leeway }, now)
        : notANumber(name, value)
    if (fault !== undefined) {
      errors[name] = fault.message
      reasons.push(fault.reason)
      code ||= fault.code
    } else if (name === 'exp') validity.until = (value as number) + rules.leeway
    else validity.from = (value as number) - rules.leeway
  }
  if (reasons.length > 0) return { errors, code, reason: reasons.join('; ') }
  return limitLifetime(claims, rules, now, validity)
}

interface SingleFault {
  readonly message: string
  readonly code: string
  readonly reason: string
}

function notANumber(name: string, value: unknown): SingleFault {
  const given = value === undefined ? 'missing' : `a ${value === null ? 'null' : typeof value}`
  return {
    message: 'must be a number',
    code: `claim-${name}-not-a-number`,
    reason: `claim ${name} must be a number, it is ${given}`,
  }
}

function timeFault(
  claim: { readonly name: 'exp' | 'nbf'; readonly value: number; readonly leeway: number },
  now: number,
): SingleFault | undefined {
  const { name, value, leeway } = claim
  if (name === 'exp' && value + leeway <= now)
    return {
      message: 'token expired',
      code: 'token-expired',
      reason: `token expired ${now - value} s ago`,
    }
  if (name === 'nbf' && value - leeway > now)
    return {
      message: 'token not valid yet',
      code: 'token-not-valid-yet',
      reason: `token not valid for another ${value - now} s`,
    }
  return undefined
}

function limitLifetime(
  claims: JsonObject,
  { maximumExpiration }: ClaimRules,
  now: number,
  { from, until }: Validity,
): Validity | ClaimFault {
  if (maximumExpiration <= 0) return { from, until }
  const { exp } = claims
  if (typeof exp === 'number' && exp - now <= maximumExpiration)
    // The clock may be set back, and then the token would live too long again.
    return { from: Math.max(from, exp - maximumExpiration), until }
  const lives = typeof exp === 'number' ? `for another ${exp - now} s` : 'for ever'
  return {
    errors: { exp: 'exceeds maximum allowed expiration' },
    code: 'token-lives-too-long',
    reason: `token is valid ${lives}, at most ${maximumExpiration} s are allowed`,
  }
}
