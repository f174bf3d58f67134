import type { Entity } from '../entities/entity.ts'

type Rows = readonly Entity[]

/** What leads from one list of rows to another. */
export interface RowChanges {
  /** Rows as they were. */
  readonly gone: Rows
  /** Rows that were not there, or not like this. */
  readonly added: Rows
}

/**
 * Compares lists of rows that are in ascending order of id; a row that is the same object has not
 * changed.
 */
export function rowChanges(before: Rows, after: Rows): RowChanges {
  const gone: Entity[] = []
  const added: Entity[] = []
  let [old, now] = [0, 0]
  while (old < before.length || now < after.length) {
    const [was, is] = [before[old], after[now]]
    if (was === is) {
      old += 1
      now += 1
    } else if (is === undefined || (was !== undefined && was.id <= is.id)) {
      gone.push(was!)
      old += 1
    } else {
      added.push(is)
      now += 1
    }
  }
  return { gone, added }
}
