import type { TokenContent } from './verify-token.ts'

/** Claims that say nothing private about a person beyond who it is. */
const SHOWN_CLAIMS: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'kid',
])

/**
 * What of a token may stand in a decision record: its header, its registered claims, and of the
 * others only the names. Never the signature, with which the token could be used.
 */
export function tokenFacts(
  { header, claims, isIntrospected }: TokenContent,
  keyClaimName: string,
): Readonly<Record<string, unknown>> {
  const all = Object.entries(claims ?? {})
  const isShown = (name: string): boolean => SHOWN_CLAIMS.has(name) || name === keyClaimName
  return {
    key_claim: keyClaimName,
    header,
    claims: Object.fromEntries(all.filter(([name]) => isShown(name))),
    ...(isIntrospected && { introspected: true }),
    other_claims: all.map(([name]) => name).filter((name) => !isShown(name)),
  }
}
