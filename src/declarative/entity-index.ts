import type { Steps } from '../base/steps.ts'
import type { Item } from './item.ts'
import type { KindTree } from './kind-tree.ts'

/** Indexes the entities of a document. */
export function* indexSteps(tree: KindTree, items: readonly Item[]): Steps<EntityIndex> {
  const index = new EntityIndex(tree)
  for (const [at, item] of items.entries()) {
    if (at % ITEMS_IN_A_STEP === 0) yield
    index.add(item)
  }
  return index
}

const ITEMS_IN_A_STEP = 200

/** Entities of a document by what they may be referred to by. */
export class EntityIndex {
  readonly #byKey = new Map<string, Map<string, Item>>()
  readonly #byId = new Map<string, Map<string, Item>>()
  /** Those whose key or id another one had before. */
  readonly clashes: Clash[] = []

  constructor(tree: KindTree) {
    for (const name of tree.kinds.keys()) {
      this.#byKey.set(name, new Map())
      this.#byId.set(name, new Map())
    }
  }

  /** By endpoint key, else by id. */
  find(kind: string, reference: string): Item | undefined {
    return this.#byKey.get(kind)?.get(reference) ?? this.#byId.get(kind)?.get(reference)
  }

  /** The keys of a kind, to name the nearest one to a wrong reference. */
  keysOf(kind: string): Iterable<string> {
    return this.#byKey.get(kind)?.keys() ?? []
  }

  add(item: Item): void {
    const key = keyOf(item)
    const byKey = this.#byKey.get(item.kind.name)!
    const byId = this.#byId.get(item.kind.name)!
    if (key !== undefined && !addNew(byKey, key, item))
      this.clashes.push({ item, field: item.kind.endpointKey!, value: key, isId: false })
    else if (!addNew(byId, item.id, item))
      this.clashes.push({ item, field: 'primary key', value: item.id, isId: true })
  }
}

/** @returns whether the name was free; if not, it stays with the one that had it */
function addNew(map: Map<string, Item>, name: string, item: Item): boolean {
  const known = map.get(name)
  if (known !== undefined) return false
  map.set(name, item)
  return true
}

export interface Clash {
  readonly item: Item
  readonly field: string
  readonly value: string
  readonly isId: boolean
}

/** The value of the endpoint key as written, where that is unique. */
function keyOf(item: Item): string | undefined {
  return keyIn(item.fields, item)
}

/** The value that an entity's fields have of its endpoint key, where that is unique. */
export function keyIn(
  fields: Readonly<Record<string, unknown>>,
  { kind }: Item,
): string | undefined {
  if (kind.endpointKey === undefined) return undefined
  const value = fields[kind.endpointKey]
  return kind.fields[kind.endpointKey]?.unique === true && typeof value === 'string'
    ? value
    : undefined
}

export function uniquenessMessage(kind: string, field: string, value: string): string {
  return `uniqueness violation: '${kind}' entity with ${field} set to '${value}' already declared`
}
