import { createHash } from 'node:crypto'

/** Int32 positions of the head: a lock, and where its holder may be told apart from a dead one. */
const LOCK = 0
const HEAD_BYTES = 64
/** Float64 position in the head: bytes ever written. */
const WRITTEN = 1
/** A slot: two halves of the key's hash, when it ends, a spare word; then where it lies, as a float. */
const SLOT_BYTES = 24
const BUCKET_SLOTS = 8
/** Room for the index, by the size of a usual entry. */
const BYTES_PER_SLOT = 2048
/** An entry: lengths of key and value, then both, up to a multiple of four. */
const ENTRY_HEAD_BYTES = 8
const LOCK_WAIT_MS = 1
const MAX_LOCK_WAITS = 2000

/** Memory for about so many bytes of values, to be handed to every thread. */
export function sharedBytesMemory(bytes: number): SharedArrayBuffer {
  const slots = slotCount(bytes)
  return new SharedArrayBuffer(HEAD_BYTES + slots * SLOT_BYTES + Math.ceil(bytes / 8) * 8)
}

/**
 * Values by key that all threads of a process share. New ones are written behind the last, and when
 * the end of the memory is reached, over the oldest: what was stored first is forgotten first.
 */
export class SharedBytes {
  readonly #ints: Int32Array
  readonly #floats: Float64Array
  readonly #bytes: Uint8Array
  readonly #slots: number
  readonly #dataStart: number
  readonly #capacity: number

  /** @param memory from {@link sharedBytesMemory}, or any other of more than a few kilobytes */
  constructor(memory: SharedArrayBuffer) {
    this.#ints = new Int32Array(memory)
    this.#floats = new Float64Array(memory)
    this.#bytes = new Uint8Array(memory)
    this.#slots = slotsIn(memory.byteLength)
    this.#dataStart = HEAD_BYTES + this.#slots * SLOT_BYTES
    this.#capacity = memory.byteLength - this.#dataStart
  }

  /** Longer values are not stored. */
  get maxValueBytes(): number {
    return Math.floor(this.#capacity / 8)
  }

  /** @param nowSeconds Unix time @returns a copy */
  get(key: string, nowSeconds: number): Uint8Array | undefined {
    const hash = hashOf(key)
    return this.#locked(() => {
      const slot = this.#find(hash, key)
      if (slot === -1 || this.#ints[this.#int(slot) + 2]! <= nowSeconds) return undefined
      const place = this.#place(slot)
      const keyBytes = this.#ints[place / 4]!
      const valueBytes = this.#ints[place / 4 + 1]!
      const start = place + ENTRY_HEAD_BYTES + keyBytes
      return this.#bytes.slice(start, start + valueBytes)
    })
  }

