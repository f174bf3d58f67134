import { type Mark, YamlFault } from './token.ts'

/** More values than a text could ever spell out by itself only come from aliases of aliases. */
const MAX_VALUES = 20_000_000

interface Anchored {
  readonly value: unknown
  /** Values in it, those behind aliases each time. */
  readonly size: number
}

/** The anchors of one document, and how large it is with every alias written out. */
export class Anchors {
  readonly #known = new Map<string, Anchored>()
  readonly #open = new Map<string, number>()
  #size = 0

  /** A value with this anchor begins. */
  open(name: string): void {
    this.#open.set(name, this.#size)
  }

  close(name: string, value: unknown): void {
    const before = this.#open.get(name) ?? this.#size
    this.#open.delete(name)
    this.#known.set(name, { value, size: this.#size - before })
  }

  /** @throws {YamlFault} when there is no such anchor, or the value would hold itself */
  resolve(name: string, mark: Mark): unknown {
    if (this.#open.has(name)) throw new YamlFault(`anchor '${name}' holds itself`, mark)
    const anchored = this.#known.get(name)
    if (anchored === undefined) throw new YamlFault(`invalid reference: ${name}`, mark)
    this.count(anchored.size, mark)
    return anchored.value
  }

  /** @throws {YamlFault} when aliases make too much out of too little */
  count(values: number, mark: Mark): void {
    this.#size += values
    if (this.#size > MAX_VALUES) throw new YamlFault('aliases stand for too many values', mark)
  }
}
