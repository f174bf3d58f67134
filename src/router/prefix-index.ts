/** Items under one prefix, and the next shorter prefix that has some. */
export interface PrefixNode<Item> {
  readonly prefix: string
  readonly items: Item[]
  parent: PrefixNode<Item> | undefined
}

/** A set of prefixes of its own: one for each host that routes name, one for routes that name none. */
export interface PrefixSet<Item> {
  readonly id: number
  readonly root: PrefixNode<Item>
  readonly nodes: Map<string, PrefixNode<Item>>
  /** Lengths of the prefixes, ascending; the root's 0 is not among them. */
  lengths: readonly number[]
}

/**
 * Finds the longest of very many prefixes of a text, in a time that does not depend on how many
 * there are: the text is hashed once from left to right, and a binary search over the lengths that
 * occur asks one hash table which of them to try.
 *
 * For the search to know that a longer prefix may exist, each prefix leaves a marker at the
 * shorter lengths its own search passes.
 *
 * @see Waldvogel et al., "Scalable High Speed IP Routing Lookups", 1997, for the method
 */
export class PrefixIndex<Item> {
  readonly #sets: PrefixSet<Item>[] = []
  #maxLength = 0
  #mask = 0
  /** Slots of the table: hash and index of the entry plus one; 0 is free. */
  #slots = new Int32Array(0)
  readonly #keys: string[] = []
  readonly #longest: PrefixNode<Item>[] = []
  readonly #owners: number[] = []
  #hashes = new Int32Array(0)

  addSet(): PrefixSet<Item> {
    const root: PrefixNode<Item> = { prefix: '', items: [], parent: undefined }
    const set: PrefixSet<Item> = {
      id: this.#sets.length,
      root,
      nodes: new Map([['', root]]),
      lengths: [],
    }
    this.#sets.push(set)
    return set
  }

  add(set: PrefixSet<Item>, prefix: string, item: Item): void {
    let node = set.nodes.get(prefix)
    if (node === undefined) {
      node = { prefix, items: [], parent: undefined }
      set.nodes.set(prefix, node)
    }
    node.items.push(item)
  }

  /** Makes ready for searching; nothing may be added any more. */
  seal(): void {
    const shared = new Map<string, readonly number[]>()
    const entries: Entry<Item>[] = []
    for (const set of this.#sets) {
      const lengths = [...new Set([...set.nodes.keys()].map((prefix) => prefix.length))]
      lengths.sort((a, b) => a - b)
      if (lengths[0] === 0) lengths.shift()
      const key = lengths.join()
      set.lengths = shared.get(key) ?? lengths
      shared.set(key, set.lengths)
      linkParents(set)
      collectEntries(set, entries)
      set.nodes.clear()
      this.#maxLength = Math.max(this.#maxLength, lengths.at(-1) ?? 0)
    }
    this.#fillTable(entries)
    this.#hashes = new Int32Array(this.#maxLength + 1)
  }

