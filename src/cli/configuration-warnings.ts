import type { Entity, EntitySet, PluginEntity, Route, Service } from '../entities/entity.ts'

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

/** Something allowed that is most likely not meant, and the entity it is about. */
export interface ConfigurationWarning {
  readonly kind: string
  readonly id: string
  readonly message: string
}

/** Open routes, tokens that never expire, secrets that can be guessed, parts that nothing reaches. */
export function findWarnings(entities: EntitySet): readonly ConfigurationWarning[] {
  const plugins = ((entities['plugins'] ?? []) as readonly PluginEntity[]).filter(
    ({ enabled }) => enabled,
  )
  const services = (entities['services'] ?? []) as readonly Service[]
  const routes = (entities['routes'] ?? []) as readonly Route[]
  return [
    ...openRoutes(routes, plugins),
    ...endlessTokens(plugins, entities),
    ...shortSecrets(entities['jwt_secrets'] ?? []),
    ...idleServices(services, routes),
  ]
}

function openRoutes(
  routes: readonly Route[],
  plugins: readonly PluginEntity[],
): readonly ConfigurationWarning[] {
  const guards = plugins.filter(({ name, consumer }) => AUTHENTICATING.has(name) && !consumer)
  const isGuarded = (route: Route) =>
    guards.some(
      (guard) =>
        (!guard.route || guard.route.id === route.id) &&
        (!guard.service || guard.service.id === route.service?.id),
    )
  return routes
    .filter((route) => !isGuarded(route))
    .map((route) => ({
      kind: 'routes',
      id: route.id,
      message: `route "${nameOf(route)}" has no authentication: open to everyone`,
    }))
}

function endlessTokens(
  plugins: readonly PluginEntity[],
  entities: EntitySet,
): readonly ConfigurationWarning[] {
  return plugins
    .filter(
      ({ name, config }) => name === 'jwt' && !listOf(config['claims_to_verify']).includes('exp'),
    )
    .map((plugin) => ({
      kind: 'plugins',
      id: plugin.id,
      message: `jwt on ${placeOf(plugin, entities)} does not check exp: its tokens never expire`,
    }))
}

/** Bytes of the hash; a shorter secret is easier to guess than the hash is to forge. RFC 7518 3.2 */
const LEAST_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }

function shortSecrets(credentials: readonly Entity[]): readonly ConfigurationWarning[] {
  return credentials.flatMap(({ id, key, algorithm, secret }) => {
    const least = LEAST_BYTES[String(algorithm)]
    if (least === undefined || Buffer.byteLength(String(secret)) >= least) return []
    const message = `the secret of jwt key "${String(key)}" is shorter than ${least} bytes: it can be guessed from a token`
    return [{ kind: 'jwt_secrets', id, message }]
  })
}

function idleServices(
  services: readonly Service[],
  routes: readonly Route[],
): readonly ConfigurationWarning[] {
  const used = new Set(routes.flatMap(({ service }) => service?.id ?? []))
  return services
    .filter(({ id }) => !used.has(id))
    .map((service) => ({
      kind: 'services',
      id: service.id,
      message: `service "${nameOf(service)}" has no route: nothing reaches it`,
    }))
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
