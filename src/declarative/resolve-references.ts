import { isJsonObject, type JsonObject } from '../base/json.ts'
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
  let dangling: Dangling[] | undefined
  let inner: string[] | undefined
  for (const field of tree.foreignFieldsOf(kind.name)) {
    const value = fields[field.name]
    if (value !== undefined && value !== null) {
      const found = resolve(field, value, index)
      if (found === 'nowhere') (dangling ??= []).push({ item, field, value })
      input[field.name] =
        found === 'nowhere' && !isNeededToParse(item, field) ? PLACEHOLDER : (asKey(found) ?? value)
      if (list.parent !== undefined) (inner ??= []).push(field.name)
    }
    // Where it stands says whose it is, whatever else it says.
    if (list.parent !== undefined && field.name === list.parentField)
      input[field.name] = { id: list.parent.id }
  }
  return { input, dangling: dangling ?? NOTHING, inner: inner ?? NOTHING }
}

function asKey(found: Item | 'nowhere' | 'malformed'): { readonly id: string } | undefined {
  return typeof found === 'string' ? undefined : { id: found.id }
}

function resolve(
  { reference }: ForeignField,
  value: unknown,
  index: EntityIndex,
): Item | 'nowhere' | 'malformed' {
  const name = isJsonObject(value) ? value['id'] : value
  if (typeof name !== 'string') return 'malformed'
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
