import type { Entity, EntitySet } from '../entities/entity.ts'
import type { ChangedRow } from '../store/medium.ts'

/** The same entities, the rows of each kind in ascending order of id. */
export function inOrderOfId(entities: EntitySet): EntitySet {
  return Object.fromEntries(
    Object.entries(entities).map(([kind, rows]) => [kind, isInOrder(rows) ? rows : sorted(rows)]),
  )
}

/**
 * Entities after a few changes. Lists of kinds that do not change stay the same objects, and so do
 * rows that do not change.
 *
 * @param entities rows of each kind in ascending order of id, as they are in what is returned
 */
export function changedEntities(entities: EntitySet, changes: readonly ChangedRow[]): EntitySet {
  const changed: Record<string, readonly Entity[]> = { ...entities }
  for (const [kind, ofKind] of Map.groupBy(changes, (change) => change.kind)) {
    const rows = [...(entities[kind] ?? [])]
    for (const change of ofKind) replaceRow(rows, change)
    if (rows.length > 0) changed[kind] = rows
    else delete changed[kind]
  }
  return changed
}

/** @param rows changed in place */
function replaceRow(rows: Entity[], { id, after }: ChangedRow): void {
  const at = placeOf(rows, id)
  const isThere = rows[at]?.id === id
  rows.splice(at, isThere ? 1 : 0, ...(after === undefined ? [] : [after]))
}

/** Where a row with this id stands, or would. */
function placeOf(rows: readonly Entity[], id: string): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rows[middle]!.id < id) low = middle + 1
    else high = middle
  }
  return low
}

function isInOrder(rows: readonly Entity[]): boolean {
  return rows.every(({ id }, at) => at === 0 || rows[at - 1]!.id < id)
}

/** Texts alone are sorted several times as fast as by a function that compares what has them. */
function sorted(rows: readonly Entity[]): readonly Entity[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return [...byId.keys()].sort().map((id) => byId.get(id)!)
}
