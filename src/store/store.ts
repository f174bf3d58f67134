import type { Entity, EntitySet } from '../entities/entity.ts'
import type { HistoryRecord } from './history.ts'

/** What happened to one entity. `before` and `after` are whole rows in wire form. */
export interface Change {
  readonly kind: string
  readonly id: string
  readonly before: Entity | undefined
  readonly after: Entity | undefined
}

/** One step of a write. Entities come parsed and complete (defaults, ids and times set). */
export type Operation =
  | { readonly op: 'insert'; readonly kind: string; readonly entity: Entity }
  /** Replaces the row with this id, or creates it. */
  | { readonly op: 'upsert'; readonly kind: string; readonly entity: Entity }
  /** Replaces an existing row. */
  | { readonly op: 'update'; readonly kind: string; readonly entity: Entity }
  | { readonly op: 'delete'; readonly kind: string; readonly id: string }

/** Why a write was refused; nothing of it was done. Keys are fields as sent to the client. */
export type WriteFault =
  | {
      readonly fault: 'primary-key-taken'
      readonly kind: string
      readonly key: { readonly id: string }
    }
  | {
      readonly fault: 'unique-violation'
      readonly kind: string
      readonly key: Readonly<Record<string, unknown>>
    }
  | {
      readonly fault: 'foreign-key-missing'
      readonly kind: string
      readonly field: string
      readonly reference: string
      readonly key: { readonly id: string }
    }
  | { readonly fault: 'referenced'; readonly kind: string; readonly by: string }
  | { readonly fault: 'not-found'; readonly kind: string; readonly key: { readonly id: string } }
  /** DB-less: the entities come from a file and cannot be written one by one. */
  | { readonly fault: 'read-only' }
  | { readonly fault: 'unavailable'; readonly detail: string }

export type WriteResult =
  | { readonly ok: true; readonly changes: readonly Change[]; readonly version: number }
  | { readonly ok: false; readonly fault: WriteFault }

export interface PageRequest {
  readonly size: number
  /** Rows after this id. */
  readonly afterId?: string
  readonly tags?: { readonly names: readonly string[]; readonly combine: 'and' | 'or' }
  /** Only rows whose foreign field refers to this id. */
  readonly referring?: { readonly field: string; readonly id: string }
}

export interface Page {
  readonly rows: readonly Entity[]
  /** Id of the last row when there are more. */
  readonly lastId: string | undefined
}

/** Where a change came from, for the history. */
export interface Origin {
  readonly by:
    | 'file'
    | 'admin-api'
    | 'config-endpoint'
    | 'import'
    | 'rollback'
    | 'other-node'
    | 'start'
    /** In the course of a request. */
    | 'plugin'
    /** Rows went whose time was over. */
    | 'expiry'
  readonly detail?: string
}

export type StoreListener = (event: {
  readonly version: number
  readonly changes: readonly Change[]
  readonly origin: Origin
}) => void

/**
 * Where entities live. All rows are held in memory, indexed, whatever the durable medium: reads are
 * synchronous and see every acknowledged write of this node. A write is durable before it is
 * acknowledged and before listeners hear of it.
 */
export interface Store {
  readonly medium: 'memory' | 'file' | 'sqlite' | 'postgres'
  /** Whether single entities can be written. Those of kinds with `isInstant` always can. */
  readonly isWritable: boolean
  /** Grows with every accepted change. */
  readonly version: number

  get(kind: string, id: string): Entity | undefined
  /** @param field a unique field or endpoint key; for scoped keys (targets) also give the parent */
  getBy(
    kind: string,
    field: string,
    value: string,
    scope?: { readonly field: string; readonly id: string },
  ): Entity | undefined
  /** In ascending order of id. Expired rows are never returned. */
  page(kind: string, request: PageRequest): Page
  all(): EntitySet
  count(kind: string): number

  /** All or nothing, in order, with cascades on delete. */
  write(operations: readonly Operation[], origin: Origin): Promise<WriteResult>
  /**
   * Replaces everything, as `POST /config` and a changed file do. Also allowed where single writes are
   * not; then what was written all the same stays: see {@link withInstant}.
   */
  replaceAll(entities: EntitySet, origin: Origin): Promise<WriteResult>
  /** Entities with those rows that would stay if these replaced everything now. */
  withInstant(entities: EntitySet): EntitySet
  subscribe(listener: StoreListener): () => void
  /**
   * Takes over what others wrote to the medium.
   *
   * @throws {Error} when the medium does not answer
   */
  refresh(): Promise<void>
  /** The last accepted changes, oldest first, up to `version`; of all who write to the medium. */
  history(): Promise<readonly HistoryRecord[]>
  /** For `/status`: whether the durable medium answers. */
  isReachable(): Promise<boolean>
  close(): Promise<void>
}
