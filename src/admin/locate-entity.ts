import type { Entity, EntityKind } from '../entities/entity.ts'
import { accepted, message, NOT_FOUND, refused, type Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import {
  entityKey,
  findByKey,
  isUuid,
  isWithin,
  type EntityKey,
  type Scope,
} from './entity-keys.ts'

/** What a segment of a URL names, whether or not there is such a row. */
export interface Located {
  readonly key: EntityKey
  readonly row: Entity | undefined
}

/** Finds what a segment names: a row by id or key, a certificate also by a name it serves. */
export function locate(context: AdminContext, kind: EntityKind, segment: string): Outcome<Located> {
  if (kind.name === 'certificates' && !isUuid(segment)) return byServerName(context, segment)
  const key = entityKey(kind, segment)
  if (!key.ok) return key
  return accepted({ key: key.value, row: findByKey(context.store, kind, key.value) })
}

function byServerName({ store }: AdminContext, name: string): Outcome<Located> {
  const certificate = store.getBy('snis', 'name', name)?.['certificate']
  const id = (certificate as { readonly id: string } | undefined)?.id
  if (id === undefined) return refused(message(404, 'SNI not found'))
  return accepted({ key: { by: 'id', id }, row: store.get('certificates', id) })
}

/** Finds a row, or says that it is not there. */
export function locateRow(
  context: AdminContext,
  kind: EntityKind,
  segment: string,
): Outcome<Entity> {
  const found = locate(context, kind, segment)
  if (!found.ok) return found
  return found.value.row === undefined ? refused(NOT_FOUND) : accepted(found.value.row)
}

/** Finds what a segment names under a parent. A row of another parent is not there. */
export function locateWithin(
  context: AdminContext,
  kind: EntityKind,
  segment: string,
  scope: Scope,
): Outcome<Located> {
  const found = locateFor(context, kind, segment, scope)
  const row = found.ok ? found.value.row : undefined
  return row !== undefined && !isWithin(row, scope) ? refused(NOT_FOUND) : found
}

/** The same for who is about to put the row under this parent: one of another parent is found too. */
export function locateFor(
  context: AdminContext,
  kind: EntityKind,
  segment: string,
  scope: Scope,
): Outcome<Located> {
  if (kind.name === 'acls' && !isUuid(segment)) return byGroup(context, segment, scope)
  const isScopedKey = kind.uniqueTogether?.some(
    (names) => names.includes(scope.field) && names.includes(kind.endpointKey ?? ''),
  )
  if (isScopedKey !== true) return locate(context, kind, segment)
  const key = entityKey(kind, segment)
  if (!key.ok) return key
  const row = findByKey(context.store, kind, key.value, scope)
  // What such a key finds goes on under its id: alone the key says nothing.
  return accepted({ key: row === undefined ? key.value : { by: 'id', id: row.id }, row })
}

/** A membership may be named by its group, which is unique among those of a consumer. */
function byGroup({ store }: AdminContext, group: string, scope: Scope): Outcome<Located> {
  const row = store.getBy('acls', 'group', group, scope)
  return accepted({ key: { by: 'field', field: 'group', value: group }, row })
}
