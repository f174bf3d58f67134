import { isDeepStrictEqual } from 'node:util'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import type { DeclarativeRefusal } from './declarative.ts'
import { changeDocument, type RowChange } from './edit/change-document.ts'
import { EditFault } from './edit/document-text.ts'
import { exportedDocument } from './export.ts'
import type { Path } from './item.ts'
import { parseDeclarative } from './parse.ts'
import { prettyErrors } from './pretty-errors.ts'
import { writtenTtl } from './time-to-live.ts'
import { writeYaml } from './yaml/write-yaml.ts'

/** A declarative file that can be changed through its entities. */
export interface DeclarativeFile {
  readonly text: string
  readonly entities: EntitySet
  /** MD5 in hex of the text; 32 zeros without entities. */
  readonly hash: string
  /** Where each entity stands, by `<kind>/<id>`. */
  readonly places: ReadonlyMap<string, Path>
}

/** Reads declarative files, writes them, and changes them as their entities change. */
export interface DeclarativeFiles {
  /** @throws {Error} with everything that is wrong */
  read(text: string): DeclarativeFile
  /** @throws {EditFault} when that cannot be done without losing something */
  change(file: DeclarativeFile, changes: readonly RowChange[], after: EntitySet): DeclarativeFile
  write(entities: EntitySet): DeclarativeFile
}

export interface DeclarativeFilesOptions {
  readonly catalog: Catalog
  /** Its ending decides about YAML or JSON. */
  readonly fileName: string
  /** Says what is wrong with a text. */
  readonly describe?: (refusal: DeclarativeRefusal) => string
}

export function declarativeFiles(options: DeclarativeFilesOptions): DeclarativeFiles {
  return {
    read: (text) => readFile(text, options),
    change: (file, changes, after) => changeFile(options, { file, changes, after }),
    write: (entities) => writeFile(options, entities),
  }
}

/** As people write them, where that says all; else complete. */
function writeFile(options: DeclarativeFilesOptions, entities: EntitySet): DeclarativeFile {
  const isJson = options.fileName.endsWith('.json')
  const head = { _format_version: '3.0' }
  const empty = isJson ? `${JSON.stringify(head, null, 2)}\n` : '_format_version: "3.0"\n'
  const changes = options.catalog.kinds().flatMap(({ name: kind }) =>
    (entities[kind] ?? []).map((row): RowChange => ({
      kind,
      id: row.id,
      before: undefined,
      after: row,
    })),
  )
  try {
    return changeFile(options, { file: readFile(empty, options), changes, after: entities })
  } catch (error) {
    if (!(error instanceof EditFault)) throw error
    const document = exportedDocument(entities, options.catalog)
    const text = isJson ? `${JSON.stringify(document, null, 2)}\n` : writeYaml(document)
    return readFile(text, options)
  }
}

function readFile(
  text: string,
  { catalog, fileName, describe = prettyErrors }: DeclarativeFilesOptions,
  idAt?: (path: Path) => string | undefined,
): DeclarativeFile {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const config = parseDeclarative(
    { text, fileName },
    { catalog, nowSeconds, ...(idAt && { idAt }) },
  )
  if (!config.ok) throw new Error(describe(config))
  const { entities, hash } = config
  return { text, entities, hash, places: config.places() }
}

interface FileChange {
  readonly file: DeclarativeFile
  readonly changes: readonly RowChange[]
  readonly after: EntitySet
}

/** Each text is read again before it counts, so that none says something else than was asked for. */
function changeFile(options: DeclarativeFilesOptions, change: FileChange): DeclarativeFile {
  let fault = ''
  for (const isVerbose of [false, true]) {
    const { text, places } = change.file
    const changed = changeDocument(options.catalog, { ...change, text, places, isVerbose })
    for (const candidate of changed.texts) {
      const read = readChanged(options, change, { text: candidate, places: changed.places })
      if (typeof read === 'object') return read
      fault = read
    }
  }
  throw new EditFault(`Cannot write the change into ${options.fileName}: ${fault}`)
}

/** @returns the changed file, or why its text does not say what it should */
function readChanged(
  options: DeclarativeFilesOptions,
  change: FileChange,
  { text, places }: Pick<DeclarativeFile, 'text' | 'places'>,
): DeclarativeFile | string {
  const ids = new Map([...places].map(([key, path]) => [path.join('/'), idOf(key)]))
  try {
    const read = readFile(text, options, (path) => ids.get(path.join('/')))
    return firstDifference(options.catalog, read, change) ?? read
  } catch (error) {
    return (error as Error).message
  }
}

function idOf(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}

/**
 * What a file says differently than it should. Times do not count, nor what a file does not say and
 * each load makes up anew, unless it was changed and is therefore written down.
 */
function firstDifference(
  catalog: Catalog,
  { entities }: DeclarativeFile,
  { changes, after }: Pick<FileChange, 'changes' | 'after'>,
): string | undefined {
  const changed = new Set(changes.map(({ kind, id }) => `${kind}/${id}`))
  const nowSeconds = Date.now() / 1000
  // What ended since the write began is no difference.
  const isLive = ({ expires_at: end }: Entity) => typeof end !== 'number' || end > nowSeconds
  for (const { name: kind, fields } of catalog.kinds()) {
    const wanted = (after[kind] ?? []).filter(isLive)
    const read = new Map((entities[kind] ?? []).filter(isLive).map((row) => [row.id, row]))
    if (read.size !== wanted.length) return `"${kind}" would have ${read.size} entries`
    for (const row of wanted) {
      const other: Entity | undefined = read.get(row.id)
      if (other === undefined) return `"${row.id}" would not be among "${kind}"`
      const isChanged = changed.has(`${kind}/${row.id}`)
      const said = (of: Entity) => (isChanged ? of : withoutMadeUp(catalog, kind, of))
      const [wantedRow, readRow] = [said(row), said(other)]
      const field = Object.entries(fields).find(
        ([name, { auto }]) =>
          !TIMES.has(name) &&
          (auto !== true || isChanged) &&
          !isDeepStrictEqual(wantedRow[name], readRow[name]),
      )
      if (isChanged && writtenTtl(row) !== writtenTtl(other))
        return `"ttl" of "${row.id}" in "${kind}" would differ`
      if (field !== undefined) return `"${field[0]}" of "${row.id}" in "${kind}" would differ`
    }
  }
  return undefined
}

/** A plugin without what its configuration has that is made up where none is given, such as a key. */
function withoutMadeUp(catalog: Catalog, kind: string, row: Entity): Entity {
  const plugin = kind === 'plugins' ? catalog.plugin(String(row['name'])) : undefined
  if (plugin === undefined) return row
  const { fields } = plugin.config
  const said = Object.entries(row['config'] ?? {}).filter(([name]) => fields[name]?.auto !== true)
  return { ...row, config: Object.fromEntries(said) }
}

const TIMES = new Set(['created_at', 'updated_at', 'expires_at'])
