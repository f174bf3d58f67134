import { isJsonObject } from '../../base/json.ts'
import type { Mark } from './token.ts'

/** Told by the reader where each thing stands. */
export interface PlaceRecorder {
  open(container: object, mark: Mark): void
  element(list: object, mark: Mark): void
  member(map: object, name: string, entry: { readonly at: Mark; readonly valueAt: Mark }): void
  merged(map: object, sources: unknown): void
}

/** A key that stands in its mapping before; the value of the last one counts. */
export interface RepeatedKey extends Mark {
  readonly name: string
  /** Line of the one before, 0-based as all marks. */
  readonly lineBefore: number
}

interface Members {
  readonly start: Mark
  /** Keys written in the mapping itself, none that a merge brought. */
  readonly own: Set<string>
  readonly keys: Map<string | number, Mark>
  readonly values: Map<string | number, Mark>
}

/** Remembers where the keys and values of a document stand, through anchors and merges. */
export class Places implements PlaceRecorder {
  readonly #containers = new Map<object, Members>()
  readonly #repeated: RepeatedKey[] = []

  /** In the order of the text. */
  get repeated(): readonly RepeatedKey[] {
    return this.#repeated
  }

  open(container: object, { line, column }: Mark): void {
    const start = { line, column }
    this.#containers.set(container, { start, own: new Set(), keys: new Map(), values: new Map() })
  }

  element(list: object, { line, column }: Mark): void {
    const { values } = this.#containers.get(list)!
    values.set(values.size, { line, column })
  }

  member(map: object, name: string, { at, valueAt }: { at: Mark; valueAt: Mark }): void {
    const members = this.#containers.get(map)!
    if (members.own.has(name))
      this.#repeated.push({
        name,
        line: at.line,
        column: at.column,
        lineBefore: members.keys.get(name)!.line,
      })
    members.own.add(name)
    members.keys.set(name, { line: at.line, column: at.column })
    members.values.set(name, { line: valueAt.line, column: valueAt.column })
  }

  merged(map: object, sources: unknown): void {
    const { keys, values } = this.#containers.get(map)!
    for (const source of Array.isArray(sources) ? (sources as readonly unknown[]) : [sources]) {
      const from = isJsonObject(source) ? this.#containers.get(source) : undefined
      if (from === undefined) continue
      for (const [name, mark] of from.keys) if (!keys.has(name)) keys.set(name, mark)
      for (const [name, mark] of from.values) if (!values.has(name)) values.set(name, mark)
    }
  }

  /**
   * Where a path leads.
   *
   * @param wanted the key itself, or what stands behind it
   * @returns the nearest thing around it when the path leads nowhere
   */
  find(
    root: unknown,
    path: readonly (string | number)[],
    wanted: 'key' | 'value',
  ): Mark | undefined {
    let place: Mark | undefined
    let container = root
    for (const [at, step] of path.entries()) {
      const members =
        typeof container === 'object' && container !== null
          ? this.#containers.get(container)
          : undefined
      if (members === undefined) return place
      place ??= members.start
      const isLast = at === path.length - 1
      const found =
        (isLast && wanted === 'key' && members.keys.get(step)) || members.values.get(step)
      if (found === undefined) return place
      place = found
      container = (container as Readonly<Record<string | number, unknown>>)[step]
    }
    return place
  }
}
