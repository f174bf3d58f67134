import { isDeepStrictEqual } from 'node:util'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import type { Medium } from './medium.ts'
import { Rows } from './rows.ts'
import type {
  Change,
  Operation,
  Origin,
  Page,
  PageRequest,
  Store,
  StoreListener,
  WriteResult,
} from './store.ts'

export interface IndexedStoreOptions {
  readonly medium: Medium
  readonly name: Store['medium']
  readonly isWritable: boolean
  /** What the medium holds already. */
  readonly initial?: { readonly entities: EntitySet; readonly version: number }
  /** Unix time in ms. */
  readonly now?: () => number
}

/** Changes that became durable without this store. */
export interface Elsewhere {
  readonly changes: readonly Change[]
  readonly version: number
}

/**
 * A store that holds all rows in memory, indexed, over any medium. Writes are tried in memory, made
 * durable, and only then seen; one after the other.
 */
export class IndexedStore implements Store {
  readonly medium: Store['medium']
  readonly isWritable: boolean
  readonly #catalog: Catalog
  readonly #under: Medium
  readonly #now: () => number
  readonly #listeners = new Set<StoreListener>()
  #rows: Rows
  #version: number
  #last: Promise<unknown> = Promise.resolve()

  /** @throws {Error} when what the medium holds breaks a rule */
  constructor(catalog: Catalog, options: IndexedStoreOptions) {
    this.medium = options.name
    this.isWritable = options.isWritable
    this.#catalog = catalog
    this.#under = options.medium
    this.#now = options.now ?? Date.now
    this.#version = options.initial?.version ?? 0
    this.#rows = new Rows(catalog)
    const fault = this.#rows.load(options.initial?.entities ?? {})
    if (fault !== undefined)
      throw new Error(`Cannot open the store: its rows break a rule, ${JSON.stringify(fault)}`)
  }

  get version(): number {
    return this.#version
  }

  get(kind: string, id: string): Entity | undefined {
    return this.#rows.get(kind, id, this.#seconds())
  }

  getBy(
    kind: string,
    field: string,
    value: string,
    scope?: { readonly field: string; readonly id: string },
  ): Entity | undefined {
    const values = { [field]: value, ...(scope && { [scope.field]: { id: scope.id } }) }
    return this.#rows.getBy(kind, values, this.#seconds())
  }

  page(kind: string, request: PageRequest): Page {
    return this.#rows.page(kind, request, this.#seconds())
  }

  all(): EntitySet {
    return this.#rows.all(this.#seconds())
  }

  count(kind: string): number {
    return this.#rows.count(kind, this.#seconds())
  }

  write(operations: readonly Operation[], origin: Origin): Promise<WriteResult> {
    if (!this.isWritable) return Promise.resolve({ ok: false, fault: { fault: 'read-only' } })
    return this.#inTurn(() => this.#write(operations, origin))
  }

  replaceAll(entities: EntitySet, origin: Origin): Promise<WriteResult> {
    return this.#inTurn(() => this.#replaceAll(withExpiries(entities), origin))
  }

  subscribe(listener: StoreListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isReachable(): Promise<boolean> {
    return this.#under.isReachable()
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#under.close())
  }

  /** Takes over what another node wrote; reads it between the writes of this one. */
  takeOver(read: () => Promise<Elsewhere | undefined>): Promise<void> {
    return this.#inTurn(async () => {
      const elsewhere = await read()
      if (elsewhere === undefined) return
      this.#rows.apply(elsewhere.changes)
      this.#announce(elsewhere.changes, elsewhere.version, { by: 'other-node' })
    })
  }

  #seconds(): number {
    return this.#now() / 1000
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(task)
    // The next in turn runs whatever becomes of this one; its caller hears of the failure.
    this.#last = done.catch(() => undefined)
    return done
  }

  async #write(operations: readonly Operation[], origin: Origin): Promise<WriteResult> {
    const seconds = this.#seconds()
    const limited = operations.map((operation) => withExpiry(operation, seconds))
    const attempt = this.#rows.attempt(limited, seconds)
    if (!attempt.ok) return attempt
    this.#rows.revert(attempt.changes)
    if (attempt.changes.length === 0) return { ok: true, changes: [], version: this.#version }
    return this.#commit(attempt.changes, origin, this.#rows)
  }

  async #replaceAll(entities: EntitySet, origin: Origin): Promise<WriteResult> {
    const next = new Rows(this.#catalog)
    const fault = next.load(entities)
    if (fault !== undefined) return { ok: false, fault }
    const seconds = this.#seconds()
    return this.#commit(difference(this.all(), next.all(seconds)), origin, next)
  }

  async #commit(changes: readonly Change[], origin: Origin, next: Rows): Promise<WriteResult> {
    const version = this.#version + 1
    const fault = await this.#under.commit({
      changes,
      version,
      origin,
      entities: () => this.#after(changes, next),
    })
    if (fault !== undefined) return { ok: false, fault }
    if (next === this.#rows) this.#rows.apply(changes)
    else this.#rows = next
    this.#announce(changes, version, origin)
    return { ok: true, changes, version }
  }

  #after(changes: readonly Change[], next: Rows): EntitySet {
    if (next !== this.#rows) return next.all(this.#seconds())
    this.#rows.apply(changes)
    const entities = this.all()
    this.#rows.revert(changes)
    return entities
  }

  #announce(changes: readonly Change[], version: number, origin: Origin): void {
    this.#version = version
    for (const listener of this.#listeners) listener({ version, changes, origin })
  }
}

/** A row with a time to live gets the time at which it ends, once. */
function withExpiry(operation: Operation, nowSeconds: number): Operation {
  if (operation.op === 'delete') return operation
  const { ttl, expires_at: end } = operation.entity
  if (typeof ttl !== 'number' || typeof end === 'number') return operation
  return { ...operation, entity: { ...operation.entity, expires_at: nowSeconds + ttl } }
}

/** In a configuration that comes whole, a time to live runs from when the row was made. */
function withExpiries(entities: EntitySet): EntitySet {
  return Object.fromEntries(
    Object.entries(entities).map(([kind, rows]) => [
      kind,
      rows.some(({ ttl }) => typeof ttl === 'number') ? rows.map(withEnd) : rows,
    ]),
  )
}

function withEnd(row: Entity): Entity {
  const { ttl, created_at: from, expires_at: end } = row
  if (typeof ttl !== 'number' || typeof from !== 'number' || typeof end === 'number') return row
  return { ...row, expires_at: from + ttl }
}

function difference(before: EntitySet, after: EntitySet): readonly Change[] {
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
