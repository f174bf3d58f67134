import { atOnce, type Steps } from '../base/steps.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntityKind, EntitySet } from '../entities/entity.ts'
import { readPage } from './page.ts'
import type { Change, Operation, Page, PageRequest, WriteFault } from './store.ts'
import { foreignId, Table } from './table.ts'

/** What a write did, or why it could not be done. */
export type Attempt =
  | { readonly ok: true; readonly changes: readonly Change[] }
  | { readonly ok: false; readonly fault: WriteFault }

type Field = EntityKind['fields'][string]
type ForeignSpec = Extract<Field, { readonly type: 'foreign' }>

interface Reference {
  readonly kind: string
  readonly field: string
  readonly spec: ForeignSpec
}

/**
 * All rows of all kinds with the rules between them: unique values, references that must exist,
 * what is deleted with a parent and what keeps it. In memory only; a store puts a medium under it.
 */
export class Rows {
  readonly #tables: ReadonlyMap<string, Table>
  /** Kind of the parent to the fields that refer to it. */
  readonly #references: ReadonlyMap<string, readonly Reference[]>

  constructor(catalog: Catalog) {
    const kinds = catalog.kinds()
    this.#tables = new Map(kinds.map((kind) => [kind.name, new Table(kind)]))
    this.#references = Map.groupBy(kinds.flatMap(referencesOf), ({ spec }) => spec.reference)
  }

  get(kind: string, id: string, nowSeconds: number): Entity | undefined {
    const table = this.#tables.get(kind)
    return table === undefined || table.hasExpired(id, nowSeconds) ? undefined : table.get(id)
  }

  getBy(
    kind: string,
    values: Readonly<Record<string, unknown>>,
    nowSeconds: number,
  ): Entity | undefined {
    const table = this.#tables.get(kind)
    const found = table?.findUnique(values)
    const row = found === 'not-unique' ? findPlain(table!, values) : found
    return row === undefined || table!.hasExpired(row.id, nowSeconds) ? undefined : row
  }

  page(kind: string, request: PageRequest, nowSeconds: number): Page {
    const table = this.#tables.get(kind)
    return table === undefined
      ? { rows: [], lastId: undefined }
      : readPage(table, request, nowSeconds)
  }

  all(nowSeconds: number): EntitySet {
    const sets: Record<string, readonly Entity[]> = {}
    for (const [name, table] of this.#tables) {
      const rows = table.rows()
      const over = new Set(table.expired(nowSeconds))
      const live = over.size === 0 ? rows : rows.filter(({ id }) => !over.has(id))
      if (live.length > 0) sets[name] = live
    }
    return sets
  }

  count(kind: string, nowSeconds: number): number {
    const table = this.#tables.get(kind)
    return table === undefined ? 0 : table.size - table.expired(nowSeconds).length
  }

  /**
   * Does operations in order, all or none. Rows whose time is over go first, so that their values
   * are free.
   */
  attempt(operations: readonly Operation[], nowSeconds: number): Attempt {
    const changes: Change[] = []
    for (const [kind, table] of this.#tables)
      for (const id of table.expired(nowSeconds)) this.#delete(kind, id, changes)
    for (const operation of operations) {
      const fault = this.#perform(operation, changes)
      if (fault === undefined) continue
      this.revert(changes)
      return { ok: false, fault }
    }
    return { ok: true, changes: merged(changes) }
  }

  /** Fills empty rows; references are checked at the end, so the order does not matter. */
  load(entities: EntitySet): WriteFault | undefined {
    return atOnce(this.loadSteps(entities))
  }

  /** As {@link load}, for very many rows. */
  *loadSteps(entities: EntitySet): Steps<WriteFault | undefined> {
    for (const [kind, rows] of Object.entries(entities)) {
      const table = this.#tables.get(kind)
      if (table === undefined) continue
      for (const [at, row] of rows.entries()) {
        if (at % ROWS_IN_A_STEP === 0) yield
        const fault = table.get(row.id) === undefined ? table.conflict(row) : taken(kind, row.id)
        if (fault !== undefined) return fault
        table.put(row)
      }
    }
    for (const [kind, table] of this.#tables) {
      for (const [at, row] of (yield* table.rowSteps()).entries()) {
        if (at % ROWS_IN_A_STEP === 0) yield
        const fault = this.#danglingReference(kind, row)
        if (fault !== undefined) return fault
      }
    }
    return undefined
  }

  /** Makes changes that were checked before, here or by another node. */
  apply(changes: readonly Change[]): void {
    for (const { kind, id, after } of changes) {
      const table = this.#tables.get(kind)
      if (after === undefined) table?.remove(id)
      else table?.put(after)
    }
  }

  /** Undoes changes, the last one first. */
  revert(changes: readonly Change[]): void {
    for (const { kind, id, before } of changes.toReversed()) {
      const table = this.#tables.get(kind)!
      if (before === undefined) table.remove(id)
      else table.put(before)
    }
  }

  #perform(operation: Operation, changes: Change[]): WriteFault | undefined {
    const { op, kind } = operation
    const table = this.#tables.get(kind)
    if (table === undefined) throw new RangeError(`Cannot write: no kind is called "${kind}"`)
    if (op === 'delete') return this.#delete(kind, operation.id, changes)
    const { entity } = operation
    const before = table.get(entity.id)
    if (op === 'insert' && before !== undefined) return taken(kind, entity.id)
    if (op === 'update' && before === undefined)
      return { fault: 'not-found', kind, key: { id: entity.id } }
    const fault = table.conflict(entity) ?? this.#danglingReference(kind, entity)
    if (fault !== undefined) return fault
    table.put(entity)
    changes.push({ kind, id: entity.id, before, after: entity })
    return undefined
  }

