import { fnv1a, FNV_PRIME, FNV_SEED, spread } from './text-hash.ts'

/**
 * A hash table from names to values that is asked about a part of a text, without cutting the part
 * out, and keeps its keys in one flat array: with very many names a lookup's time is that of its
 * cache misses.
 */
export class ExactTable<Value> {
  readonly #values: Value[] = []
  readonly #names = new Map<string, Value>()
  /** Four numbers a slot: hash, start and length of the key, number of the value plus one; 0 is free. */
  #slots = new Int32Array(SLOT)
  #mask = 0
  #keys = new Uint8Array(0)

  get size(): number {
    return this.#names.size
  }

  /** @param name one character a byte */
  obtain(name: string, make: () => Value): Value {
    let value = this.#names.get(name)
    if (value === undefined) {
      value = make()
      this.#names.set(name, value)
    }
    return value
  }

  /** Makes ready for searching; nothing may be added any more. */
  seal(): void {
    let size = 8
    while (size < this.#names.size * 2) size *= 2
    this.#mask = size - 1
    this.#slots = new Int32Array(size * SLOT)
    this.#keys = new Uint8Array(Buffer.from([...this.#names.keys()].join(''), 'latin1'))
    let start = 0
    for (const [name, value] of this.#names) {
      const hash = spread(fnv1a(name))
      let slot = hash & this.#mask
      while (this.#slots[slot * SLOT + 3] !== 0) slot = (slot + 1) & this.#mask
      this.#slots.set([hash, start, name.length, this.#values.push(value)], slot * SLOT)
      start += name.length
    }
  }

  /** @param length of the name, which is the beginning of the text */
  find(text: string, length: number): Value | undefined {
    let sum = FNV_SEED
    for (let at = 0; at < length; at += 1) sum = Math.imul(sum ^ text.charCodeAt(at), FNV_PRIME)
    const hash = spread(sum)
    const slots = this.#slots
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const base = slot * SLOT
      const found = slots[base + 3]!
      if (found === 0) return undefined
      if (slots[base] !== hash || slots[base + 2] !== length) continue
      if (this.#isKey(slots[base + 1]!, text, length)) return this.#values[found - 1]
    }
  }

  #isKey(start: number, text: string, length: number): boolean {
    const keys = this.#keys
    for (let at = 0; at < length; at += 1)
      if (keys[start + at] !== text.charCodeAt(at)) return false
    return true
  }
}

const SLOT = 4
