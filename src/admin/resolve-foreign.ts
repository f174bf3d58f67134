import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { EntityKind } from '../entities/entity.ts'
import type { Store } from '../store/store.ts'
import { accepted, refused, type Outcome } from './admin-answer.ts'
import { foreignUnresolved } from './error-answers.ts'
import { keyText } from './key-text.ts'

/**
 * Replaces references by a unique field, e.g. `{"name": "orders"}`, with references by id.
 * References of any other form are left to the schema to judge.
 */
export function resolveForeign(
  catalog: Catalog,
  store: Store,
  kind: EntityKind,
  input: JsonObject,
): Outcome<JsonObject> {
  const resolved = Object.assign(Object.create(null) as JsonObject, input)
  const unresolved: Record<string, Record<string, string>> = {}
  for (const [name, field] of Object.entries(kind.fields)) {
    if (field.type !== 'foreign') continue
    const given = Object.hasOwn(input, name) ? input[name] : undefined
    const parent = catalog.kind(field.reference)
    if (parent === undefined || !isJsonObject(given) || given['id'] !== undefined) continue
    const key = uniqueKey(parent, given)
    if (key === undefined) continue
    const row = store.getBy(parent.name, key.field, key.value)
    if (row !== undefined) resolved[name] = { id: row.id }
    else
      unresolved[name] = {
        [key.field]: `the foreign key cannot be resolved with '${keyText({ [key.field]: key.value })}' for an existing '${parent.name}' entity`,
      }
  }
  return Object.keys(unresolved).length > 0
    ? refused(foreignUnresolved(unresolved))
    : accepted(resolved)
}

function uniqueKey(
  parent: EntityKind,
  given: JsonObject,
): { readonly field: string; readonly value: string } | undefined {
  for (const [field, { unique }] of Object.entries(parent.fields)) {
    const value = unique === true && Object.hasOwn(given, field) ? given[field] : undefined
    if (typeof value === 'string') return { field, value }
  }
  return undefined
}
