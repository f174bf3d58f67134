import type { Steps } from '../base/steps.ts'
import { SearchChains } from './search-chains.ts'
import { fnv1a, slotHash } from './text-hash.ts'

/** A set of prefixes of its own: one for each host that routes name, one for routes that name none. */
export interface PrefixSet<Item> {
  /** The name it is found by; `''` if it is found otherwise. */
  readonly name: string
  /** By prefix, items in the order added; the empty prefix is there from the beginning. */
  readonly nodes: Map<string, Item[]>
  /** Record of the empty prefix, once compiled. */
  root: number
}

/** What the record of a prefix holds, by offset from its number. */
export const Field = {
  /** Its items: from here to before the end. */
  START: 0,
  END: 1,
  /** Of the first item; where there is none the rank is the largest number. */
  FIRST_RANK: 2,
  FIRST_CHECK: 3,
  /** The next shorter prefix of the set, and the least first rank of all shorter ones. */
  PARENT: 4,
  RANK_ABOVE: 5,
  /** The record itself; that of a marker names the longest prefix shorter than the marker. */
  LONGEST: 6,
  /** Of the empty prefix: where the search of its set begins, see {@link SearchChains}. */
  CHAIN: 7,
  LENGTH: 8,
} as const
/**
 * Behind the fields are as many bytes as `LENGTH` says: the prefix or, in the record of an empty
 * one, the name of its set. So a hit is one place in memory.
 */
export const FIELDS = 9

/** What a slot of the hash table holds; the fourth number is free, so that none lies in two cache lines. */
export const Slot = {
  /** Of text and set; the same text has another one in each set. */
  HASH: 0,
  /** Number of the record plus one; 0 is a free slot. */
  RECORD: 1,
  /** Where the search goes on, or its complement if another slot has the same hash. */
  CHAIN: 2,
} as const
export const SLOT = 4
/** Stands for the root of a set where the names of sets are hashed. */
export const NAMES = -1
const NO_RANK = 0x7fffffff

/** What is kept in the record about the first item of a prefix. */
export interface FirstItem {
  readonly rank: number
  readonly check: number
}

/** All sets as flat arrays. */
export interface PrefixTable<Item> {
  readonly items: readonly Item[]
  readonly records: Int32Array<ArrayBuffer>
  readonly slots: Int32Array<ArrayBuffer>
  readonly chains: Int32Array<ArrayBuffer>
  /** All lengths of prefixes and markers, descending. */
  readonly lengths: readonly number[]
}

/** Writes sets into flat arrays and tells each its root; their nodes are not needed any more. */
export function* compilePrefixes<Item>(
  sets: readonly PrefixSet<Item>[],
  first: (item: Item) => FirstItem,
): Steps<PrefixTable<Item>> {
  const chains = new SearchChains()
  const items: Item[] = []
  const entries: Entry<Item>[] = []
  let end = 0
  for (const set of sets) {
    set.root = end
    for (const entry of yield* entriesOf(set, end, chains)) {
      entries.push(entry)
      end = entry.place + recordWords(entry.text)
    }
    yield
  }
  const records = new Int32Array(end)
  for (const [at, entry] of entries.entries()) {
    if (at % ENTRIES_IN_A_STEP === 0) yield
    writeRecord(records, entry, items, first)
  }
  const lengths = descending(entries.map(({ length }) => length))
  yield
  const slots = yield* slotsOf(entries)
  return { items, records, slots, chains: chains.toArray(), lengths }
}

const ENTRIES_IN_A_STEP = 200

interface Entry<Item> {
  readonly set: PrefixSet<Item>
  /** Number of its record. */
  readonly place: number
  /** Of the prefix. */
  readonly length: number
  /** What the record keeps: the prefix, or for the empty one the set's name. */
  readonly text: string
  readonly items: readonly Item[]
  /** Whether it is there only for the search. */
  readonly isMarker: boolean
  /** The longest shorter prefix; of an empty one it is itself. */
  readonly parent: number
  readonly chain: number
}

