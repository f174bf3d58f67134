import type { Catalog } from './catalog.ts'
import type { Entity, EntityKind } from './entity.ts'

/** Finds a row that another one refers to. */
export type FindRow = (kind: string, id: string) => Entity | undefined

/** What people call an entity. */
export type EntityNamer = (kind: string, row: Entity) => string

/** Kinds whose rows are named by a secret. */
const SECRET_NAMES = new Set(['keyauth_credentials', 'oauth2_tokens', 'sessions'])
/** What tells rows without a name of their own from each other, best first. */
const TELLING_FIELDS = ['custom_id', 'group', 'kid', 'paths', 'hosts', 'snis', 'headers', 'methods']
/** Plugins, key sets and the like are named by whom they belong to, and no further up. */
const MAX_DEPTH = 2

/**
 * Names entities by what they are and whose they are: `service "orders"`, `plugin jwt on route
 * "read"`, `target "10.0.0.1:80" of upstream "orders"`. A name never shows a secret.
 */
export function entityNamer(catalog: Pick<Catalog, 'kind'>, find: FindRow): EntityNamer {
  const name = (kind: EntityKind | undefined, row: Entity, depth: number): string => {
    if (kind === undefined) return row.id
    const noun = singular(kind.name)
    if (kind.name === 'plugins') return `${noun} ${pluginLabel(row)}${scopeOf(kind, row, depth)}`
    return `${noun} ${labelOf(kind, row)}${ownerOf(kind, row, depth)}`
  }
  const parents = (kind: EntityKind, row: Entity, fields: readonly string[], depth: number) =>
    fields.flatMap((field): readonly string[] => {
      const spec = kind.fields[field]
      const id = referredId(row[field])
      if (spec?.type !== 'foreign' || id === undefined || depth >= MAX_DEPTH) return []
      const parent = find(spec.reference, id)
      return parent === undefined
        ? [`${singular(spec.reference)} ${id}`]
        : [name(catalog.kind(spec.reference), parent, depth + 1)]
    })
  const scopeOf = (kind: EntityKind, row: Entity, depth: number): string => {
    const scopes = parents(kind, row, ['route', 'service', 'consumer'], depth)
    return scopes.length === 0 ? ' on everything' : ` on ${scopes.join(' for ')}`
  }
  const ownerOf = (kind: EntityKind, row: Entity, depth: number): string =>
    parents(kind, row, ownersOf(kind), depth)
      .slice(0, 1)
      .map((owner) => ` of ${owner}`)
      .join('')
  return (kind, row) => name(catalog.kind(kind), row, 0)
}

/** `services` → `service`, `jwt_secrets` → `jwt secret`. */
export function singular(kind: string): string {
  return kind.replace(/s$/, '').replaceAll('_', ' ')
}

/** @returns the id in a reference */
export function referredId(value: unknown): string | undefined {
  const id = (value as { readonly id?: unknown } | null | undefined)?.id
  return typeof id === 'string' ? id : undefined
}

/** What a row cannot be without: the consumer of a credential, the upstream of a target. */
function ownersOf(kind: EntityKind): readonly string[] {
  return Object.entries(kind.fields).flatMap(([field, spec]) =>
    spec.type === 'foreign' && (spec.required === true || kind.name === 'keys') ? [field] : [],
  )
}

function pluginLabel({ name, instance_name: instance }: Entity): string {
  return typeof instance === 'string' ? `${String(name)} "${instance}"` : String(name)
}

function labelOf(kind: EntityKind, row: Entity): string {
  if (SECRET_NAMES.has(kind.name)) return row.id
  const key = kind.endpointKey === undefined ? undefined : row[kind.endpointKey]
  if (typeof key === 'string') return JSON.stringify(key)
  for (const field of TELLING_FIELDS) {
    const value = row[field]
    if (typeof value === 'string') return JSON.stringify(value)
    if (Array.isArray(value) && value.length > 0) return `with ${field} ${value.join(', ')}`
  }
  return row.id
}
