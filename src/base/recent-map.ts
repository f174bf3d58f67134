/**
 * A map that forgets what was not used for a while: it holds at most so many entries, and surely the
 * half of them that was used last.
 *
 * Entries live in a young and an old generation. What is found in the old one goes back into the young
 * one; a full young one becomes the old one, whose rest is forgotten at once. So neither a use nor a
 * loss walks over entries, as looking for the one used longest ago would.
 */
export class RecentMap<Key, Value> {
  readonly #half: number
  #young = new Map<Key, Value>()
  #old: ReadonlyMap<Key, Value> = new Map<Key, Value>()

  /** @param most entries, at least 2 */
  constructor(most: number) {
    this.#half = Math.max(1, Math.floor(most / 2))
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
