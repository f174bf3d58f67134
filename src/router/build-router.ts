import { atOnce, type Steps } from '../base/steps.ts'
import type { Route, Service } from '../entities/entity.ts'
import { builtRanks, changedRouter } from './changed-router.ts'
import { explainer } from './explain.ts'
import { fillSteps } from './fill-index.ts'
import { rankSteps } from './rank-parts.ts'
import { readableOnly, readsPathsAsText } from './readable-path.ts'
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
  return atOnce(routerSteps(routes, services, flavor))
}

/** As {@link buildRouter}, for very many routes. */
export function* routerSteps(
  routes: readonly Route[],
  services: ReadonlyMap<string, Service>,
  flavor: RouterFlavor,
): Steps<Router> {
  const ranked = yield* rankSteps(routes, services, flavor)
  const index = yield* fillSteps(ranked, flavor, builtRanks(ranked.length))
  const readsText = readsPathsAsText(ranked, flavor)
  return {
    match: readableOnly((request) => index.find(request), readsText),
    explain: explainer(() => ranked, flavor),
    changed: (changes, changedServices) =>
      changedRouter({ ranked, index, flavor, readsText }, changes, changedServices),
  }
}
