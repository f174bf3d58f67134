/**
 * When each of many things ends, made to be asked often which are over. With each answer only those
 * are looked at that are over, however many others there are.
 *
 * A binary heap, the first end at its root. What is taken out or gets another end stays in it until it
 * has come up to the root, or until half of the heap is such remains.
 */
export class Ends {
  readonly #ends = new Map<string, number>()
  #heap: Entry[] = []

  get(id: string): number | undefined {
    return this.#ends.get(id)
  }

  /** @param end in the unit that is asked with */
  set(id: string, end: number): void {
    if (this.#ends.get(id) === end) return
    this.#ends.set(id, end)
    this.#push({ id, end })
  }

  delete(id: string): void {
    this.#ends.delete(id)
    if (this.#heap.length > 2 * this.#ends.size + FEW) this.#heap = heapOf(this.#ends)
  }

  /** @returns ids of those that end now or have ended, in no order */
  over(now: number): readonly string[] {
    while (this.#heap.length > 0 && !this.#isCurrent(this.#heap[0]!)) this.#dropRoot()
    const over = new Set<string>()
    const places = [0]
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const entry = this.#heap[place]
      // Below one that is not over none is.
      if (entry === undefined || entry.end > now) continue
      if (this.#isCurrent(entry)) over.add(entry.id)
      places.push(2 * place + 1, 2 * place + 2)
    }
    return [...over]
  }

  #isCurrent({ id, end }: Entry): boolean {
    return this.#ends.get(id) === end
  }

  /** Puts the last entry into the place of the first, and lets it sink. */
  #dropRoot(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const right = left + 1
      const below = right < heap.length && heap[right]!.end < heap[left]!.end ? right : left
      if (below >= heap.length || heap[below]!.end >= last.end) break
      heap[place] = heap[below]!
      place = below
    }
    heap[place] = last
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >>> 1
      if (heap[above]!.end <= entry.end) break
      heap[place] = heap[above]!
      place = above
    }
    heap[place] = entry
  }
}

interface Entry {
  readonly id: string
  readonly end: number
}

/** Remains of so few are not worth a new heap. */
const FEW = 32

/** A list in ascending order is a heap. */
function heapOf(ends: ReadonlyMap<string, number>): Entry[] {
  return Array.from(ends, ([id, end]) => ({ id, end })).sort((one, other) => one.end - other.end)
}
