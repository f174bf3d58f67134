import { createHash } from 'node:crypto'
import type { NodeServices } from '../plugin.ts'
import { nodeCounters, nodeKeySets } from '../shared-memory.ts'

/** What the workers of a node know together about one key set. */
export interface KeySetState {
  /** Counts what was written; 0: nothing was. */
  readonly serial: number
  /** When the text was fetched; Unix time in ms, like all the others. */
  readonly fetchedAtMs: number
  readonly refreshAtMs: number
  /** Before that nobody asks because of a token. */
  readonly nextTryAtMs: number
  readonly usableUntilMs: number
  /** In a row. */
  readonly failures: number
}

/** One key set in the memory that all workers share. */
export interface SharedKeySets {
  state(): KeySetState
  /** The last good set. */
  text(): string | undefined
  /** @param text absent: it stays what it was */
  write(state: KeySetState, text?: string): void
  /**
   * Whether the caller is the one to write the state of this number. A worker that got the right and
   * died is waited for no longer than this.
   */
  mayWrite(serial: number, forMs: number): boolean
}

const NOTHING: KeySetState = {
  serial: 0,
  fetchedAtMs: 0,
  refreshAtMs: 0,
  nextTryAtMs: 0,
  usableUntilMs: 0,
  failures: 0,
}

/** What is kept is pushed out by newer sets only. */
const FOR_EVER = 2 ** 31 - 1

/** @param name of the set, of any length */
export function sharedKeySet(node: NodeServices, name: string): SharedKeySets {
  const id = createHash('sha256').update(name).digest('base64url')
  const bytes = nodeKeySets(node)
  const counters = nodeCounters(node)
  const nowSeconds = (): number => Math.floor(node.now() / 1000)
  const read = (part: string): string | undefined => {
    const value = bytes.get(`${part} ${id}`, nowSeconds())
    return value && Buffer.from(value).toString('utf8')
  }
  return {
    state: () => JSON.parse(read('state') ?? 'null') ?? NOTHING,
    text: () => read('text'),
    write(state, text) {
      // The text first: whoever sees the new number must find it.
      if (text !== undefined) bytes.set(`text ${id}`, Buffer.from(text), FOR_EVER)
      bytes.set(`state ${id}`, Buffer.from(JSON.stringify(state)), FOR_EVER)
    },
    mayWrite(serial, forMs) {
      const now = nowSeconds()
      return counters.add(`jwks ${id} ${serial}`, 1, now + Math.ceil(forMs / 1000), now) === 1
    },
  }
}
