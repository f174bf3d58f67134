import type { Entity } from '../entities/entity.ts'
import type { RowChanges } from './row-changes.ts'

type Rows = readonly Entity[]

/** So many values may lie beside a large table before a new one is made. */
const MAX_CHANGED = 512

/** Finds something by a value. Small changes are kept beside a table that many indexes share. */
export class ChangeableIndex<Found> {
  readonly #table: ReadonlyMap<unknown, Found>
  /** What counts instead of the table; nothing where the value is gone. */
  readonly #changed: ReadonlyMap<unknown, Found | undefined>

  constructor(
    table: ReadonlyMap<unknown, Found>,
    changed: ReadonlyMap<unknown, Found | undefined> = new Map(),
  ) {
    this.#table = table
    this.#changed = changed
  }

  get(value: unknown): Found | undefined {
    return this.#changed.size > 0 && this.#changed.has(value)
      ? this.#changed.get(value)
      : this.#table.get(value)
  }

  /** @returns nothing when so much has changed that a table had better be made */
  with(changed: ReadonlyMap<unknown, Found | undefined>): ChangeableIndex<Found> | undefined {
    if (this.#changed.size + changed.size > MAX_CHANGED) return undefined
    return new ChangeableIndex(this.#table, new Map([...this.#changed, ...changed]))
  }
}

export type FieldIndex = ChangeableIndex<Entity>
export type ParentIndex = ChangeableIndex<Rows>

/** The first of rows with the same value counts; where a field is unique there is only one. */
export function indexField(rows: Rows, field: string): FieldIndex {
  const index = new Map<unknown, Entity>()
  for (const row of rows) {
    const value = row[field]
    if (value !== null && value !== undefined && !index.has(value)) index.set(value, row)
  }
  return new ChangeableIndex(index)
}

/** The index of a unique field after changes; nothing when it had better be made anew. */
export function changedField(
  before: FieldIndex,
  field: string,
  { gone, added }: RowChanges,
): FieldIndex | undefined {
  const changed = new Map<unknown, Entity | undefined>()
  for (const row of gone) changed.set(row[field], undefined)
  for (const row of added) changed.set(row[field], row)
  changed.delete(null)
  changed.delete(undefined)
  return before.with(changed)
}

/** Rows by the parent that a field refers to, in the order in which they are given. */
export function indexParents(rows: Rows, field: string): ParentIndex {
  const index = new Map<string, Entity[]>()
  for (const row of rows) {
    const id = parentOf(row, field)
    if (id === undefined) continue
    const siblings = index.get(id)
    if (siblings === undefined) index.set(id, [row])
    else siblings.push(row)
  }
  return new ChangeableIndex<Rows>(index)
}

/** The index of rows by parent after changes; nothing when it had better be made anew. */
export function changedParents(
  before: ParentIndex,
  field: string,
  { gone, added }: RowChanges,
): ParentIndex | undefined {
  const changed = new Map<unknown, Rows>()
  const siblings = (id: string): Rows => changed.get(id) ?? before.get(id) ?? []
  for (const row of gone) {
    const id = parentOf(row, field)
    if (id !== undefined)
      changed.set(
        id,
        siblings(id).filter((sibling) => sibling !== row),
      )
  }
  for (const row of added) {
    const id = parentOf(row, field)
    if (id !== undefined) changed.set(id, [...siblings(id), row].sort(byId))
  }
  return before.with(changed)
}

function parentOf(row: Entity, field: string): string | undefined {
  const id = (row[field] as { readonly id?: unknown } | null | undefined)?.id
  return typeof id === 'string' ? id : undefined
}

function byId(one: Entity, other: Entity): number {
  return one.id < other.id ? -1 : 1
}
