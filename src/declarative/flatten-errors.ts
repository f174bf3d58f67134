import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { ErrorFields, ErrorTree } from '../schema/kong-errors.ts'
import { isUuid } from '../schema/rules.ts'
import type { FlattenedError, FlattenedErrors } from './declarative.ts'
import type { Item } from './item.ts'
import type { KindTree } from './kind-tree.ts'

export interface FlattenOptions {
  readonly document: Readonly<JsonObject>
  /** All entities of the document. */
  readonly items: readonly Item[]
  readonly tree: KindTree
  /** Each entity for itself is right, so that those without an id have been given theirs. */
  readonly hasIds: boolean
}

type ErrorBranch = Readonly<Record<string, ErrorTree>>

/**
 * Turns nested errors into a list by entity. Errors of entities leave `fields`; those that stand
 * by a name and not by a position belong to no entity that could be shown, and are lost, as in Kong.
 * So is its order: names and positions from the last to the first, what is nested before its parent.
 */
export function flattenErrors(
  errors: ErrorFields,
  options: FlattenOptions,
): Omit<FlattenedErrors, 'message'> {
  const flattening = new Flattening(options)
  const fields: Record<string, ErrorTree> = {}
  for (const [name, tree] of backwards(errors)) {
    const isOfList = typeof tree === 'object' && typeof options.document[name] === 'object'
    if (isOfList && options.tree.kinds.has(name)) flattening.addList(tree, name)
    else fields[name] = tree
  }
  const { flattened } = flattening
  return { fields, flattened_errors: flattened.length === 0 ? {} : flattened }
}

/** Entities in one list, by position. */
type Listed = ReadonlyMap<number, Item>

class Flattening {
  readonly flattened: FlattenedError[] = []
  readonly #tree: KindTree
  readonly #hasIds: boolean
  readonly #lists: ReadonlyMap<Item | undefined, ReadonlyMap<string, Listed>>

  constructor({ items, tree, hasIds }: FlattenOptions) {
    this.#tree = tree
    this.#hasIds = hasIds
    this.#lists = listsOf(items)
  }

  addList(errors: ErrorTree, kind: string): void {
    if (!Array.isArray(errors)) return
    const listed = this.#lists.get(undefined)?.get(kind)
    for (const [index, error] of [...(errors as readonly ErrorTree[]).entries()].reverse())
      this.#addItem(error, listed?.get(index))
  }

  #addNested(errors: ErrorTree, kind: string, parent: Item): void {
    if (!Array.isArray(errors)) return
    const listed = this.#lists.get(parent)?.get(kind)
    for (const [index, error] of (errors as readonly ErrorTree[]).entries())
      this.#addItem(error, listed?.get(index))
  }

  #addItem(error: ErrorTree, item: Item | undefined): void {
    if (error === null || item === undefined) return
    const { written } = item
    const children = this.#tree.childrenOf(item.kind.name)
    const own: Record<string, ErrorTree> = {}
    for (const [name, below] of backwards(branchesOf(error)))
      if (children.has(name) && typeof written[name] === 'object')
        this.#addNested(below, name, item)
      else own[name] = below
    this.#addEntity(own, item.kind.name, this.#shown(item))
  }

  /** An entity without those that are nested in it. */
  #shown(item: Item): JsonObject {
    const { written, list } = item
    const children = this.#tree.childrenOf(item.kind.name)
    const parent = list.parent === undefined ? undefined : this.#idOf(list.parent)
    const members = Object.entries(written).filter(
      ([name, value]) => !children.has(name) || typeof value !== 'object',
    )
    return {
      ...(parent !== undefined && { [list.parentField!]: { id: parent } }),
      ...(this.#hasIds && item.isLasting && { id: item.id }),
      ...Object.fromEntries(members),
    }
  }

  #idOf({ written, id, isLasting }: Item): string | undefined {
    if (isUuid(written['id'])) return written['id']
    return this.#hasIds && isLasting ? id : undefined
  }

  #addEntity(branches: ErrorBranch, kind: string, entity: JsonObject): void {
    const foreign = this.#tree.foreignFieldsOf(kind)
    const shown = { ...entity }
    const own = { ...branches }
    for (const { name, reference } of foreign) {
      const value = entity[name]
      if (!isJsonObject(value)) continue
      // An entity written in place of a reference to it.
      if (own[name] !== undefined) this.#addEntity(branchesOf(own[name]), reference, value)
      delete own[name]
      if (isUuid(value['id'])) shown[name] = { id: value['id'] }
      else delete shown[name]
    }
    const errors = errorsOf(own)
    if (errors.length > 0) this.flattened.push({ ...describe(kind, shown), errors })
  }
}

function listsOf(items: readonly Item[]): Map<Item | undefined, Map<string, Map<number, Item>>> {
  const lists = new Map<Item | undefined, Map<string, Map<number, Item>>>()
  for (const item of items) {
    const { parent } = item.list
    let ofParent = lists.get(parent)
    if (ofParent === undefined) lists.set(parent, (ofParent = new Map()))
    let list = ofParent.get(item.kind.name)
    if (list === undefined) ofParent.set(item.kind.name, (list = new Map()))
    list.set(item.index, item)
  }
  return lists
}

/** What is wrong with the whole stands as a text alone where it is all there is. */
function branchesOf(error: ErrorTree): ErrorBranch {
  return typeof error === 'string' ? { '@entity': [error] } : (error as ErrorBranch)
}

function backwards(errors: ErrorBranch): readonly (readonly [string, ErrorTree])[] {
  return Object.keys(errors)
    .sort()
    .reverse()
    .map((name) => [name, errors[name]!])
}

function errorsOf(branches: ErrorBranch, path = ''): FlattenedError['errors'][number][] {
  return backwards(branches).flatMap(([name, error]): FlattenedError['errors'][number][] => {
    if (name === '@entity')
      return (error as readonly string[]).map((message) => ({ type: 'entity', message }))
    return errorsBelow(path === '' ? name : `${path}.${name}`, error)
  })
}

function errorsBelow(field: string, error: ErrorTree): FlattenedError['errors'][number][] {
  if (error === null) return []
  if (typeof error === 'string') return [{ type: 'field', field, message: error }]
  if (!Array.isArray(error)) return errorsOf(error as ErrorBranch, field)
  // Positions count from 1.
  return [...(error as readonly ErrorTree[]).entries()]
    .reverse()
    .flatMap(([index, inner]) => errorsBelow(`${field}.${index + 1}`, inner))
}

function describe(kind: string, entity: JsonObject): Omit<FlattenedError, 'errors'> {
  const { id, name, tags } = entity
  const isTagged = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')
  return {
    entity_type: kind.replace(/s$/, ''),
    ...(isUuid(id) && { entity_id: id }),
    ...(typeof name === 'string' && name !== '' && { entity_name: name }),
    ...(isTagged && { entity_tags: tags }),
    entity,
  }
}
