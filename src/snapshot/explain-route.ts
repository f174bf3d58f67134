import type { Consumer, EntitySet, PluginEntity, Route, Service } from '../entities/entity.ts'
import type { UriCaptures } from '../entities/uri-captures.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import { buildRouter } from '../router/build-router.ts'
import { describedRequest, type RequestDescription } from '../router/described-request.ts'
import type {
  RouteMatch,
  RouterFlavor,
  RouteVerdict,
  RoutingRequest,
} from '../router/route-match.ts'
import { upstreamUri } from '../router/upstream-uri.ts'
import { bindPlugins, type BoundPlugins } from './bind-plugins.ts'
import type { Ready } from './plugin-scopes.ts'

/** A request to explain, and who sends it: a consumer may have configurations of its own. */
export interface RouteQuestion extends RequestDescription {
  /** Id, username or custom id. */
  readonly consumer?: string
}

/** Which route takes a request, what happens to it then, and why not another one. */
export interface RouteExplanation {
  readonly request: {
    readonly method: string
    readonly scheme: string
    readonly host: string
    /** In the form that routes are compared with. */
    readonly path: string
    readonly query: string
  }
  readonly route: Named | null
  readonly matched_path?: string
  readonly captures?: UriCaptures
  /** What the gateway answers itself, unless a plugin answers before. */
  readonly answer?: { readonly status: number; readonly message: string }
  readonly plan: RoutePlan | null
  /** Routes of which at least one condition holds, in the order in which they are preferred. */
  readonly others: readonly OtherRoute[]
}

export interface RoutePlan {
  /** In the order in which they run. */
  readonly plugins: readonly PlannedPlugin[]
  readonly service: Named | null
  /** Host and port as the service has them, before balancing. */
  readonly upstream_uri?: string
}

export interface PlannedPlugin {
  readonly id: string
  readonly name: string
  readonly priority: number
  /** What it is bound to: `route`, `service`, `consumer`, several with `+`, or `global`. */
  readonly scope: string
  /** Some consumers have a configuration of their own, which runs in its place once they are known. */
  readonly differs_by_consumer?: true
}

export interface OtherRoute {
  readonly route: Named
  /** The first condition that does not hold; absent: all hold, but the route comes later. */
  readonly failed?: string
}

export interface Named {
  readonly id: string
  readonly name: string | null
}

export interface ExplainerOptions {
  readonly flavor: RouterFlavor
  /** Loaded plugins by name. */
  readonly plugins: ReadonlyMap<string, Plugin>
}

/**
 * Makes a function that explains routing under a configuration, with the router that serves and
 * without an instance of any plugin.
 *
 * @returns a function to the explanation, or to why the gateway would refuse the request unrouted
 */
export function routeExplainer(
  entities: EntitySet,
  { flavor, plugins }: ExplainerOptions,
): (question: RouteQuestion) => RouteExplanation | { readonly fault: string } {
  const services = new Map((entities['services'] as Service[] | undefined)?.map((s) => [s.id, s]))
  const router = buildRouter((entities['routes'] ?? []) as readonly Route[], services, flavor)
  const configured = (entities['plugins'] ?? []) as readonly PluginEntity[]
  const rows = configured.filter(({ name }) => plugins.has(name))
  const bound = bindPlugins(rows, plugins)
  const rowsById = new Map(rows.map((row) => [row.id, row]))
  const ready: Ready = ({ id, name }) => {
    const { priority } = plugins.get(name)!
    return { id, name, priority, handlers: {} }
  }
  const consumers = (entities['consumers'] ?? []) as readonly Consumer[]

  return (question) => {
    const described = describedRequest(question)
    if ('fault' in described) return described
    const consumer = consumerId(consumers, question.consumer)
    if (question.consumer !== undefined && consumer === undefined)
      return { fault: `there is no consumer "${question.consumer}"` }
    const match = router.match(described)
    const request = outlineOf(described)
    const others = othersOf(router.explain(described), match?.route)
    if (match === undefined) return { request, ...NO_ROUTE, others }
    const { route, service, matchedPath, captures } = match
    const answer = ownAnswer(match, described)
    return {
      request,
      route: nameOf(route),
      ...(matchedPath !== undefined && { matched_path: matchedPath }),
      ...(captures !== undefined && { captures }),
      ...(answer !== undefined && { answer }),
      plan: {
        plugins: plannedPlugins(bound, { match, consumer, rowsById, ready }),
        service: service === undefined ? null : nameOf(service),
        ...(service !== undefined && { upstream_uri: uriOf(match, service, described) }),
      },
      others,
    }
  }
}

