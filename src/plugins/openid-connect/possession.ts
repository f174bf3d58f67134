import { isJsonObject } from '../../base/json.ts'
import { proofChecker } from '../../plugin-kit/dpop.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { AccessToken } from './credentials.ts'
import { refused, type Found, type Outcome } from './found.ts'
import { ownUrl } from './own-urls.ts'
import type { Config } from './schema.ts'

/** Looks whether a client may use the token that it has brought. */
export type CheckPossession = (
  exchange: Exchange,
  presented: AccessToken,
  outcome: Outcome,
) => Promise<Outcome>

/**
 * Holds clients to the keys that their tokens are bound to. Where that is off a token is good in
 * whosever hands it is.
 *
 * @see RFC 9449 §7
 */
export function possessionCheck(config: Config, node: NodeServices): CheckPossession {
  const { proof_of_possession_dpop: demand } = config
  if (demand === 'off') return async (_exchange, _presented, outcome) => outcome
  const check = proofChecker(node, config.dpop_proof_lifetime)

  return async ({ request }, { token, scheme }, outcome) => {
    if (outcome === undefined || 'refused' in outcome) return outcome
    const thumbprint = boundTo(outcome)
    if (thumbprint === undefined)
      return demand === 'optional' && scheme !== 'dpop'
        ? outcome
        : refused('token-unbound', 'the token is not bound to a key')
    // Otherwise whoever stole it could use it where nobody asks for a proof.
    if (scheme !== 'dpop') return refused('dpop-missing', 'the token is bound, and came as another')
    const fault = await check({
      proofs: request.headerValues('dpop'),
      method: request.method,
      url: ownUrl(request, request.rawPath),
      accessToken: token,
      thumbprint,
    })
    return fault === undefined ? outcome : refused('dpop-invalid', `the token: ${fault}`)
  }
}

function boundTo({ accessClaims, introspection }: Found): string | undefined {
  const confirmation = (introspection ?? accessClaims)?.['cnf']
  const thumbprint = isJsonObject(confirmation) ? confirmation['jkt'] : undefined
  return typeof thumbprint === 'string' ? thumbprint : undefined
}
