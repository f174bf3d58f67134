import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { EntityKind } from '../entities/entity.ts'
import type { Store } from '../store/store.ts'
import { accepted, refused, type Outcome } from './admin-answer.ts'
import { isUuid, keyFault } from './entity-keys.ts'
import { foreignUnresolved } from './error-answers.ts'
import { keyText } from './key-text.ts'

/**
 * Replaces references by a unique field, e.g. `{"name": "orders"}`, with references by id.
 * One with a good id is left as it is; what cannot be looked up is left to the schema to judge.
 */
export function resolveForeign(
  catalog: Catalog,
  store: Store,
  kind: EntityKind,
  input: JsonObject,
): Outcome<JsonObject> {
  const resolved = Object.assign(Object.create(null) as JsonObject, input)
  const unresolved: Record<string, Readonly<Record<string, string>>> = {}
  for (const [name, field] of Object.entries(kind.fields)) {
    if (field.type !== 'foreign') continue
    const given = Object.hasOwn(input, name) ? input[name] : undefined
    const parent = catalog.kind(field.reference)
    if (parent === undefined || !isJsonObject(given) || hasGoodId(given)) continue
    const { id, missed } = lookUp(store, parent, given)
    if (id !== undefined) resolved[name] = { id }
    if (Object.keys(missed).length > 0) unresolved[name] = missed
  }
  return Object.keys(unresolved).length > 0
    ? refused(foreignUnresolved(unresolved))
    : accepted(resolved)
}

function hasGoodId(given: JsonObject): boolean {
  const id = Object.hasOwn(given, 'id') ? given['id'] : undefined
  return typeof id === 'string' && isUuid(id)
}

interface LookedUp {
  readonly id: string | undefined
  /** By field, what was said of a value that no row has. */
  readonly missed: Readonly<Record<string, string>>
}

/** Tries the unique fields in their order until one finds a row. As in Kong, a miss before that counts too. */
function lookUp(store: Store, parent: EntityKind, given: JsonObject): LookedUp {
  const missed: Record<string, string> = {}
  for (const [field, { unique }] of Object.entries(parent.fields)) {
    const value = unique === true && Object.hasOwn(given, field) ? given[field] : undefined
    if (typeof value !== 'string' || keyFault(parent, field, value) !== undefined) continue
    const row = store.getBy(parent.name, field, value)
    if (row !== undefined) return { id: row.id, missed }
    missed[field] =
      `the foreign key cannot be resolved with '${keyText({ [field]: value })}' for an existing '${parent.name}' entity`
  }
  return { id: undefined, missed }
}
