/**
 * What workers know of the health of addresses: memory that all threads of a process share, so that
 * counters count for all of them, and a state that one sets is every one's at once.
 *
 * A cell is found by its key in all threads. It is free again when the last thread has let it go.
 */
export class HealthTable {
  readonly #words: Int32Array<SharedArrayBuffer>
  readonly #memory: SharedArrayBuffer
  readonly #bucketMask: number

  /** @param memory from {@link healthMemory}; by itself a table is for one thread */
  constructor(memory: SharedArrayBuffer = healthMemory(BUCKET_CELLS * 32)) {
    this.#memory = memory
    this.#words = new Int32Array(memory)
    this.#bucketMask = (this.#words.length - HEAD_WORDS) / CELL_WORDS / BUCKET_CELLS - 1
  }

  /** Changes with each change of a state, whichever thread makes it. */
  get generation(): number {
    return Atomics.load(this.#words, GENERATION)
  }

  /** Tells all threads that they should look at the states again. */
  changed(): void {
    Atomics.add(this.#words, GENERATION, 1)
  }

  /**
   * The cell of a key, zeroes where it is new. With no room left for it each thread gets a cell of its
   * own, and counts alone.
   */
  acquire(key: string): HealthCell {
    const words = this.#words
    const hash = hashOf(key)
    const first = HEAD_WORDS + ((hash.low >>> 1) & this.#bucketMask) * BUCKET_CELLS * CELL_WORDS
    this.#lock()
    let free = -1
    for (let at = first; at < first + BUCKET_CELLS * CELL_WORDS; at += CELL_WORDS) {
      const users = words[at + USERS]!
      if (users > 0 && words[at] === hash.low && words[at + 1] === hash.high) {
        words[at + USERS] = users + 1
        this.#unlock()
        return new HealthCell(this.#memory, at)
      }
      if (users === 0 && free === -1) free = at
    }
    if (free !== -1) {
      words.fill(0, free, free + CELL_WORDS)
      words.set([hash.low, hash.high, 1], free)
    }
    this.#unlock()
    return free === -1 ? new HealthCell() : new HealthCell(this.#memory, free)
  }

  /** The caller may go on with the cell, but from now on it is its alone. */
  release(cell: HealthCell): void {
    const at = cell.detach()
    if (at === undefined) return
    this.#lock()
    this.#words[at + USERS]! -= 1
    this.#unlock()
  }

  #lock(): void {
    for (let spins = 0; Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0; spins += 1)
      // Its holder died with it.
      if (spins > MAX_SPINS) return
  }

  #unlock(): void {
    Atomics.store(this.#words, LOCK, 0)
  }
}

/** Memory for about so many addresses, to be handed to every thread. */
export function healthMemory(addresses = DEFAULT_ADDRESSES): SharedArrayBuffer {
  const buckets = 2 ** Math.ceil(Math.log2(Math.max(addresses / BUCKET_CELLS, 1) * 2))
  return new SharedArrayBuffer((HEAD_WORDS + buckets * BUCKET_CELLS * CELL_WORDS) * 4)
}

/** Int32 positions of the head. */
const LOCK = 0
const GENERATION = 1
const HEAD_WORDS = 16
/** A cell: two halves of the key's hash, its users, then what it holds; one line of a cache. */
const USERS = 2
const CELL_WORDS = 16
const BUCKET_CELLS = 8
const DEFAULT_ADDRESSES = 16_384
const MAX_SPINS = 10_000_000

/** What a cell holds: counts by position, and two times. */
export const Count = {
  STATE: 3,
  SUCCESSES: 4,
  HTTP_FAILURES: 5,
  TCP_FAILURES: 6,
  TIMEOUTS: 7,
  /** Failures in a row, for the circuit. */
  IN_A_ROW: 8,
  /** How often the circuit has opened one time after the other. */
  OPENINGS: 9,
} as const
export type Count = (typeof Count)[keyof typeof Count]

/** Float64 position within a cell. */
const OPEN_UNTIL = 5

/** Counts of one address. Additions of several threads all count. */
export class HealthCell {
  #words: Int32Array
  #times: Float64Array
  #at: number | undefined

  /** @param memory of a table, with the cell's position in it; absent: a cell for itself */
  constructor(memory?: SharedArrayBuffer, at = 0) {
    this.#at = memory === undefined ? undefined : at
    const own = memory ?? new SharedArrayBuffer(CELL_WORDS * 4)
    this.#words = new Int32Array(own, at * 4, CELL_WORDS)
    this.#times = new Float64Array(own, at * 4, CELL_WORDS / 2)
  }

  get(count: Count): number {
    return Atomics.load(this.#words, count)
  }

  set(count: Count, value: number): void {
    Atomics.store(this.#words, count, value)
  }

  /** @returns the count with the one added */
  increment(count: Count): number {
    return Atomics.add(this.#words, count, 1) + 1
  }

  /** @returns whether this call, and no other thread's, made the change */
  change(count: Count, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, count, from, to) === from
  }

  /** Unix time in ms until which the circuit is open; in the past or 0 otherwise. */
  get openUntilMs(): number {
    return this.#times[OPEN_UNTIL]!
  }

  set openUntilMs(time: number) {
    this.#times[OPEN_UNTIL] = time
  }

  /** Goes on with a copy. @returns the position in the table that is left, if it was in one */
  detach(): number | undefined {
    const at = this.#at
    if (at === undefined) return undefined
    const own = new SharedArrayBuffer(CELL_WORDS * 4)
    const words = new Int32Array(own)
    words.set(this.#words)
    this.#words = words
    this.#times = new Float64Array(own)
    this.#at = undefined
    return at
  }
}

function hashOf(key: string): { readonly low: number; readonly high: number } {
  let low = 0x811c_9dc5 | 0
  let high = 0x9e37_79b1 | 0
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index)
    low = Math.imul(low ^ code, 0x0100_0193)
    high = Math.imul(high ^ code, 0x85eb_ca77)
    high ^= high >>> 13
  }
  return { low: low ^ (low >>> 15), high }
}