  #danglingReference(kind: string, row: Entity): WriteFault | undefined {
    for (const { field, spec } of referencesOf(this.#tables.get(kind)!.kind)) {
      const id = foreignId(row[field])
      const parents = this.#tables.get(spec.reference)
      if (id === undefined || parents === undefined || parents.get(id) !== undefined) continue
      return { fault: 'foreign-key-missing', kind, field, reference: spec.reference, key: { id } }
    }
    return undefined
  }

  #delete(kind: string, id: string, changes: Change[]): WriteFault | undefined {
    const table = this.#tables.get(kind)!
    const before = table.get(id)
    if (before === undefined) return undefined
    const references = this.#references.get(kind) ?? []
    for (const reference of references) {
      const isKept = reference.spec.on_delete !== 'cascade' && reference.spec.on_delete !== 'null'
      if (isKept && this.#children(reference, id).length > 0)
        return { fault: 'referenced', kind, by: reference.kind }
    }
    for (const reference of references) {
      const fault = this.#followParent(reference, id, changes)
      if (fault !== undefined) return fault
    }
    table.remove(id)
    changes.push({ kind, id, before, after: undefined })
    return undefined
  }

  /** Deletes the children of a parent that goes, or lets them go on without one. */
  #followParent(reference: Reference, parentId: string, changes: Change[]): WriteFault | undefined {
    const table = this.#tables.get(reference.kind)!
    for (const id of this.#children(reference, parentId)) {
      const before = table.get(id)
      if (before === undefined) continue
      if (reference.spec.on_delete === 'cascade') {
        const fault = this.#delete(reference.kind, id, changes)
        if (fault !== undefined) return fault
      } else {
        const after: Entity = { ...before, [reference.field]: null }
        table.put(after)
        changes.push({ kind: reference.kind, id, before, after })
      }
    }
    return undefined
  }

  #children({ kind, field }: Reference, parentId: string): readonly string[] {
    return [...this.#tables.get(kind)!.children(field, parentId).inOrder()]
  }
}

const ROWS_IN_A_STEP = 100

function taken(kind: string, id: string): WriteFault {
  return { fault: 'primary-key-taken', kind, key: { id } }
}

const REFERENCES = new WeakMap<EntityKind, readonly Reference[]>()

function referencesOf(kind: EntityKind): readonly Reference[] {
  let references = REFERENCES.get(kind)
  if (references === undefined) {
    references = Object.entries(kind.fields)
      .filter((entry): entry is [string, ForeignSpec] => entry[1].type === 'foreign')
      .map(([field, spec]) => ({ kind: kind.name, field, spec }))
    REFERENCES.set(kind, references)
  }
  return references
}

/** For fields that are not unique, e.g. the group of a membership: the first row by id. */
function findPlain(table: Table, values: Readonly<Record<string, unknown>>): Entity | undefined {
  const wanted = Object.entries(values)
  const parent = wanted.find(([, value]) => foreignId(value) !== undefined)
  const rows =
    parent === undefined
      ? table.rows()
      : table
          .children(parent[0], foreignId(parent[1])!)
          .inOrder()
          .map((id) => table.get(id)!)
  return rows.find((row) =>
    wanted.every(([name, value]) =>
      foreignId(value) === undefined
        ? row[name] === value
        : foreignId(row[name]) === foreignId(value),
    ),
  )
}

/** One change a row, from its state before the write to that after it. */
function merged(changes: readonly Change[]): readonly Change[] {
  const byRow = new Map<string, Change>()
  for (const change of changes) {
    const key = `${change.kind}/${change.id}`
    const earlier = byRow.get(key)
    byRow.set(key, earlier === undefined ? change : { ...change, before: earlier.before })
  }
  return [...byRow.values()].filter(
    ({ before, after }) => before !== undefined || after !== undefined,
  )
}
