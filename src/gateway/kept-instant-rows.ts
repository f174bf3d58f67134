import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { EntitySet } from '../entities/entity.ts'
import type { Operation, Store } from '../store/store.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * Lets rows that were written without a database outlive a restart: they are kept in a file below the
 * prefix, and written again before anything is loaded.
 *
 * @param file a name; it need not exist
 * @returns when the rows of before are there again
 */
export async function keepInstantRows(
  store: Store,
  file: string,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  await restore(store, file, log)
  let turn: Promise<void> = Promise.resolve()
  let kept = textOf(store)
  store.subscribe(() => {
    const text = textOf(store)
    if (text === kept) return
    kept = text
    turn = turn.then(() => write(file, text, log))
  })
}

async function restore(store: Store, file: string, log: Pick<Logger, 'warn'>): Promise<void> {
  if (!existsSync(file)) return
  try {
    const entities = JSON.parse(readFileSync(file, 'utf8')) as EntitySet
    const operations = Object.entries(entities).flatMap(([kind, rows]) =>
      rows.map((entity): Operation => ({ op: 'upsert', kind, entity })),
    )
    const result = await store.write(operations, { by: 'start' })
    if (!result.ok) throw new Error(`the store refused it (${result.fault.fault})`)
  } catch (error) {
    log.warn(`Cannot take over ${file} from before the restart: ${(error as Error).message}`)
  }
}

/** What would stay if everything else went. */
function textOf(store: Store): string {
  return JSON.stringify(store.withInstant({}))
}

async function write(file: string, text: string, log: Pick<Logger, 'warn'>): Promise<void> {
  try {
    await writeFile(`${file}.new`, text, { mode: 0o600 })
    await rename(`${file}.new`, file)
  } catch (error) {
    log.warn(`Cannot keep ${file} for a restart: ${(error as Error).message}`)
  }
}
