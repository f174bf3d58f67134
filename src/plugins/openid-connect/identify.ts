import { createHash } from 'node:crypto'
import type { Consumer } from '../../entities/entity.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { consumerFinder } from '../../plugin-kit/named-consumer.ts'
import type { PluginContext } from '../../plugin-kit/plugin.ts'
import { claimText, claimWords, type ClaimSources } from './claims.ts'
import type { Config } from './schema.ts'

/**
 * Says who the client is: the consumer that a claim names, and the credential that another one
 * stands for.
 *
 * @returns why not, where there must be a consumer and is none, or nobody can tell
 */
export type Identify = (
  exchange: Exchange,
  sources: ClaimSources,
  token: string | undefined,
) => Promise<{ readonly why: string } | 'unavailable' | undefined>

export function identifier(
  config: Config,
  context: Pick<PluginContext, 'entities' | 'node'>,
): Identify {
  const { consumer_claim: consumerClaim, authenticated_groups_claim: groupsClaim } = config
  const findConsumer = consumerFinder(
    { by: config.consumer_by, ignoresCaseOfUsernames: config.by_username_ignore_case },
    context,
  )

  async function findNamed(sources: ClaimSources): Promise<Consumer | undefined | 'unavailable'> {
    const named = consumerClaim && claimText(sources, consumerClaim)
    if (named === undefined) return undefined
    const answer = await findConsumer(named)
    if (answer.kind === 'none') return undefined
    return answer.kind === 'unavailable' ? answer.kind : answer.consumer
  }

  return async (exchange, sources, token) => {
    const consumer = await findNamed(sources)
    if (consumer === 'unavailable') return consumer
    if (consumerClaim !== undefined && consumer === undefined && !config.consumer_optional)
      return { why: `no consumer is found by the claim ${JSON.stringify(consumerClaim.join('.'))}` }
    const id =
      claimText(sources, config.credential_claim) ?? consumer?.id ?? substituteId(sources, token)
    exchange.authenticate({
      consumer,
      credential: { id, ...(consumer !== undefined && { consumerId: consumer.id }) },
      credentialIdentifier: id,
      token,
    })
    if (groupsClaim !== undefined)
      exchange.shared.set('authenticated_groups', [...claimWords(sources, groupsClaim)])
    return undefined
  }
}

/**
 * There must be a credential, or the request would count as not authenticated: tokens of clients need
 * not name a subject.
 */
function substituteId(sources: ClaimSources, token: string | undefined): string {
  return (
    claimText(sources, ['client_id']) ??
    claimText(sources, ['azp']) ??
    createHash('sha256')
      .update(token ?? '')
      .digest('base64url')
  )
}
