import { lengthsOf, searchPlan, shorterSteps, type SearchPlan } from './search-plan.ts'
import { fnv1a, FNV_PRIME, FNV_SEED, spread } from './text-hash.ts'

/** A set of prefixes of its own: one for each host that routes name, one for routes that name none. */
export interface PrefixSet<Item> {
  readonly id: number
  readonly nodes: Map<string, Node<Item>>
  /** Which lengths to try in which order. */
  plan: SearchPlan
  /** All lengths that occur, descending; the empty prefix does not count. */
  lengths: readonly number[]
  /** Record of the empty prefix. */
  root: number
}

interface Node<Item> {
  readonly prefix: string
  readonly items: Item[]
}

/** What a record holds, by offset from its number. */
export const Field = {
  START: 0,
  END: 1,
  PARENT: 2,
  LONGEST: 3,
  SET: 4,
  LENGTH: 5,
  FIRST_RANK: 6,
} as const
/** Fields of a record; the bytes of its prefix follow them, so that a hit is one place in memory. */
const FIELDS = 7

/**
 * Finds the longest of very many prefixes of a text, in a time that does not depend on how many
 * there are: the text is hashed once from left to right, and a search tree over the lengths that
 * occur says with which of these hashes to ask one hash table.
 *
 * For the search to know that a longer prefix may exist, each prefix leaves a marker at the
 * shorter lengths its own search passes. All that a lookup reads lies in a few flat arrays: with
 * many routes its time is the time of its cache misses.
 *
 * @see Waldvogel et al., "Scalable High Speed IP Routing Lookups", 1997, for the method
 */
export class PrefixIndex<Item> {
  /** Items of all nodes; those of one lie from its `START` to before its `END`, in the order added. */
  readonly items: Item[] = []
  /** Nodes and markers, see {@link Field}; a node's `PARENT` is the next shorter node, -1 after the root. */
  records = new Int32Array(0)
  readonly #sets: PrefixSet<Item>[] = []
  /** Pairs of a hash and a record's number plus one; 0 is a free slot. */
  #slots = new Int32Array(0)
  #mask = 0
  /** The same memory, for the bytes of prefixes. */
  #bytes = new Uint8Array(0)
  /** Of the prepared text: hash of its first n bytes at n. */
  #hashes = new Int32Array(1)

  addSet(): PrefixSet<Item> {
    const nodes = new Map([['', { prefix: '', items: [] }]])
    const set: PrefixSet<Item> = { id: this.#sets.length, nodes, plan: [], lengths: [], root: 0 }
    this.#sets.push(set)
    return set
  }

  /** @param prefix one character a byte */
  add(set: PrefixSet<Item>, prefix: string, item: Item): void {
    let node = set.nodes.get(prefix)
    if (node === undefined) {
      node = { prefix, items: [] }
      set.nodes.set(prefix, node)
    }
    node.items.push(item)
  }

  /**
   * Makes ready for searching; nothing may be added any more.
   *
   * @param rankOf kept in the record for the first item of a node; of a node without items it is the largest number
   */
  seal(rankOf: (item: Item) => number): void {
    const shared = new Map<string, SearchPlan>()
    const entries: Entry<Item>[] = []
    let longest = 0
    for (const set of this.#sets) {
      const plan = searchPlan(set.nodes.keys())
      const key = plan.join()
      set.plan = shared.get(key) ?? plan
      shared.set(key, set.plan)
      set.lengths = lengthsOf(plan)
      longest = Math.max(longest, set.lengths[0] ?? 0)
      collectEntries(set, entries)
    }
    const places = placesOf(entries)
    for (const set of this.#sets) set.root = places.get(set.nodes.get('')!)!
    this.#writeRecords(entries, places, rankOf)
    this.#fillTable(entries, places)
    this.#hashes = new Int32Array(longest + 1).fill(FNV_SEED, 0, 1)
    for (const set of this.#sets) set.nodes.clear()
  }

  #writeRecords(
    entries: readonly Entry<Item>[],
    places: Places<Item>,
    rankOf: (item: Item) => number,
  ): void {
    const { node: last } = entries.at(-1)!
    this.records = new Int32Array(places.get(last)! + recordWords(last))
    this.#bytes = new Uint8Array(this.records.buffer)
    for (const { set, node, longest, parent } of entries) {
      const place = places.get(node)!
      const start = this.items.length
      for (const item of node.items) this.items.push(item)
      const fields = [
        start,
        this.items.length,
        parent === undefined ? -1 : places.get(parent)!,
        places.get(longest)!,
        set.id,
        node.prefix.length,
        node.items[0] === undefined ? 0x7fffffff : rankOf(node.items[0]),
      ]
      this.records.set(fields, place)
      this.#bytes.set(Buffer.from(node.prefix, 'latin1'), (place + FIELDS) * 4)
    }
  }

  #fillTable(entries: readonly Entry<Item>[], places: Places<Item>): void {
    let size = 8
    while (size < entries.length * 2) size *= 2
    this.#mask = size - 1
    this.#slots = new Int32Array(size * 2)
    for (const { set, node } of entries) {
      if (node.prefix === '') continue
      const hash = slotHash(fnv1a(node.prefix), set.id)
      let slot = hash & this.#mask
      while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot * 2] = hash
      this.#slots[slot * 2 + 1] = places.get(node)! + 1
    }
  }

