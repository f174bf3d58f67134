import { atOnce, type Steps } from '../base/steps.ts'
import type { Consumer, Entity, EntityKind, EntitySet } from '../entities/entity.ts'
import type { EntityLookup } from '../plugin-kit/plugin.ts'
import {
  changedField,
  changedParents,
  indexField,
  indexParents,
  type FieldIndex,
  type ParentIndex,
} from './field-index.ts'
import { rowChanges } from './row-changes.ts'

type Rows = readonly Entity[]

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const NO_ROWS: Rows = []

/** An {@link EntityLookup} that another can be made from. */
export interface EntityIndex extends EntityLookup {
  /**
   * The index of entities of which most are the same, row by row. Both must have their rows in
   * ascending order of id.
   *
   * @param kinds whose unique fields and parents are indexed at once
   */
  changed(entities: EntitySet, kinds: readonly EntityKind[]): EntityIndex
}

/** What is known of the look-ups between `watchLookups` and `end`. */
export interface LookupWatch {
  /** Whether anything was looked up since this was last asked. */
  wasAsked(): boolean
  end(): void
}

/**
 * Watches what is looked up, until `end`. The lookup stays the same object, by which some know the
 * configuration, and afterwards is as it was, so that requests pay nothing for it.
 *
 * @param lookup changed in place
 */
export function watchLookups(lookup: EntityLookup): LookupWatch {
  const before: Readonly<Record<string, unknown>> = { ...lookup }
  let isAsked = false
  for (const [name, find] of Object.entries(before)) {
    if (typeof find !== 'function') continue
    const watched = (...given: unknown[]): unknown => {
      isAsked = true
      return Reflect.apply(find, lookup, given)
    }
    Reflect.set(lookup, name, watched)
  }
  return {
    wasAsked() {
      const was = isAsked
      isAsked = false
      return was
    },
    end: () => void Object.assign(lookup, before),
  }
}

/** Indexes by `kind.field`. */
interface Indexes {
  readonly byField: Map<string, FieldIndex>
  readonly byParent: Map<string, ParentIndex>
}

/**
 * Indexes the entities by id, by field and by parent. An index is made when first asked for, and
 * those that authentication asks for are made at once, so that no request waits for one.
 *
 * @param kinds whose unique fields and parents are indexed at once
 */
export function indexEntities(entities: EntitySet, kinds: readonly EntityKind[]): EntityIndex {
  return atOnce(indexSteps(entities, kinds))
}

/** As {@link indexEntities}, for very many entities. */
export function indexSteps(entities: EntitySet, kinds: readonly EntityKind[]): Steps<EntityIndex> {
  return indexOver(entities, kinds, { byField: new Map(), byParent: new Map() })
}

/** @param made what is known of the entities already; grows */
function* indexOver(
  entities: EntitySet,
  kinds: readonly EntityKind[],
  made: Indexes,
): Steps<EntityIndex> {
  const { byField, byParent } = made
  const rows = (kind: string): Rows => rowsOf(entities, kind)

  function fieldIndex(kind: string, field: string): FieldIndex {
    const name = `${kind}.${field}`
    let index = byField.get(name)
    if (index === undefined) byField.set(name, (index = indexField(rows(kind), field)))
    return index
  }

  function parentIndex(kind: string, field: string): ParentIndex {
    const name = `${kind}.${field}`
    let index = byParent.get(name)
    if (index === undefined) byParent.set(name, (index = indexParents(rows(kind), field)))
    return index
  }

  const byId = (kind: string, id: string): Entity | undefined => fieldIndex(kind, 'id').get(id)
  const consumer = (id: string): Consumer | undefined =>
    byId('consumers', id) as Consumer | undefined

  for (const kind of kinds) {
    for (const field of fieldsToIndex(kind)) {
      fieldIndex(kind.name, field)
      yield
    }
    for (const field of parentsToIndex(kind)) {
      parentIndex(kind.name, field)
      yield
    }
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
    changed: (next, nextKinds) =>
      atOnce(indexOver(next, nextKinds, changedIndexes(made, { entities, next, kinds }))),
  }
}

function rowsOf(entities: EntitySet, kind: string): Rows {
  return Object.hasOwn(entities, kind) ? (entities[kind] ?? NO_ROWS) : NO_ROWS
}

function fieldsToIndex({ fields, endpointKey }: EntityKind): readonly string[] {
  const unique = Object.entries(fields).filter(
    ([name, spec]) => spec.type !== 'foreign' && (spec.unique === true || name === endpointKey),
  )
  return ['id', ...unique.map(([name]) => name)]
}

function parentsToIndex({ fields }: EntityKind): readonly string[] {
  return Object.entries(fields).flatMap(([name, { type }]) => (type === 'foreign' ? [name] : []))
}

interface Step {
  readonly entities: EntitySet
  readonly next: EntitySet
  readonly kinds: readonly EntityKind[]
}

/** What still holds of indexes, and what is cheap to bring up to date. */
function changedIndexes(made: Indexes, { entities, next, kinds }: Step): Indexes {
  const isSame = (name: string): boolean => {
    const kind = name.slice(0, name.indexOf('.'))
    return rowsOf(entities, kind) === rowsOf(next, kind)
  }
  const byField = new Map([...made.byField].filter(([name]) => isSame(name)))
  const byParent = new Map([...made.byParent].filter(([name]) => isSame(name)))
  for (const kind of kinds) {
    const [before, after] = [rowsOf(entities, kind.name), rowsOf(next, kind.name)]
    if (before === after) continue
    const changes = rowChanges(before, after)
    for (const field of fieldsToIndex(kind)) {
      const name = `${kind.name}.${field}`
      const isUnique = field === 'id' || kind.fields[field]?.unique === true
      const index = isUnique ? changedField(made.byField.get(name)!, field, changes) : undefined
      if (index !== undefined) byField.set(name, index)
    }
    for (const field of parentsToIndex(kind)) {
      const name = `${kind.name}.${field}`
      const index = changedParents(made.byParent.get(name)!, field, changes)
      if (index !== undefined) byParent.set(name, index)
    }
  }
  return { byField, byParent }
}
