import { RecentMap } from '../base/recent-map.ts'

export interface VainLimits {
  /** Most questions in vain of one client in a minute; 0: any number. */
  readonly ofOneClient: number
  /** The same of all clients together. */
  readonly ofAll: number
  /** Most questions of one client on their way at a time. */
  readonly atATime: number
}

/** So many clients are told apart; those that were seen longest ago are new ones when they come back. */
const MOST_CLIENTS = 10_000
/** So long somebody who was found speaks for the others behind his address. */
const GOOD_MS = 3_600_000

interface Client {
  readonly budget: Budget
  pending: number
  /** Unix time in ms up to which it counts that somebody was found. */
  goodUntilMs: number
}

/**
 * Keeps those who try out keys from keeping the source busy. A question costs its client and all
 * clients together one of a number that grows back over a minute; one with an answer costs nothing.
 * When all are used up, clients from which somebody was found lately may still ask.
 */
export class VainQuestions {
  readonly #limits: VainLimits
  readonly #now: () => number
  readonly #onUsedUp: (whose: string) => void
  readonly #clients = new RecentMap<string, Client>(MOST_CLIENTS)
  readonly #all: Budget

  /**
   * @param now Unix time in ms
   * @param onUsedUp hears once of each time that a client, or all of them, have used up theirs
   */
  constructor(limits: VainLimits, now: () => number, onUsedUp: (whose: string) => void) {
    this.#limits = limits
    this.#now = now
    this.#onUsedUp = onUsedUp
    this.#all = new Budget(limits.ofAll, now())
  }

  get size(): number {
    return this.#clients.size
  }

  /**
   * Begins a question, if that may be.
   *
   * @param address of the client
   * @returns to be called with what came of it
   */
  begin(address: string): ((outcome: 'found' | 'in-vain' | 'unknown') => void) | undefined {
    const now = this.#now()
    const client = this.#clientAt(address, now)
    if (client.pending >= this.#limits.atATime) return undefined
    if (!this.#take(client.budget, now, address)) return undefined
    const isOfAll = this.#take(this.#all, now, 'all clients')
    if (!isOfAll && now >= client.goodUntilMs) {
      client.budget.giveBack()
      return undefined
    }
    client.pending += 1
    return (outcome) => {
      client.pending -= 1
      if (outcome === 'found') client.goodUntilMs = this.#now() + GOOD_MS
      if (outcome === 'in-vain') return
      client.budget.giveBack()
      if (isOfAll) this.#all.giveBack()
    }
  }

  #clientAt(address: string, now: number): Client {
    const name = networkOf(address)
    const known = this.#clients.get(name)
    if (known !== undefined) return known
    const budget = new Budget(this.#limits.ofOneClient, now)
    const client: Client = { budget, pending: 0, goodUntilMs: 0 }
    this.#clients.set(name, client)
    return client
  }

  #take(budget: Budget, now: number, whose: string): boolean {
    const taken = budget.take(now)
    if (taken === 'used-up-now') this.#onUsedUp(whose)
    return taken === 'taken'
  }
}

/** A number of things that grows back to its most within a minute. */
class Budget {
  readonly #most: number
  #left: number
  #atMs: number
  #isUsedUp = false

  /** @param most 0: there is no limit */
  constructor(most: number, nowMs: number) {
    this.#most = most === 0 ? Infinity : most
    this.#left = this.#most
    this.#atMs = nowMs
  }

  take(nowMs: number): 'taken' | 'used-up' | 'used-up-now' {
    if (this.#most === Infinity) return 'taken'
    const grown = (Math.max(0, nowMs - this.#atMs) * this.#most) / 60_000
    this.#left = Math.min(this.#most, this.#left + grown)
    this.#atMs = nowMs
    if (this.#left < 1) {
      if (this.#isUsedUp) return 'used-up'
      this.#isUsedUp = true
      return 'used-up-now'
    }
    // It is over when there is plenty again, not with each one that has grown back.
    if (this.#left >= this.#most / 2) this.#isUsedUp = false
    this.#left -= 1
    return 'taken'
  }

  giveBack(): void {
    this.#left = Math.min(this.#most, this.#left + 1)
  }
}

/** Whoever has one address of IPv6 has all that begin with the same four groups. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [before = '', after] = address.split('::')
  const groups = before.split(':')
  const missing = after === undefined ? 0 : 8 - groups.length - after.split(':').length
  const all = [
    ...groups,
    ...Array.from({ length: missing }, () => '0'),
    ...(after ?? '').split(':'),
  ]
  return all
    .slice(0, 4)
    .map((group) => group || '0')
    .join(':')
}
