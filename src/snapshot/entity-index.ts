import type { Consumer, Entity, EntityKind, EntitySet } from '../entities/entity.ts'
import type { EntityLookup } from '../plugin-kit/plugin.ts'

type Rows = readonly Entity[]

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const NO_ROWS: Rows = []

/**
 * Indexes the entities by id, by field and by parent. An index is made when first asked for, and
 * those that authentication asks for are made at once, so that no request waits for one.
 *
 * @param kinds whose unique fields and parents are indexed at once
 */
export function indexEntities(entities: EntitySet, kinds: readonly EntityKind[]): EntityLookup {
  const byField = new Map<string, ReadonlyMap<unknown, Entity>>()
  const byParent = new Map<string, ReadonlyMap<string, Rows>>()
  const rows = (kind: string): Rows =>
    Object.hasOwn(entities, kind) ? (entities[kind] ?? NO_ROWS) : NO_ROWS

  function fieldIndex(kind: string, field: string): ReadonlyMap<unknown, Entity> {
    const name = `${kind}.${field}`
    let index = byField.get(name)
    if (index === undefined) byField.set(name, (index = indexField(rows(kind), field)))
    return index
  }

  function parentIndex(kind: string, field: string): ReadonlyMap<string, Rows> {
    const name = `${kind}.${field}`
    let index = byParent.get(name)
    if (index === undefined) byParent.set(name, (index = indexParents(rows(kind), field)))
    return index
  }

  const byId = (kind: string, id: string): Entity | undefined => fieldIndex(kind, 'id').get(id)
  const consumer = (id: string): Consumer | undefined =>
    byId('consumers', id) as Consumer | undefined

  for (const kind of kinds) {
    fieldIndex(kind.name, 'id')
    for (const [field, spec] of Object.entries(kind.fields))
      if (spec.type === 'foreign') parentIndex(kind.name, field)
      else if (spec.unique === true || field === kind.endpointKey) fieldIndex(kind.name, field)
  }

  return {
    rows,
    byId,
    consumer,
    by: (kind, field, value) => fieldIndex(kind, field).get(value),
    referring: (kind, field, parentId) => parentIndex(kind, field).get(parentId) ?? NO_ROWS,
    consumerByIdOrUsername: (value) =>
      (UUID.test(value) ? consumer(value) : undefined) ??
      (fieldIndex('consumers', 'username').get(value) as Consumer | undefined),
  }
}

/** The first of rows with the same value counts; where a field is unique there is only one. */
function indexField(rows: Rows, field: string): ReadonlyMap<unknown, Entity> {
  const index = new Map<unknown, Entity>()
  for (const row of rows) {
    const value = row[field]
    if (value !== null && value !== undefined && !index.has(value)) index.set(value, row)
  }
  return index
}

function indexParents(rows: Rows, field: string): ReadonlyMap<string, Rows> {
  const index = new Map<string, Entity[]>()
  for (const row of rows) {
    const id = (row[field] as { readonly id?: unknown } | null | undefined)?.id
    if (typeof id !== 'string') continue
    const siblings = index.get(id)
    if (siblings === undefined) index.set(id, [row])
    else siblings.push(row)
  }
  return index
}
