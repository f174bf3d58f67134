import type { Route, Service } from '../entities/entity.ts'
import { toBytes } from './byte-text.ts'
import type { Candidate } from './candidate.ts'
import { compareCompatible, rankCompatible, type RankedPart } from './compatible-order.ts'
import { explainRoutes } from './explain.ts'
import { fieldConditions, portCondition } from './field-conditions.ts'
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
  for (const [rank, { part }] of ranked.entries()) addPart(index, part, { rank, flavor })
  index.seal()
  return {
    match: (request) => index.find(request),
    explain: (request) => explainRoutes(ranked, request, flavor),
  }
}

function rankedParts(whole: readonly RoutePart[], flavor: RouterFlavor): readonly RankedPart[] {
  return flavor === 'traditional'
    ? whole.flatMap(splitByPath).map(rankTraditional).sort(compareTraditional)
    : whole.flatMap(splitByPathLength).map(rankCompatible).sort(compareCompatible)
}

interface Place {
  readonly rank: number
  readonly flavor: RouterFlavor
}

function addPart(index: RouteIndex, part: RoutePart, place: Place): void {
  const conditions = fieldConditions(part, place.flavor)
  for (const host of hostPatterns(part)) {
    const port = host?.port
    const all = port === undefined ? conditions : [portCondition(port, place.flavor), ...conditions]
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
