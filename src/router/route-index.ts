import { takeCandidate, type Candidate } from './candidate.ts'
import { ExactTable } from './exact-table.ts'
import { hostNameLength, type HostPattern } from './host.ts'
import { Field, PrefixIndex, type PrefixSet } from './prefix-index.ts'
import type { RouteMatch, RoutingRequest } from './route-match.ts'

/**
 * All candidates, by host and then by path prefix. A lookup asks only those whose host and prefix
 * fit, and of those only while one of higher rank may still be found.
 */
export class RouteIndex {
  #paths = new PrefixIndex<Candidate>()
  #anyHost = this.#paths.addSet()
  #exact = new ExactTable<PrefixSet<Candidate>>()
  #suffixes = new AffixSets()
  #prefixes = new AffixSets()
  #hasHosts = false
  #hasWildcards = false
  #takesAnyHost = false
  #items: readonly Candidate[] = []
  /** By item: the match of a candidate that asks nothing more, so that it need not be looked at. */
  #certain: readonly (RouteMatch | undefined)[] = []
  /** Of the best candidate so far in the lookup under way. */
  #rank = 0
  /** Whether its path has been hashed; hosts without paths need no hash. */
  #isPrepared = false

  /** @param host which requests' hosts it may take; absent: any */
  add(candidate: Candidate, host: HostPattern | undefined, pathPrefix: string): void {
    this.#paths.add(this.#setFor(host), pathPrefix, candidate)
  }

  #setFor(host: HostPattern | undefined): PrefixSet<Candidate> {
    if (host === undefined) {
      this.#takesAnyHost = true
      return this.#anyHost
    }
    this.#hasHosts = true
    if (host.kind !== 'exact') this.#hasWildcards = true
    if (host.kind === 'suffix') return this.#suffixes.obtain(host.text, () => this.#paths.addSet())
    if (host.kind === 'prefix') return this.#prefixes.obtain(host.text, () => this.#paths.addSet())
    return this.#exact.obtain(host.text, () => this.#paths.addSet())
  }

  /** Makes ready for lookups. Candidates must have been added in the order of their ranks. */
  seal(): void {
    this.#paths.seal(({ rank }) => rank)
    this.#takeItems(this.#paths.items)
    this.#exact.seal()
    this.#suffixes.seal()
    this.#prefixes.seal()
  }

  /** The same without some candidates; what is expensive to make is shared. */
  without(isGone: (candidate: Candidate) => boolean): RouteIndex {
    const rest = new RouteIndex()
    rest.#paths = this.#paths
    rest.#anyHost = this.#anyHost
    rest.#exact = this.#exact
    rest.#suffixes = this.#suffixes
    rest.#prefixes = this.#prefixes
    rest.#hasHosts = this.#hasHosts
    rest.#hasWildcards = this.#hasWildcards
    rest.#takesAnyHost = this.#takesAnyHost
    rest.#takeItems(this.#items.map((item) => (isGone(item) ? gone(item) : item)))
    return rest
  }

  #takeItems(items: readonly Candidate[]): void {
    this.#items = items
    this.#certain = items.map(({ conditions, fixed }) =>
      conditions.length === 0 ? fixed : undefined,
    )
  }

  /** Of what was found last; {@link NO_RANK} when that was nothing. */
  get rankFound(): number {
    return this.#rank
  }

  find(request: RoutingRequest): RouteMatch | undefined {
    return this.findBelow(request, NO_RANK, undefined)
  }

  /** @returns a match of a smaller rank than the given one, or what was found elsewhere */
  findBelow(
    request: RoutingRequest,
    rank: number,
    elsewhere: RouteMatch | undefined,
  ): RouteMatch | undefined {
    this.#rank = rank
    this.#isPrepared = false
    const found = this.#hasHosts ? this.#findByHost(request, elsewhere) : elsewhere
    return this.#takesAnyHost ? this.#search(this.#anyHost, request, found) : found
  }

  #findByHost(request: RoutingRequest, elsewhere: RouteMatch | undefined): RouteMatch | undefined {
    const { host } = request
    const length = hostNameLength(host)
    let found = elsewhere
    const exact = this.#exact.find(host, length)
    if (exact !== undefined) found = this.#search(exact, request, found)
    if (!this.#hasWildcards) return found
    const name = host.slice(0, length)
    for (const own of this.#suffixes.lengths) {
      if (own > length) break
      const set = this.#suffixes.sets.get(name.slice(length - own))
      if (set !== undefined) found = this.#search(set, request, found)
    }
    for (const own of this.#prefixes.lengths) {
      if (own > length) break
      const set = this.#prefixes.sets.get(name.slice(0, own))
      if (set !== undefined) found = this.#search(set, request, found)
    }
    return found
  }

  /** @returns a match of higher rank from this set, or what was found before */
  #search(
    set: PrefixSet<Candidate>,
    request: RoutingRequest,
    found: RouteMatch | undefined,
  ): RouteMatch | undefined {
    const { records } = this.#paths
    if (!this.#isPrepared && set.plan.length > 0) {
      this.#paths.prepare(request.path)
      this.#isPrepared = true
    }
    let best = found
    let node = this.#paths.find(set, request.path)
    for (; node !== -1; node = records[node + Field.PARENT]!) {
      const rank = records[node + Field.FIRST_RANK]!
      if (rank >= this.#rank) continue
      const start = records[node + Field.START]!
      const certain = this.#certain[start]
      if (certain === undefined) {
        best = this.#ask(start, records[node + Field.END]!, request) ?? best
      } else {
        best = certain
        this.#rank = rank
      }
    }
    return best
  }

  /** Asks candidates of one node in turn. */
  #ask(start: number, end: number, request: RoutingRequest): RouteMatch | undefined {
    const items = this.#items
    for (let at = start; at < end; at += 1) {
      const candidate = items[at]!
      if (candidate.rank >= this.#rank) return undefined
      const match = takeCandidate(candidate, request)
      if (match === undefined) continue
      this.#rank = candidate.rank
      return match
    }
    return undefined
  }
}

/** Larger than that of any candidate. */
const NO_RANK = 0x7fffffff

/** Takes nothing any more, but keeps its place. */
function gone({ rank }: Candidate): Candidate {
  return { rank, conditions: [], fixed: undefined, take: () => undefined }
}

/** Sets by the end or the beginning of a host; only lengths that occur are looked up. */
class AffixSets {
  readonly sets = new Map<string, PrefixSet<Candidate>>()
  lengths: readonly number[] = []

  obtain(text: string, make: () => PrefixSet<Candidate>): PrefixSet<Candidate> {
    let set = this.sets.get(text)
    if (set === undefined) this.sets.set(text, (set = make()))
    return set
  }

  seal(): void {
    this.lengths = [...new Set([...this.sets.keys()].map((text) => text.length))].sort(
      (a, b) => a - b,
    )
  }
}
