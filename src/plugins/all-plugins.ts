import type { Plugin } from '../plugin-kit/plugin.ts'
import { BUNDLED, loadedWithDatabase, OPTIONAL, type PluginEntry } from './bundled.ts'

/**
 * All plugins, loaded: for whoever checks configurations, and so must know all schemas. Workers only
 * serve, and load what is configured: they must not import this.
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
