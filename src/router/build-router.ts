import type { Route, Service } from '../entities/entity.ts'
import { toBytes } from './byte-text.ts'
import type { Candidate } from './candidate.ts'
import type { Condition } from './condition.ts'
import { compareCompatible, rankCompatible, type RankedPart } from './compatible-order.ts'
import { explainer } from './explain.ts'
import { expressionRoute } from './expression/expression-route.ts'
import { fieldConditionMaker, portCondition } from './field-conditions.ts'
import { hostPattern, type HostPattern } from './host.ts'
import { pathPatterns, takeByPattern } from './path-patterns.ts'
import { RouteIndex } from './route-index.ts'
import type { Router, RouterFlavor } from './route-match.ts'
import {
  isRegexPath,
  servableParts,
  splitByPath,
  splitByPathLength,
  type RoutePart,
} from './route-part.ts'
import { compareTraditional, rankTraditional } from './traditional-order.ts'

/**
 * Compiles routes into a router. Routes that can serve no http request are left out: those of other
 * protocols and those of a disabled service.
 *
 * @param services by id
 * @throws {Error} when a path or header is no regex; validated routes have none such
 */
export function buildRouter(
  routes: readonly Route[],
  services: ReadonlyMap<string, Service>,
  flavor: RouterFlavor,
): Router {
  const ranked = rankedParts(servableParts(routes, services), flavor)
  const index = new RouteIndex()
  const conditionsOf = fieldConditionMaker(flavor)
  for (const [rank, { part }] of ranked.entries())
    addPart(index, part, { rank, flavor, conditions: conditionsOf(part) })
  index.seal()
  return {
    match: (request) => index.find(request),
    explain: explainer(ranked, flavor),
  }
}

function rankedParts(whole: readonly RoutePart[], flavor: RouterFlavor): readonly RankedPart[] {
  if (flavor === 'expressions') return whole.flatMap(expressionParts).sort(compareCompatible)
  return flavor === 'traditional'
    ? whole.flatMap(splitByPath).map(rankTraditional).sort(compareTraditional)
    : whole.flatMap(splitByPathLength).map(rankCompatible).sort(compareCompatible)
}

/** Routes with an expression come before all others, by their own priority. */
function expressionParts(part: RoutePart): readonly RankedPart[] {
  if (typeof part.route.expression === 'string')
    return [{ part, weights: [1, part.route.priority ?? 0] }]
  return splitByPathLength(part)
    .map(rankCompatible)
    .map((ranked) => ({ ...ranked, weights: [0, ...ranked.weights] }))
}

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
    const port = host?.port
    const all = port === undefined ? conditions : [portCondition(port, flavor), ...conditions]
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