  #fillTable(entries: readonly Entry<Item>[]): void {
    let size = 8
    while (size < entries.length * 2) size *= 2
    this.#mask = size - 1
    this.#slots = new Int32Array(size * 2)
    for (const { set, key, longest } of entries) {
      const index = this.#keys.push(key)
      this.#longest.push(longest)
      this.#owners.push(set.id)
      const hash = slotHash(hashOf(key), set.id)
      let slot = hash & this.#mask
      while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot * 2] = hash
      this.#slots[slot * 2 + 1] = index
    }
  }

  /** Hashes a text; the searches that follow are about this one. */
  prepare(text: string): void {
    const hashes = this.#hashes
    const length = Math.min(text.length, this.#maxLength)
    let hash = SEED
    for (let at = 0; at < length; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), PRIME)
      hashes[at + 1] = hash
    }
  }

  /** The node of the longest prefix of the prepared text; at least the set's root. */
  find(set: PrefixSet<Item>, text: string): PrefixNode<Item> {
    const { lengths } = set
    let low = 0
    let high = lengths.length - 1
    let hit = 0
    while (low <= high) {
      const middle = (low + high) >> 1
      const length = lengths[middle]!
      const index = length > text.length ? 0 : this.#probe(slotHash(this.#hashes[length]!, set.id))
      if (index === 0) high = middle - 1
      else {
        hit = index
        low = middle + 1
      }
    }
    if (hit === 0) return set.root
    // Hashes may be equal by chance or by malice. A true hit implies that all before it were true.
    if (this.#owners[hit - 1] === set.id && text.startsWith(this.#keys[hit - 1]!))
      return this.#longest[hit - 1]!
    return this.#findSlowly(set, text)
  }

  #probe(hash: number): number {
    const slots = this.#slots
    const mask = this.#mask
    let slot = hash & mask
    for (;;) {
      const index = slots[slot * 2 + 1]!
      if (index === 0 || slots[slot * 2] === hash) return index
      slot = (slot + 1) & mask
    }
  }

  /** The same search with every step compared in full. */
  #findSlowly(set: PrefixSet<Item>, text: string): PrefixNode<Item> {
    for (let at = set.lengths.length - 1; at >= 0; at -= 1) {
      const length = set.lengths[at]!
      if (length > text.length) continue
      const index = this.#probeExactly(set, text, length)
      if (index !== 0) return this.#longest[index - 1]!
    }
    return set.root
  }

  #probeExactly(set: PrefixSet<Item>, text: string, length: number): number {
    const hash = slotHash(this.#hashes[length]!, set.id)
    let slot = hash & this.#mask
    for (;;) {
      const index = this.#slots[slot * 2 + 1]!
      if (index === 0) return 0
      const key = this.#keys[index - 1]!
      if (key.length === length && this.#owners[index - 1] === set.id && text.startsWith(key))
        return index
      slot = (slot + 1) & this.#mask
    }
  }
}

interface Entry<Item> {
  readonly set: PrefixSet<Item>
  readonly key: string
  /** Longest prefix with items that the key begins with: its own node if it is no mere marker. */
  readonly longest: PrefixNode<Item>
}

const SEED = 0x811c9dc5 | 0
const PRIME = 0x01000193

function hashOf(text: string): number {
  let hash = SEED
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME)
  return hash
}

/** Spreads the low bits, which FNV leaves close together for texts that end alike. */
function slotHash(hash: number, setId: number): number {
  const mixed = Math.imul(hash ^ Math.imul(setId + 1, 0x9e3779b1), 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}

function linkParents<Item>(set: PrefixSet<Item>): void {
  for (const node of set.nodes.values())
    if (node !== set.root) node.parent = longestBelow(set, node.prefix, node.prefix.length)
}

/** The longest node shorter than a length whose prefix a text begins with. */
function longestBelow<Item>(set: PrefixSet<Item>, text: string, limit: number): PrefixNode<Item> {
  for (let at = set.lengths.length - 1; at >= 0; at -= 1) {
    const length = set.lengths[at]!
    const node = length < limit ? set.nodes.get(text.slice(0, length)) : undefined
    if (node !== undefined) return node
  }
  return set.root
}

function collectEntries<Item>(set: PrefixSet<Item>, entries: Entry<Item>[]): void {
  const markers = new Set<string>()
  for (const node of set.nodes.values()) {
    if (node === set.root) continue
    entries.push({ set, key: node.prefix, longest: node })
    for (const length of passedLengths(set.lengths, node.prefix.length)) {
      const key = node.prefix.slice(0, length)
      if (set.nodes.has(key) || markers.has(key)) continue
      markers.add(key)
      entries.push({ set, key, longest: longestBelow(set, key, length) })
    }
  }
}

/** The shorter lengths that the binary search for a length tries on its way. */
function passedLengths(lengths: readonly number[], wanted: number): readonly number[] {
  const passed: number[] = []
  let low = 0
  let high = lengths.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const length = lengths[middle]!
    if (length === wanted) return passed
    if (length < wanted) {
      passed.push(length)
      low = middle + 1
    } else high = middle - 1
  }
  return passed
}
