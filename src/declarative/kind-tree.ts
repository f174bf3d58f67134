import type { Catalog } from '../entities/catalog.ts'
import type { EntityKind } from '../entities/entity.ts'

/** A field by which rows of a kind refer to another. */
export interface ForeignField {
  readonly name: string
  readonly reference: string
}

/** What a document may nest where, worked out from the foreign keys of all kinds. */
export interface KindTree {
  readonly kinds: ReadonlyMap<string, EntityKind>
  /** Kinds that may be listed inside one, each with the field that refers to it. */
  childrenOf(kind: string): ReadonlyMap<string, ChildKind>
  foreignFieldsOf(kind: string): readonly ForeignField[]
}

export interface ChildKind {
  readonly kind: EntityKind
  readonly field: string
}

const known = new WeakMap<Catalog, KindTree>()

export function kindTree(catalog: Catalog): KindTree {
  let tree = known.get(catalog)
  if (tree === undefined) {
    tree = makeTree(catalog)
    known.set(catalog, tree)
  }
  return tree
}

function makeTree(catalog: Catalog): KindTree {
  const kinds = new Map(catalog.kinds().map((kind) => [kind.name, kind]))
  const foreign = new Map([...kinds].map(([name, kind]) => [name, foreignFields(kind)]))
  const children = new Map([...kinds.keys()].map((name) => [name, new Map<string, ChildKind>()]))
  for (const kind of kinds.values())
    for (const field of foreign.get(kind.name)!)
      children.get(field.reference)?.set(kind.name, { kind, field: field.name })
  return {
    kinds,
    childrenOf: (name) => children.get(name)!,
    foreignFieldsOf: (name) => foreign.get(name)!,
  }
}

function foreignFields(kind: EntityKind): readonly ForeignField[] {
  return Object.entries(kind.fields).flatMap(([name, field]) =>
    field.type === 'foreign' ? [{ name, reference: field.reference }] : [],
  )
}
