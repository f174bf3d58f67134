import type { Entity, EntitySet, Route, Service } from '../entities/entity.ts'
import type { Router } from '../router/route-match.ts'
import { rowChanges } from './row-changes.ts'

/**
 * The router of entities of which most are the same, made from the one before.
 *
 * @param services those of the later entities, by id
 * @returns nothing when so much differs that one had better be built
 */
export function changeRouter(
  router: Router,
  [before, after]: readonly [EntitySet, EntitySet],
  services: ReadonlyMap<string, Service>,
): Router | undefined {
  const routes = rowChanges(before['routes'] ?? [], after['routes'] ?? [])
  const ofServices = rowChanges(before['services'] ?? [], after['services'] ?? [])
  const moved = routesOf(after, ids([...ofServices.gone, ...ofServices.added]))
  const gone = ids([...routes.gone, ...moved])
  const added = [...new Set([...(routes.added as Route[]), ...moved])]
  return gone.size + added.length === 0 ? router : router.changed({ gone, added }, services)
}

function ids(rows: readonly Entity[]): ReadonlySet<string> {
  return new Set(rows.map(({ id }) => id))
}

/** Routes that send to one of these services. */
function routesOf(entities: EntitySet, serviceIds: ReadonlySet<string>): readonly Route[] {
  if (serviceIds.size === 0) return []
  const routes = (entities['routes'] ?? []) as readonly Route[]
  return routes.filter(({ service }) => service !== null && serviceIds.has(service.id))
}
