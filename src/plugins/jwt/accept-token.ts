import type { JsonObject } from '../../base/json.ts'
import { claimReader, wordsOf, type ClaimReader } from './claim-at.ts'
import type { TokenRefusal } from './verify-token.ts'

/** What a token that is genuine and in time must still be. */
export interface Acceptance {
  readonly audiences?: readonly string[] | undefined
  readonly required_claims?: readonly string[] | undefined
  readonly scopes_required?: readonly string[] | undefined
  readonly scopes_claim?: string | undefined
  readonly roles_required?: readonly string[] | undefined
  readonly roles_claim?: string | undefined
}

export type AcceptToken = (claims: JsonObject) => TokenRefusal | undefined

/** Where scopes are: as RFC 8693 §4.2 has it, and as Microsoft and Okta do. */
const SCOPE_CLAIMS = ['scope', 'scp']
const ROLES_CLAIM = 'roles'

/**
 * Makes the checks that a configuration asks for.
 *
 * @returns `undefined` when it asks for none
 */
export function acceptance(rules: Acceptance): AcceptToken | undefined {
  const checks = [
    ...present(rules.audiences, (audiences) => checkAudience(audiences)),
    ...present(rules.required_claims, (names) => checkPresence(names)),
    ...present(rules.scopes_required, (scopes) => checkScopes(scopes, rules.scopes_claim)),
    ...present(rules.roles_required, (roles) => checkRoles(roles, rules.roles_claim)),
  ]
  return checks.length === 0 ? undefined : firstOf(checks)
}

/** @returns what one of several has against a token, asked in order */
export function firstOf(checks: readonly AcceptToken[]): AcceptToken {
  return (claims) => {
    for (const check of checks) {
      const refusal = check(claims)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }
}

function present(
  values: readonly string[] | undefined,
  make: (values: readonly string[]) => AcceptToken,
): readonly AcceptToken[] {
  return values === undefined || values.length === 0 ? [] : [make(values)]
}

/** @see RFC 7519 §4.1.3 */
function checkAudience(audiences: readonly string[]): AcceptToken {
  return ({ aud }) => {
    const named = typeof aud === 'string' ? [aud] : wordsOf(aud)
    if (named.some((audience) => audiences.includes(audience))) return undefined
    const seen = aud === undefined ? 'no audience' : `the audience ${JSON.stringify(aud)}`
    return {
      kind: 'refused',
      body: { aud: 'not meant for this audience' },
      code: 'audience-wrong',
      reason: `token is for ${seen}, not for ${audiences.join(' or ')}`,
    }
  }
}

function checkPresence(names: readonly string[]): AcceptToken {
  const readers = names.map((name): readonly [string, ClaimReader] => [name, claimReader(name)])
  return (claims) => {
    const missing = readers.flatMap(([name, read]) => {
      const value = read(claims)
      return value === undefined || value === null ? [name] : []
    })
    if (missing.length === 0) return undefined
    return {
      kind: 'refused',
      body: Object.fromEntries(missing.map((name) => [name, 'must be present'])),
      code: 'claim-missing',
      reason: `token has no ${missing.join(', no ')}`,
    }
  }
}

function checkScopes(required: readonly string[], claim: string | undefined): AcceptToken {
  const readers = (claim === undefined ? SCOPE_CLAIMS : [claim]).map(claimReader)
  return (claims) => {
    const granted = readers.flatMap((read) => wordsOf(read(claims)))
    const missing = required.filter((scope) => !granted.includes(scope))
    return missing.length === 0 ? undefined : insufficient('scope', missing)
  }
}

function checkRoles(required: readonly string[], claim = ROLES_CLAIM): AcceptToken {
  const read = claimReader(claim)
  return (claims) => {
    const value = read(claims)
    // The name of a role may have spaces in it.
    const roles = typeof value === 'string' ? [value, ...wordsOf(value)] : wordsOf(value)
    const missing = required.filter((role) => !roles.includes(role))
    return missing.length === 0 ? undefined : insufficient('role', missing)
  }
}

/** @see RFC 6750 §3.1 */
function insufficient(what: 'scope' | 'role', missing: readonly string[]): TokenRefusal {
  return {
    kind: 'refused',
    status: 403,
    body: { message: `Insufficient ${what}` },
    code: `${what}-insufficient`,
    reason: `token lacks the ${what} ${missing.join(', ')}`,
    challenge: 'insufficient-scope',
  }
}
