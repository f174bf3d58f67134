import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import type { Operation } from './store.ts'

/**
 * Rows of kinds with `isInstant` that were written one by one where nothing else can be: they are not
 * part of the configuration that comes whole, and so do not go with it.
 */
export class InstantRows {
  readonly #catalog: Catalog
  /** By kind, the ids of rows that were written. */
  readonly #written = new Map<string, Set<string>>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  areAll(operations: readonly Operation[]): boolean {
    return operations.every(({ kind }) => this.#catalog.kind(kind)?.isInstant === true)
  }

  note(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (operation.op === 'delete') continue
      const ids = this.#written.get(operation.kind) ?? new Set()
      this.#written.set(operation.kind, ids.add(operation.entity.id))
    }
  }

  /** @param present all rows there are; what is not among them was deleted, or has expired */
  addTo(entities: EntitySet, present: () => EntitySet): EntitySet {
    if (this.#written.size === 0) return entities
    const all = present()
    let whole = entities
    for (const [kind, ids] of this.#written) {
      const given = entities[kind] ?? []
      const isGiven = new Set(given.map(({ id }) => id))
      const kept = (all[kind] ?? []).filter(({ id }: Entity) => ids.has(id) && !isGiven.has(id))
      if (kept.length > 0) whole = { ...whole, [kind]: [...given, ...kept] }
    }
    return whole
  }
}
