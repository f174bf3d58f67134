import type { Steps } from '../base/steps.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { Ends } from './ends.ts'
import { SortedIds } from './sorted-ids.ts'
import type { WriteFault } from './store.ts'

/** The rows of one kind with their indexes: by id, unique fields, parents and tags. */
export class Table {
  readonly kind: EntityKind
  readonly #byId = new Map<string, Entity>()
  readonly #ids = new SortedIds()
  readonly #unique: ReadonlyMap<string, UniqueIndex>
  readonly #parents: ReadonlyMap<string, Map<string, SortedIds>>
  readonly #tags = new Map<string, SortedIds>()
  /** Ids of rows with a limited life, and when it ends in Unix seconds. */
  readonly #ends = new Ends()
  #all: readonly Entity[] | undefined

  constructor(kind: EntityKind) {
    this.kind = kind
    const fields = Object.entries(kind.fields)
    const unique = [
      ...fields.filter(([, field]) => field.unique === true).map(([name]) => [name]),
      ...(kind.uniqueTogether ?? []),
    ]
    this.#unique = new Map(unique.map((names) => [names.join(), { names, ids: new Map() }]))
    this.#parents = new Map(
      fields.filter(([, field]) => field.type === 'foreign').map(([name]) => [name, new Map()]),
    )
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: string): Entity | undefined {
    return this.#byId.get(id)
  }

  /** Why a row cannot stand beside the others, unless it replaces the one with its id. */
  conflict(row: Entity): WriteFault | undefined {
    for (const index of this.#unique.values()) {
      const value = uniqueValue(index, row)
      const taken = value === undefined ? undefined : index.ids.get(value)
      if (taken === undefined || taken === row.id) continue
      const key = Object.fromEntries(index.names.map((name) => [name, row[name] ?? null]))
      return { fault: 'unique-violation', kind: this.kind.name, key }
    }
    return undefined
  }

  /** Puts a row in its place, instead of the one with its id if there is one. */
  put(row: Entity): void {
    const before = this.#byId.get(row.id)
    if (before === undefined) this.#ids.add(row.id)
    else this.#unindex(before)
    this.#byId.set(row.id, row)
    this.#index(row)
    this.#all = undefined
  }

  remove(id: string): void {
    const row = this.#byId.get(id)
    if (row === undefined) return
    this.#unindex(row)
    this.#byId.delete(id)
    this.#ids.remove(id)
    this.#all = undefined
  }

  /** All rows in ascending order of id; the same list until the next change. */
  rows(): readonly Entity[] {
    return (this.#all ??= this.#ids.inOrder().map((id) => this.#byId.get(id)!))
  }

  /** As {@link rows}, of very many, none of which may change meanwhile. */
  *rowSteps(): Steps<readonly Entity[]> {
    const all: Entity[] = []
    for (const id of yield* this.#ids.orderSteps())
      if (all.push(this.#byId.get(id)!) % ROWS_IN_A_STEP === 0) yield
    this.#all = all
    return all
  }

  ids(): SortedIds {
    return this.#ids
  }

  /** Ids of the rows whose foreign field refers to a parent. */
  children(field: string, parentId: string): SortedIds {
    return this.#parents.get(field)?.get(parentId) ?? NONE
  }

  tagged(tag: string): SortedIds {
    return this.#tags.get(tag) ?? NONE
  }

  /** The row that has this value in a unique field, or these in fields that are unique together. */
  findUnique(values: Readonly<Record<string, unknown>>): Entity | 'not-unique' | undefined {
    const names = Object.keys(values).sort().join()
    for (const index of this.#unique.values()) {
      if (index.names.toSorted().join() !== names) continue
      const value = uniqueValue(index, values)
      const id = value === undefined ? undefined : index.ids.get(value)
      return id === undefined ? undefined : this.#byId.get(id)
    }
    return 'not-unique'
  }

  hasExpired(id: string, nowSeconds: number): boolean {
    return (this.#ends.get(id) ?? Infinity) <= nowSeconds
  }

  /** Ids of rows whose time is over but that are still here. */
  expired(nowSeconds: number): readonly string[] {
    return this.#ends.over(nowSeconds)
  }

  #index(row: Entity): void {
    for (const index of this.#unique.values()) {
      const value = uniqueValue(index, row)
      if (value !== undefined) index.ids.set(value, row.id)
    }
    for (const [field, parents] of this.#parents) addTo(parents, foreignId(row[field]), row.id)
    for (const tag of tagsOf(row)) addTo(this.#tags, tag, row.id)
    const end = row['expires_at']
    if (typeof end === 'number') this.#ends.set(row.id, end)
  }

  #unindex(row: Entity): void {
    for (const index of this.#unique.values()) {
      const value = uniqueValue(index, row)
      if (value !== undefined && index.ids.get(value) === row.id) index.ids.delete(value)
    }
    for (const [field, parents] of this.#parents) removeFrom(parents, foreignId(row[field]), row.id)
    for (const tag of tagsOf(row)) removeFrom(this.#tags, tag, row.id)
    this.#ends.delete(row.id)
  }
}

const ROWS_IN_A_STEP = 200
const NONE = new SortedIds()

interface UniqueIndex {
  readonly names: readonly string[]
  readonly ids: Map<string, string>
}

/** One field without a value is never in conflict; of several together, a missing one is a value. */
function uniqueValue(
  { names }: UniqueIndex,
  row: Readonly<Record<string, unknown>>,
): string | undefined {
  if (names.length > 1) return JSON.stringify(names.map((name) => plain(row[name])))
  const value = plain(row[names[0]!])
  return value === null ? undefined : JSON.stringify(value)
}

function plain(value: unknown): unknown {
  return foreignId(value) ?? value ?? null
}

/** The id a foreign field refers to. */
export function foreignId(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id } = value as { readonly id?: unknown }
  return typeof id === 'string' ? id : undefined
}

/** The tags of a row, each once. */
export function tagsOf(row: Entity): Iterable<string> {
  const tags = row['tags']
  return Array.isArray(tags) ? new Set(tags as string[]) : []
}

function addTo(index: Map<string, SortedIds>, value: string | undefined, id: string): void {
  if (value === undefined) return
  let ids = index.get(value)
  if (ids === undefined) index.set(value, (ids = new SortedIds()))
  ids.add(id)
}

function removeFrom(index: Map<string, SortedIds>, value: string | undefined, id: string): void {
  const ids = value === undefined ? undefined : index.get(value)
  ids?.remove(id)
  if (ids?.size === 0) index.delete(value!)
}
