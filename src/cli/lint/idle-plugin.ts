import type { PluginEntity } from '../../entities/entity.ts'
import { AUTHENTICATING, nameOf, placeOf, type LintedConfig, type Rule } from './rule.ts'

/** Plugins that no request ever comes to. */
export const idlePlugin: Rule = {
  code: 'idle-plugin',
  find: (config) =>
    config.plugins.flatMap((plugin) => {
      const reason = reasonOf(plugin, config)
      if (reason === undefined) return []
      const message = `${plugin.name} on ${placeOf(plugin, config)} never runs: ${reason.why}`
      return [{ kind: 'plugins', id: plugin.id, message, fix: reason.fix }]
    }),
}

interface Reason {
  readonly why: string
  readonly fix: string
}

function reasonOf(plugin: PluginEntity, config: LintedConfig): Reason | undefined {
  return (
    withoutConsumer(plugin, config) ??
    withoutProtocol(plugin, config) ??
    withoutRoute(plugin, config) ??
    withoutTurn(plugin, config)
  )
}

function withoutConsumer({ consumer }: PluginEntity, config: LintedConfig): Reason | undefined {
  if (!consumer || config.plugins.some(({ name }) => AUTHENTICATING.has(name))) return undefined
  return {
    why: 'it is for a consumer, and no plugin finds out who is there',
    fix: 'add a plugin that authenticates, or remove its consumer',
  }
}

function withoutProtocol(plugin: PluginEntity, { routes }: LintedConfig): Reason | undefined {
  const route = routes.find(({ id }) => id === plugin.route?.id)
  if (route === undefined || route.protocols.some((name) => plugin.protocols.includes(name)))
    return undefined
  return {
    why: `it is for ${plugin.protocols.join(', ')}, its route for ${route.protocols.join(', ')}`,
    fix: 'give both a protocol in common',
  }
}

function withoutRoute({ service }: PluginEntity, { routes }: LintedConfig): Reason | undefined {
  if (!service || routes.some((route) => route.service?.id === service.id)) return undefined
  return { why: 'no route leads to its service', fix: 'add a route to the service' }
}

/** Of several plugins with one name only that of the narrowest scope runs. */
function withoutTurn(plugin: PluginEntity, { routes, plugins }: LintedConfig): Reason | undefined {
  const { service } = plugin
  if (!service || plugin.route || plugin.consumer) return undefined
  const isNarrower = ({ name, route, consumer }: PluginEntity, id: string) =>
    name === plugin.name && route?.id === id && !consumer
  const own = routes.filter((route) => route.service?.id === service.id)
  if (!own.every(({ id }) => plugins.some((other) => isNarrower(other, id)))) return undefined
  return {
    why: `each route of its service has one of its own (${own.map((route) => `"${nameOf(route)}"`).join(', ')})`,
    fix: 'remove it, or those of the routes',
  }
}
