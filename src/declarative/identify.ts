import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../base/json.ts'
import type { EntityKind } from '../entities/entity.ts'
import type { ItemList } from './item.ts'
import { entityId } from './uuid-v5.ts'

export interface Identity {
  readonly id: string
  /** Another load of the same file gives the same id. */
  readonly isLasting: boolean
}

/**
 * The id of an entity in a document: its own, or one that follows from what names it, so that two
 * loads of one file give the same ids; a random one where nothing names it.
 */
export function identify(fields: Readonly<JsonObject>, list: ItemList): Identity {
  const given = fields['id']
  if (typeof given === 'string') return { id: given, isLasting: true }
  const { kind } = list
  const name =
    kind.cacheKey === undefined ? endpointName(kind, fields, list) : cacheName(kind, fields, list)
  return name === undefined
    ? { id: randomUUID(), isLasting: false }
    : { id: entityId(kind.name, name), isLasting: true }
}

function cacheName(
  kind: EntityKind,
  fields: Readonly<JsonObject>,
  { parent, parentField }: ItemList,
): string | undefined {
  const parts = [kind.name, workspaceOf(fields)]
  for (const name of kind.cacheKey ?? []) {
    const field = kind.fields[name]!
    const value = fields[name]
    if (field.auto === true) return undefined
    if (typeof value === 'string') parts.push(value)
    else if (value !== undefined) continue
    else if (parent !== undefined && name === parentField) {
      if (!parent.isLasting) return undefined
      parts.push(parent.id)
    } else if (field.required === true) return undefined
    else parts.push('')
  }
  return parts.join(':')
}

function workspaceOf(fields: Readonly<JsonObject>): string {
  const workspace = fields['ws_id']
  return typeof workspace === 'string' ? workspace : '*'
}

function endpointName(
  kind: EntityKind,
  fields: Readonly<JsonObject>,
  { parent }: ItemList,
): string | undefined {
  const value = kind.endpointKey === undefined ? undefined : fields[kind.endpointKey]
  if (typeof value !== 'string') return undefined
  if (kind.fields[kind.endpointKey!]?.unique === true) return value
  return [value, ...(parent === undefined ? [] : [parent.id]), '*'].join(':')
}
