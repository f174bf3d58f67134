import type { PluginEntity, Route } from '../../entities/entity.ts'
import { AUTHENTICATING, nameOf, type Rule } from './rule.ts'

/** Routes on which no plugin asks who is there. */
export const openRoute: Rule = {
  code: 'open-route',
  find: ({ routes, plugins }) => {
    const guards = plugins.filter(({ name, consumer }) => AUTHENTICATING.has(name) && !consumer)
    return routes
      .filter((route) => isHttp(route) && !guards.some((guard) => isOn(guard, route)))
      .map((route) => ({
        kind: 'routes',
        id: route.id,
        message: `route "${nameOf(route)}" has no authentication: open to everyone`,
        fix: 'add a plugin such as jwt or key-auth to it or to its service',
      }))
  },
}

function isOn({ route: own, service }: PluginEntity, route: Route): boolean {
  return (!own || own.id === route.id) && (!service || service.id === route.service?.id)
}

/** Plugins that authenticate do not run on other protocols. */
function isHttp({ protocols }: Route): boolean {
  return protocols.some((protocol) => /^(?:http|grpc)/.test(protocol))
}
