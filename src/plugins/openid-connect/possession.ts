import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { possessionCheck } from '../../plugin-kit/possession/possession.ts'
import { clusterRedis } from './cluster-fields.ts'
import { sharedSecret } from './cookie-settings.ts'
import type { AccessToken } from './credentials.ts'
import type { Outcome } from './found.ts'
import type { Config } from './schema.ts'

/** Looks whether a client may use the token that it has brought. */
export type HoldToPossession = (
  exchange: Exchange,
  presented: AccessToken,
  outcome: Outcome,
) => Outcome | Promise<Outcome>

/** Holds clients to the keys and certificates that their tokens are bound to, as a config demands. */
export function possessionRule(config: Config, node: NodeServices): HoldToPossession {
  const check = possessionCheck(
    {
      plugin: 'openid-connect',
      dpop: config.proof_of_possession_dpop,
      mtls: config.proof_of_possession_mtls,
      proofLifetimeSeconds: config.dpop_proof_lifetime,
      usesNonce: config.dpop_use_nonce,
      nonceSecret: sharedSecret(config),
      redis: clusterRedis(config),
    },
    node,
  )
  if (check === undefined) return (_exchange, _presented, outcome) => outcome

  return async ({ request }, { token, scheme }, outcome) => {
    if (outcome === undefined || 'refused' in outcome) return outcome
    const { cnf: confirmation } = outcome.introspection ?? outcome.accessClaims ?? {}
    const fault = await check(request, { token, scheme, confirmation })
    if (fault === undefined) return outcome
    const { code, why, nonce } = fault
    return { code, refused: why, ...(nonce !== undefined && { nonce }) }
  }
}
