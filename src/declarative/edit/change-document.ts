import { isDeepStrictEqual } from 'node:util'
import { isMap, type Document, type YAMLMap } from 'yaml'
import type { Catalog } from '../../entities/catalog.ts'
import type { Entity, EntityKind, EntitySet } from '../../entities/entity.ts'
import type { Fields } from '../../schema/field.ts'
import type { Path } from '../item.ts'
import { kindTree } from '../kind-tree.ts'
import { writtenTtl } from '../time-to-live.ts'
import { EditFault, readDocumentText } from './document-text.ts'
import { EntityNodes, type RowKey } from './entity-nodes.ts'
import { valueIn, withoutDefaults, writeChangedFields, writeField } from './write-fields.ts'

/** What happened to one entity. */
export interface RowChange {
  readonly kind: string
  readonly id: string
  readonly before: Entity | undefined
  readonly after: Entity | undefined
}

export interface DocumentChange {
  readonly text: string
  readonly places: ReadonlyMap<RowKey, Path>
  readonly changes: readonly RowChange[]
  /** All entities as they are afterwards. */
  readonly after: EntitySet
  /** New entities are written with every field, and not only with those that are not as usual. */
  readonly isVerbose: boolean
}

export interface ChangedDocument {
  /** The one that changes least first; it may not say what it should. */
  readonly texts: readonly string[]
  readonly places: ReadonlyMap<RowKey, Path>
}

/**
 * Brings changes of entities into a declarative text and leaves all else in it as it is: comments,
 * order, what is nested where, what is written in a short way.
 *
 * An entity that is changed gets its id written down, since what its id followed from may change.
 *
 * @throws {EditFault}
 */
export function changeDocument(catalog: Catalog, change: DocumentChange): ChangedDocument {
  const tree = readDocumentText(change.text)
  const editor = new Editor(catalog, tree.document, change)
  editor.run()
  try {
    return { texts: tree.write(), places: editor.nodes.placesNow() }
  } catch (error) {
    // An anchor that is gone is still referred to, for one.
    throw new EditFault((error as Error).message)
  }
}

/** What a node's text says besides its fields, and times that each load makes anew. */
const NOT_WRITTEN = new Set(['id', 'created_at', 'updated_at', 'expires_at'])

class Editor {
  readonly nodes: EntityNodes
  readonly #catalog: Catalog
  readonly #document: Document
  readonly #change: DocumentChange
  readonly #rows: ReadonlyMap<RowKey, Entity>

