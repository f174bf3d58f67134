import type { EntitySet, PluginEntity, Route, Service } from '../entities/entity.ts'

/** Plugins that ask who is there before a request goes on. */
const AUTHENTICATING = new Set([
  'jwt',
  'key-auth',
  'basic-auth',
  'hmac-auth',
  'oauth2',
  'ldap-auth',
  'session',
])

/** What is allowed and most likely not meant: open routes, tokens that never expire, idle parts. */
export function findWarnings(entities: EntitySet): readonly string[] {
  const plugins = ((entities['plugins'] ?? []) as readonly PluginEntity[]).filter(
    ({ enabled }) => enabled,
  )
  const services = (entities['services'] ?? []) as readonly Service[]
  const routes = (entities['routes'] ?? []) as readonly Route[]
  return [
    ...openRoutes(routes, plugins),
    ...endlessTokens(plugins, entities),
    ...idleServices(services, routes),
  ]
}

function openRoutes(routes: readonly Route[], plugins: readonly PluginEntity[]): readonly string[] {
  const guards = plugins.filter(({ name, consumer }) => AUTHENTICATING.has(name) && !consumer)
  const isGuarded = (route: Route) =>
    guards.some(
      (guard) =>
        (!guard.route || guard.route.id === route.id) &&
        (!guard.service || guard.service.id === route.service?.id),
    )
  return routes
    .filter((route) => !isGuarded(route))
    .map((route) => `route "${nameOf(route)}" has no authentication: open to everyone`)
}

function endlessTokens(plugins: readonly PluginEntity[], entities: EntitySet): readonly string[] {
  return plugins
    .filter(
      ({ name, config }) => name === 'jwt' && !listOf(config['claims_to_verify']).includes('exp'),
    )
    .map(
      (plugin) => `jwt on ${placeOf(plugin, entities)} does not check exp: its tokens never expire`,
    )
}

function idleServices(services: readonly Service[], routes: readonly Route[]): readonly string[] {
  const used = new Set(routes.flatMap(({ service }) => service?.id ?? []))
  return services
    .filter(({ id }) => !used.has(id))
    .map((service) => `service "${nameOf(service)}" has no route: nothing reaches it`)
}

function placeOf({ route, service }: PluginEntity, entities: EntitySet): string {
  const kind = route ? 'routes' : 'services'
  const id = (route ?? service)?.id
  const row = entities[kind]?.find((candidate) => candidate.id === id)
  return row === undefined ? 'all routes' : `"${nameOf(row)}"`
}

function nameOf(row: { readonly id: string; readonly name?: unknown }): string {
  return typeof row.name === 'string' ? row.name : row.id
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
