import { hash } from 'node:crypto'
import { atOnce, type Steps } from '../base/steps.ts'
import type { Entity } from '../entities/entity.ts'
import { collectSteps, type CollectOptions } from './collect.ts'
import type { DeclarativeResult, DeclarativeText } from './declarative.ts'
import { indexSteps } from './entity-index.ts'
import { type Path, pathOf } from './item.ts'
import { kindTree } from './kind-tree.ts'
import { parseHead } from './parse-head.ts'
import { parseItemSteps, type ParseItemsOptions, type Row } from './parse-items.ts'
import { asDocument, type DocumentReading, readSteps } from './read-document.ts'
import { refuseDocument, refuseText } from './refuse.ts'
import { duplicateSteps } from './uniqueness.ts'

export type DeclarativeOptions = Pick<ParseItemsOptions, 'catalog' | 'nowSeconds'> &
  Pick<CollectOptions, 'idAt'>

/** Reads a declarative configuration from a file's text, whole or not at all. */
export function parseDeclarative(
  source: DeclarativeText,
  options: DeclarativeOptions,
): DeclarativeResult {
  return atOnce(parseSteps(source, options))
}

/** As {@link parseDeclarative}, for very many entities. */
export function* parseSteps(
  source: DeclarativeText,
  options: DeclarativeOptions,
): Steps<DeclarativeResult> {
  return yield* parseReading(yield* readSteps(source), {
    ...options,
    text: source.text,
    hashOf: () => hash('md5', source.text, 'hex'),
  })
}

/** The same for a document that was parsed already, e.g. a JSON body. */
export function parseDeclarativeDocument(
  document: unknown,
  options: DeclarativeOptions,
): DeclarativeResult {
  return atOnce(parseDocumentSteps(document, options))
}

/** As {@link parseDeclarativeDocument}, for very many entities. */
export function parseDocumentSteps(
  document: unknown,
  options: DeclarativeOptions,
): Steps<DeclarativeResult> {
  return parseReading(asDocument(document), {
    ...options,
    text: undefined,
    hashOf: () => hash('md5', JSON.stringify(document), 'hex'),
  })
}

interface Run extends DeclarativeOptions {
  /** To find places in; absent when the document did not come as text. */
  readonly text: string | undefined
  readonly hashOf: () => string
}

/** A configuration without entities has no hash of its own. */
const EMPTY_HASH = '0'.repeat(32)

function* parseReading(reading: DocumentReading, run: Run): Steps<DeclarativeResult> {
  if (!reading.ok) return refuseText(reading)
  yield
  const { document } = reading
  const tree = kindTree(run.catalog)
  const head = parseHead(document, tree)
  const { items, violations } = yield* collectSteps(document, {
    tree,
    hasOldPaths: head.hasOldPaths,
    ...(run.idAt && { idAt: run.idAt }),
  })
  const index = yield* indexSteps(tree, items)
  const parsed = yield* parseItemSteps(items, {
    catalog: run.catalog,
    nowSeconds: run.nowSeconds,
    tree,
    index,
    skipTransformations: !head.isPlain,
  })
  const duplicates = yield* duplicateSteps(parsed.rows)
  const isRight =
    head.violations.length + violations.length + parsed.violations.length === 0 &&
    parsed.dangling.length + index.clashes.length + duplicates.length === 0
  if (!isRight) {
    const structural = [...head.violations, ...violations]
    const place = { document, text: run.text, catalog: run.catalog, tree, index }
    return refuseDocument({ items, structural, parsed, clashes: index.clashes, duplicates }, place)
  }
  const entities = byKind(parsed.rows)
  yield
  return {
    ok: true,
    entities,
    hash: items.length === 0 ? EMPTY_HASH : run.hashOf(),
    formatVersion: head.formatVersion,
    places: () => placesOf(parsed.rows),
  }
}

function placesOf(rows: readonly Row[]): ReadonlyMap<string, Path> {
  return new Map(rows.map(({ item, entity }) => [`${item.kind.name}/${entity.id}`, pathOf(item)]))
}

function byKind(rows: readonly Row[]): Record<string, Entity[]> {
  const entities: Record<string, Entity[]> = {}
  for (const { item, entity } of rows) (entities[item.kind.name] ??= []).push(entity)
  return entities
}
