import { readYaml } from '../../declarative/yaml/compose.ts'
import { Places, type RepeatedKey } from '../../declarative/yaml/places.ts'
import type { Entity, EntitySet, PluginEntity, Route, Service } from '../../entities/entity.ts'
import type { RouteFinder } from '../../gateway/route-finder.ts'

/** Something allowed that is most likely not meant, what it is about, and what to do. */
export interface Warning {
  /** Of the entity, where it is about one. */
  readonly kind?: string
  readonly id?: string
  /** 1-based; of what is in the text alone. Where entities stand is found by their ids. */
  readonly line?: number
  readonly column?: number
  readonly message: string
  readonly fix: string
}

/** A way in which a configuration can be other than meant. Its page is `docs/lint/<code>.md`. */
export interface Rule {
  /** Never changes: it stands in comments and scripts. */
  readonly code: string
  find(config: LintedConfig): readonly Warning[]
}

/** What rules look at. */
export interface LintedConfig {
  readonly entities: EntitySet
  readonly services: readonly Service[]
  readonly routes: readonly Route[]
  /** Those that are not switched off. */
  readonly plugins: readonly PluginEntity[]
  readonly findRoute: RouteFinder
  readonly repeatedKeys: readonly RepeatedKey[]
}

/**
 * @param findRoute of the same entities
 * @param text from which they were read
 */
export function lintedConfig(
  entities: EntitySet,
  findRoute: RouteFinder,
  text: string,
): LintedConfig {
  const found = new Places()
  readYaml(text, found)
  const plugins = (entities['plugins'] ?? []) as readonly PluginEntity[]
  return {
    entities,
    services: (entities['services'] ?? []) as readonly Service[],
    routes: (entities['routes'] ?? []) as readonly Route[],
    plugins: plugins.filter(({ enabled }) => enabled),
    findRoute,
    repeatedKeys: found.repeated,
  }
}

/** Plugins that ask who is there before a request goes on. */
export const AUTHENTICATING: ReadonlySet<string> = new Set([
  'jwt',
  'key-auth',
  'basic-auth',
  'hmac-auth',
  'oauth2',
  'ldap-auth',
  'openid-connect',
  'session',
])

export function nameOf(row: Entity): string {
  const { name, username } = row
  return typeof name === 'string' ? name : typeof username === 'string' ? username : row.id
}

/** Where a plugin is bound, for a sentence: `"orders"`, or everywhere. */
export function placeOf({ route, service }: PluginEntity, { entities }: LintedConfig): string {
  const kind = route ? 'routes' : 'services'
  const id = (route ?? service)?.id
  const row = entities[kind]?.find((candidate) => candidate.id === id)
  return row === undefined ? 'all routes' : `"${nameOf(row)}"`
}
