import type { DeclarativeConfig, DeclarativeFault } from '../declarative/declarative.ts'
import { exportDeclarative } from '../declarative/export.ts'
import { parseDeclarativeDocument } from '../declarative/parse.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Settings } from '../settings/settings.ts'
import {
  type KongDatabase,
  type KongDatabaseOptions,
  readKongDatabase,
} from '../store/kong-database.ts'
import type { WriteResult } from '../store/store.ts'
import { catalogOfSettings } from './catalog-of.ts'
import {
  kongDocument,
  type KongDocument,
  kongTables,
  named,
  type Skipped,
} from './kong-document.ts'
import { StartFault } from './start-fault.ts'
import { writeEntities } from './transfer-entities.ts'

/** What was read from Kong's database, before anything is written. */
export interface KongMigration {
  readonly lastMigration: string
  readonly workspace: string
  /** What can be taken. */
  readonly entities: EntitySet
  readonly skipped: readonly Skipped[]
  /** Tables that hold something of no kind that is known here, with their numbers of rows. */
  readonly leftBehind: ReadonlyMap<string, number>
  /** The same as a declarative file. */
  asFile(): string
  /** Writes it into the database of the settings. @throws {StartFault} when that cannot be used */
  write(): Promise<WriteResult>
}

/** Kong's own book-keeping, and counters that start anew. */
const BOOKKEEPING =
  /^(schema_meta|parameters|locks|ttls|tags|cluster_events|cluster_ca|clustering_.*|workspaces|workspace_.*|ws_migrations_backup|.*_metrics|rl_counters|.*_locks|vitals_.*|license_.*|audit_.*|sessions|session_metadatas|oauth2_authorization_codes|acme_storage|oic_.*|portunus_.*)$/

/**
 * Reads the configuration out of the database of a Kong 3.x. Rows that break a rule are left out,
 * each with its reason, and so is what cannot be without them.
 *
 * @throws {StartFault} when the database cannot be used
 */
export async function migrateFromKong(
  settings: Settings,
  source: KongDatabaseOptions & { readonly workspace: string },
): Promise<KongMigration> {
  const catalog = await catalogOfSettings(settings)
  const database = await read(source, catalog)
  const workspace = database.workspaces.find(({ name }) => name === source.workspace)
  if (workspace === undefined) throw new StartFault(unknownWorkspace(source.workspace, database))
  const nowSeconds = Math.floor(Date.now() / 1000)
  const { document, skipped } = kongDocument(database, catalog, {
    workspaceId: workspace.id,
    nowSeconds,
  })
  const { config, faulty } = withoutFaults(document, catalog, nowSeconds)
  return {
    lastMigration: database.lastMigration,
    workspace: workspace.name,
    entities: config.entities,
    skipped: [...skipped, ...faulty],
    leftBehind: new Map([...database.others].filter(([table]) => !BOOKKEEPING.test(table))),
    asFile: () => exportDeclarative(config.entities, catalog),
    write: () => writeEntities(settings, config.entities, `Kong’s workspace ${workspace.name}`),
  }
}

async function read(source: KongDatabaseOptions, catalog: Catalog): Promise<KongDatabase> {
  try {
    return await readKongDatabase(source, [...kongTables(catalog).keys()])
  } catch (error) {
    throw new StartFault((error as Error).message)
  }
}

function unknownWorkspace(name: string, { workspaces }: KongDatabase): string {
  const known = workspaces.map((each) => each.name).sort()
  return `Kong has no workspace "${name}"; it has ${known.join(', ')}`
}

/** Leaves out what is wrong, again and again, since other rows may refer to what goes. */
function withoutFaults(
  whole: KongDocument,
  catalog: Catalog,
  nowSeconds: number,
): { readonly config: DeclarativeConfig; readonly faulty: readonly Skipped[] } {
  const faulty: Skipped[] = []
  let document = whole
  for (;;) {
    const given = { _format_version: '3.0', _transform: false, ...document }
    const parsed = parseDeclarativeDocument(given, { catalog, nowSeconds })
    if (parsed.ok) return { config: parsed, faulty }
    const reasons = reasonsByRow(parsed.faults)
    if (reasons.size === 0) throw new StartFault(`Cannot read Kong's entities: ${parsed.message}`)
    document = Object.fromEntries(
      Object.entries(document).map(([kind, rows]) => [
        kind,
        rows.filter((row, at) => {
          const reason = reasons.get(`${kind}/${at}`)
          if (reason !== undefined) faulty.push({ ...named(kind, row), reason: reason.join('; ') })
          return reason === undefined
        }),
      ]),
    )
  }
}

/** What is wrong with each row, by kind and position. */
function reasonsByRow(faults: readonly DeclarativeFault[]): ReadonlyMap<string, string[]> {
  const reasons = new Map<string, string[]>()
  for (const { path, message } of faults) {
    const [kind, at, ...field] = path
    if (typeof at !== 'number') continue
    const reason = field.length === 0 ? message : `${field.join('.')}: ${message}`
    const key = `${String(kind)}/${at}`
    reasons.set(key, [...(reasons.get(key) ?? []), reason])
  }
  return reasons
}
