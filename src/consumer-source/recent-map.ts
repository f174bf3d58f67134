/**
 * A map of the most recently used entries, which holds half of its limit at least, and never more.
 *
 * Two generations stand in for a list of recent use: what is asked for moves from the old to the
 * young one, and when that is full the old one is dropped. Nothing has to be looked for to make room;
 * in a `Map` the oldest entry is found the more slowly the more were deleted before it.
 */
export class RecentMap<Value> {
  readonly #limit: number
  readonly #onDropped: (value: Value) => void
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  /**
   * @param limit 2 or more
   * @param onDropped hears of entries that had to go for want of room
   */
  constructor(limit: number, onDropped: (value: Value) => void = () => undefined) {
    this.#limit = limit
    this.#onDropped = onDropped
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const value = this.#old.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#old.delete(key)
    if (!this.#young.has(key) && (this.#young.size + 1) * 2 > this.#limit) this.#age()
    this.#young.set(key, value)
  }

  #age(): void {
    for (const value of this.#old.values()) this.#onDropped(value)
    this.#old = this.#young
    this.#young = new Map()
  }

  delete(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** A copy, so that entries may be deleted meanwhile. */
  entries(): readonly (readonly [string, Value])[] {
    return [...this.#young, ...this.#old]
  }
}
