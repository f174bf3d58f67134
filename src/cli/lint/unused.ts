import type { Entity } from '../../entities/entity.ts'
import { nameOf, type LintedConfig, type Rule } from './rule.ts'

export const unusedService: Rule = {
  code: 'unused-service',
  find: ({ services, routes }) => {
    const used = new Set(routes.flatMap(({ service }) => service?.id ?? []))
    return services
      .filter(({ id }) => !used.has(id))
      .map((service) => ({
        kind: 'services',
        id: service.id,
        message: `service "${nameOf(service)}" has no route: nothing reaches it`,
        fix: 'add a route to it, or remove it',
      }))
  },
}

/** Consumers as whom nobody can come. */
export const unusedConsumer: Rule = {
  code: 'unused-consumer',
  find: (config) => {
    const known = new Set([...withCredentials(config), ...anonymousOnes(config)])
    const isReachable = ({ id, username, custom_id: other }: Entity) =>
      known.has(id) || known.has(String(username)) || typeof other === 'string'
    return (config.entities['consumers'] ?? [])
      .filter((consumer) => !isReachable(consumer))
      .map((consumer) => ({
        kind: 'consumers',
        id: consumer.id,
        message: `consumer "${nameOf(consumer)}" has no credential: nobody can be it`,
        fix: 'give it a credential, or remove it',
      }))
  },
}

/** Memberships and plugins are no way to come as somebody. */
const NO_CREDENTIALS = new Set(['plugins', 'acls'])

function withCredentials({ entities }: LintedConfig): readonly string[] {
  return Object.entries(entities).flatMap(([kind, rows]) =>
    NO_CREDENTIALS.has(kind)
      ? []
      : rows.flatMap(({ consumer }) => (consumer as { readonly id: string } | null)?.id ?? []),
  )
}

/** Ids and names of consumers as whom those come who prove nothing, or whom a directory knows. */
function anonymousOnes({ plugins }: LintedConfig): readonly string[] {
  return plugins.flatMap(({ config: { anonymous } }) =>
    typeof anonymous === 'string' ? [anonymous] : [],
  )
}

/** Upstreams that services use and that lead nowhere. */
export const emptyUpstream: Rule = {
  code: 'empty-upstream',
  find: ({ entities, services }) => {
    const weights = new Map<string, number>()
    for (const { upstream, weight } of entities['targets'] ?? []) {
      const { id } = upstream as { readonly id: string }
      weights.set(id, (weights.get(id) ?? 0) + Number(weight))
    }
    const hosts = new Set(services.map(({ host }) => host))
    return (entities['upstreams'] ?? [])
      .filter(({ id, name }) => hosts.has(String(name)) && !weights.get(id))
      .map((upstream) => ({
        kind: 'upstreams',
        id: upstream.id,
        message: `upstream "${nameOf(upstream)}" has no target with a weight: its requests are answered 503`,
        fix: 'add a target to it',
      }))
  },
}
