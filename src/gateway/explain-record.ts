import type { DecisionRecord, ExplainedRecord } from '../admin/decision-record.ts'
import type { Decision } from '../plugin-kit/exchange.ts'
import type { ExplainedCheck, Explanation } from '../plugin-kit/explanation.ts'
import type { EntityLookup, Plugin } from '../plugin-kit/plugin.ts'
import { describedRequest } from '../router/described-request.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { fixOf } from './fixes.ts'

interface Sources {
  readonly snapshot: Snapshot
  /** By name. */
  readonly plugins: ReadonlyMap<string, Plugin>
}

/** Adds to a record what is too dear to find out for every request: nobody asks about most of them. */
export function explainRecord(record: DecisionRecord, sources: Sources): ExplainedRecord {
  const { snapshot, plugins } = sources
  const explanations = record.decisions.map((decision) =>
    explanationOf(decision, plugins, snapshot.entities),
  )
  const fix = explanations.findLast((explanation) => explanation.fix !== undefined)?.fix
  const advice = fix ?? fixOf(record)
  return {
    ...record,
    checks: [routeCheck(record), ...explanations.flatMap(({ checks }) => checks)],
    ...(record.status >= 400 && advice !== undefined && { fix: advice }),
    other_routes: otherRoutes(record, snapshot),
    configuration_changed: snapshot.version !== record.configuration,
  }
}

function explanationOf(
  decision: Decision,
  plugins: ReadonlyMap<string, Plugin>,
  entities: EntityLookup,
): Explanation {
  const { plugin, verdict, detail, code } = decision
  const explained = plugins.get(plugin)?.explain?.(decision, entities)
  if (explained !== undefined) return explained
  return {
    checks: [
      {
        name: plugin,
        found: verdict === 'refused' ? '' : (detail ?? code),
        verdict: verdict === 'refused' ? (detail ?? code) : 'ok',
      },
    ],
  }
}

function routeCheck({ route, service, request }: DecisionRecord): ExplainedCheck {
  const asked = `${request.method} ${request.path}`
  if (route === null) return { name: 'route', found: asked, verdict: 'no route' }
  const to = service === null ? '' : ` -> ${service.name ?? service.id}`
  return { name: 'route', found: `${asked}  ${route.name ?? route.id}${to}`, verdict: 'ok' }
}

/** Why other routes were not taken, by the router of the present configuration. */
function otherRoutes(
  { request, route }: DecisionRecord,
  { router }: Snapshot,
): ExplainedRecord['other_routes'] {
  const { routed, host, path, method, scheme, port, client_ip } = request
  const query = routed.query === undefined ? '' : `?${routed.query}`
  const described = describedRequest({
    method,
    url: `${scheme}://gateway${path}${query}`,
    headers: { ...routed.headers, host: [host] },
    sourceIp: client_ip,
    sourcePort: routed.source_port,
    destinationIp: routed.destination_ip,
    destinationPort: port,
    ...(routed.sni !== undefined && { sni: routed.sni }),
  })
  if ('fault' in described) return []
  return router
    .explain(described)
    .filter(({ route: { id } }) => id !== route?.id)
    .map(({ route: { id, name }, failed }) => ({
      route: { id, name },
      ...(failed !== undefined && { failed }),
    }))
}
