import { compilePrefixes, Field, FIELDS, NAMES, SLOT, Slot } from './prefix-records.ts'
import type { FirstItem, PrefixSet } from './prefix-records.ts'
import { FNV_PRIME, FNV_SEED, slotHash } from './text-hash.ts'

/**
 * Finds the longest of very many prefixes of a text, in a time that does not depend on how many
 * there are: the text is hashed from left to right as far as needed, and a list of lengths says
 * with which of these hashes to ask one hash table. A hit says which lengths to try beyond it.
 *
 * For the search to know that a longer prefix may exist, each prefix leaves a marker at the
 * shorter lengths its own search passes. All that a lookup reads lies in a few flat arrays: with
 * many routes its time is the time of its cache misses.
 *
 * @see Waldvogel et al., "Scalable High Speed IP Routing Lookups", 1997, for the method
 */
export class PrefixIndex<Item> {
  /** Items of all prefixes, see {@link Field}. */
  items: readonly Item[] = []
  /** Prefixes and markers, see {@link Field}. */
  records = new Int32Array(0)
  #sets: PrefixSet<Item>[] = []
  /** See {@link Slot}. */
  #slots = new Int32Array(SLOT)
  #chains = new Int32Array(1)
  /** The same memory as the records. */
  #bytes = new Uint8Array(0)
  /** All that occur, descending. */
  #lengths: readonly number[] = []
  /** Of the text under way: hash of its first n bytes at n. */
  #hashes = new Int32Array(1)
  /** So many of its bytes are hashed. */
  #hashed = 0

  /** @param name one character a byte; no two sets may have the same, but many have none */
  addSet(name = ''): PrefixSet<Item> {
    const set: PrefixSet<Item> = { name, nodes: new Map([['', []]]), root: 0 }
    this.#sets.push(set)
    return set
  }

  /** @param prefix one character a byte */
  add({ nodes }: PrefixSet<Item>, prefix: string, item: Item): void {
    const items = nodes.get(prefix)
    if (items === undefined) nodes.set(prefix, [item])
    else items.push(item)
  }

  /** Makes ready for searching; nothing may be added any more. */
  seal(first: (item: Item) => FirstItem): void {
    const { items, records, slots, chains, lengths } = compilePrefixes(this.#sets, first)
    this.items = items
    this.records = records
    this.#slots = slots
    this.#chains = chains
    this.#bytes = new Uint8Array(records.buffer)
    this.#lengths = lengths
    this.#hashes = new Int32Array(lengths[0]! + 1).fill(FNV_SEED, 0, 1)
    for (const { nodes } of this.#sets) nodes.clear()
    this.#sets = []
  }

  /** The searches that follow are about another text than those before. */
  begin(): void {
    this.#hashed = 0
  }

  /** @returns root of the set whose name is the beginning of a text, or -1 @param length of the name */
  findNamed(text: string, length: number): number {
    let hash = FNV_SEED
    for (let at = 0; at < length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
    return this.#probeExactly(slotHash(hash, NAMES), text, length)
  }

  /** @returns record of the longest prefix of the text under way; at least the set's root */
  find(root: number, text: string): number {
    const chains = this.#chains
    let chain = this.records[root + Field.CHAIN]!
    let hit = -1
    let hitLength = 0
    for (let length = chains[chain]!; length !== 0; length = chains[chain]!) {
      const slot = length > text.length ? -1 : this.#probe(root, text, length)
      if (slot === -1) {
        chain += 1
        continue
      }
      hit = this.#slots[slot + Slot.RECORD]! - 1
      hitLength = length
      const next = this.#slots[slot + Slot.CHAIN]!
      chain = next < 0 ? ~next : next
    }
    if (hit === -1) return root
    // Hashes may be equal by chance or by malice. If the last hit is true, so were those before it.
    return this.#isText(hit, text, hitLength)
      ? this.records[hit + Field.LONGEST]!
      : this.#findSlowly(root, text)
  }

  /** @returns a slot with the hash of the first bytes of the text under way, or -1 */
  #probe(root: number, text: string, length: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = slotHash(this.#hash(text, length), root)
    for (let at = Math.imul(hash, SLOT) & mask; ; at = (at + SLOT) & mask) {
      const record = slots[at + Slot.RECORD]!
      if (record === 0) return -1
      if (slots[at + Slot.HASH] !== hash) continue
      if (slots[at + Slot.CHAIN]! >= 0 || this.#isText(record - 1, text, length)) return at
    }
  }

  #hash(text: string, length: number): number {
    const hashes = this.#hashes
    let at = this.#hashed
    if (at < length) {
      this.#hashed = length
      for (let hash = hashes[at]!; at < length; at += 1) {
        hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
        hashes[at + 1] = hash
      }
    }
    return hashes[length]!
  }

  /** Whether a record is that of the first bytes of a text. */
  #isText(record: number, text: string, length: number): boolean {
    if (this.records[record + Field.LENGTH] !== length) return false
    const bytes = this.#bytes
    const start = (record + FIELDS) * 4
    for (let at = 0; at < length; at += 1)
      if (bytes[start + at] !== text.charCodeAt(at)) return false
    return true
  }

  /** Every length, compared in full. */
  #findSlowly(root: number, text: string): number {
    for (const length of this.#lengths) {
      if (length > text.length || length === 0) continue
      const hash = slotHash(this.#hash(text, length), root)
      const record = this.#probeExactly(hash, text, length)
      if (record !== -1) return this.records[record + Field.LONGEST]!
    }
    return root
  }

  #probeExactly(hash: number, text: string, length: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = Math.imul(hash, SLOT) & mask; ; at = (at + SLOT) & mask) {
      const record = slots[at + Slot.RECORD]! - 1
      if (record === -1) return -1
      if (slots[at + Slot.HASH] === hash && this.#isText(record, text, length)) return record
    }
  }
}
