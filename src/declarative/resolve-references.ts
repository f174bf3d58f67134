import { isJsonObject, type JsonObject } from '../base/json.ts'
import { isUuid } from '../schema/rules.ts'
import type { EntityIndex } from './entity-index.ts'
import type { Item } from './item.ts'
import type { ForeignField, KindTree } from './kind-tree.ts'

/** A reference that leads nowhere. */
export interface Dangling {
  readonly item: Item
  readonly field: ForeignField
  /** As written: a text, or an object with an `id`. */
  readonly value: unknown
}

export interface Resolved {
  /** The entity's fields, references as `{ id }`. */
  readonly input: JsonObject
  readonly dangling: readonly Dangling[]
  /** References written inside a parent, where Kong's first look at a file expects none. */
  readonly inner: readonly string[]
}

/** Stands in for the id of something that is not there, so that the rest can be looked at. */
const PLACEHOLDER = { id: '00000000-0000-0000-0000-000000000000' }

const NOTHING: readonly never[] = []

/** Brings the references of an entity into the form in which entities are parsed. */
export function resolveReferences(item: Item, tree: KindTree, index: EntityIndex): Resolved {
  const { kind, fields, list, id } = item
  const input: JsonObject = { ...fields, id: fields['id'] ?? id }
  const given = tree
    .foreignFieldsOf(kind.name)
    .filter(({ name }) => fields[name] !== undefined && fields[name] !== null)
  const dangling: Dangling[] = []
  for (const field of given) {
    const reference = { item, field, value: fields[field.name] }
    const found = resolve(field, reference.value, index)
    if (found === 'nowhere') dangling.push(reference)
    input[field.name] = keyOf(found, reference)
  }
  if (list.parent === undefined) return { input, dangling, inner: NOTHING }
  // Where it stands says whose it is, whatever else it says.
  input[list.parentField!] = { id: list.parent.id }
  return { input, dangling, inner: given.map(({ name }) => name) }
}

function keyOf(found: Item | 'nowhere' | 'malformed', { item, field, value }: Dangling): unknown {
  if (typeof found === 'object') return { id: found.id }
  return found === 'nowhere' && !isNeededToParse(item, field) ? PLACEHOLDER : value
}

function resolve(
  { reference }: ForeignField,
  value: unknown,
  index: EntityIndex,
): Item | 'nowhere' | 'malformed' {
  const isObject = isJsonObject(value)
  const name = isObject ? value['id'] : value
  if (typeof name !== 'string' || name === '' || (isObject && !isUuid(name))) return 'malformed'
  return index.find(reference, name) ?? 'nowhere'
}

/** Whether something is worked out from the reference, so that no other can stand in for it. */
function isNeededToParse({ kind }: Item, { name }: ForeignField): boolean {
  return (kind.transformations ?? []).some(({ needs }) => needs?.includes(`${name}.id`) === true)
}

/** @param value as written */
export function danglingMessage({ field, value }: Dangling): string {
  const shown = typeof value === 'string' ? value : JSON.stringify(value)
  return `invalid reference '${field.name}: ${shown}' (no such entry in '${field.reference}')`
}
