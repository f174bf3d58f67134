import type { Steps } from '../base/steps.ts'
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
  #mask = 0
  /** See {@link SearchChains}. */
  #chains = new Int32Array(1)
  /** The same memory as the records. */
  #bytes = new Uint8Array(0)
  /** Of prefixes and markers, descending. */
  #lengths: readonly number[] = []
  /** Of the text under way: hash of its first n bytes at n. */
  #hashes = new Int32Array(1)
  /** The text under way as far as it is hashed, to be compared four bytes at a time. */
  #text = new Uint8Array(0)
  #textWords = new Int32Array(0)
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
  *seal(first: (item: Item) => FirstItem): Steps<void> {
    const { items, records, slots, chains, lengths } = yield* compilePrefixes(this.#sets, first)
    this.items = items
    this.records = records
    this.#slots = slots
    this.#mask = slots.length - 1
    this.#chains = chains
    this.#bytes = new Uint8Array(records.buffer)
    this.#lengths = lengths
    this.#hashes = new Int32Array(lengths[0]! + 1).fill(FNV_SEED, 0, 1)
    const longest = this.#sets.reduce((most, { name }) => Math.max(most, name.length), lengths[0]!)
    this.#textWords = new Int32Array(Math.ceil(longest / 4))
    this.#text = new Uint8Array(this.#textWords.buffer)
    for (const { nodes } of this.#sets) nodes.clear()
    this.#sets = []
  }

  /** The searches that follow are about another text than those before. */
  begin(): void {
    this.#hashed = 0
  }

  /**
   * Ends what was under way, as {@link begin} does.
   *
   * @param length of the name, which is the beginning of the text
   * @returns root of the set of that name, or -1
   */
  findNamed(text: string, length: number): number {
    const bytes = this.#text
    if (length > bytes.length) return -1
    this.#hashed = 0
    let hash = FNV_SEED
    for (let at = 0; at < length; at += 1) {
      const byte = text.charCodeAt(at)
      bytes[at] = byte
      hash = Math.imul(hash ^ byte, FNV_PRIME)
    }
    return this.#recordOf(slotHash(hash, NAMES), length)
  }

  /** @returns record of the longest prefix of the text under way; at least the set's root */
  find(root: number, text: string): number {
    const chains = this.#chains
    const slots = this.#slots
    const hashes = this.#hashes
    let step = this.records[root + Field.CHAIN]!
    let hit = -1
    let hitLength = 0
    for (let length = chains[step]!; length !== 0; length = chains[step]!) {
      step += 1
      if (length > text.length) continue
      if (length > this.#hashed) this.#hashTo(text, length)
      const slot = this.#probe(slotHash(hashes[length]!, root), length)
      if (slot === -1) continue
      hit = slots[slot + Slot.RECORD]! - 1
      hitLength = length
      step = slots[slot + Slot.CHAIN]!
      if (step < 0) step = ~step
    }
    if (hit === -1) return root
    // Hashes may be equal by chance or by malice. If the last hit is true, so were those before it.
    return this.#isText(hit, hitLength)
      ? this.records[hit + Field.LONGEST]!
      : this.#findSlowly(root, text)
  }

  #hashTo(text: string, length: number): void {
    const hashes = this.#hashes
    const bytes = this.#text
    const from = this.#hashed
    this.#hashed = length
    let hash = hashes[from]!
    for (let at = from; at < length; at += 1) {
      const byte = text.charCodeAt(at)
      bytes[at] = byte
      hash = Math.imul(hash ^ byte, FNV_PRIME)
      hashes[at + 1] = hash
    }
  }

  /** @returns a slot with the hash of the first bytes of the text under way, or -1 */
  #probe(hash: number, length: number): number {
    const slots = this.#slots
    const mask = this.#mask
    let at = Math.imul(hash, SLOT) & mask
    for (; slots[at + Slot.RECORD] !== 0; at = (at + SLOT) & mask)
      if (slots[at + Slot.HASH] === hash)
        return slots[at + Slot.CHAIN]! >= 0 ? at : this.#probeExactly(hash, length)
    return -1
  }

  #probeExactly(hash: number, length: number): number {
    const slots = this.#slots
    const mask = this.#mask
    let at = Math.imul(hash, SLOT) & mask
    for (; slots[at + Slot.RECORD] !== 0; at = (at + SLOT) & mask)
      if (slots[at + Slot.HASH] === hash && this.#isText(slots[at + Slot.RECORD]! - 1, length))
        return at
    return -1
  }

  #recordOf(hash: number, length: number): number {
    const slot = this.#probeExactly(hash, length)
    return slot === -1 ? -1 : this.#slots[slot + Slot.RECORD]! - 1
  }

  /** Whether a record is that of the first bytes of the text under way. */
  #isText(record: number, length: number): boolean {
    const { records } = this
    if (records[record + Field.LENGTH] !== length) return false
    const words = this.#textWords
    const start = record + FIELDS
    const whole = length >> 2
    for (let at = 0; at < whole; at += 1) if (records[start + at] !== words[at]) return false
    const bytes = this.#bytes
    const text = this.#text
    for (let at = whole * 4; at < length; at += 1)
      if (bytes[start * 4 + at] !== text[at]) return false
    return true
  }

  /** Every length, compared in full. */
  #findSlowly(root: number, text: string): number {
    for (const length of this.#lengths) {
      if (length > text.length || length === 0) continue
      if (length > this.#hashed) this.#hashTo(text, length)
      const record = this.#recordOf(slotHash(this.#hashes[length]!, root), length)
      if (record !== -1) return this.records[record + Field.LONGEST]!
    }
    return root
  }
}
