import type { Entity, EntityKind } from '../entities/entity.ts'
import type { Violation } from '../schema/violation.ts'
import type { AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { referencedByOthers } from './error-answers.ts'

/** Rules between rows that neither a schema nor a reference can say. */

/** What is wrong with a row beside the others. */
export function rowViolations(
  context: AdminContext,
  kind: EntityKind,
  row: Entity,
): readonly Violation[] {
  return kind.name === 'plugins' ? protocolViolations(context, row) : []
}

/** Why a row cannot go, beyond what references say. */
export function deletionFault(
  context: AdminContext,
  kind: EntityKind,
  row: Entity,
): AdminAnswer | undefined {
  if (kind.name !== 'ca_certificates') return undefined
  for (const { name, rows } of mentioningKinds(context)) {
    const user = rows.find((other) => mentionsAuthority(other, row.id))
    if (user !== undefined)
      return referencedByOthers(
        `ca certificate ${row.id} is still referenced by ${name} (id = ${user.id})`,
      )
  }
  return undefined
}

function mentioningKinds(
  context: AdminContext,
): readonly { readonly name: string; readonly rows: readonly Entity[] }[] {
  const entities = context.store.all()
  return ['services', 'plugins'].map((name) => ({ name, rows: entities[name] ?? [] }))
}

function mentionsAuthority(row: Entity, id: string): boolean {
  const config = row['config'] as { readonly ca_certificates?: unknown } | undefined
  const authorities = row['ca_certificates'] ?? config?.ca_certificates
  return Array.isArray(authorities) && authorities.includes(id)
}

/** A plugin must be able to run on the route, or some route of the service, that it is bound to. */
function protocolViolations(context: AdminContext, plugin: Entity): readonly Violation[] {
  const own = plugin['protocols'] as readonly string[]
  const shares = (route: Entity): boolean =>
    (route['protocols'] as readonly string[]).some((protocol) => own.includes(protocol))
  const routeId = idOf(plugin['route'])
  const route = routeId === undefined ? undefined : context.store.get('routes', routeId)
  if (route !== undefined && !shares(route))
    return [violation("must match the associated route's protocols")]
  const serviceId = idOf(plugin['service'])
  if (route !== undefined || serviceId === undefined) return []
  const { rows: routes } = context.store.page('routes', {
    size: Number.MAX_SAFE_INTEGER,
    referring: { field: 'service', id: serviceId },
  })
  return routes.length === 0 || routes.some(shares)
    ? []
    : [
        violation(
          "must match the protocols of at least one route pointing to this Plugin's service",
        ),
      ]
}

function violation(message: string): Violation {
  return { path: ['protocols'], message, kind: 'field' }
}

function idOf(reference: unknown): string | undefined {
  return (reference as { readonly id: string } | null | undefined)?.id
}
