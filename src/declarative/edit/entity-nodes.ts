import { isAlias, isMap, isSeq, visit, YAMLSeq, type Document, type YAMLMap } from 'yaml'
import type { Path } from '../item.ts'
import type { KindTree } from '../kind-tree.ts'
import { EditFault } from './document-text.ts'

/** `<kind>/<id>`. */
export type RowKey = string

/**
 * Which node of a document is which entity, while nodes come, go and move. An entity is known by
 * its node, not by its place.
 */
export class EntityNodes {
  readonly #document: Document
  readonly #tree: KindTree
  readonly #places: ReadonlyMap<RowKey, Path>
  readonly #keys = new Map<unknown, RowKey>()
  readonly #maps = new Map<RowKey, YAMLMap>()

  constructor(document: Document, tree: KindTree, places: ReadonlyMap<RowKey, Path>) {
    this.#document = document
    this.#tree = tree
    this.#places = places
    for (const [key, path] of places) {
      const { node, isShared } = this.#rawAt(path)
      if (node !== undefined) this.#keys.set(node, key)
      // Places are those of the beginning; what comes and goes later moves others in their lists.
      if (isMap(node) && !isShared) this.#maps.set(key, node)
    }
  }

  /** Whether the document has an entity's node; those made by changes included. */
  has(key: RowKey): boolean {
    return this.#maps.has(key) || this.#places.has(key)
  }

  /**
   * The node of an entity, to be changed. What it shares with others is copied first.
   *
   * @throws {EditFault} for what cannot be taken apart
   */
  mapOf(key: RowKey): YAMLMap {
    const known = this.#maps.get(key)
    if (known !== undefined) return known
    const path = this.#places.get(key)
    const node = path === undefined ? undefined : this.#ownAt(path)
    if (!isMap(node)) throw new EditFault(`${key} is not written in a way that can be changed`)
    this.#remember(key, node)
    return node
  }

  /** Puts a new entity at the end of its kind's list at the top. */
  append(key: RowKey, kind: string, node: YAMLMap): void {
    const list: unknown = this.#document.get(kind, true)
    if (isSeq(list)) {
      if (list.items.length === 0) list.flow = false
      list.add(node)
    } else {
      const made = new YAMLSeq()
      made.add(node)
      this.#document.set(kind, made)
    }
    this.#remember(key, node)
  }

  /** Takes an entity's node out of its list, and a list that is then empty out of the document. */
  detach(key: RowKey): YAMLMap {
    const map = this.mapOf(key)
    visit(this.#document, {
      Pair: (_key, pair, path) => {
        if (!isSeq(pair.value) || !pair.value.items.includes(map)) return undefined
        pair.value.items = pair.value.items.filter((item) => item !== map)
        const parent = path.at(-1)
        if (pair.value.items.length === 0 && isMap(parent))
          parent.items = parent.items.filter((other) => other !== pair)
        return visit.BREAK
      },
    })
    return map
  }

  /** Where each entity is now. */
  placesNow(): ReadonlyMap<RowKey, Path> {
    const places = new Map<RowKey, Path>()
    const walk = (container: unknown, path: Path, names: Iterable<string>): void => {
      for (const name of names) {
        const list: unknown = isMap(container) ? container.get(name, true) : undefined
        if (!isSeq(list)) continue
        for (const [index, node] of list.items.entries()) {
          const place = [...path, name, index]
          const key = this.#keys.get(node)
          if (key !== undefined) places.set(key, place)
          walk(node, place, this.#tree.childrenOf(name).keys())
        }
      }
    }
    walk(this.#document.contents, [], this.#tree.kinds.keys())
    return places
  }

  #remember(key: RowKey, node: YAMLMap): void {
    this.#maps.set(key, node)
    this.#keys.set(node, key)
  }

  /** The node at a place, and whether it is reached by an alias, so that other places have it too. */
  #rawAt(path: Path): { readonly node: unknown; readonly isShared: boolean } {
    let node: unknown = this.#document.contents
    let isShared = false
    for (const step of path) {
      if (isAlias(node)) isShared = true
      node = memberOf(isAlias(node) ? node.resolve(this.#document) : node, step)
    }
    return { node, isShared: isShared || isAlias(node) }
  }

  /** The node at a place, with all aliases on the way to it replaced by copies. */
  #ownAt(path: Path): unknown {
    let node: unknown = this.#document.contents
    for (const step of path) {
      const child = memberOf(node, step)
      const own = isAlias(child) ? this.#copyOf(child) : child
      if (own !== child && (isMap(node) || isSeq(node))) node.set(step, own)
      node = own
    }
    return node
  }

  #copyOf(alias: { resolve(document: Document): unknown }): unknown {
    const source = alias.resolve(this.#document)
    if (!isMap(source) && !isSeq(source)) return source
    const copy = source.clone() as YAMLMap | YAMLSeq
    visit(copy, { Node: (_key, node) => void ('anchor' in node && delete node.anchor) })
    return copy
  }
}

function memberOf(node: unknown, step: string | number): unknown {
  return isMap(node) || isSeq(node) ? node.get(step, true) : undefined
}
