import type { Catalog } from '../entities/catalog.ts'
import type { Change } from './store.ts'
import { foreignId } from './table.ts'
import type { ChangedRow } from './medium.ts'

/**
 * Rows in a database of kinds that this process does not know, since the plugin they belong to is
 * not loaded. They stay as they are, but do not outlive what they refer to: a deleted consumer's
 * key must not come back with the plugin.
 */
export class Strangers {
  readonly #catalog: Catalog
  readonly #parents = new Map<string, ReadonlySet<string>>()
  readonly #rows = new Map<string, { readonly kind: string; readonly id: string }>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** Notes rows as they are now. @returns those of known kinds */
  sift(rows: readonly ChangedRow[]): readonly ChangedRow[] {
    return rows.filter((row) => {
      if (this.#catalog.kind(row.kind) !== undefined) return true
      this.#note(row)
      return false
    })
  }

  clear(): void {
    this.#parents.clear()
    this.#rows.clear()
  }

  /** Rows that must go with what these changes delete. */
  orphanedBy(changes: readonly Change[]): readonly ChangedRow[] {
    if (this.#rows.size === 0) return []
    const gone = new Set(changes.flatMap(({ id, after }) => (after === undefined ? [id] : [])))
    if (gone.size === 0) return []
    return [...this.#rows]
      .filter(([key]) => !this.#parents.get(key)!.isDisjointFrom(gone))
      .map(([, { kind, id }]) => ({ kind, id, after: undefined }))
  }

  #note({ kind, id, after }: ChangedRow): void {
    const key = `${kind}/${id}`
    if (after === undefined) {
      this.#rows.delete(key)
      this.#parents.delete(key)
      return
    }
    this.#rows.set(key, { kind, id })
    this.#parents.set(key, new Set(Object.values(after).flatMap((value) => foreignId(value) ?? [])))
  }
}
