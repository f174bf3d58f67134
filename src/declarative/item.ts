import type { JsonObject } from '../base/json.ts'
import type { EntityKind } from '../entities/entity.ts'

export type Path = readonly (string | number)[]

/** One entity as a document has it. */
export interface Item {
  readonly kind: EntityKind
  /** As written, paths of old formats brought to the new notation. */
  readonly written: JsonObject
  /** Own fields only: without nested entities and comments. */
  readonly fields: JsonObject
  /** The list it stands in. */
  readonly list: ItemList
  readonly index: number
  /** Its own, or one made for it. */
  readonly id: string
  /** The id is its own, or follows from what names it; else it is random. */
  readonly isLasting: boolean
}

/** A list of entities of one kind: at the top, or inside an entity. */
export interface ItemList {
  readonly kind: EntityKind
  readonly parent: Item | undefined
  /** The field by which its members belong to the parent. */
  readonly parentField: string | undefined
}

/** Where an item stands in its document. */
export function pathOf({ list, index }: Item): Path {
  const above = list.parent === undefined ? [] : pathOf(list.parent)
  return [...above, list.kind.name, index]
}
