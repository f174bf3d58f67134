import { atOnce, type Steps } from '../base/steps.ts'
import type { Route, Service } from '../entities/entity.ts'
import { compareCompatible, rankCompatible, type RankedPart } from './compatible-order.ts'
import type { RouterFlavor } from './route-match.ts'
import { servableParts, splitByPath, splitByPathLength, type RoutePart } from './route-part.ts'
import { compareTraditional, rankTraditional } from './traditional-order.ts'

/**
 * Http routes that can be served, in the parts that are ranked by themselves, the preferred first.
 *
 * @param services by id
 */
export function rankParts(
  routes: readonly Route[],
  services: ReadonlyMap<string, Service>,
  flavor: RouterFlavor,
): readonly RankedPart[] {
  return atOnce(rankSteps(routes, services, flavor))
}

/** As {@link rankParts}, for very many routes. */
export function* rankSteps(
  routes: readonly Route[],
  services: ReadonlyMap<string, Service>,
  flavor: RouterFlavor,
): Steps<readonly RankedPart[]> {
  const ranked: RankedPart[] = []
  for (let at = 0; at < routes.length; at += ROUTES_IN_A_STEP) {
    const some = servableParts(routes.slice(at, at + ROUTES_IN_A_STEP), services)
    for (const part of some) ranked.push(...RANKERS[flavor](part))
    yield
  }
  return ranked.sort(comparison(flavor))
}

const ROUTES_IN_A_STEP = 100

const RANKERS: Readonly<Record<RouterFlavor, (part: RoutePart) => readonly RankedPart[]>> = {
  traditional: (part) => splitByPath(part).map(rankTraditional),
  traditional_compatible: (part) => splitByPathLength(part).map(rankCompatible),
  expressions: expressionParts,
}

/** Orders parts: negative where the first is preferred. */
export function comparison(flavor: RouterFlavor): (a: RankedPart, b: RankedPart) => number {
  return flavor === 'traditional' ? compareTraditional : compareCompatible
}

/** Routes with an expression come before all others, by their own priority. */
function expressionParts(part: RoutePart): readonly RankedPart[] {
  if (typeof part.route.expression === 'string')
    return [{ part, weights: [1, part.route.priority ?? 0] }]
  return splitByPathLength(part)
    .map(rankCompatible)
    .map((ranked) => ({ ...ranked, weights: [0, ...ranked.weights] }))
}