/** Prefixes and markers of a set, the shorter first. */
function* entriesOf<Item>(
  set: PrefixSet<Item>,
  root: number,
  chains: SearchChains,
): Steps<readonly Entry<Item>[]> {
  const { nodes, name } = set
  const heads: { readonly text: string; readonly chain: number }[] = []
  const prefixes = [...nodes.keys()].filter((prefix) => prefix !== '')
  const chain = chains.plan(prefixes, (text, beyond) => heads.push({ text, chain: beyond }))
  yield
  heads.sort((a, b) => a.text.length - b.text.length)
  const lengths = descending(prefixes.map(({ length }) => length))
  const places = new Map([['', root]])
  const items = nodes.get('')!
  const entries = [
    { set, place: root, length: 0, text: name, items, isMarker: false, parent: root, chain },
  ]
  let place = root + recordWords(name)
  for (const [at, head] of heads.entries()) {
    if (at % ENTRIES_IN_A_STEP === 0) yield
    const { text } = head
    const own = nodes.get(text)
    const parent = longestBelow(places, lengths, text)
    const entry = { set, place, length: text.length, text, parent, chain: head.chain }
    entries.push({ ...entry, items: own ?? [], isMarker: own === undefined })
    if (own !== undefined) places.set(text, place)
    place += recordWords(text)
  }
  return entries
}

/** Each once. */
function descending(lengths: readonly number[]): readonly number[] {
  return [...new Set(lengths)].sort((a, b) => b - a)
}

/** Place of the longest prefix that is shorter than a text and begins it. */
function longestBelow(
  places: ReadonlyMap<string, number>,
  lengths: readonly number[],
  text: string,
): number {
  for (const length of lengths) {
    const place = length < text.length ? places.get(text.slice(0, length)) : undefined
    if (place !== undefined) return place
  }
  return places.get('')!
}

function recordWords(text: string): number {
  return FIELDS + Math.ceil(text.length / 4)
}

/** @param records those of shorter prefixes are written already */
function writeRecord<Item>(
  records: Int32Array<ArrayBuffer>,
  entry: Entry<Item>,
  items: Item[],
  first: (item: Item) => FirstItem,
): void {
  const { place, text, parent, length, chain } = entry
  const [firstItem] = entry.items
  const { rank, check } = firstItem === undefined ? { rank: NO_RANK, check: 0 } : first(firstItem)
  const start = items.length
  for (const item of entry.items) items.push(item)
  const rankAbove =
    length === 0
      ? NO_RANK
      : Math.min(records[parent + Field.FIRST_RANK]!, records[parent + Field.RANK_ABOVE]!)
  const longest = entry.isMarker ? parent : place
  const fields = [start, items.length, rank, check, parent, rankAbove, longest, chain, text.length]
  records.set(fields, place)
  new Uint8Array(records.buffer).set(Buffer.from(text, 'latin1'), (place + FIELDS) * 4)
}

function* slotsOf(entries: readonly Entry<unknown>[]): Steps<Int32Array<ArrayBuffer>> {
  let size = 8
  while (size < entries.length * 2) size *= 2
  const slots = new Int32Array(size * SLOT)
  for (const [at, { set, place, text, length, chain }] of entries.entries()) {
    if (at % ENTRIES_IN_A_STEP === 0) yield
    if (text === '') continue
    const hash = slotHash(fnv1a(text), length === 0 ? NAMES : set.root)
    addSlot(slots, hash, place, chain)
  }
  return slots
}

function addSlot(slots: Int32Array, hash: number, place: number, chain: number): void {
  const mask = slots.length - 1
  let isAlone = true
  let at = Math.imul(hash, SLOT) & mask
  for (; slots[at + Slot.RECORD] !== 0; at = (at + SLOT) & mask) {
    if (slots[at + Slot.HASH] !== hash) continue
    isAlone = false
    if (slots[at + Slot.CHAIN]! >= 0) slots[at + Slot.CHAIN] = ~slots[at + Slot.CHAIN]!
  }
  slots.set([hash, place + 1, isAlone ? chain : ~chain], at)
}
