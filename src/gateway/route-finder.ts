import type { EntitySet, Route, Service } from '../entities/entity.ts'
import { buildRouter } from '../router/build-router.ts'
import { describedRequest, type RequestDescription } from '../router/described-request.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import type { Settings } from '../settings/settings.ts'

/** Tells the id of the route that takes a request; nothing where none does. */
export type RouteFinder = (request: RequestDescription) => string | undefined

/** Finds routes with the router that serves, under a configuration that nobody need serve. */
export function routeFinder(
  { router_flavor }: Pick<Settings, 'router_flavor'>,
  entities: EntitySet,
): RouteFinder {
  const services = (entities['services'] ?? []) as readonly Service[]
  const router = buildRouter(
    (entities['routes'] ?? []) as readonly Route[],
    new Map(services.map((service) => [service.id, service])),
    router_flavor as RouterFlavor,
  )
  return (description) => {
    const request = describedRequest(description)
    return 'fault' in request ? undefined : router.match(request)?.route.id
  }
}
