import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Steps } from '../base/steps.ts'
import { migratedRoutePath } from '../entities/uri-path.ts'
import { MESSAGES } from '../schema/rules.ts'
import type { Violation } from '../schema/violation.ts'
import { type Identity, identify } from './identify.ts'
import { type Item, type ItemList, type Path, pathOf } from './item.ts'
import type { KindTree } from './kind-tree.ts'

/** Everything a document lists, flat, parents before their children. */
export interface Collection {
  readonly items: readonly Item[]
  /** What is no list of entities where one should be. */
  readonly violations: readonly Violation[]
}

export interface CollectOptions {
  readonly tree: KindTree
  /** Paths of routes are still in the notation of the formats before 3.0. */
  readonly hasOldPaths: boolean
  /** The id of an entity that has none of its own, where it is known from before. */
  readonly idAt?: (path: Path) => string | undefined
}

/** Gathers the entities of a document, those inside others too, and gives each an id. */
export function* collectSteps(document: JsonObject, options: CollectOptions): Steps<Collection> {
  const collector = new Collector(options)
  for (const kind of options.tree.kinds.values())
    if (Object.hasOwn(document, kind.name))
      yield* collector.readList(document[kind.name], {
        kind,
        parent: undefined,
        parentField: undefined,
      })
  return collector
}

const ITEMS_IN_A_STEP = 20

class Collector implements Collection {
  readonly items: Item[] = []
  readonly violations: Violation[] = []
  readonly #tree: KindTree
  readonly #hasOldPaths: boolean
  readonly #idAt: CollectOptions['idAt']

  constructor({ tree, hasOldPaths, idAt }: CollectOptions) {
    this.#tree = tree
    this.#hasOldPaths = hasOldPaths
    this.#idAt = idAt
  }

  *readList(value: unknown, list: ItemList): Steps<void> {
    if (value === null) return
    if (!Array.isArray(value)) {
      const isEmpty = isJsonObject(value) && Object.keys(value).length === 0
      if (!isEmpty) this.#report(listPath(list), 'expected an array')
      return
    }
    const elements = value as readonly unknown[]
    for (let index = 0; index < elements.length; index += 1) {
      const element = elements[index]
      if (index % ITEMS_IN_A_STEP === 0) yield
      const item = asRecord(element)
      if (item !== undefined)
        for (const inner of this.#readItem(item, list, index))
          yield* this.readList(inner.value, inner.list)
      else
        this.#report(
          [...listPath(list), index],
          element === null ? MESSAGES.required : 'expected a record',
        )
    }
  }

  /** @returns the lists inside it */
  #readItem(element: JsonObject, list: ItemList, index: number): readonly InnerList[] {
    const children = this.#tree.childrenOf(list.kind.name)
    const written = this.#isMigrated(list) ? withMigratedPaths(element) : element
    const names = Object.keys(written)
    const isOwn = (name: string): boolean => !children.has(name) && !COMMENTS.has(name)
    for (const name of names)
      if (COMMENTS.has(name)) this.#checkComment(name, written[name], [...listPath(list), index])
    const fields = names.every(isOwn) ? written : only(written, names.filter(isOwn))
    const identity = this.#identityOf(fields, list, index)
    const item: Item = { kind: list.kind, written, fields, list, index, ...identity }
    this.items.push(item)
    if (fields === written) return NOTHING
    return names.flatMap((name) => {
      const child = children.get(name)
      if (child === undefined) return []
      const inner = { kind: child.kind, parent: item, parentField: child.field }
      return [{ value: written[name], list: inner }]
    })
  }

  #identityOf(fields: JsonObject, list: ItemList, index: number): Identity {
    const known = fields['id'] === undefined ? this.#idAt?.([...listPath(list), index]) : undefined
    return known === undefined ? identify(fields, list) : { id: known, isLasting: true }
  }

  /** Only routes at the top and right inside services at the top. */
  #isMigrated({ kind, parent }: ItemList): boolean {
    if (!this.#hasOldPaths || kind.name !== 'routes') return false
    return (
      parent === undefined || (parent.kind.name === 'services' && parent.list.parent === undefined)
    )
  }

  #checkComment(name: string, value: unknown, path: Path): void {
    const message = commentFault(name, value)
    if (message !== undefined) this.#report([...path, name], message)
  }

  #report(path: Path, message: string): void {
    this.violations.push({ path, message, kind: 'field' })
  }
}

interface InnerList {
  readonly value: unknown
  readonly list: ItemList
}

const NOTHING: readonly never[] = []

/** Empty lists and objects are one thing in Lua. */
function asRecord(element: unknown): JsonObject | undefined {
  if (Array.isArray(element)) return element.length === 0 ? {} : undefined
  return isJsonObject(element) ? element : undefined
}

const COMMENTS: ReadonlySet<string> = new Set(['_comment', '_ignore'])

function only(entity: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, entity[name]]))
}

/** What is wrong with a `_comment` or `_ignore`, which may stand beside any entity's fields. */
export function commentFault(name: string, value: unknown): string | undefined {
  if (value === null) return undefined
  if (name === '_comment') return typeof value === 'string' ? undefined : 'expected a string'
  return Array.isArray(value) ? undefined : 'expected an array'
}

function listPath({ kind, parent }: ItemList): Path {
  return parent === undefined ? [kind.name] : [...pathOf(parent), kind.name]
}

function withMigratedPaths(route: JsonObject): JsonObject {
  const { paths } = route
  if (!Array.isArray(paths)) return route
  const migrated = (paths as readonly unknown[]).map((path) =>
    typeof path === 'string' ? migratedRoutePath(path) : path,
  )
  return { ...route, paths: migrated }
}
