import type { Ask, Found, Outcome } from './found.ts'
import { refused } from './found.ts'
import { claimText } from './claims.ts'
import type { Parts } from './token-checks.ts'
import { trustedClaims } from './tokens.ts'

/**
 * Adds the ID token that a client has sent beside its credentials, where `id_token_param_name` says
 * where. It tells who the user is, so it must be of the provider, for one of the clients, and about
 * the user of the access token: what says of none goes with nobody's ID token.
 */
export function idTokenParam(parts: Parts): (ask: Ask, outcome: Outcome) => Promise<Outcome> {
  const { config, checks, clients } = parts
  const ids = clients.map(({ id }) => id)

  async function add(found: Found, ask: Ask): Promise<Outcome> {
    const presented = await ask.credentials.idToken()
    if (presented === undefined) return found
    const { value: idToken, hide } = presented
    const verified = await checks.verify(idToken)
    if ('fault' in verified) return refused('id-token-invalid', `the ID token: ${verified.fault}`)
    const { aud, sub } = verified.claims
    const audience = Array.isArray(aud) ? aud : [aud]
    if (!ids.some((id) => audience.includes(id)))
      return refused('id-token-invalid', 'the ID token is for none of the clients (client_id)')
    const subject = claimText([found.introspection, found.accessClaims, found.userInfo], ['sub'])
    if (subject === undefined)
      return refused('id-token-invalid', 'nothing tells whose the access token is beside it (sub)')
    if (subject !== sub)
      return refused('id-token-invalid', 'the ID token is about another user than the access token')
    return {
      ...found,
      tokens: { ...found.tokens, idToken },
      hide() {
        found.hide()
        hide()
      },
    }
  }

  return async (ask, outcome) => {
    const isWanted =
      config.id_token_param_name !== undefined &&
      outcome !== undefined &&
      !('refused' in outcome) &&
      outcome.session === undefined &&
      // What the provider itself has given counts.
      trustedClaims(outcome.tokens.idToken) === undefined
    if (isWanted) return add(outcome, ask)
    ask.credentials.hideUnseenIdToken()
    return outcome
  }
}
