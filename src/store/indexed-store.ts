import { MAKING_WAY } from '../base/making-way.ts'
import { BRISK, inSlices } from '../base/steps.ts'
import { WorkQueue } from '../base/work-queue.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import { difference, differenceSteps } from './difference.ts'
import {
  historyRecord,
  MemoryJournal,
  toldSteps,
  type HistoryRecord,
  type Journal,
} from './history.ts'
import type { Elsewhere, Medium } from './medium.ts'
import { InstantRows } from './instant-rows.ts'
import { withIssuedRows } from './issued-rows.ts'
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

/** How often a write is tried again because others wrote meanwhile. */
const MAX_ROUNDS = 100

export interface IndexedStoreOptions {
  readonly medium: Medium
  readonly name: Store['medium']
  readonly isWritable: boolean
  /** What the medium holds already. */
  readonly initial?: { readonly entities: EntitySet; readonly version: number }
  /** Where the history is kept, for a medium that does not keep it. */
  readonly journal?: Journal
  /** Unix time in ms. */
  readonly now?: () => number
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
  readonly #journal: Journal
  readonly #now: () => number
  readonly #listeners = new Set<StoreListener>()
  readonly #instant: InstantRows
  #rows: Rows
  #version: number
  readonly #queue = new WorkQueue()

  /** @throws {Error} when what the medium holds breaks a rule */
  constructor(catalog: Catalog, options: IndexedStoreOptions) {
    this.medium = options.name
    this.isWritable = options.isWritable
    this.#catalog = catalog
    this.#under = options.medium
    this.#journal = options.journal ?? new MemoryJournal()
    this.#now = options.now ?? Date.now
    this.#version = options.initial?.version ?? 0
    this.#instant = new InstantRows(catalog)
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
    if (!this.isWritable) {
      if (!this.#instant.areAll(operations))
        return Promise.resolve({ ok: false, fault: { fault: 'read-only' } })
      this.#instant.note(operations)
    }
    return this.#queue.add(() => this.#write(operations, origin))
  }

  replaceAll(entities: EntitySet, origin: Origin): Promise<WriteResult> {
    return this.#queue.add(() => this.#replaceAll(withExpiries(entities), origin))
  }

  withInstant(entities: EntitySet): EntitySet {
    return this.#instant.addTo(entities, () => this.all())
  }

  subscribe(listener: StoreListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What others wrote is taken over before it is told of. */
  history(): Promise<readonly HistoryRecord[]> {
    return this.#queue.add(async () => {
      await this.#learnsMore()
      return (await this.#under.history?.()) ?? this.#journal.records()
    })
  }

  isReachable(): Promise<boolean> {
    return this.#under.isReachable()
  }

  close(): Promise<void> {
    return this.#queue.add(() => this.#under.close())
  }

  async refresh(): Promise<void> {
    await this.#queue.add(() => this.#catchUp())
  }

  #seconds(): number {
    return this.#now() / 1000
  }

  async #write(operations: readonly Operation[], origin: Origin): Promise<WriteResult> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const seconds = this.#seconds()
      const limited = operations.map((operation) => withExpiry(operation, seconds))
      const attempt = this.#rows.attempt(limited, seconds)
      if (attempt.ok) this.#rows.revert(attempt.changes)
      if (attempt.ok && attempt.changes.length > 0) {
        const result = await this.#commit(attempt.changes, { origin, next: this.#rows })
        if (result !== 'stale') return result
      } else if (!(await this.#learnsMore())) {
        // What is refused, or done already, may only be so for lack of what others wrote.
        return attempt.ok ? { ok: true, changes: [], version: this.#version } : attempt
      }
    }
    return TOO_BUSY
  }

