import type { Route } from '../entities/entity.ts'
import type { RankedPart } from './compatible-order.ts'
import type { Condition } from './condition.ts'
import { expressionCondition, holdsInPart } from './expression/expression-route.ts'
import { fieldConditions, hasAny, hostCondition } from './field-conditions.ts'
import { pathCondition } from './path-patterns.ts'
import { isReadable, readsPathsAsText } from './readable-path.ts'
import type { RouterFlavor, RouteVerdict, RoutingRequest } from './route-match.ts'
import type { RoutePart } from './route-part.ts'

/**
 * For each route of which at least one condition holds, the first that does not; in the order in
 * which routes are preferred, so the first verdict without a failure is the match. A route that was
 * split appears once, with the part that came furthest.
 */
export function explainer(
  ranked: () => readonly RankedPart[],
  flavor: RouterFlavor,
): (request: RoutingRequest) => readonly RouteVerdict[] {
  // Compiled when first asked for: most routers never explain anything.
  let parts: readonly ExplainedPart[] | undefined
  let readsText = false
  return (request) => {
    if (parts === undefined) {
      const all = ranked()
      parts = all.map(({ part }) => explainedPart(part, flavor))
      readsText = readsPathsAsText(all, flavor)
    }
    const unreadable = readsText && !isReadable(request) ? UNREADABLE : undefined
    const best = new Map<Route, PartVerdict>()
    for (const [rank, part] of parts.entries()) {
      const verdict = verdictOf(part, rank, request)
      const before = best.get(part.route)
      if (before === undefined || verdict.score > before.score) best.set(part.route, verdict)
    }
    return [...best.values()]
      .filter(({ score }) => score > 0)
      .sort((a, b) => a.rank - b.rank)
      .map(({ route, failed }) => ({ route, failed: failed ?? unreadable }))
  }
}

const UNREADABLE = 'paths: the path is not UTF-8, for which this flavour finds no route at all'

interface ExplainedPart {
  readonly route: Route
  readonly conditions: readonly Condition[]
  /** Whether some predicate of its expression holds. */
  readonly holdsInPart: (request: RoutingRequest) => boolean
}

function explainedPart(part: RoutePart, flavor: RouterFlavor): ExplainedPart {
  const { route } = part
  const { expression } = route
  const conditions: Condition[] = []
  if (hasAny(route.hosts)) conditions.push(hostCondition(route.hosts, flavor))
  if (part.paths.length > 0) conditions.push(pathCondition(part, flavor))
  conditions.push(...fieldConditions(part, flavor))
  if (flavor !== 'expressions' || typeof expression !== 'string')
    return { route, conditions, holdsInPart: () => false }
  conditions.push(expressionCondition(expression))
  return { route, conditions, holdsInPart: holdsInPart(expression) }
}

interface PartVerdict extends RouteVerdict {
  readonly rank: number
  /** How many conditions hold; infinite for a match. */
  readonly score: number
}

function verdictOf(part: ExplainedPart, rank: number, request: RoutingRequest): PartVerdict {
  const { route, conditions } = part
  const failed = conditions.find((condition) => !condition.holds(request))
  if (failed === undefined) return { route, rank, failed: undefined, score: Infinity }
  const holding = conditions.filter((condition) => condition.holds(request)).length
  return {
    route,
    rank,
    failed: `${failed.kind}: ${failed.failure(request)}`,
    score: holding + (part.holdsInPart(request) ? 1 : 0),
  }
}
