import { createHash } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import { proofChecker } from '../../plugin-kit/dpop.ts'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { ClientRequest, Exchange } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { AccessToken } from './credentials.ts'
import { refused, type Found, type Outcome, type Refused } from './found.ts'
import { ownUrl } from './own-urls.ts'
import type { Config } from './schema.ts'

/** Looks whether a client may use the token that it has brought. */
export type CheckPossession = (
  exchange: Exchange,
  presented: AccessToken,
  outcome: Outcome,
) => Promise<Outcome>

interface Question {
  readonly request: ClientRequest
  readonly presented: AccessToken
  /** What the token says that it is bound to, if it does. */
  readonly boundTo: string | undefined
}

type Check = (question: Question) => Refused | undefined | Promise<Refused | undefined>

/**
 * Holds clients to the keys and certificates that their tokens are bound to. Where that is off a
 * token is good in whosever hands it is.
 */
export function possessionCheck(config: Config, node: NodeServices): CheckPossession {
  const { proof_of_possession_dpop: dpop, proof_of_possession_mtls: mtls } = config
  const checks: readonly (readonly [confirmation: string, Check])[] = [
    ...(dpop === 'off' ? [] : [['jkt', dpopCheck(config, node)] as const]),
    ...(mtls === 'off' ? [] : [['x5t#S256', certificateCheck(mtls === 'strict')] as const]),
  ]

  return async ({ request }, presented, outcome) => {
    if (outcome === undefined || 'refused' in outcome) return outcome
    for (const [confirmation, check] of checks) {
      const boundTo = confirmationOf(outcome, confirmation)
      const refusal = await check({ request, presented, boundTo })
      if (refusal !== undefined) return refusal
    }
    return outcome
  }
}

/** @see RFC 9449 §7 */
function dpopCheck(config: Config, node: NodeServices): Check {
  const isDemanded = config.proof_of_possession_dpop === 'strict'
  const check = proofChecker(node, config.dpop_proof_lifetime)

  return async ({ request, presented: { token, scheme }, boundTo }) => {
    if (boundTo === undefined)
      return isDemanded || scheme === 'dpop'
        ? refused('token-unbound', 'the token is not bound to a key')
        : undefined
    // Otherwise whoever stole it could use it where nobody asks for a proof.
    if (scheme !== 'dpop') return refused('dpop-missing', 'the token is bound, and came as another')
    const fault = await check({
      proofs: request.headerValues('dpop'),
      method: request.method,
      url: ownUrl(request, request.rawPath),
      accessToken: token,
      thumbprint: boundTo,
    })
    return fault === undefined ? undefined : refused('dpop-invalid', `the token: ${fault}`)
  }
}

/** @see RFC 8705 §3 */
function certificateCheck(isDemanded: boolean): Check {
  return ({ request, boundTo }) => {
    if (boundTo === undefined)
      return isDemanded
        ? refused('token-unbound', 'the token is not bound to a certificate')
        : undefined
    const certificate = request.tls?.clientCertificate?.()
    if (certificate === undefined)
      return refused('certificate-missing', 'the token is bound to a certificate, and came without')
    const thumbprint = createHash('sha256').update(certificate).digest('base64url')
    return equalSecrets(thumbprint, boundTo)
      ? undefined
      : refused('certificate-other', 'the token is bound to another certificate')
  }
}

function confirmationOf({ accessClaims, introspection }: Found, name: string): string | undefined {
  const confirmation = (introspection ?? accessClaims)?.['cnf']
  const value = isJsonObject(confirmation) ? confirmation[name] : undefined
  return typeof value === 'string' ? value : undefined
}
