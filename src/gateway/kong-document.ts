import type { Catalog } from '../entities/catalog.ts'
import type { EntityKind } from '../entities/entity.ts'
import type { KongDatabase, KongRow } from '../store/kong-database.ts'

/** Entities as a declarative document has them, each beside the id it had in Kong. */
export type KongDocument = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

/** One row that is not taken, and why. */
export interface Skipped {
  readonly kind: string
  readonly id: string
  /** For people to find it by: its name, path or the like. */
  readonly name: string | undefined
  readonly reason: string
}

/** What belongs to a running cluster, which makes it anew by itself. */
const PASSING_KINDS: ReadonlySet<string> = new Set([
  'workspaces',
  'parameters',
  'clustering_data_planes',
  'sessions',
  'session_metadatas',
  'oauth2_authorization_codes',
])

/** Tables that are not called what their entities are. */
const TABLES: ReadonlyMap<string, string> = new Map([['vaults', 'sm_vaults']])

/** The kinds that are taken over, with the tables they are in. */
export function kongTables(catalog: Catalog): ReadonlyMap<string, EntityKind> {
  const kinds = catalog.kinds().filter(({ name }) => !PASSING_KINDS.has(name))
  return new Map(kinds.map((kind) => [TABLES.get(kind.name) ?? kind.name, kind]))
}

/**
 * Writes the rows of one of Kong's workspaces as a declarative document. Passwords in it are hashed
 * already, so it says `_transform: false`.
 *
 * @param workspaceId rows of others are left out
 */
export function kongDocument(
  { tables }: KongDatabase,
  catalog: Catalog,
  { workspaceId, nowSeconds }: { readonly workspaceId: string; readonly nowSeconds: number },
): { readonly document: KongDocument; readonly skipped: readonly Skipped[] } {
  const document: Record<string, Record<string, unknown>[]> = {}
  const skipped: Skipped[] = []
  for (const [table, kind] of kongTables(catalog)) {
    const entities: Record<string, unknown>[] = []
    for (const row of tables.get(table) ?? []) {
      const reason = reasonToSkip(row, kind, { workspaceId, nowSeconds })
      if (reason === undefined) entities.push(entityOf(row, kind))
      else skipped.push({ ...named(kind.name, row), reason })
    }
    if (entities.length > 0) document[kind.name] = entities
  }
  return { document, skipped }
}

export function named(kind: string, row: KongRow): Omit<Skipped, 'reason'> {
  const { name, username, key, target } = row
  // A key is a secret, but for tokens; the id is enough there.
  const text = [name, username, target, kind === 'jwt_secrets' ? key : undefined]
  return { kind, id: String(row['id']), name: text.find((value) => typeof value === 'string') }
}

function reasonToSkip(
  row: KongRow,
  kind: EntityKind,
  { workspaceId, nowSeconds }: { readonly workspaceId: string; readonly nowSeconds: number },
): string | undefined {
  const { ws_id: workspace, ttl: end, type } = row
  if (workspace !== undefined && workspace !== null && workspace !== workspaceId)
    return 'it belongs to another workspace'
  if (kind.hasTtl === true && typeof end === 'number' && end <= nowSeconds)
    return 'its time to live is over'
  // Kong Enterprise keeps its administrators and developers among the consumers.
  if (kind.name === 'consumers' && typeof type === 'number' && type !== 0)
    return 'it is a user of Kong Enterprise, not a consumer'
  const unknown = Object.keys(row).find(
    (column) => row[column] !== null && isUnknownReference(column, kind),
  )
  return unknown === undefined
    ? undefined
    : `it is bound by ${unknown}, without which it would mean something else`
}

function isUnknownReference(column: string, kind: EntityKind): boolean {
  const field = /^(.+)_id$/.exec(column)?.[1]
  return (
    field !== undefined &&
    column !== 'ws_id' &&
    kind.fields[column] === undefined &&
    kind.fields[field]?.type !== 'foreign'
  )
}

/** Columns that Kong derives from others, or that only its Enterprise edition looks at. */
function entityOf(row: KongRow, kind: EntityKind): Record<string, unknown> {
  const entity: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(kind.fields)) {
    const value = field.type === 'foreign' ? row[`${name}_id`] : row[name]
    // Where null is not allowed, Kong reads the default.
    if (value === undefined || (value === null && field.required === true)) continue
    entity[name] = field.type === 'integer' && typeof value === 'number' ? Math.floor(value) : value
  }
  const { ttl: end, created_at: from } = row
  // Kong stores when it ends; a file says how long it lives.
  if (kind.hasTtl === true && typeof end === 'number' && typeof from === 'number')
    entity['ttl'] = Math.round(end - Math.floor(from))
  return entity
}
