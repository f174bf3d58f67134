import type { Steps } from '../base/steps.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import { isSameRow } from './same-row.ts'
import type { Change, Origin } from './store.ts'

/** One accepted change of the whole: what a version of a store did to the one before it. */
export interface HistoryRecord {
  readonly version: number
  /** The last version before the next record, where those between changed nothing that is told. */
  readonly until?: number
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
/** So many changed rows are kept of all versions together, where they are in memory. */
const MAX_CHANGES = 100_000
/** The same in a database, by the size of the records. */
export const MAX_BYTES = 64 * 1024 * 1024
/** Sizes are looked at once in so many versions. */
const LOOK_EVERY = 16

/** Whether it is time to see how much the records of a database take. */
export function isTimeToMeasure(version: number): boolean {
  return version % LOOK_EVERY === 0
}

/** The records that are kept, when there are too many. */
export function newestRecords<Record extends HistoryRecord>(
  records: readonly Record[],
): readonly Record[] {
  let rows = 0
  let at = records.length
  while (at > 0 && records.length - at < MAX_VERSIONS) {
    rows += records[at - 1]!.changes?.length ?? 0
    // The newest stays however large it is.
    if (rows > MAX_CHANGES && at < records.length) break
    at -= 1
  }
  return records.slice(at)
}

/** @param record its changes as {@link toldSteps} leaves them */
export function historyRecord(record: Omit<HistoryRecord, 'changeCount'>): HistoryRecord {
  const { changes = [], ...rest } = record
  return {
    ...rest,
    changeCount: changes.length,
    ...(changes.length <= MAX_CHANGES_OF_ONE && { changes }),
  }
}

/**
 * Those of many changes that the history is told of. What a file does not say itself changes
 * whenever it is read; that is no change.
 */
export function* toldSteps(changes: readonly Change[]): Steps<readonly Change[]> {
  const told: Change[] = []
  for (const [at, change] of changes.entries()) {
    if (at % CHANGES_IN_A_STEP === 0) yield
    if (isMoreThanTimes(change)) told.push(change)
  }
  return told
}

const CHANGES_IN_A_STEP = 100

function isMoreThanTimes({ before, after }: Change): boolean {
  return before === undefined || after === undefined || !isSameRow(before, after, TIMES)
}

const TIMES: ReadonlySet<string> = new Set(['created_at', 'updated_at'])

/** Keeps the records of a store that has no better place for them. */
export interface Journal {
  append(record: HistoryRecord): void
  /** Oldest first. */
  records(): readonly HistoryRecord[]
}

/** Keeps them as long as the process lives. */
export class MemoryJournal implements Journal {
  readonly #records = new BoundedRecords<HistoryRecord>()

  append(record: HistoryRecord): void {
    this.#records.push(record)
  }

  records(): readonly HistoryRecord[] {
    return this.#records.newest()
  }
}

/** Records in memory, which are cut back when they have become twice as many as are kept. */
export class BoundedRecords<Record extends HistoryRecord> {
  #records: Record[]
  #changes: number

  constructor(records: Iterable<Record> = []) {
    this.#records = [...records]
    this.#changes = changesOf(this.#records)
  }

  get last(): Record | undefined {
    return this.#records.at(-1)
  }

  /** @returns whether older ones are gone */
  push(record: Record): boolean {
    this.#records.push(record)
    this.#changes += record.changes?.length ?? 0
    if (this.#records.length < 2 * MAX_VERSIONS && this.#changes <= 2 * MAX_CHANGES) return false
    this.#records = [...newestRecords(this.#records)]
    this.#changes = changesOf(this.#records)
    return true
  }

  newest(): readonly Record[] {
    return newestRecords(this.#records)
  }
}

function changesOf(records: readonly HistoryRecord[]): number {
  return records.reduce((sum, { changes }) => sum + (changes?.length ?? 0), 0)
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
  const rows = new Map(
    Object.entries(entities).map(([kind, list]) => [
      kind,
      new Map(list.map((row) => [row.id, row])),
    ]),
  )
  let at = current
  for (const record of records.toReversed()) {
    if (at <= version) break
    if (record.version > at) continue
    if (lastVersionOf(record) < at) return undefined
    if (record.version > version) {
      if (record.changes === undefined) return undefined
      for (const change of record.changes.toReversed()) undo(rows, change)
    }
    at = record.version - 1
  }
  if (at > version) return undefined
  return Object.fromEntries([...rows].map(([kind, byId]) => [kind, [...byId.values()]]))
}

function lastVersionOf({ version, until = version }: HistoryRecord): number {
  return until
}

/**
 * Of a medium in which each version that has no record changed nothing that is told.
 *
 * @param records oldest first
 * @param current the version of the medium
 */
export function withQuietVersions(
  records: readonly HistoryRecord[],
  current: number,
): readonly HistoryRecord[] {
  return records.map((record, at) => {
    const until = (records[at + 1]?.version ?? current + 1) - 1
    return until > record.version ? { ...record, until } : record
  })
}

function undo(rows: Map<string, Map<string, Entity>>, { kind, id, before }: Change): void {
  let byId = rows.get(kind)
  if (byId === undefined) rows.set(kind, (byId = new Map()))
  if (before === undefined) byId.delete(id)
  else byId.set(id, before)
}

/** The oldest version that can be gone back to. */
export function oldestReachable(records: readonly HistoryRecord[], current: number): number {
  let version = current
  for (const record of records.toReversed()) {
    if (record.version > version) continue
    if (lastVersionOf(record) < version) break
    if (record.changes === undefined) return record.version
    version = record.version - 1
  }
  return version
}
