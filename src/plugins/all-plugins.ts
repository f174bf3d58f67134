import type { Plugin } from '../plugin-kit/plugin.ts'
import { BUNDLED, loadedWithDatabase, OPTIONAL, type PluginEntry } from './bundled.ts'

/**
 * All plugins, loaded: for what is generated from their schemas, and for tests. A gateway must not
 * import this: its main thread loads what is enabled, and its workers what is configured.
 */
const all: ReadonlyMap<PluginEntry, Plugin> = new Map(
  await Promise.all([...BUNDLED, ...OPTIONAL].map(loaded)),
)

export const BUNDLED_PLUGINS: readonly Plugin[] = BUNDLED.map((entry) => all.get(entry)!)

/** The bundled plugins as they are with a database. */
export const BUNDLED_PLUGINS_WITH_DATABASE: readonly Plugin[] = await Promise.all(
  BUNDLED.map(loadedWithDatabase),
)

export const OPTIONAL_PLUGINS: readonly Plugin[] = OPTIONAL.map((entry) => all.get(entry)!)

async function loaded(entry: PluginEntry): Promise<[PluginEntry, Plugin]> {
  return [entry, await entry.load()]
}
