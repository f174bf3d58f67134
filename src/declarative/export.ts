import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntityKind, EntitySet } from '../entities/entity.ts'
import { writtenTtl } from './time-to-live.ts'
import { writeYaml } from './yaml/write-yaml.ts'

/** What belongs to a running node or cluster and not to its configuration. */
const NOT_EXPORTED = new Set([
  'workspaces',
  'clustering_data_planes',
  'sessions',
  'session_metadatas',
  'oauth2_authorization_codes',
  'ratelimiting_metrics',
])

/**
 * Writes entities as a declarative configuration: flat, complete, nulls included, references as
 * ids, and times to live as the time at which they end. Reading it back gives the same entities.
 */
export function exportDeclarative(entities: EntitySet, catalog: Catalog): string {
  return writeYaml(exportedDocument(entities, catalog))
}

/** The same, before it is a text. */
export function exportedDocument(
  entities: EntitySet,
  catalog: Catalog,
): Readonly<Record<string, unknown>> {
  const document: Record<string, unknown> = { _format_version: '3.0', _transform: false }
  for (const kind of catalog.kinds()) {
    const rows = entities[kind.name] ?? []
    if (rows.length === 0 || NOT_EXPORTED.has(kind.name)) continue
    document[kind.name] = rows.map((row) => exported(kind, row, catalog))
  }
  return document
}

function exported(kind: EntityKind, row: Entity, catalog: Catalog): Record<string, unknown> {
  const shown: Record<string, unknown> = { ...catalog.present(kind.name, row) }
  for (const [name, field] of Object.entries(kind.fields)) {
    const value = shown[name]
    if (field.type === 'foreign' && typeof value === 'object' && value !== null)
      shown[name] = (value as { readonly id: string }).id
  }
  const ttl = kind.hasTtl === true ? writtenTtl(row) : undefined
  if (ttl !== undefined) shown['ttl'] = ttl
  return shown
}
