import type { TargetHealth, UpstreamHealth } from '../balancer/peer.ts'
import { json, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { locateRow } from './locate-entity.ts'
import { presentEntity } from './present-entity.ts'
import type { AdminRequest, Resource } from './resource.ts'
import { nextOf, targetPage, upstreamPath } from './target-resources.ts'

/** `GET /upstreams/{upstreams}/health`: the targets and how they do, or the upstream as a whole. */
export function upstreamHealthResource(context: AdminContext): Resource {
  return {
    path: '/upstreams/{upstreams}/health',
    methods: { GET: (request) => healthOf(context, request) },
  }
}

async function healthOf(
  context: AdminContext,
  { params, query }: AdminRequest,
): Promise<AdminAnswer> {
  const upstream = locateRow(context, context.catalog.kind('upstreams')!, params['upstreams']!)
  if (!upstream.ok) return upstream.answer
  const { id } = upstream.value
  const health = (await context.upstreamHealth(id)) ?? UNKNOWN
  const node_id = context.node.id
  if (query.get('balancer_health') === '1')
    return json(200, { data: wholeHealth(id, health), next: null, node_id })
  const page = targetPage(context, id, query)
  if (!page.ok) return page.answer
  const byId = new Map(health.targets.map((target) => [target.targetId, target]))
  const data = page.value.rows.map((row) => ({
    ...presentEntity(context, 'targets', row),
    ...targetHealth(byId.get(row.id), health.isChecked && row['weight'] !== 0),
  }))
  const next = nextOf(`${upstreamPath(params)}/health`, page.value.offset)
  return json(200, { data, ...next, node_id })
}

const UNKNOWN: UpstreamHealth = {
  isChecked: false,
  balancer: 'HEALTHCHECKS_OFF',
  weight: { total: 0, available: 0, unavailable: 0 },
  targets: [],
}

function wholeHealth(
  id: string,
  { balancer, isChecked, weight, targets }: UpstreamHealth,
): unknown {
  return {
    id,
    health: isChecked ? balancer : 'HEALTHCHECKS_OFF',
    balancer_health: balancer === 'HEALTHCHECKS_OFF' ? 'HEALTHY' : balancer,
    details: {
      healthy: balancer !== 'UNHEALTHY',
      weight,
      hosts: targets.map((target) => ({
        ...hostFacts(target),
        addresses: target.addresses.map(({ health, ...address }) => ({
          ...address,
          healthy: health === 'HEALTHY',
        })),
      })),
    },
  }
}

function targetHealth(target: TargetHealth | undefined, isChecked: boolean): object {
  if (target === undefined) return { health: 'HEALTHCHECKS_OFF' }
  const isOff = !isChecked || target.health === 'HEALTHCHECKS_OFF'
  return {
    health: isOff && target.health !== 'DNS_ERROR' ? 'HEALTHCHECKS_OFF' : target.health,
    data: {
      ...hostFacts(target),
      addresses: target.addresses.map(({ health, ...address }) => ({
        ...address,
        health: isOff ? 'HEALTHCHECKS_OFF' : health,
      })),
    },
  }
}

function hostFacts({ host, port, dns, nodeWeight, weight }: TargetHealth): object {
  return { host, port, dns, nodeWeight, weight }
}
