import { atOnce, type Steps } from '../base/steps.ts'
import { toBytes } from './byte-text.ts'
import type { Candidate } from './candidate.ts'
import type { RankedPart } from './compatible-order.ts'
import type { Condition } from './condition.ts'
import { expressionRoute } from './expression/expression-route.ts'
import { fieldConditionMaker, hostConditions } from './field-conditions.ts'
import { hostPattern, type HostPattern } from './host.ts'
import { pathPatterns, takeByPattern } from './path-patterns.ts'
import { RouteIndex } from './route-index.ts'
import type { RouterFlavor } from './route-match.ts'
import { isRegexPath, type RoutePart } from './route-part.ts'

/**
 * Makes an index of parts.
 *
 * @param rankOf the rank of a part by its place among the given ones; must rise with it
 * @throws {Error} when a path or header is no regex
 */
export function fillIndex(
  ranked: readonly RankedPart[],
  flavor: RouterFlavor,
  rankOf: (place: number) => number,
): RouteIndex {
  return atOnce(fillSteps(ranked, flavor, rankOf))
}

/** As {@link fillIndex}, for very many parts. */
export function* fillSteps(
  ranked: readonly RankedPart[],
  flavor: RouterFlavor,
  rankOf: (place: number) => number,
): Steps<RouteIndex> {
  const index = new RouteIndex()
  const conditionsOf = fieldConditionMaker(flavor)
  for (const [place, { part }] of ranked.entries()) {
    if (place % PARTS_IN_A_STEP === 0) yield
    addPart(index, part, { rank: rankOf(place), flavor, conditions: conditionsOf(part) })
  }
  yield* index.seal()
  return index
}

const PARTS_IN_A_STEP = 100

interface Place {
  readonly rank: number
  readonly flavor: RouterFlavor
  readonly conditions: readonly Condition[]
}

function addPart(index: RouteIndex, part: RoutePart, place: Place): void {
  const { conditions, rank, flavor } = place
  const { expression } = part.route
  if (flavor === 'expressions' && typeof expression === 'string') {
    const { keys, take } = expressionRoute(part, expression)
    for (const host of keys.hosts ?? [undefined])
      for (const prefix of keys.prefixes ?? [''])
        index.add({ rank, conditions, fixed: undefined, take }, host, prefix)
    return
  }
  for (const host of hostPatterns(part)) {
    const own = host === undefined ? [] : hostConditions(host, flavor)
    const all = own.length === 0 ? conditions : [...own, ...conditions]
    for (const { prefix, candidate } of pathCandidates(part, place))
      index.add({ ...candidate, conditions: all }, host, prefix)
  }
}

function hostPatterns({ route }: RoutePart): readonly (HostPattern | undefined)[] {
  return route.hosts === null || route.hosts.length === 0
    ? [undefined]
    : route.hosts.map(hostPattern)
}

interface Placed {
  readonly prefix: string
  readonly candidate: Omit<Candidate, 'conditions'>
}

function pathCandidates(part: RoutePart, { rank, flavor }: Place): readonly Placed[] {
  const { route, service, paths } = part
  const pathHandling = flavor === 'traditional' ? route.path_handling : 'v0'
  const base = { route, service, pathHandling } as const
  const fixed = (matchedPath: string | undefined) => ({
    rank,
    fixed: { ...base, matchedPath, captures: undefined },
    take: undefined,
  })
  if (paths.length === 0) return [{ prefix: '', candidate: fixed(undefined) }]
  const plain = paths.filter((path) => !isRegexPath(path)).map(toBytes)
  if (plain.length > 0) return plain.map((path) => ({ prefix: path, candidate: fixed(path) }))
  const patterns = pathPatterns(paths, flavor)
  const candidate = { rank, fixed: undefined, take: takeByPattern(patterns, base) }
  const prefixes = new Set(patterns.map((pattern) => pattern.prefix))
  return [...prefixes].map((prefix) => ({ prefix, candidate }))
}
