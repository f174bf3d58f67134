import type { ChangedRow } from '../store/medium.ts'

/** Rows that workers do not serve yet as they are: each once, as it is now. */
export class UnservedChanges {
  /** By kind and id; nothing when any row may be among them. */
  readonly #rows: Map<string, ChangedRow> | undefined

  private constructor(rows: Map<string, ChangedRow> | undefined) {
    this.#rows = rows
  }

  static none(): UnservedChanges {
    return new UnservedChanges(new Map())
  }

  static everything(): UnservedChanges {
    return new UnservedChanges(undefined)
  }

  add(changes: readonly ChangedRow[]): void {
    for (const { kind, id, after } of changes) this.#rows?.set(`${kind}/${id}`, { kind, id, after })
  }

  /** These changes and then others. */
  followedBy(later: UnservedChanges): UnservedChanges {
    if (this.#rows === undefined || later.#rows === undefined) return UnservedChanges.everything()
    return new UnservedChanges(new Map([...this.#rows, ...later.#rows]))
  }

  /** @returns nothing when any row may have changed */
  rows(): readonly ChangedRow[] | undefined {
    return this.#rows && [...this.#rows.values()]
  }
}
