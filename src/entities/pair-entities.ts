import type { Catalog } from './catalog.ts'
import type { Entity, EntityKind, EntitySet } from './entity.ts'
import type { RowChange } from './entity-changes.ts'
import { entityNamer, referredId, type EntityNamer, type FindRow } from './entity-name.ts'

/** @returns how rows of a set are found by what refers to them */
export function finderIn(entities: EntitySet): FindRow {
  const rows = new Map(
    Object.entries(entities).flatMap(([kind, list]) =>
      list.map((row): [string, Entity] => [`${kind}/${row.id}`, row]),
    ),
  )
  return (kind, id) => rows.get(`${kind}/${id}`)
}

export interface PairingContext {
  readonly catalog: Pick<Catalog, 'kinds' | 'kind'>
  /** Find what rows of either set refer to, be it in the set or not. */
  readonly findBefore: FindRow
  readonly findAfter: FindRow
}

/**
 * Pairs the entities of two sets that mean the same: by id, else by what makes them one of a kind,
 * since what has no id in a file gets another one each time it is read.
 *
 * @returns every entity of both sets, alone where the other set has none like it
 */
export function pairEntities(
  { catalog, findBefore, findAfter }: PairingContext,
  before: EntitySet,
  after: EntitySet,
): readonly RowChange[] {
  const nameBefore = entityNamer(catalog, findBefore)
  const nameAfter = entityNamer(catalog, findAfter)
  return catalog.kinds().flatMap((kind) => {
    const left = identified(kind, before[kind.name] ?? [], nameBefore, findBefore)
    const right = identified(kind, after[kind.name] ?? [], nameAfter, findAfter)
    return pairRows(kind.name, left, right)
  })
}

interface Identified {
  readonly row: Entity
  readonly identity: string
}

function pairRows(
  kind: string,
  left: readonly Identified[],
  right: readonly Identified[],
): readonly RowChange[] {
  const partners = new Map<Entity, Entity>()
  const taken = new Set<Entity>()
  for (const keyOf of [({ row }: Identified) => row.id, ({ identity }: Identified) => identity]) {
    const free = new Map<string, Entity[]>()
    for (const item of right) if (!taken.has(item.row)) push(free, keyOf(item), item.row)
    for (const item of left) {
      if (partners.has(item.row)) continue
      const partner = free.get(keyOf(item))?.shift()
      if (partner === undefined) continue
      partners.set(item.row, partner)
      taken.add(partner)
    }
  }
  return [
    ...left.map(({ row }) => ({ kind, before: row, after: partners.get(row) })),
    ...right
      .filter(({ row }) => !taken.has(row))
      .map(({ row }) => ({ kind, before: undefined, after: row })),
  ]
}

function push(lists: Map<string, Entity[]>, key: string, row: Entity): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [row])
  else list.push(row)
}

function identified(
  kind: EntityKind,
  rows: readonly Entity[],
  name: EntityNamer,
  find: FindRow,
): readonly Identified[] {
  const fields = identifying(kind)
  return rows.map((row) => {
    const set = fields.find((names) => names.some((field) => (row[field] ?? null) !== null))
    const names = set ?? Object.keys(kind.fields).filter((field) => !AUTOMATIC.has(field))
    const values = names.map((field) => [field, comparable(kind, row, field, { name, find })])
    return { row, identity: JSON.stringify(values) }
  })
}

const AUTOMATIC = new Set(['id', 'created_at', 'updated_at'])

/** Sets of fields of which one is enough to tell a row, best first. */
function identifying(kind: EntityKind): readonly (readonly string[])[] {
  const single = Object.entries(kind.fields)
    .filter(([name, { unique }]) => unique === true && name !== 'id')
    .map(([name]) => [name])
  const byKey = single.filter(([name]) => name === kind.endpointKey)
  const others = single.filter(([name]) => name !== kind.endpointKey)
  return [...byKey, ...(kind.uniqueTogether ?? []), ...others]
}

/** References are compared by what they refer to, whose id may differ. */
function comparable(
  kind: EntityKind,
  row: Entity,
  field: string,
  { name, find }: { readonly name: EntityNamer; readonly find: FindRow },
): unknown {
  const spec = kind.fields[field]
  const id = referredId(row[field])
  if (spec?.type !== 'foreign' || id === undefined) return row[field] ?? null
  const parent = find(spec.reference, id)
  return parent === undefined ? id : name(spec.reference, parent)
}