  /** @returns whether there was room */
  set(key: string, value: Uint8Array, expiresAtSeconds: number): boolean {
    const name = Buffer.from(key)
    if (name.length + value.length + ENTRY_HEAD_BYTES > this.maxValueBytes) return false
    const hash = hashOf(key)
    this.#locked(() => {
      const position = this.#write(name, value)
      const known = this.#find(hash, key)
      const slot = known === -1 ? this.#oldestSlot(hash) : known
      const int = this.#int(slot)
      this.#ints[int] = hash.low
      this.#ints[int + 1] = hash.high
      this.#ints[int + 2] = Math.min(expiresAtSeconds, 2 ** 31 - 1)
      this.#floats[this.#float(slot)] = position
    })
    return true
  }

  /** @returns whether it was there */
  delete(key: string): boolean {
    const hash = hashOf(key)
    return this.#locked(() => {
      const slot = this.#find(hash, key)
      if (slot !== -1) this.#ints[this.#int(slot) + 2] = 0
      return slot !== -1
    })
  }

  clear(): void {
    this.#locked(() => {
      for (let slot = 0; slot < this.#slots; slot += 1) this.#ints[this.#int(slot) + 2] = 0
    })
  }

  #int(slot: number): number {
    return (HEAD_BYTES + slot * SLOT_BYTES) / 4
  }

  #float(slot: number): number {
    return (HEAD_BYTES + slot * SLOT_BYTES + 16) / 8
  }

  /** Where in the memory a slot's entry lies. */
  #place(slot: number): number {
    return this.#dataStart + (this.#floats[this.#float(slot)]! % this.#capacity)
  }

  /** Hashes may meet, so the key itself decides. */
  #find(hash: Hash, key: string): number {
    const first = this.#bucket(hash)
    for (let slot = first; slot < first + BUCKET_SLOTS; slot += 1) {
      const int = this.#int(slot)
      if (this.#ints[int] !== hash.low || this.#ints[int + 1] !== hash.high) continue
      if (this.#isAlive(slot) && this.#keyAt(slot) === key) return slot
    }
    return -1
  }

  #isAlive(slot: number): boolean {
    const position = this.#floats[this.#float(slot)]!
    return (
      this.#ints[this.#int(slot) + 2]! > 0 && position >= this.#floats[WRITTEN]! - this.#capacity
    )
  }

  #keyAt(slot: number): string {
    const place = this.#place(slot)
    const start = place + ENTRY_HEAD_BYTES
    // A TextDecoder does not take shared memory, a copy does.
    return Buffer.from(this.#bytes.slice(start, start + this.#ints[place / 4]!)).toString()
  }

  #bucket({ low }: Hash): number {
    return (((low >>> 0) % (this.#slots / BUCKET_SLOTS)) | 0) * BUCKET_SLOTS
  }

  #oldestSlot(hash: Hash): number {
    const first = this.#bucket(hash)
    let oldest = first
    for (let slot = first; slot < first + BUCKET_SLOTS; slot += 1) {
      if (!this.#isAlive(slot)) return slot
      if (this.#floats[this.#float(slot)]! < this.#floats[this.#float(oldest)]!) oldest = slot
    }
    return oldest
  }

  /** @returns the position of the entry among all bytes ever written */
  #write(key: Uint8Array, value: Uint8Array): number {
    const size = Math.ceil((ENTRY_HEAD_BYTES + key.length + value.length) / 4) * 4
    let position = this.#floats[WRITTEN]!
    // An entry lies in one piece; what is left before the end stays empty.
    const left = this.#capacity - (position % this.#capacity)
    if (left < size) position += left
    const place = this.#dataStart + (position % this.#capacity)
    this.#ints[place / 4] = key.length
    this.#ints[place / 4 + 1] = value.length
    this.#bytes.set(key, place + ENTRY_HEAD_BYTES)
    this.#bytes.set(value, place + ENTRY_HEAD_BYTES + key.length)
    this.#floats[WRITTEN] = position + size
    return position
  }

  #locked<Result>(act: () => Result): Result {
    let waits = 0
    while (Atomics.compareExchange(this.#ints, LOCK, 0, 1) !== 0) {
      Atomics.wait(this.#ints, LOCK, 1, LOCK_WAIT_MS)
      waits += 1
      // Its holder died with it.
      if (waits > MAX_LOCK_WAITS) break
    }
    try {
      return act()
    } finally {
      Atomics.store(this.#ints, LOCK, 0)
      Atomics.notify(this.#ints, LOCK, 1)
    }
  }
}

interface Hash {
  readonly low: number
  readonly high: number
}

function hashOf(key: string): Hash {
  const digest = createHash('sha1').update(key).digest()
  return { low: digest.readInt32LE(0), high: digest.readInt32LE(4) }
}

function slotCount(bytes: number): number {
  return Math.max(Math.ceil(bytes / BYTES_PER_SLOT / BUCKET_SLOTS), 1) * BUCKET_SLOTS
}

/** The index of a memory follows from its size, so that every thread finds the same. */
function slotsIn(memoryBytes: number): number {
  const bytes = ((memoryBytes - HEAD_BYTES) * BYTES_PER_SLOT) / (BYTES_PER_SLOT + SLOT_BYTES)
  return Math.max(Math.floor(bytes / BYTES_PER_SLOT / BUCKET_SLOTS), 1) * BUCKET_SLOTS
}
