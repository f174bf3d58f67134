import { sortSteps } from '../base/sort-steps.ts'
import type { Steps } from '../base/steps.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import type { ChangedRow } from '../store/medium.ts'

/** The same entities, the rows of each kind in ascending order of id. */
export function* orderSteps(entities: EntitySet): Steps<EntitySet> {
  const ordered: Record<string, readonly Entity[]> = {}
  for (const [kind, rows] of Object.entries(entities)) {
    ordered[kind] = isInOrder(rows) ? rows : yield* orderedRows(rows)
    yield
  }
  return ordered
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
function* orderedRows(rows: readonly Entity[]): Steps<readonly Entity[]> {
  const byId = new Map<string, Entity>()
  for (const [at, row] of rows.entries()) {
    if (at % ROWS_IN_A_STEP === 0) yield
    byId.set(row.id, row)
  }
  const ids = yield* sortSteps([...byId.keys()])
  const ordered: Entity[] = []
  for (const id of ids) if (ordered.push(byId.get(id)!) % ROWS_IN_A_STEP === 0) yield
  return ordered
}

const ROWS_IN_A_STEP = 500
