import { randomInt } from 'node:crypto'

/** Int32 positions: two seeds, then the locks, then the slots. */
const SEEDS = 2
const LOCKS = 1024
const SLOTS_START = SEEDS + LOCKS
/** A slot: two halves of the key's hash, expiry, count. */
const SLOT_WORDS = 4
/** Slots a key may lie in; the one that expires first makes room when all are taken. */
const BUCKET_SLOTS = 8
/** A lock that is held for longer belongs to a thread that died with it. */
const MAX_SPINS = 10_000_000

/** Memory for about so many counters at a time, to be handed to every thread. */
export function sharedCounterMemory(counters: number): SharedArrayBuffer {
  const buckets = 2 ** Math.ceil(Math.log2(Math.max(counters / BUCKET_SLOTS, 1) * 2))
  const words = SLOTS_START + buckets * BUCKET_SLOTS * SLOT_WORDS
  const memory = new SharedArrayBuffer(words * 4)
  const view = new Int32Array(memory)
  // Unknown to clients, so that none can look for keys that share a counter.
  view[0] = randomInt(2 ** 31)
  view[1] = randomInt(2 ** 31)
  return memory
}

/**
 * Counters that all threads of a process see and change at once: every addition counts exactly
 * once, whichever thread makes it. A counter ends at its expiry and begins anew with the next
 * addition. Space is bounded: when it runs out, counters that would end soonest are forgotten.
 *
 * Keys are told apart by 62 bits of a seeded hash.
 */
export class SharedCounters {
  readonly #words: Int32Array
  readonly #bucketMask: number

  /** @param memory from {@link sharedCounterMemory} */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
    this.#bucketMask = (this.#words.length - SLOTS_START) / (BUCKET_SLOTS * SLOT_WORDS) - 1
  }

  /** @param nowSeconds Unix time */
  get(key: string, nowSeconds: number): number {
    const place = this.#lock(key)
    const slot = this.#find(place, nowSeconds)
    const count = slot === -1 ? 0 : this.#words[slot + 3]!
    this.#unlock(place)
    return count
  }

  /**
   * @param expiresAtSeconds of a counter that begins with this addition
   * @returns the count with this addition
   */
  add(key: string, by: number, expiresAtSeconds: number, nowSeconds: number): number {
    const place = this.#lock(key)
    const words = this.#words
    let slot = this.#find(place, nowSeconds)
    if (slot === -1) {
      slot = this.#makeRoom(place)
      words[slot] = place.low
      words[slot + 1] = place.high
      words[slot + 2] = expiresAtSeconds | 0
      words[slot + 3] = 0
    }
    const count = words[slot + 3]! + by
    words[slot + 3] = count
    // A count back at zero is as good as none, and needs no room.
    if (count === 0) words[slot + 2] = 0
    this.#unlock(place)
    return count
  }

  #find(place: Place, nowSeconds: number): number {
    const words = this.#words
    for (
      let slot = place.bucket;
      slot < place.bucket + BUCKET_SLOTS * SLOT_WORDS;
      slot += SLOT_WORDS
    )
      if (words[slot] === place.low && words[slot + 1] === place.high)
        return words[slot + 2]! > (nowSeconds | 0) ? slot : -1
    return -1
  }

  #makeRoom(place: Place): number {
    const words = this.#words
    let soonest = place.bucket
    for (
      let slot = place.bucket;
      slot < place.bucket + BUCKET_SLOTS * SLOT_WORDS;
      slot += SLOT_WORDS
    ) {
      const isOwn = words[slot] === place.low && words[slot + 1] === place.high
      if (isOwn) return slot
      if (words[slot + 2]! < words[soonest + 2]!) soonest = slot
    }
    return soonest
  }

  #lock(key: string): Place {
    const words = this.#words
    const { low, high } = hashOf(key, words[0]!, words[1]!)
    const bucketIndex = (low >>> 1) & this.#bucketMask
    const lock = SEEDS + (bucketIndex & (LOCKS - 1))
    for (let spins = 0; Atomics.compareExchange(words, lock, 0, 1) !== 0; spins += 1)
      if (spins > MAX_SPINS) break
    return { low, high, lock, bucket: SLOTS_START + bucketIndex * BUCKET_SLOTS * SLOT_WORDS }
  }

  #unlock({ lock }: Place): void {
    Atomics.store(this.#words, lock, 0)
  }
}

interface Place {
  readonly low: number
  readonly high: number
  readonly lock: number
  /** Position of the bucket's first slot. */
  readonly bucket: number
}

/** Two multiplicative hashes over the same text; neither is ever 0, which marks an empty slot. */
function hashOf(key: string, seed: number, otherSeed: number): { low: number; high: number } {
  let low = seed
  let high = otherSeed
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index)
    low = Math.imul(low ^ code, 0x9e37_79b1)
    high = Math.imul(high ^ code, 0x85eb_ca77)
    low ^= low >>> 15
    high ^= high >>> 13
  }
  low = Math.imul(low ^ (high >>> 16), 0xc2b2_ae35)
  high = Math.imul(high ^ (low >>> 13), 0x27d4_eb2f)
  return { low: (low ^ (low >>> 16)) | 1, high: (high ^ (high >>> 15)) | 1 }
}
