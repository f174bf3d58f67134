import { challenge } from '../challenge.ts'
import { DPOP_ALGORITHMS } from './dpop-proof.ts'
import type { PossessionFault } from './possession.ts'

type Parameters = Readonly<Record<string, string | undefined>>

export type TokenScheme = 'Bearer' | 'DPoP'

export interface ChallengeParts {
  /** Of every challenge. */
  readonly common: Parameters
  /** What is wrong with the token, told of the scheme that it came under. */
  readonly error?: Parameters
  readonly cameAs?: TokenScheme
}

/**
 * Values of `WWW-Authenticate`, one for each scheme that tokens may come under.
 *
 * @see RFC 9449 §7.1, §7.2
 */
export function tokenChallenges(
  schemes: readonly TokenScheme[],
  { common, error, cameAs }: ChallengeParts,
): readonly string[] {
  // A scheme that is not taken cannot be answered in.
  const faulty = cameAs !== undefined && schemes.includes(cameAs) ? cameAs : schemes[0]
  return schemes.map((scheme) =>
    challenge(scheme, {
      ...common,
      ...(scheme === 'DPoP' && { algs: DPOP_ALGORITHMS.join(' ') }),
      ...(scheme === faulty && error),
    }),
  )
}

/** The code for a client whose token is good, and not in its hands. @see RFC 9449 §7.1, §9 */
export function possessionError(code: PossessionFault['code'] | (string & {})): string {
  if (code === 'dpop-nonce-missing') return 'use_dpop_nonce'
  return code === 'dpop-invalid' ? 'invalid_dpop_proof' : 'invalid_token'
}
