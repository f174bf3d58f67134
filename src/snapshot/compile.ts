import { atOnce, type Steps } from '../base/steps.ts'
import type { Balancers } from '../balancer/peer.ts'
import { consumers } from '../entities/consumers.ts'
import type { EntityKind, EntitySet, PluginEntity, Route, Service } from '../entities/entity.ts'
import type { EntityLookup, NodeServices, Plugin } from '../plugin-kit/plugin.ts'
import { routerSteps } from '../router/build-router.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import { buildStreamRouter } from '../router/stream/build-stream-router.ts'
import { makeChain, type Step } from './chain.ts'
import { changeRouter } from './change-router.ts'
import { ConfiguredPlugins } from './configured-plugins.ts'
import { indexSteps } from './entity-index.ts'
import type { PluginScopes, Ready } from './plugin-scopes.ts'
import { serviceTarget, type SpeaksHttp2 } from './service-target.ts'
import type { Plan, ServiceTarget, Snapshot } from './snapshot.ts'
import { streamPlanner } from './stream-plan.ts'
import type { UpstreamTlsDefaults } from './upstream-tls.ts'

export interface CompileOptions {
  readonly version: number
  /** Loaded plugins by name, all that the entities configure among them. */
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly flavor: RouterFlavor
  readonly balancers: Balancers
  readonly node: NodeServices
  /** How connections to upstreams are secured where services do not say. */
  readonly tlsDefaults?: UpstreamTlsDefaults
  /** Absent: none does but those of gRPC. */
  readonly speaksHttp2?: SpeaksHttp2
}

/** A snapshot and what it was compiled from. */
export interface Compiled {
  readonly snapshot: Snapshot
  readonly entities: EntitySet
}

/**
 * Compiles entities into a snapshot: router, plans, plugin instances, indexes. Pure, but for plugins
 * that keep something at the node. Peers are asked for when a plan is first used, so the upstreams
 * must have been handed to the balancers before the snapshot serves.
 *
 * @param entities parsed rows, references to secrets resolved
 * @param before a snapshot of which most rows are the very same; what depends on those alone is
 *   taken from it. Rows of both must be in ascending order of id.
 * @throws {PluginFault} when a plugin cannot be made ready; then nothing of the snapshot remains
 */
export function compileSnapshot(
  entities: EntitySet,
  options: CompileOptions,
  before?: Compiled,
): Snapshot {
  return atOnce(snapshotSteps(entities, options, before))
}

/** As {@link compileSnapshot}, for very many routes. What `before` has must not be let go meanwhile. */
export function* snapshotSteps(
  entities: EntitySet,
  options: CompileOptions,
  before?: Compiled,
): Steps<Snapshot> {
  const { plugins, node, version } = options
  const kinds = indexedKinds(plugins)
  const lookup =
    before?.snapshot.entities.changed(entities, kinds) ?? (yield* indexSteps(entities, kinds))
  const services = new Map((entities['services'] as Service[] | undefined)?.map((s) => [s.id, s]))
  const routes = (entities['routes'] ?? []) as readonly Route[]
  const router =
    (before && changeRouter(before.snapshot.router, [before.entities, entities], services)) ??
    (yield* routerSteps(routes, services, options.flavor))
  const rows = (entities['plugins'] ?? []) as readonly PluginEntity[]
  const configured = new ConfiguredPlugins(
    rows,
    { plugins, lookup, node },
    before?.snapshot.configured,
  )
  const { bound, ready } = configured
  const globalChain = makeChain(
    bound.scopes.flatMap(({ global }) =>
      global === undefined ? [] : [{ instance: ready(global), byConsumer: undefined }],
    ),
  )
  const planOf = planner({ configured, services, targetOf: targets(options, lookup) })

  return {
    version,
    router,
    entities: lookup,
    configured,
    globalChain,
    hasRewrite: globalChain.collected.all.some(({ handlers }) => handlers.rewrite !== undefined),
    plan: ({ route }) => planOf(route),
    streamPlan: streamPlanner({
      router: buildStreamRouter(routes, services, options.flavor),
      stepsOf: (routeId, serviceId) => stepsOf(bound.streamScopes, { routeId, serviceId, ready }),
      sources: {
        entities: lookup,
        balancers: options.balancers,
        node,
        tlsDefaults: options.tlsDefaults,
      },
    }),
    ...lifeOf(configured),
  }
}

/** Consumers, and what plugins bring: what is looked up while a request waits. */
function indexedKinds(plugins: CompileOptions['plugins']): readonly EntityKind[] {
  return [consumers, ...[...plugins.values()].flatMap(({ entities }) => entities)]
}

/** Plans are made when a route first matches, since most of many thousands never do. */
function planner(sources: {
  readonly configured: ConfiguredPlugins
  readonly services: ReadonlyMap<string, Service>
  readonly targetOf: (service: Service) => ServiceTarget | undefined
}): (route: Route) => Plan {
  const { configured, services, targetOf } = sources
  const { bound, ready } = configured
  const plans = new Map<Route, Plan>()
  return (route) => {
    const known = plans.get(route)
    if (known !== undefined) return known
    const service = route.service ? services.get(route.service.id) : undefined
    const plan: Plan = {
      route,
      service,
      chain: makeChain(stepsOf(bound.scopes, { routeId: route.id, serviceId: service?.id, ready })),
      target: service && targetOf(service),
      needsTls: route.protocols.every((protocol) => protocol === 'https' || protocol === 'grpcs'),
      isGrpcRoute: route.protocols.some((protocol) => protocol === 'grpc' || protocol === 'grpcs'),
    }
    plans.set(route, plan)
    return plan
  }
}

function stepsOf(
  scopes: readonly PluginScopes[],
  place: {
    readonly routeId: string
    readonly serviceId: string | undefined
    readonly ready: Ready
  },
): readonly Step[] {
  const { routeId, serviceId, ready } = place
  return scopes.flatMap((ofPlugin) => ofPlugin.step(routeId, serviceId, ready) ?? [])
}

function targets(
  { balancers, node, tlsDefaults, speaksHttp2 }: CompileOptions,
  entities: EntityLookup,
): (service: Service) => ServiceTarget | undefined {
  const sources = { entities, balancers, node, tlsDefaults, speaksHttp2 }
  const made = new Map<string, ServiceTarget | undefined>()
  return (service) => {
    if (!made.has(service.id)) made.set(service.id, serviceTarget(service, sources))
    return made.get(service.id)
  }
}

/** Disposes of the instances once the snapshot is retired and its last exchange has left. */
function lifeOf(configured: ConfiguredPlugins): Pick<Snapshot, 'retire' | 'enter' | 'leave'> {
  let exchanges = 0
  let isRetired = false
  let isOver = false

  function endIfOver(): void {
    if (!isRetired || exchanges > 0 || isOver) return
    isOver = true
    configured.dispose()
  }

  return {
    enter() {
      exchanges += 1
    },
    leave() {
      exchanges -= 1
      endIfOver()
    },
    retire() {
      isRetired = true
      endIfOver()
    },
  }
}
