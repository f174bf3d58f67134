import { randomFillSync } from 'node:crypto'
import { sharedBytesMemory, SharedBytes } from '../base/shared-bytes.ts'
import { SharedCounters, sharedCounterMemory } from '../base/shared-counters.ts'
import type { Counters } from './counters.ts'
import type { NodeServices } from './plugin.ts'

/** Memory that the main thread makes once and hands to every worker. */
export interface SharedMemory {
  readonly counters: SharedArrayBuffer
  readonly cache: SharedArrayBuffer
  readonly tickets: SharedArrayBuffer
  readonly documents: SharedArrayBuffer
  readonly keySets: SharedArrayBuffer
  readonly usedIds: SharedArrayBuffer
  readonly secret: SharedArrayBuffer
}

/** Enough for a hundred thousand clients with a few windows each. */
const COUNTERS = 2 ** 18
const CACHE_BYTES = 64 * 1024 * 1024
/** Enough for some fifty thousand tokens or sessions. */
const TICKET_BYTES = 32 * 1024 * 1024
/** Enough for several hundred certificates. */
const DOCUMENT_BYTES = 8 * 1024 * 1024
/** Enough for a thousand issuers. */
const KEY_SET_BYTES = 8 * 1024 * 1024

/** Enough for a thousand proofs a second that each last for some minutes. */
const USED_IDS = 2 ** 18

export function makeSharedMemory(): SharedMemory {
  return {
    counters: sharedCounterMemory(COUNTERS),
    cache: sharedBytesMemory(CACHE_BYTES),
    tickets: sharedBytesMemory(TICKET_BYTES),
    documents: sharedBytesMemory(DOCUMENT_BYTES),
    keySets: sharedBytesMemory(KEY_SET_BYTES),
    usedIds: sharedCounterMemory(USED_IDS),
    secret: randomSecret(),
  }
}

/**
 * What {@link NodeServices.keep} holds from the beginning where several workers share memory. Without
 * it every worker counts and caches for itself.
 */
export function sharedValues(memory: SharedMemory): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    [COUNTERS_NAME, new SharedCounters(memory.counters)],
    [CACHE_NAME, new SharedBytes(memory.cache)],
    [TICKETS_NAME, new SharedBytes(memory.tickets)],
    [DOCUMENTS_NAME, new SharedBytes(memory.documents)],
    [KEY_SETS_NAME, new SharedBytes(memory.keySets)],
    [USED_IDS_NAME, new SharedCounters(memory.usedIds)],
    [SECRET_NAME, new Uint8Array(memory.secret)],
  ])
}

const COUNTERS_NAME = 'counters'
const CACHE_NAME = 'cache'
const TICKETS_NAME = 'tickets'
const DOCUMENTS_NAME = 'documents'
const KEY_SETS_NAME = 'key sets'
const USED_IDS_NAME = 'used ids'
const SECRET_NAME = 'secret of the node'

/** The counters that plugins of this node share. Keys begin with the name of their plugin. */
export function nodeCounters(node: NodeServices): Counters {
  return node.keep<Counters>(COUNTERS_NAME, () => new SharedCounters(sharedCounterMemory(COUNTERS)))
}

/** Bytes by key that plugins of this node share; the oldest go when space runs out. */
export interface ByteStore {
  readonly maxValueBytes: number
  get(key: string, nowSeconds: number): Uint8Array | undefined
  set(key: string, value: Uint8Array, expiresAtSeconds: number): boolean
  delete(key: string): boolean
  clear(): void
}

export function nodeCache(node: NodeServices): ByteStore {
  return node.keep<ByteStore>(CACHE_NAME, () => new SharedBytes(sharedBytesMemory(CACHE_BYTES)))
}

/** What clients were given to come back with: tokens, codes, sessions. No cache pushes them out. */
export function nodeTickets(node: NodeServices): ByteStore {
  return node.keep<ByteStore>(TICKETS_NAME, () => new SharedBytes(sharedBytesMemory(TICKET_BYTES)))
}

/** What is made once and is to last as long as the process: certificates. Clients cannot fill it. */
export function nodeDocuments(node: NodeServices): ByteStore {
  return node.keep<ByteStore>(
    DOCUMENTS_NAME,
    () => new SharedBytes(sharedBytesMemory(DOCUMENT_BYTES)),
  )
}

/** Keys that issuers publish. Clients cannot fill it. */
export function nodeKeySets(node: NodeServices): ByteStore {
  return node.keep<ByteStore>(
    KEY_SETS_NAME,
    () => new SharedBytes(sharedBytesMemory(KEY_SET_BYTES)),
  )
}

/**
 * How often ids were used that count once. A memory of its own: whoever uses many pushes out nothing
 * but other ids, and of these the ones that would end soonest.
 */
export function nodeUsedIds(node: NodeServices): Counters {
  return node.keep<Counters>(USED_IDS_NAME, () => new SharedCounters(sharedCounterMemory(USED_IDS)))
}

/** What all workers of this node know, and nobody else; another one after a restart. A key to derive from. */
export function nodeSecret(node: NodeServices): Uint8Array {
  return node.keep(SECRET_NAME, () => new Uint8Array(randomSecret()))
}

function randomSecret(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(32)
  randomFillSync(new Uint8Array(memory))
  return memory
}
