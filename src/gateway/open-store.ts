import { systemText } from '../base/system-text.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Settings } from '../settings/settings.ts'
import type { OpenedFile } from '../store/file-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/logger.ts'
import { postgresOf, replicaOf, sqliteFileOf } from './database-of.ts'
import { prefixLayout } from './prefix-layout.ts'
import type { EntitiesKeeper } from './kept-entities.ts'
import { StartFault } from './start-fault.ts'

export interface OpenedStore {
  readonly store: Store
  /** The file that the store is in, where it reads and writes one itself. */
  readonly file?: OpenedFile
}

/**
 * Opens the store that the settings name.
 *
 * @param keeper knows what a database held that does not answer; whoever only writes has no use for that
 * @throws {StartFault} when it cannot be used as it is
 */
export async function openStore(
  settings: Settings,
  catalog: Catalog,
  log: Pick<Logger, 'error'>,
  keeper?: EntitiesKeeper,
): Promise<OpenedStore> {
  const { database, declarative_config: file } = settings
  if (database === 'off' && file && settings.declarative_config_writable)
    return openFile(file, catalog, settings)
  if (database === 'off') return { store: createMemoryStore(catalog, { isWritable: false }) }
  if (database === 'memory') return { store: createMemoryStore(catalog, { isWritable: true }) }
  return { store: await openDatabase(settings, catalog, log, keeper) }
}

async function openFile(
  file: string,
  catalog: Catalog,
  { prefix, declarative_config_watch: isWatched }: Settings,
): Promise<OpenedStore> {
  const { openFileStore } = await import('../store/file-store.ts')
  const { declarativeFiles } = await import('../declarative/declarative-file.ts')
  const { faultLines } = await import('../declarative/pretty-errors.ts')
  const language = declarativeFiles({
    catalog,
    fileName: file,
    // Who works on the file is told the places of all faults.
    ...(isWatched && { describe: (refusal) => faultLines(refusal, file) }),
  })
  try {
    const { historyFile } = prefixLayout(prefix)
    const opened = await openFileStore(catalog, { file, language, historyFile })
    return { store: opened.store, file: opened }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const text =
      code === undefined ? (error as Error).message : `${file}: ${systemText(error as Error)}`
    throw new StartFault(`error parsing declarative config file ${file}:\n${text}`)
  }
}

async function openDatabase(
  settings: Settings,
  catalog: Catalog,
  log: Pick<Logger, 'error'>,
  keeper: EntitiesKeeper | undefined,
): Promise<Store> {
  const { database } = settings
  const onTrouble = (error: Error): void => log.error(`Cannot follow the database`, error)
  try {
    if (database === 'sqlite') {
      const { openSqliteStore } = await import('../store/sqlite-store.ts')
      return await openSqliteStore(catalog, { file: sqliteFileOf(settings), onTrouble })
    }
    if (database === 'postgres') return await openPostgres(settings, catalog, onTrouble, keeper)
  } catch (error) {
    if (error instanceof StartFault) throw error
    throw new StartFault((error as Error).message)
  }
  throw new StartFault(`database = ${database} is not supported: use postgres, sqlite or off`)
}

async function openPostgres(
  settings: Settings,
  catalog: Catalog,
  onTrouble: (error: Error) => void,
  keeper: EntitiesKeeper | undefined,
): Promise<Store> {
  const { DatabaseNotReady, openPostgresStore } = await import('../store/postgres-store.ts')
  try {
    const store = await openPostgresStore(catalog, {
      connection: postgresOf(settings),
      replica: replicaOf(settings),
      kept: await keeper?.read(),
      pollSeconds: Math.min(settings.db_update_frequency, LONGEST_POLL_SECONDS),
      onTrouble,
    })
    keeper?.follow(store)
    return store
  } catch (error) {
    if (!(error instanceof DatabaseNotReady)) throw error
    const { isBootstrapped, unknown } = error.state
    if (!isBootstrapped) throw new StartFault(NOT_BOOTSTRAPPED)
    throw new StartFault(
      unknown.length > 0
        ? `The database was migrated by a later version of Portunus (${unknown.join(', ')}): use that version`
        : "New migrations available; run 'portunus migrations up' to proceed",
    )
  }
}

/** Nodes know of each other's writes within a second even when word of them is lost. */
const LONGEST_POLL_SECONDS = 1

const NOT_BOOTSTRAPPED = `Database needs bootstrapping or is older than Kong 1.0.

To start a new installation from scratch, run 'portunus migrations bootstrap'.`