const NO_ROUTE = {
  route: null,
  answer: { status: 404, message: 'no Route matched with those values' },
  plan: null,
} as const

function consumerId(
  consumers: readonly Consumer[],
  wanted: string | undefined,
): string | undefined {
  if (wanted === undefined) return undefined
  return consumers.find(
    ({ id, username, custom_id }) => id === wanted || username === wanted || custom_id === wanted,
  )?.id
}

function outlineOf({
  method,
  scheme,
  path,
  host,
  rawQuery: query,
}: RoutingRequest): RouteExplanation['request'] {
  return { method, scheme, host, path, query }
}

/** As the data plane answers for want of TLS, which it sees before plugins, or of a service. */
function ownAnswer(
  { route, service }: RouteMatch,
  { scheme }: RoutingRequest,
): RouteExplanation['answer'] {
  const needsTls = route.protocols.every((protocol) => protocol === 'https' || protocol === 'grpcs')
  if (needsTls && scheme === 'http') {
    const status = route.https_redirect_status_code
    const isRedirect = status !== 426
    return { status, message: isRedirect ? 'redirect to https' : 'Please use HTTPS protocol' }
  }
  if (service === undefined) return { status: 503, message: 'no Service found with those values' }
  return undefined
}

function plannedPlugins(
  { scopes }: BoundPlugins,
  {
    match: { route, service },
    consumer,
    rowsById,
    ready,
  }: {
    readonly match: RouteMatch
    readonly consumer: string | undefined
    readonly rowsById: ReadonlyMap<string, PluginEntity>
    readonly ready: Ready
  },
): readonly PlannedPlugin[] {
  return scopes.flatMap((ofPlugin) => {
    const step = ofPlugin.step(route.id, service?.id, ready)
    const own = consumer === undefined ? undefined : step?.byConsumer?.get(consumer)
    const instance = own ?? step?.instance
    if (step === undefined || instance === undefined) return []
    const { id, name, priority } = instance
    const scope = scopeOf(rowsById.get(id)!)
    const differs = consumer === undefined && step.byConsumer !== undefined
    return [{ id, name, priority, scope, ...(differs && { differs_by_consumer: true as const }) }]
  })
}

function scopeOf({ route, service, consumer }: PluginEntity): string {
  const bound = Object.entries({ route, service, consumer }).filter(([, foreign]) => foreign)
  return bound.length === 0 ? 'global' : bound.map(([kind]) => kind).join('+')
}

function uriOf(match: RouteMatch, service: Service, request: RoutingRequest): string {
  const path = upstreamUri({
    servicePath: service.path,
    requestPath: request.path,
    matchedPath: match.matchedPath,
    stripPath: match.route.strip_path,
    pathHandling: match.pathHandling,
  })
  const query = request.rawQuery === '' ? '' : `?${request.rawQuery}`
  return `${service.protocol}://${service.host}:${service.port}${path}${query}`
}

function othersOf(
  verdicts: readonly RouteVerdict[],
  matched: Route | undefined,
): readonly OtherRoute[] {
  return verdicts
    .filter(({ route }) => route !== matched)
    .map(({ route, failed }) => ({
      route: nameOf(route),
      ...(failed !== undefined && { failed }),
    }))
}

function nameOf({ id, name }: { readonly id: string; readonly name: string | null }): Named {
  return { id, name }
}
