import type { Steps } from '../base/steps.ts'
import { doAllHold, takeCandidate, type Candidate } from './candidate.ts'
import type { Condition } from './condition.ts'
import { hostNameLength, type HostPattern } from './host.ts'
import { PrefixIndex } from './prefix-index.ts'
import { Field, type PrefixSet } from './prefix-records.ts'
import type { RouteMatch, RoutingRequest } from './route-match.ts'

/**
 * All candidates, by host and then by path prefix. A lookup asks only those whose host and prefix
 * fit, and of those only while one of higher rank may still be found.
 */
export class RouteIndex {
  #paths = new PrefixIndex<Candidate>()
  #anyHost = this.#paths.addSet()
  #names = new Map<string, PrefixSet<Candidate>>()
  #suffixes = new AffixSets()
  #prefixes = new AffixSets()
  #hasHosts = false
  #hasWildcards = false
  #takesAnyHost = false
  #items: readonly Candidate[] = []
  /** By item, what makes looking at the candidate itself needless: the match that is always the same, */
  #fixed: readonly (RouteMatch | undefined)[] = []
  /** and by the number that the records keep, the conditions. */
  #checks: readonly (readonly Condition[])[] = []
  /** Of the best candidate so far in the lookup under way. */
  #rank = 0

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
    let set = this.#names.get(host.text)
    if (set === undefined) this.#names.set(host.text, (set = this.#paths.addSet(host.text)))
    return set
  }

  /** Makes ready for lookups. Candidates must have been added in the order of their ranks. */
  *seal(): Steps<void> {
    const checks = new Map<readonly Condition[], number>([[[], NO_CHECK]])
    yield* this.#paths.seal(({ rank, conditions }) => {
      if (conditions.length === 0) return { rank, check: NO_CHECK }
      const check = checks.get(conditions) ?? checks.size
      checks.set(conditions, check)
      return { rank, check }
    })
    this.#checks = [...checks.keys()]
    this.#takeItems(this.#paths.items)
    this.#names.clear()
    this.#suffixes.seal()
    this.#prefixes.seal()
  }

  /** The same without some candidates; what is expensive to make is shared. */
  without(isGone: (candidate: Candidate) => boolean): RouteIndex {
    const rest = new RouteIndex()
    rest.#paths = this.#paths
    rest.#anyHost = this.#anyHost
    rest.#suffixes = this.#suffixes
    rest.#prefixes = this.#prefixes
    rest.#hasHosts = this.#hasHosts
    rest.#hasWildcards = this.#hasWildcards
    rest.#takesAnyHost = this.#takesAnyHost
    rest.#checks = this.#checks
    rest.#takeItems(this.#items.map((item) => (isGone(item) ? gone(item) : item)))
    return rest
  }

  #takeItems(items: readonly Candidate[]): void {
    this.#items = items
    this.#fixed = items.map(({ fixed }) => fixed)
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
    this.#paths.begin()
    const found = this.#hasHosts ? this.#findByHost(request, elsewhere) : elsewhere
    return this.#takesAnyHost ? this.#search(this.#anyHost.root, request, found) : found
  }

  #findByHost(request: RoutingRequest, elsewhere: RouteMatch | undefined): RouteMatch | undefined {
    const { host } = request
    const length = hostNameLength(host)
    let found = elsewhere
    const exact = this.#paths.findNamed(host, length)
    if (exact !== -1) found = this.#search(exact, request, found)
    if (!this.#hasWildcards) return found
    const name = host.slice(0, length)
    for (const own of this.#suffixes.lengths) {
      if (own > length) break
      const set = this.#suffixes.sets.get(name.slice(length - own))
      if (set !== undefined) found = this.#search(set.root, request, found)
    }
    for (const own of this.#prefixes.lengths) {
      if (own > length) break
      const set = this.#prefixes.sets.get(name.slice(0, own))
      if (set !== undefined) found = this.#search(set.root, request, found)
    }
    return found
  }

  /** @returns a match of higher rank from the set of a root, or what was found before */
  #search(
    root: number,
    request: RoutingRequest,
    found: RouteMatch | undefined,
  ): RouteMatch | undefined {
    const { records } = this.#paths
    let best = found
    let node = this.#paths.find(root, request.path)
    for (;;) {
      const rank = records[node + Field.FIRST_RANK]!
      if (rank < this.#rank) {
        const fixed = this.#fixed[records[node + Field.START]!]
        if (fixed === undefined || !this.#isChecked(node, request)) {
          best = this.#ask(node, fixed !== undefined, request) ?? best
        } else {
          best = fixed
          this.#rank = rank
        }
      }
      if (records[node + Field.RANK_ABOVE]! >= this.#rank) return best
      node = records[node + Field.PARENT]!
    }
  }

  /** Whether the conditions of a node's first candidate hold. */
  #isChecked(node: number, request: RoutingRequest): boolean {
    const check = this.#paths.records[node + Field.FIRST_CHECK]!
    return check === NO_CHECK || doAllHold(this.#checks[check]!, request)
  }

  /** Asks candidates of one node in turn, the first of them only if it was not asked before. */
  #ask(node: number, wasFirstAsked: boolean, request: RoutingRequest): RouteMatch | undefined {
    const { records } = this.#paths
    const items = this.#items
    const start = records[node + Field.START]! + (wasFirstAsked ? 1 : 0)
    const end = records[node + Field.END]!
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
/** Of a candidate without conditions. */
const NO_CHECK = 0

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
