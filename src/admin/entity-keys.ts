import type { Entity, EntityKind } from '../entities/entity.ts'
import { parseRecord } from '../schema/parse.ts'
import type { Store } from '../store/store.ts'
import { accepted, refused, type Outcome } from './admin-answer.ts'
import { invalidPrimaryKey, invalidUnique } from './error-answers.ts'

/** How a segment of a URL names a row: by id, or by the field that may stand for it. */
export type EntityKey =
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'field'; readonly field: string; readonly value: string }

/** A parent that narrows a search, e.g. the upstream of a target. */
export interface Scope {
  readonly field: string
  readonly id: string
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/**
 * Reads a segment of a URL as the key of a row. What looks like an id is one.
 *
 * @returns the answer to a segment that no row can have
 */
export function entityKey(kind: EntityKind, segment: string): Outcome<EntityKey> {
  if (isUuid(segment)) return accepted({ by: 'id', id: segment })
  const field = kind.endpointKey
  if (field === undefined) return refused(invalidPrimaryKey('expected a valid UUID'))
  const fault = keyFault(kind, field, segment)
  if (fault !== undefined) return refused(invalidUnique(field, fault))
  return accepted({ by: 'field', field, value: segment })
}

/** Why no row can have this value in a field. */
export function keyFault(kind: EntityKind, field: string, value: unknown): string | undefined {
  const checked = parseRecord(
    { type: 'record', fields: { [field]: kind.fields[field]! } },
    { [field]: value },
  )
  return checked.ok ? undefined : checked.violations[0]!.message
}

export function findByKey(
  store: Store,
  kind: EntityKind,
  key: EntityKey,
  scope?: Scope,
): Entity | undefined {
  const row =
    key.by === 'id'
      ? (store.get(kind.name, key.id) ?? store.get(kind.name, key.id.toLowerCase()))
      : store.getBy(kind.name, key.field, key.value, scope)
  return row !== undefined && (scope === undefined || isWithin(row, scope)) ? row : undefined
}

export function isWithin(row: Entity, { field, id }: Scope): boolean {
  const parent = row[field] as { readonly id?: unknown } | null | undefined
  return parent?.id === id
}

/** The key as messages show it. */
export function keyFields(key: EntityKey): Readonly<Record<string, string>> {
  return key.by === 'id' ? { id: key.id } : { [key.field]: key.value }
}
