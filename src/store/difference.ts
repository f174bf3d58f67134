import { isDeepStrictEqual } from 'node:util'
import type { EntitySet } from '../entities/entity.ts'
import type { Change } from './store.ts'

/** What leads from one set of entities to another. */
export function difference(before: EntitySet, after: EntitySet): readonly Change[] {
  const changes: Change[] = []
  for (const kind of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = new Map((before[kind] ?? []).map((row) => [row.id, row]))
    for (const row of after[kind] ?? []) {
      const known = old.get(row.id)
      old.delete(row.id)
      if (known === undefined || !isDeepStrictEqual(known, row))
        changes.push({ kind, id: row.id, before: known, after: row })
    }
    for (const [id, row] of old) changes.push({ kind, id, before: row, after: undefined })
  }
  return changes
}