  async #replaceAll(given: EntitySet, origin: Origin): Promise<WriteResult> {
    const kept = this.withInstant(given)
    const entities =
      origin.by === 'rollback' ? withIssuedRows(kept, this.all(), this.#catalog) : kept
    const pace = origin.by === 'start' ? BRISK : MAKING_WAY
    const next = new Rows(this.#catalog)
    const fault = await inSlices(next.loadSteps(entities), pace)
    if (fault !== undefined) return { ok: false, fault }
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const steps = differenceSteps(this.all(), next.all(this.#seconds()))
      const changes = await inSlices(steps, pace)
      const result = await this.#commit(changes, { origin, next, given: entities })
      if (result !== 'stale') return result
    }
    return TOO_BUSY
  }

  /** @returns the result, or that others wrote meanwhile, which is then known here */
  async #commit(
    changes: readonly Change[],
    { origin, next, given }: Committing,
  ): Promise<WriteResult | 'stale'> {
    const told = await this.#toldOf(changes)
    const outcome = await this.#under.commit({
      changes,
      version: this.#version + 1,
      origin,
      atMs: this.#now(),
      told,
      given,
      entities: () => this.#after(changes, next),
    })
    if (outcome.kind === 'refused') return { ok: false, fault: outcome.fault }
    if (outcome.kind === 'stale') return this.#afterOthers()
    if (next === this.#rows) this.#rows.apply(changes)
    else this.#rows = next
    this.#announce({ changes, told, origin }, outcome.version)
    return { ok: true, changes, version: this.#version }
  }

  async #afterOthers(): Promise<WriteResult | 'stale'> {
    try {
      await this.#catchUp()
      return 'stale'
    } catch (error) {
      return unavailable((error as Error).message)
    }
  }

  /** Whether others wrote what was not known here. A medium that does not answer teaches nothing. */
  async #learnsMore(): Promise<boolean> {
    return this.#catchUp().catch(() => false)
  }

  async #catchUp(): Promise<boolean> {
    const elsewhere = await this.#under.catchUp?.()
    if (elsewhere === undefined) return false
    const changes =
      elsewhere.kind === 'rows' ? this.#takeOver(elsewhere) : this.#startOver(elsewhere)
    const origin: Origin = { by: this.medium === 'file' ? 'file' : 'other-node' }
    this.#announce({ changes, told: await this.#toldOf(changes), origin }, elsewhere.version)
    return true
  }

  #takeOver({ rows }: Extract<Elsewhere, { kind: 'rows' }>): readonly Change[] {
    const changes = rows.map((row) => ({ ...row, before: this.#rows.get(row.kind, row.id, 0) }))
    this.#rows.apply(changes)
    return changes
  }

  #startOver({ entities }: Extract<Elsewhere, { kind: 'everything' }>): readonly Change[] {
    const next = new Rows(this.#catalog)
    const fault = next.load(entities)
    if (fault !== undefined)
      throw new Error(`What others wrote breaks a rule: ${JSON.stringify(fault)}`)
    const seconds = this.#seconds()
    const changes = difference(this.all(), next.all(seconds))
    this.#rows = next
    return changes
  }

  /** Rows that plugins make would push everything else out of the history, and are secrets. */
  async #toldOf(changes: readonly Change[]): Promise<readonly Change[] | undefined> {
    const own = changes.filter(({ kind }) => this.#catalog.kind(kind)?.isIssued !== true)
    if (own.length === 0 && changes.length > 0) return undefined
    return inSlices(toldSteps(own), MAKING_WAY)
  }

  #after(changes: readonly Change[], next: Rows): EntitySet {
    if (next !== this.#rows) return next.all(this.#seconds())
    this.#rows.apply(changes)
    const entities = this.all()
    this.#rows.revert(changes)
    return entities
  }

  /** A medium that was put back to an earlier state does not take the version with it. */
  #announce({ changes, told = [], origin }: Announced, durableVersion: number): void {
    const version = Math.max(this.#version + 1, durableVersion)
    this.#version = version
    if (this.#under.history === undefined)
      this.#journal.append(historyRecord({ version, atMs: this.#now(), origin, changes: told }))
    for (const listener of this.#listeners) listener({ version, changes, origin })
  }
}

interface Announced {
  readonly changes: readonly Change[]
  /** What the history is told of them. */
  readonly told: readonly Change[] | undefined
  readonly origin: Origin
}

interface Committing {
  readonly origin: Origin
  /** The rows that count afterwards: those there are, changed, or others in their place. */
  readonly next: Rows
  readonly given?: EntitySet
}

function unavailable(detail: string): WriteResult {
  return { ok: false, fault: { fault: 'unavailable', detail } }
}

const TOO_BUSY = unavailable('others write to the same database all the time; try again')

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
