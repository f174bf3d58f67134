import type { Route, Service } from '../entities/entity.ts'
import { builtRanks, changedRouter } from './changed-router.ts'
import { explainer } from './explain.ts'
import { fillIndex } from './fill-index.ts'
import { rankParts } from './rank-parts.ts'
import type { Router, RouterFlavor } from './route-match.ts'

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
  const ranked = rankParts(routes, services, flavor)
  const index = fillIndex(ranked, flavor, builtRanks(ranked.length))
  return {
    match: (request) => index.find(request),
    explain: explainer(() => ranked, flavor),
    changed: (changes, changedServices) =>
      changedRouter({ ranked, index, flavor }, changes, changedServices),
  }
}
