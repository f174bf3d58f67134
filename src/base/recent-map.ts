/**
 * A map that forgets what was not used for a while: it holds at most so many entries, and surely the
 * half of them that was used last.
 *
 * Entries live in a young and an old generation. What is found in the old one goes back into the young
 * one; a full young one becomes the old one, whose rest is forgotten at once. So neither a use nor a
 * loss walks over entries, as looking for the one used longest ago would; and in a `Map` the oldest
 * entry is found the more slowly the more were deleted before it.
 */
export class RecentMap<Key, Value> {
  readonly #half: number
  readonly #onForgotten: ((value: Value) => void) | undefined
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()

  /**
   * @param most entries, at least 2
   * @param onForgotten hears of entries that had to go for want of room
   */
  constructor(most: number, onForgotten?: (value: Value) => void) {
    this.#half = Math.max(1, Math.floor(most / 2))
    this.#onForgotten = onForgotten
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: Key, value: Value): void {
    if (!this.#young.has(key)) {
      this.#old.delete(key)
      if (this.#young.size >= this.#half) this.#age()
    }
    this.#young.set(key, value)
  }

  delete(key: Key): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** A copy, so that entries may be deleted meanwhile. */
  entries(): readonly (readonly [Key, Value])[] {
    return [...this.#young, ...this.#old]
  }

  #age(): void {
    if (this.#onForgotten !== undefined)
      for (const value of this.#old.values()) this.#onForgotten(value)
    this.#old = this.#young
    this.#young = new Map()
  }
}
