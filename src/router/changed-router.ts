import type { Route, Service } from '../entities/entity.ts'
import type { RankedPart } from './compatible-order.ts'
import { explainer } from './explain.ts'
import { fillIndex } from './fill-index.ts'
import { comparison, rankParts } from './rank-parts.ts'
import { readableOnly, readsPathsAsText } from './readable-path.ts'
import type { RouteIndex } from './route-index.ts'
import type { RouteChanges, Router, RouterFlavor } from './route-match.ts'

/** What a router was built of. */
export interface BuiltRouter {
  readonly ranked: readonly RankedPart[]
  /** Ranks are those of {@link builtRanks}. */
  readonly index: RouteIndex
  readonly flavor: RouterFlavor
  /** Only paths that are UTF-8 have routes. */
  readonly readsText: boolean
}

/** So many routes may differ from those that were built. */
const MAX_CHANGED = 256

/** Numbers between the ranks of two built parts, for parts that come later. */
const SPACE = 1024
const MAX_RANK = 0x7ffffffe

/** Rank of a built part by its place among so many. */
export function builtRanks(count: number): (place: number) => number {
  const space = spaceAmong(count)
  return (place) => (place + 1) * space
}

function spaceAmong(count: number): number {
  return (count + 1) * SPACE <= MAX_RANK ? SPACE : 1
}

/**
 * A router that answers as one built of all routes would, but asks two indexes: that of the routes
 * which were built, without those that are gone, and a small one of those which were added since.
 * A change among very many routes so costs next to nothing, and little to each request.
 *
 * @param changes all since the router was built
 * @param services by id
 * @returns nothing when there are too many changes
 */
export function changedRouter(
  built: BuiltRouter,
  changes: RouteChanges,
  services: ReadonlyMap<string, Service>,
): Router | undefined {
  const { ranked, flavor } = built
  if (changes.gone.size + changes.added.length > MAX_CHANGED) return undefined
  const added = rankParts(changes.added, services, flavor)
  const ranks = ranksAmong(ranked, added, flavor)
  if (ranks === undefined) return undefined
  const isGone = ({ part }: RankedPart): boolean => changes.gone.has(part.route.id)
  const kept = withoutGone(built, isGone)
  const fresh = fillIndex(added, flavor, (place) => ranks[place]!)
  return {
    match: readableOnly(
      (request) => {
        const found = fresh.find(request)
        return kept.findBelow(request, fresh.rankFound, found)
      },
      built.readsText || readsPathsAsText(added, flavor),
    ),
    explain: explainer(
      () => [...ranked.filter((part) => !isGone(part)), ...added].sort(comparison(flavor)),
      flavor,
    ),
    changed: (more, changedServices) =>
      changedRouter(built, together(changes, more), changedServices),
  }
}

/** Ranks of parts between those of built ones; nothing where there is no room. */
function ranksAmong(
  ranked: readonly RankedPart[],
  added: readonly RankedPart[],
  flavor: RouterFlavor,
): readonly number[] | undefined {
  const compare = comparison(flavor)
  const space = spaceAmong(ranked.length)
  const ranks: number[] = []
  for (const part of added) {
    const before = placeAmong(ranked, part, compare) * space
    const rank = Math.max(before, ranks.at(-1) ?? 0) + 1
    if (rank >= before + space) return undefined
    ranks.push(rank)
  }
  return ranks
}

/** How many of the built parts are preferred to one. */
function placeAmong(
  ranked: readonly RankedPart[],
  part: RankedPart,
  compare: (a: RankedPart, b: RankedPart) => number,
): number {
  let low = 0
  let high = ranked.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(ranked[middle]!, part) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function withoutGone(
  { ranked, index }: BuiltRouter,
  isGone: (part: RankedPart) => boolean,
): RouteIndex {
  const rankAt = builtRanks(ranked.length)
  const ranks = new Set(ranked.flatMap((part, place) => (isGone(part) ? [rankAt(place)] : [])))
  return ranks.size === 0 ? index : index.without(({ rank }) => ranks.has(rank))
}

/** Changes on top of changes, as changes of what was built. */
function together(first: RouteChanges, then: RouteChanges): RouteChanges {
  const kept: Route[] = first.added.filter(({ id }) => !then.gone.has(id))
  return { gone: first.gone.union(then.gone), added: [...kept, ...then.added] }
}
