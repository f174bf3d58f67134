import type { RankedPart } from './compatible-order.ts'
import type { Condition } from './condition.ts'
import { expressionCondition, holdsInPart } from './expression/expression-route.ts'
import { fieldConditions, hasAny, hostCondition } from './field-conditions.ts'
import { pathCondition } from './path-patterns.ts'
import type { RouterFlavor, RouteVerdict, RoutingRequest } from './route-match.ts'

/**
 * For each route of which at least one condition holds, the first that does not; in the order in
 * which routes are preferred, so the first verdict without a failure is the match.
 */
export function explainRoutes(
  ranked: readonly RankedPart[],
  request: RoutingRequest,
  flavor: RouterFlavor,
): readonly RouteVerdict[] {
  const verdicts: RouteVerdict[] = []
  for (const { part } of ranked) {
    const { route } = part
    const conditions: Condition[] = []
    if (hasAny(route.hosts)) conditions.push(hostCondition(route.hosts, flavor))
    if (part.paths.length > 0) conditions.push(pathCondition(part, flavor))
    conditions.push(...fieldConditions(part, flavor))
    const { expression } = route
    const isExpression = flavor === 'expressions' && typeof expression === 'string'
    if (isExpression) conditions.push(expressionCondition(expression))
    const failed = conditions.find((condition) => !condition.holds(request))
    if (failed === undefined) verdicts.push({ route, failed: undefined })
    else if (
      conditions.some((condition) => condition.holds(request)) ||
      (isExpression && holdsInPart(expression, request))
    )
      verdicts.push({ route, failed: `${failed.kind}: ${failed.failure(request)}` })
  }
  return verdicts
}
