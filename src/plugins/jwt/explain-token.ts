import { isJsonObject } from '../../base/json.ts'
import type { Entity, Foreign } from '../../entities/entity.ts'
import { noteOfAuthenticated, type Refusal } from '../../plugin-kit/authenticate-request.ts'
import type { Decision } from '../../plugin-kit/exchange.ts'
import type {
  AdminAnswer,
  AdminRoute,
  EntityLookup,
  PluginContext,
} from '../../plugin-kit/plugin.ts'
import { explainDecision } from './explain-decision.ts'
import { tokenFacts } from './token-facts.ts'
import type { TokenRefusal, Verified } from './verify-token.ts'

/** What one instance would say of a token, without a request. */
export interface TokenJudge {
  readonly context: PluginContext
  readonly keyClaimName: string
  verify(token: string): Promise<Verified | TokenRefusal>
  /** What a client would be answered. */
  refuse(refusal: TokenRefusal): Refusal
}

/** The instances of a configuration, by what they look entities up in: each has one of its own. */
const judges = new WeakMap<EntityLookup, TokenJudge[]>()

export function addJudge(judge: TokenJudge): void {
  const { entities } = judge.context
  const known = judges.get(entities)
  if (known === undefined) judges.set(entities, [judge])
  else known.push(judge)
}

/**
 * `POST /explain/token`: decides about a token as the instances that serve would, with the same code,
 * and nothing is sent or remembered.
 */
export const explainToken: AdminRoute = {
  method: 'POST',
  path: '/explain/token',
  isUnlisted: true,
  async handle({ body, entities }): Promise<AdminAnswer> {
    const fields = isJsonObject(body) ? body : {}
    const wanted = textFields(fields)
    if ('fault' in wanted) return fault(400, wanted.fault)
    const chosen = choose(judges.get(entities) ?? [], wanted, entities)
    if ('fault' in chosen) return fault(404, chosen.fault)
    const data = await Promise.all(chosen.judges.map((judge) => judgement(judge, wanted.token)))
    return { status: 200, body: { data } }
  },
}

function fault(status: number, message: string): AdminAnswer {
  return { status, body: { message } }
}

interface Wanted {
  readonly token: string
  readonly plugin: string | undefined
  readonly route: string | undefined
  readonly service: string | undefined
}

function textFields(
  fields: Readonly<Record<string, unknown>>,
): Wanted | { readonly fault: string } {
  const { token, plugin, route, service, ...others } = fields
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    return { fault: `${unknown}: unknown field; known are token, plugin, route and service` }
  if (typeof token !== 'string' || token.trim() === '')
    return { fault: 'token: the token to decide about is missing' }
  for (const [name, value] of Object.entries({ plugin, route, service }))
    if (value !== undefined && value !== null && typeof value !== 'string')
      return { fault: `${name}: must be an id or a name` }
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return {
    token: token.trim().replace(/^bearer\s+/i, ''),
    plugin: text(plugin),
    route: text(route),
    service: text(service),
  }
}

type Chosen = { readonly judges: readonly TokenJudge[] } | { readonly fault: string }

/** The instances that are meant: one by name, the one that runs on a route or service, or all. */
function choose(all: readonly TokenJudge[], wanted: Wanted, entities: EntityLookup): Chosen {
  if (all.length === 0) return { fault: 'no jwt plugin is configured' }
  const { plugin } = wanted
  if (plugin !== undefined) {
    const named = all.filter(
      ({ context }) => context.id === plugin || context.instanceName === plugin,
    )
    return named.length > 0 ? { judges: named } : { fault: `there is no jwt plugin "${plugin}"` }
  }
  const place = placeOf(wanted, entities)
  if (place === undefined) return { judges: all }
  if ('fault' in place) return place
  const [best] = all
    .filter(({ context }) => runsOn(context, place))
    .sort((one, other) => closeness(other.context) - closeness(one.context))
  return best === undefined ? { fault: `no jwt plugin runs on ${place.what}` } : { judges: [best] }
}

interface Place {
  readonly what: string
  readonly routeId: string | undefined
  readonly serviceId: string | undefined
}

function placeOf(
  { route, service }: Wanted,
  entities: EntityLookup,
): Place | undefined | { readonly fault: string } {
  if (route !== undefined) {
    const row = find(entities, 'routes', route)
    if (row === undefined) return { fault: `there is no route "${route}"` }
    const owner = row['service'] as Foreign | null
    return { what: `route "${route}"`, routeId: row.id, serviceId: owner?.id }
  }
  if (service === undefined) return undefined
  const row = find(entities, 'services', service)
  if (row === undefined) return { fault: `there is no service "${service}"` }
  return { what: `service "${service}"`, routeId: undefined, serviceId: row.id }
}

function find(entities: EntityLookup, kind: string, name: string): Entity | undefined {
  return entities.byId(kind, name) ?? entities.by(kind, 'name', name)
}

function runsOn({ routeId, serviceId, consumerId }: PluginContext, place: Place): boolean {
  if (consumerId !== undefined) return false
  return (
    (routeId === undefined || routeId === place.routeId) &&
    (serviceId === undefined || serviceId === place.serviceId)
  )
}

/** An instance of the route comes before one of its service, and that before a global one. */
function closeness({ routeId, serviceId }: PluginContext): number {
  return (routeId === undefined ? 0 : 2) + (serviceId === undefined ? 0 : 1)
}

async function judgement(judge: TokenJudge, token: string): Promise<object> {
  const { context, keyClaimName } = judge
  const verdict = await judge.verify(token)
  const facts = { ...factsOf(verdict, keyClaimName), found_in: 'as given' }
  const of = {
    plugin: { id: context.id, name: context.instanceName ?? context.name },
    route: nameOf(context.entities, 'routes', context.routeId),
    service: nameOf(context.entities, 'services', context.serviceId),
  }
  if (verdict.kind === 'verified') {
    const { consumer } = verdict.identity
    const decision: Decision = { plugin: 'jwt', ...noteOfAuthenticated(consumer, facts) }
    const who = consumer && { id: consumer.id, name: consumer.username ?? consumer.custom_id }
    return {
      ...of,
      verdict: 'accepted',
      consumer: who ?? null,
      ...told(decision, context.entities),
    }
  }
  const { answer, code } = judge.refuse(verdict)
  const detail = verdict.reason
  const decision: Decision = { plugin: 'jwt', verdict: 'refused', code, detail, facts }
  return {
    ...of,
    verdict: 'refused',
    status: answer.status,
    body: answer.kind === 'exit' ? String(answer.body ?? '') : (answer.message ?? ''),
    reason: detail,
    ...told(decision, context.entities),
  }
}

function told(decision: Decision, entities: EntityLookup): object {
  return { code: decision.code, ...explainDecision(decision, entities), facts: decision.facts }
}

function factsOf({ token }: Verified | TokenRefusal, keyClaimName: string): object {
  return token === undefined ? {} : tokenFacts(token, keyClaimName)
}

function nameOf(entities: EntityLookup, kind: string, id: string | undefined): object | null {
  if (id === undefined) return null
  const name = entities.byId(kind, id)?.['name']
  return { id, name: typeof name === 'string' ? name : null }
}
