import type { Entity, EntitySet } from '../entities/entity.ts'
import type { HistoryRecord } from './history.ts'
import type { Change, Origin, WriteFault } from './store.ts'

/**
 * What keeps the rows of a store when the process ends. It is told of each write before anybody
 * sees its outcome, one write at a time.
 */
export interface Medium {
  /** Makes changes durable, all or none. */
  commit(commit: Commit): Promise<CommitOutcome>
  /**
   * Reads what others made durable since this was last asked, or since the last commit. Only for
   * media that others write to as well.
   *
   * @throws {Error} when the medium does not answer
   */
  catchUp?(): Promise<Elsewhere | undefined>
  /** The last commits, oldest first; only of media that keep them with what they did. */
  history?(): Promise<readonly HistoryRecord[]>
  isReachable(): Promise<boolean>
  close(): Promise<void>
}

export interface Commit {
  readonly changes: readonly Change[]
  /** Of the store after these changes, unless the medium counts itself. */
  readonly version: number
  readonly origin: Origin
  /** Unix time in ms. */
  readonly atMs: number
  /** What the history is told of the changes; absent: it is told of nothing. */
  readonly told: readonly Change[] | undefined
  /** A whole configuration as it was given, when it replaces everything. */
  readonly given: EntitySet | undefined
  /** Everything as it is afterwards; made when asked for. */
  readonly entities: () => EntitySet
}

export type CommitOutcome =
  | { readonly kind: 'durable'; readonly version: number }
  /** Others wrote meanwhile; nothing was done, and what they wrote must be looked at first. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused'; readonly fault: WriteFault }

/** What others made durable. */
export type Elsewhere = { readonly version: number } & (
  | { readonly kind: 'rows'; readonly rows: readonly ChangedRow[] }
  /** Too much was missed to be told row by row. */
  | { readonly kind: 'everything'; readonly entities: EntitySet }
)

export interface ChangedRow {
  readonly kind: string
  readonly id: string
  /** Nothing when it is gone. */
  readonly after: Entity | undefined
}

/** Keeps nothing. */
export const NO_MEDIUM: Medium = {
  commit: ({ version }) => Promise.resolve({ kind: 'durable', version }),
  isReachable: () => Promise.resolve(true),
  close: () => Promise.resolve(),
}
