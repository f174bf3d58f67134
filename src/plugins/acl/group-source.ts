import type { Entity, Foreign } from '../../entities/entity.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { EntityLookup, PluginContext } from '../../plugin-kit/plugin.ts'

/** Groups of whoever sent the request, and where they are from. */
export type GroupSource =
  | { readonly from: 'consumer' | 'authentication'; readonly groups: readonly string[] }
  /** Nobody was identified. */
  | { readonly from: 'nobody' }
  /** Somebody was, but nothing says in which groups he is. */
  | { readonly from: 'nowhere' }

/**
 * Where the groups come from: from the consumer, or from an authentication that brought its own. The
 * latter wins for an anonymous consumer, for none, and where it always shall.
 *
 * @param prefersAuthenticated `always_use_authenticated_groups`
 */
export function groupSource(
  exchange: Exchange,
  context: Pick<PluginContext, 'entities' | 'node'>,
  prefersAuthenticated: boolean,
): GroupSource {
  const { credential } = exchange
  const consumerId = exchange.consumer?.id ?? ownerOf(credential?.entity)
  const isIdentified = credential !== undefined
  if (consumerId === undefined || !isIdentified || prefersAuthenticated) {
    const groups = authenticatedGroups(exchange)
    if (groups !== undefined) return { from: 'authentication', groups }
  }
  if (consumerId === undefined) return { from: isIdentified ? 'nowhere' : 'nobody' }
  const groups = consumerGroups(context.entities, consumerId)
  return { from: 'consumer', groups: withSourced(groups, exchange, context) }
}

/** With those that came with the consumer, if it came from elsewhere than the configuration. */
function withSourced(
  groups: readonly string[],
  { consumer }: Exchange,
  { node: { consumerSource } }: Pick<PluginContext, 'node'>,
): readonly string[] {
  if (consumerSource === undefined || consumer === undefined) return groups
  return [...new Set([...groups, ...(consumerSource.groupsOf(consumer) ?? [])])]
}

function consumerGroups(entities: EntityLookup, consumerId: string): readonly string[] {
  return entities.referring('acls', 'consumer', consumerId).map(({ group }) => group as string)
}

/** The names another plugin has put into the shared values. */
function authenticatedGroups({ shared }: Exchange): readonly string[] | undefined {
  const groups = shared.get('authenticated_groups')
  if (!Array.isArray(groups)) return undefined
  return groups.filter((group): group is string => typeof group === 'string')
}

function ownerOf(credential: Entity | undefined): string | undefined {
  return (credential?.['consumer'] as Foreign | null | undefined)?.id
}
