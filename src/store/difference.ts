import { atOnce, type Steps } from '../base/steps.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import { isSameRow } from './same-row.ts'
import type { Change } from './store.ts'

/** What leads from one set of entities to another. */
export function difference(before: EntitySet, after: EntitySet): readonly Change[] {
  return atOnce(differenceSteps(before, after))
}

/** As {@link difference}, for very many entities. */
export function* differenceSteps(before: EntitySet, after: EntitySet): Steps<readonly Change[]> {
  const changes: Change[] = []
  for (const kind of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = yield* byId(before[kind] ?? [])
    for (const [at, row] of (after[kind] ?? []).entries()) {
      if (at % ROWS_IN_A_STEP === 0) yield
      const known = old.get(row.id)
      old.delete(row.id)
      if (known === undefined || !isSameRow(known, row))
        changes.push({ kind, id: row.id, before: known, after: row })
    }
    for (const [id, row] of old) changes.push({ kind, id, before: row, after: undefined })
  }
  return changes
}

const ROWS_IN_A_STEP = 100

function* byId(rows: readonly Entity[]): Steps<Map<string, Entity>> {
  const found = new Map<string, Entity>()
  for (const [at, row] of rows.entries()) {
    if (at % ROWS_IN_A_STEP === 0) yield
    found.set(row.id, row)
  }
  return found
}
