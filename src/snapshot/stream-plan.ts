import type { Route } from '../entities/entity.ts'
import type { StreamConnection, StreamRouter } from '../router/stream/stream-connection.ts'
import type { Step } from './chain.ts'
import { streamTarget, type TargetSources } from './service-target.ts'
import type { StreamPlan } from './snapshot.ts'

/** Makes the function from a connection to its plan; a plan is made when its route first matches. */
export function streamPlanner({
  router,
  stepsOf,
  sources,
}: {
  readonly router: StreamRouter
  readonly stepsOf: (routeId: string, serviceId: string | undefined) => readonly Step[]
  readonly sources: TargetSources
}): (connection: StreamConnection) => StreamPlan | undefined {
  const plans = new Map<Route, StreamPlan>()
  return (connection) => {
    const match = router.match(connection)
    if (match === undefined) return undefined
    const { route, service } = match
    let plan = plans.get(route)
    if (plan === undefined) {
      const instances = stepsOf(route.id, service?.id).flatMap(({ instance }) => instance ?? [])
      plan = {
        route,
        service,
        preread: instances.filter(({ handlers }) => handlers.preread !== undefined),
        log: instances.filter(({ handlers }) => handlers.logSession !== undefined),
        target: service && streamTarget(service, sources),
        terminatesTls: route.protocols.includes('tls'),
      }
      plans.set(route, plan)
    }
    return plan
  }
}
