import type { Steps } from '../base/steps.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity } from '../entities/entity.ts'
import type { Violation } from '../schema/violation.ts'
import type { EntityIndex } from './entity-index.ts'
import { type Item, pathOf } from './item.ts'
import type { KindTree } from './kind-tree.ts'
import { type Dangling, resolveReferences } from './resolve-references.ts'
import { readTtl } from './time-to-live.ts'

export interface ParseItemsOptions {
  readonly catalog: Catalog
  /** Unix time, for rows that do not say when they were made. */
  readonly nowSeconds: number
  readonly tree: KindTree
  readonly index: EntityIndex
  readonly skipTransformations: boolean
}

export interface Row {
  readonly item: Item
  readonly entity: Entity
}

/** A violation with its path from the document down. */
export interface ItemViolation extends Violation {
  readonly item: Item
}

export interface ParsedItems {
  readonly rows: readonly Row[]
  readonly violations: readonly ItemViolation[]
  readonly dangling: readonly Dangling[]
  /** References written inside a parent; good ones, and bad ones that are among `dangling` too. */
  readonly inner: readonly { readonly item: Item; readonly name: string }[]
}

/** Parses every entity with its references resolved. */
export function* parseItemSteps(
  items: readonly Item[],
  options: ParseItemsOptions,
): Steps<ParsedItems> {
  const { catalog, tree, index, nowSeconds, skipTransformations } = options
  const parseOptions = { mode: 'insert', nowSeconds, skipTransformations } as const
  const rows: Row[] = []
  const violations: ItemViolation[] = []
  const dangling: Dangling[] = []
  const inner: { item: Item; name: string }[] = []
  for (let at = 0; at < items.length; at += 1) {
    if (at % ITEMS_IN_A_STEP === 0) yield
    const item = items[at]!
    const resolved = resolveReferences(item, tree, index)
    for (const reference of resolved.dangling) dangling.push(reference)
    for (const name of resolved.inner) inner.push({ item, name })
    const { input, limited } = readTtl(item.kind, resolved.input)
    const parsed = catalog.parse(item.kind.name, input, parseOptions)
    if (parsed.ok) rows.push({ item, entity: limited(parsed.value) })
    else for (const violation of parsed.violations) violations.push(inDocument(violation, item))
  }
  return { rows, violations, dangling, inner }
}

const ITEMS_IN_A_STEP = 10

function inDocument(violation: Violation, item: Item): ItemViolation {
  return { ...violation, path: [...pathOf(item), ...violation.path], item }
}
