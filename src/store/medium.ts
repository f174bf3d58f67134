import type { EntitySet } from '../entities/entity.ts'
import type { Change, Origin, WriteFault } from './store.ts'

/**
 * What keeps the rows of a store when the process ends. It is told of each write before anybody
 * sees its outcome, one write at a time.
 */
export interface Medium {
  /** Makes changes durable, all or none. @returns why it refuses them, if so */
  commit(commit: Commit): Promise<WriteFault | undefined>
  isReachable(): Promise<boolean>
  close(): Promise<void>
}

export interface Commit {
  readonly changes: readonly Change[]
  /** Of the store after these changes. */
  readonly version: number
  readonly origin: Origin
  /** Everything as it is afterwards; made when asked for. */
  entities(): EntitySet
}

/** Keeps nothing. */
export const NO_MEDIUM: Medium = {
  commit: () => Promise.resolve(undefined),
  isReachable: () => Promise.resolve(true),
  close: () => Promise.resolve(),
}
