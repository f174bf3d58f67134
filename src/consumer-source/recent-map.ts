/** A map of the most recently used entries: when it is full, what was not used for longest goes. */
export class RecentMap<Value> {
  readonly #entries = new Map<string, Value>()
  readonly #limit: number
  readonly #onDropped: (value: Value) => void

  /** @param onDropped hears of entries that had to go for want of room */
  constructor(limit: number, onDropped: (value: Value) => void = () => undefined) {
    this.#limit = limit
    this.#onDropped = onDropped
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#limit) return
    const [oldest] = this.#entries
    this.#entries.delete(oldest![0])
    this.#onDropped(oldest![1])
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** A copy, so that entries may be deleted meanwhile. */
  entries(): readonly (readonly [string, Value])[] {
    return [...this.#entries]
  }
}
