import type { DeclarativeRefusal, DeclarativeText } from '../declarative/declarative.ts'
import { exportDeclarative } from '../declarative/export.ts'
import { parseDeclarative } from '../declarative/parse.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Settings } from '../settings/settings.ts'
import type { Operation, Store, WriteFault, WriteResult } from '../store/store.ts'
import { catalogOf } from './catalog-of.ts'
import { loadPlugins } from './load-plugins.ts'
import { openStore } from './open-store.ts'

export type ImportResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refusal: DeclarativeRefusal }
  | { readonly ok: false; readonly fault: WriteFault }

/**
 * Writes what a declarative file says into the database, all or nothing. Rows with the same ids are
 * replaced, others stay. Gateways that run on the database serve it at once.
 *
 * @param onParsed called when the file is right, before anything is written
 * @throws {StartFault} when the database cannot be used
 */
export async function importEntities(
  settings: Settings,
  source: DeclarativeText,
  onParsed: () => void,
): Promise<ImportResult> {
  return withStore(settings, async (store, catalog) => {
    const parsed = parseDeclarative(source, { catalog, nowSeconds: Math.floor(Date.now() / 1000) })
    if (!parsed.ok) return { ok: false, refusal: parsed }
    onParsed()
    const result = await upsertAll(store, catalog, parsed.entities, source.fileName)
    return result.ok ? { ok: true } : { ok: false, fault: result.fault }
  })
}

/**
 * Writes entities into the database, all or nothing, as an import does.
 *
 * @param detail where they come from, for the history
 * @throws {StartFault} when the database cannot be used
 */
export async function writeEntities(
  settings: Settings,
  entities: EntitySet,
  detail: string,
): Promise<WriteResult> {
  return withStore(settings, (store, catalog) => upsertAll(store, catalog, entities, detail))
}

/** The entities of the database as a declarative file. @throws {StartFault} */
export async function exportEntities(settings: Settings): Promise<string> {
  return withStore(settings, (store, catalog) =>
    Promise.resolve(exportDeclarative(store.all(), catalog)),
  )
}

function upsertAll(
  store: Store,
  catalog: Catalog,
  entities: EntitySet,
  detail: string | undefined,
): Promise<WriteResult> {
  const origin = { by: 'import', ...(detail !== undefined && { detail }) } as const
  return store.write(upserts(entities, catalog), origin)
}

/** Parents come before what refers to them. */
function upserts(entities: EntitySet, catalog: Catalog): readonly Operation[] {
  return catalog
    .kinds()
    .flatMap(({ name: kind }) =>
      (entities[kind] ?? []).map((entity): Operation => ({ op: 'upsert', kind, entity })),
    )
}

async function withStore<Result>(
  settings: Settings,
  work: (store: Store, catalog: Catalog) => Promise<Result>,
): Promise<Result> {
  const { plugins } = await loadPlugins(settings)
  const catalog = catalogOf(settings, plugins)
  const { store } = await openStore(settings, catalog, { error: () => undefined })
  try {
    return await work(store, catalog)
  } finally {
    await store.close()
  }
}
