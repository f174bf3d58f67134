import type { Balancers } from '../balancer/peer.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { EntitySet, PluginEntity, Route, Service } from '../entities/entity.ts'
import type { EntityLookup, NodeServices, Plugin } from '../plugin-kit/plugin.ts'
import { buildRouter } from '../router/build-router.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import { buildStreamRouter, isStreamProtocol } from '../router/stream/build-stream-router.ts'
import { bindPlugins } from './bind-plugins.ts'
import { EMPTY_CHAIN, makeChain, type Chain, type Instance } from './chain.ts'
import { changeRouter } from './change-router.ts'
import { indexEntities } from './entity-index.ts'
import { notedParts, type NotedPart } from '../plugin-kit/tracing/phase-notes.ts'
import { createInstance, disposeOf } from './plugin-instance.ts'
import type { PluginScopes } from './plugin-scopes.ts'
import { serviceTarget } from './service-target.ts'
import type { Plan, ServiceTarget, Snapshot } from './snapshot.ts'
import { streamPlanner } from './stream-plan.ts'

export interface CompileOptions {
  readonly version: number
  readonly catalog: Catalog
  /** Loaded plugins by name. */
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly flavor: RouterFlavor
  readonly balancers: Balancers
  readonly node: NodeServices
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
  const { plugins, node, version } = options
  const lookup =
    before?.snapshot.entities.changed(entities) ?? indexEntities(entities, indexedKinds(options))
  const services = new Map((entities['services'] as Service[] | undefined)?.map((s) => [s.id, s]))
  const routes = (entities['routes'] ?? []) as readonly Route[]
  const router =
    (before && changeRouter(before.snapshot.router, [before.entities, entities], services)) ??
    buildRouter(routes, services, options.flavor)
  const rows = (entities['plugins'] ?? []) as readonly PluginEntity[]
  const { instances, scopes, streamScopes } = readyPlugins(rows, { plugins, lookup, node })
  const globalChain = makeChain(
    scopes.flatMap(({ global }) =>
      global === undefined ? [] : [{ instance: global, byConsumer: undefined }],
    ),
  )
  const planOf = planner({ scopes, services, targetOf: targets(options, lookup) })
  const life = lifeOf(instances, node)

  return {
    version,
    router,
    entities: lookup,
    globalChain,
    hasRewrite: globalChain.collected.all.some(({ handlers }) => handlers.rewrite !== undefined),
    plan: ({ route }) => planOf(route),
    streamPlan: streamPlanner({
      router: buildStreamRouter(routes, services, options.flavor),
      scopes: streamScopes,
      sources: { entities: lookup, balancers: options.balancers, node },
    }),
    ...life,
  }
}

/** Consumers, and what plugins bring: what is looked up while a request waits. */
function indexedKinds({ catalog, plugins }: CompileOptions) {
  const ofPlugins = [...plugins.values()].flatMap((plugin) => plugin.entities)
  return [catalog.kind('consumers') ?? [], ofPlugins].flat()
}

interface ReadyPlugins {
  readonly instances: readonly Instance[]
  readonly scopes: readonly PluginScopes[]
  readonly streamScopes: readonly PluginScopes[]
}

/**
 * Ready instances of all rows; when one cannot be made, none remains. A row with protocols of both
 * kinds has one instance for requests and connections.
 */
function readyPlugins(
  rows: readonly PluginEntity[],
  sources: {
    readonly plugins: ReadonlyMap<string, Plugin>
    readonly lookup: EntityLookup
    readonly node: NodeServices
  },
): ReadyPlugins {
  const made = new Map<PluginEntity, Instance>()
  const noted = partsToNote(rows, sources)
  const make = (row: PluginEntity): Instance => {
    const instance = made.get(row) ?? createInstance(row, { ...sources, noted })
    made.set(row, instance)
    return instance
  }
  try {
    const { scopes } = bindPlugins(rows, sources.plugins, make)
    const ofStreams = bindPlugins(rows, sources.plugins, make, isStreamProtocol)
    return { instances: [...made.values()], scopes, streamScopes: ofStreams.scopes }
  } catch (error) {
    disposeOf([...made.values()], sources.node)
    throw error
  }
}

/** Plugins are watched only where one of them reads what is noted. */
function partsToNote(
  rows: readonly PluginEntity[],
  { plugins, node }: Pick<CompileOptions, 'plugins' | 'node'>,
): ReadonlySet<NotedPart> | undefined {
  const isRead = rows.some((row) => row.enabled && plugins.get(row.name)?.readsPhaseNotes)
  return isRead ? notedParts(node.setting('tracing_instrumentations')) : undefined
}

/** Plans are made when a route first matches, since most of many thousands never do. */
function planner(sources: {
  readonly scopes: readonly PluginScopes[]
  readonly services: ReadonlyMap<string, Service>
  readonly targetOf: (service: Service) => ServiceTarget | undefined
}): (route: Route) => Plan {
  const { scopes, services, targetOf } = sources
  const plans = new Map<Route, Plan>()
  return (route) => {
    const known = plans.get(route)
    if (known !== undefined) return known
    const service = route.service ? services.get(route.service.id) : undefined
    const plan: Plan = {
      route,
      service,
      chain: chainOf(scopes, route.id, service?.id),
      target: service && targetOf(service),
      needsTls: route.protocols.every((protocol) => protocol === 'https' || protocol === 'grpcs'),
      isGrpcRoute: route.protocols.some((protocol) => protocol === 'grpc' || protocol === 'grpcs'),
    }
    plans.set(route, plan)
    return plan
  }
}

function chainOf(
  scopes: readonly PluginScopes[],
  routeId: string,
  serviceId: string | undefined,
): Chain {
  const steps = scopes.flatMap((ofPlugin) => ofPlugin.step(routeId, serviceId) ?? [])
  return steps.length === 0 ? EMPTY_CHAIN : makeChain(steps)
}

function targets(
  { balancers, node }: CompileOptions,
  entities: EntityLookup,
): (service: Service) => ServiceTarget | undefined {
  const made = new Map<string, ServiceTarget | undefined>()
  return (service) => {
    if (!made.has(service.id))
      made.set(service.id, serviceTarget(service, { entities, balancers, node }))
    return made.get(service.id)
  }
}

/** Disposes of the instances once the snapshot is retired and its last exchange has left. */
function lifeOf(
  instances: readonly Instance[],
  node: NodeServices,
): Pick<Snapshot, 'retire' | 'enter' | 'leave'> {
  const disposable = instances.filter(({ handlers }) => handlers.dispose !== undefined)
  let exchanges = 0
  let isRetired = false
  let isOver = false

  function endIfOver(): void {
    if (!isRetired || exchanges > 0 || isOver) return
    isOver = true
    disposeOf(disposable, node)
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