  /** Hashes a text; the searches that follow are about this one. */
  prepare(text: string): void {
    const hashes = this.#hashes
    const length = Math.min(text.length, hashes.length - 1)
    let hash = FNV_SEED
    for (let at = 0; at < length; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
      hashes[at + 1] = hash
    }
  }

  /** @returns record of the longest prefix of the prepared text; at least the set's root */
  find(set: PrefixSet<Item>, text: string): number {
    const { plan, id } = set
    const hashes = this.#hashes
    let hit = 0
    let step = plan.length === 0 ? -1 : 0
    while (step !== -1) {
      const length = plan[step]!
      const found = length > text.length ? 0 : this.#probe(slotHash(hashes[length]!, id))
      if (found !== 0) hit = found
      step = plan[step + (found === 0 ? 2 : 1)]!
    }
    if (hit === 0) return set.root
    // Hashes may be equal by chance or by malice. If the last hit is true, so were those before it.
    return this.#isPrefix(hit - 1, set, text)
      ? this.records[hit - 1 + Field.LONGEST]!
      : this.#findSlowly(set, text)
  }

  /** @returns number of the record with a hash, plus one, or 0 */
  #probe(hash: number): number {
    const slots = this.#slots
    const mask = this.#mask
    let slot = hash & mask
    for (;;) {
      const found = slots[slot * 2 + 1]!
      if (found === 0 || slots[slot * 2] === hash) return found
      slot = (slot + 1) & mask
    }
  }

  #isPrefix(record: number, set: PrefixSet<Item>, text: string): boolean {
    const { records } = this
    const bytes = this.#bytes
    if (records[record + Field.SET] !== set.id) return false
    const length = records[record + Field.LENGTH]!
    const start = (record + FIELDS) * 4
    for (let at = 0; at < length; at += 1)
      if (bytes[start + at] !== text.charCodeAt(at)) return false
    return true
  }

  /** Every length from the longest on, compared in full. */
  #findSlowly(set: PrefixSet<Item>, text: string): number {
    for (const length of set.lengths) {
      const record = length > text.length ? -1 : this.#probeExactly(set, text, length)
      if (record !== -1) return this.records[record + Field.LONGEST]!
    }
    return set.root
  }

  #probeExactly(set: PrefixSet<Item>, text: string, length: number): number {
    let slot = slotHash(this.#hashes[length]!, set.id) & this.#mask
    for (;;) {
      const record = this.#slots[slot * 2 + 1]! - 1
      if (record === -1) return -1
      const hasLength = this.records[record + Field.LENGTH] === length
      if (hasLength && this.#isPrefix(record, set, text)) return record
      slot = (slot + 1) & this.#mask
    }
  }
}

/** Tells sets apart. */
function slotHash(hash: number, setId: number): number {
  return spread(hash ^ Math.imul(setId + 1, 0x9e3779b1))
}

interface Entry<Item> {
  readonly set: PrefixSet<Item>
  readonly node: Node<Item>
  /** The node itself, or for a marker the longest node that is a prefix of it. */
  readonly longest: Node<Item>
  readonly parent: Node<Item> | undefined
}

/** Where the record of each node or marker begins. */
type Places<Item> = ReadonlyMap<Node<Item>, number>

function placesOf<Item>(entries: readonly Entry<Item>[]): Places<Item> {
  const places = new Map<Node<Item>, number>()
  let end = 0
  for (const { node } of entries) {
    places.set(node, end)
    end += recordWords(node)
  }
  return places
}

function recordWords({ prefix }: Node<unknown>): number {
  return FIELDS + Math.ceil(prefix.length / 4)
}

/** Nodes and markers of a set, the root first. */
function collectEntries<Item>(set: PrefixSet<Item>, entries: Entry<Item>[]): void {
  const markers = new Set<string>()
  const root = set.nodes.get('')!
  entries.push({ set, node: root, longest: root, parent: undefined })
  for (const node of set.nodes.values()) {
    if (node === root) continue
    entries.push({ set, node, longest: node, parent: longestBelow(set, node.prefix) })
    for (const length of shorterSteps(set.plan, node.prefix.length)) {
      const prefix = node.prefix.slice(0, length)
      if (set.nodes.has(prefix) || markers.has(prefix)) continue
      markers.add(prefix)
      const longest = longestBelow(set, prefix)
      entries.push({ set, node: { prefix, items: [] }, longest, parent: undefined })
    }
  }
}

/** The longest node that is a true prefix of a text. */
function longestBelow<Item>({ nodes, lengths }: PrefixSet<Item>, text: string): Node<Item> {
  for (const length of lengths) {
    const node = length < text.length ? nodes.get(text.slice(0, length)) : undefined
    if (node !== undefined) return node
  }
  return nodes.get('')!
}
