import type { Entity, EntitySet } from '../entities/entity.ts'
import type { Change, Origin } from './store.ts'

/** One accepted change of the whole: what a version of a store did to the one before it. */
export interface HistoryRecord {
  readonly version: number
  /** Unix time in ms. */
  readonly atMs: number
  readonly origin: Origin
  readonly changeCount: number
  /** Absent when there were more than {@link MAX_CHANGES_OF_ONE}. */
  readonly changes?: readonly Change[]
}

/** So many versions are kept. */
export const MAX_VERSIONS = 1000
/** Of a change of more rows only the count is kept. */
const MAX_CHANGES_OF_ONE = 10_000

export function historyRecord(record: Omit<HistoryRecord, 'changeCount'>): HistoryRecord {
  const { changes = [], ...rest } = record
  return {
    ...rest,
    changeCount: changes.length,
    ...(changes.length <= MAX_CHANGES_OF_ONE && { changes }),
  }
}

/** Keeps the records of a store that has no better place for them. */
export interface Journal {
  append(record: HistoryRecord): void
  /** Oldest first. */
  records(): readonly HistoryRecord[]
}

/** Keeps them as long as the process lives. */
export class MemoryJournal implements Journal {
  #records: HistoryRecord[] = []

  append(record: HistoryRecord): void {
    this.#records.push(record)
    if (this.#records.length >= 2 * MAX_VERSIONS) this.#records = this.#records.slice(-MAX_VERSIONS)
  }

  records(): readonly HistoryRecord[] {
    return this.#records.slice(-MAX_VERSIONS)
  }
}

/**
 * The entities of an earlier version.
 *
 * @param entities those of the version `current`
 * @param records oldest first
 * @returns nothing when what happened since is not known in full
 */
export function entitiesOfVersion(
  entities: EntitySet,
  current: number,
  { records, version }: { readonly records: readonly HistoryRecord[]; readonly version: number },
): EntitySet | undefined {
  const known = new Map(records.map((record) => [record.version, record]))
  const rows = new Map(
    Object.entries(entities).map(([kind, list]) => [
      kind,
      new Map(list.map((row) => [row.id, row])),
    ]),
  )
  for (let at = current; at > version; at -= 1) {
    const changes = known.get(at)?.changes
    if (changes === undefined) return undefined
    for (const change of changes.toReversed()) undo(rows, change)
  }
  return Object.fromEntries([...rows].map(([kind, byId]) => [kind, [...byId.values()]]))
}

function undo(rows: Map<string, Map<string, Entity>>, { kind, id, before }: Change): void {
  let byId = rows.get(kind)
  if (byId === undefined) rows.set(kind, (byId = new Map()))
  if (before === undefined) byId.delete(id)
  else byId.set(id, before)
}

/** The oldest version that can be gone back to. */
export function oldestReachable(records: readonly HistoryRecord[], current: number): number {
  const known = new Map(records.map((record) => [record.version, record]))
  let version = current
  while (known.get(version)?.changes !== undefined) version -= 1
  return version
}