  constructor(catalog: Catalog, document: Document, change: DocumentChange) {
    this.#catalog = catalog
    this.#document = document
    this.#change = change
    this.nodes = new EntityNodes(document, kindTree(catalog), change.places)
    this.#rows = new Map(
      Object.entries(change.after).flatMap(([kind, rows]) =>
        rows.map((row): [RowKey, Entity] => [`${kind}/${row.id}`, row]),
      ),
    )
  }

  run(): void {
    const { changes } = this.#change
    // Found before anything moves.
    for (const { kind, id } of changes)
      if (this.nodes.has(`${kind}/${id}`)) this.nodes.mapOf(`${kind}/${id}`)
    this.#bringToPresent()
    for (const { kind, before, after } of changes)
      if (before !== undefined && after !== undefined) this.#update(kind, before, after)
    for (const { kind, before, after } of changes)
      if (before === undefined && after !== undefined) this.#insert(kind, after)
    for (const { kind, id, after } of changes)
      if (after === undefined && this.nodes.has(`${kind}/${id}`)) this.nodes.detach(`${kind}/${id}`)
  }

  /** Old notations and values that are still to be transformed, where changes cannot be told in them. */
  #bringToPresent(): void {
    const { changes } = this.#change
    const version: unknown = this.#document.get('_format_version')
    const hasRoutes = changes.some(
      ({ kind, before, after }) =>
        kind === 'routes' && !isDeepStrictEqual(before?.['paths'], after?.['paths']),
    )
    if (version !== '3.0' && hasRoutes) {
      this.#document.set('_format_version', '3.0')
      this.#rewrite('routes', () => ['paths'])
    }
    const isTransformed = this.#document.get('_transform') !== false
    if (!isTransformed || !changes.some((change) => this.#isOutcome(change))) return
    this.#document.set('_transform', false)
    for (const kind of this.#catalog.kinds())
      this.#rewrite(kind.name, (row) => outcomes(kind, row).map(([name]) => name))
  }

  /** Whether a change holds what a transformation made, and would be transformed once more. */
  #isOutcome({ kind, before, after }: RowChange): boolean {
    if (after === undefined) return false
    return outcomes(this.#kind(kind), after).some(
      ([name, value]) =>
        !isDeepStrictEqual(after[name], value) && !isDeepStrictEqual(after[name], before?.[name]),
    )
  }

  /** Writes fields of all rows of a kind as they are stored. */
  #rewrite(kind: string, namesOf: (row: Entity) => readonly string[]): void {
    const { fields } = this.#kind(kind)
    for (const row of this.#change.after[kind] ?? []) {
      const key = `${kind}/${row.id}`
      const names = this.nodes.has(key) ? namesOf(row) : []
      for (const name of names) {
        const map = this.nodes.mapOf(key)
        if (!isDeepStrictEqual(valueIn(this.#document, map, name), row[name] ?? undefined))
          writeField(this.#document, map, { name, field: fields[name]!, value: row[name] })
      }
    }
  }

  #update(kind: string, before: Entity, after: Entity): void {
    const key = `${kind}/${after.id}`
    const map = this.nodes.mapOf(key)
    const fields = this.#fieldsOf(kind, after)
    this.#writeReferences(kind, { map, key, before, after })
    const plain = Object.fromEntries(
      Object.entries(fields).filter(
        ([name, field]) => field.type !== 'foreign' && !NOT_WRITTEN.has(name),
      ),
    )
    const { shorthands } = this.#kind(kind)
    const spec = { fields: plain, ...(shorthands && { shorthand_fields: shorthands }) }
    writeChangedFields(this.#document, map, spec, { before, after })
    if (this.#kind(kind).hasTtl === true) writeTtl(map, after)
    this.#pin(map, kind, after)
    const { endpointKey } = this.#kind(kind)
    if (endpointKey !== undefined && before[endpointKey] !== after[endpointKey])
      this.#renameReferences(kind, after.id, { old: before[endpointKey], endpointKey })
  }

  /** Writes down what would else follow from other fields or be made up anew at each load. */
  #pin(map: YAMLMap, kind: string, row: Entity): void {
    if (!map.has('id')) map.set('id', row.id)
    for (const [name, field] of Object.entries(this.#kind(kind).fields))
      if (field.auto === true && field.type === 'string' && !map.has(name)) map.set(name, row[name])
    if (kind === 'plugins') this.#pinConfig(map, row)
  }

  /** The same of what the configuration of a plugin has that is made up, such as a key. */
  #pinConfig(map: YAMLMap, row: Entity): void {
    const config = row['config'] as Readonly<Record<string, unknown>> | null
    const fields = this.#catalog.plugin(String(row['name']))?.config.fields ?? {}
    const written: unknown = map.get('config', true)
    const isWritten = (name: string) => isMap(written) && written.has(name)
    const made = Object.keys(fields).filter(
      (name) => fields[name]!.auto === true && !isWritten(name) && config?.[name] !== undefined,
    )
    for (const name of made) map.setIn(['config', name], config![name])
  }

  #writeReferences(
    kind: string,
    row: { map: YAMLMap; key: RowKey; before: Entity; after: Entity },
  ): void {
    for (const { name, reference } of kindTree(this.#catalog).foreignFieldsOf(kind)) {
      const [old, id] = [idIn(row.before[name]), idIn(row.after[name])]
      if (old === id) continue
      const isNested = old !== undefined && !row.map.has(name)
      if (isNested) this.nodes.append(row.key, kind, this.nodes.detach(row.key))
      if (id === undefined) row.map.delete(name)
      else row.map.set(name, this.#referenceTo(reference, id))
    }
  }

  /** The text by which an entity is referred to: its name, or else its id, which is then written. */
  #referenceTo(kind: string, id: string): string {
    const key = `${kind}/${id}`
    const { endpointKey, fields } = this.#kind(kind)
    const name = endpointKey === undefined ? undefined : this.#rows.get(key)?.[endpointKey]
    if (typeof name === 'string' && fields[endpointKey!]?.unique === true) return name
    if (this.nodes.has(key)) this.#pin(this.nodes.mapOf(key), kind, this.#rows.get(key)!)
    return id
  }

  /** References by a name that is no more go by the new one, or by id. */
  #renameReferences(
    kind: string,
    id: string,
    { old, endpointKey }: { readonly old: unknown; readonly endpointKey: string },
  ): void {
    const name = this.#rows.get(`${kind}/${id}`)?.[endpointKey] ?? id
    for (const { child, field, row } of this.#rowsReferringTo(kind, id)) {
      const map = this.nodes.mapOf(`${child}/${row.id}`)
      if (old === null || map.get(field) !== old) continue
      this.#pin(map, child, row)
      map.set(field, name)
    }
  }

  /** Rows of the document that refer to one, and by which field. */
  #rowsReferringTo(
    kind: string,
    id: string,
  ): readonly { readonly child: string; readonly field: string; readonly row: Entity }[] {
    const tree = kindTree(this.#catalog)
    const fields = this.#catalog.kinds().flatMap(({ name: child }) =>
      tree
        .foreignFieldsOf(child)
        .filter(({ reference }) => reference === kind)
        .map(({ name }) => ({ child, field: name })),
    )
    return fields.flatMap(({ child, field }) =>
      (this.#change.after[child] ?? [])
        .filter((row) => idIn(row[field]) === id && this.nodes.has(`${child}/${row.id}`))
        .map((row) => ({ child, field, row })),
    )
  }

  #insert(kind: string, row: Entity): void {
    const fields = this.#fieldsOf(kind, row)
    const whole = this.#change.isVerbose ? presentFields(row) : withoutDefaults(fields, row)
    for (const { name, reference } of kindTree(this.#catalog).foreignFieldsOf(kind)) {
      const id = idIn(row[name])
      if (id !== undefined) whole[name] = this.#referenceTo(reference, id)
    }
    const { updated_at: _updatedAt, expires_at: _expiresAt, ...written } = whole
    const node = this.#document.createNode({ id: row.id, ...written }) as YAMLMap
    if (this.#kind(kind).hasTtl === true) writeTtl(node, row)
    this.nodes.append(`${kind}/${row.id}`, kind, node)
  }

  /** The fields of a row, a plugin's own included. */
  #fieldsOf(kind: string, row: Entity): Fields {
    const { fields } = this.#kind(kind)
    const plugin = kind === 'plugins' ? this.#catalog.plugin(String(row['name'])) : undefined
    if (plugin === undefined) return fields
    const protocols = { ...fields['protocols']!, default: plugin.protocols.default }
    return { ...fields, protocols, config: plugin.config }
  }

  #kind(name: string): EntityKind {
    return this.#catalog.kind(name)!
  }
}

/** What transformations would make of a stored row, by field. */
function outcomes(kind: EntityKind, row: Entity): readonly (readonly [string, unknown])[] {
  return (kind.transformations ?? [])
    .filter(
      ({ isIdempotent, input }) =>
        isIdempotent !== true && input.every((name) => (row[name] ?? null) !== null),
    )
    .flatMap(({ onWrite }) => Object.entries(onWrite(row)))
}

function presentFields(row: Entity): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}

function writeTtl(map: YAMLMap, row: Entity): void {
  const ttl = writtenTtl(row)
  if (ttl === undefined) map.delete('ttl')
  else map.set('ttl', ttl)
}

function idIn(reference: unknown): string | undefined {
  return (reference as { readonly id: string } | null | undefined)?.id
}
