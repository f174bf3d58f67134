import type { Plugin } from '../plugin-kit/plugin.ts'
import { loadedWithDatabase } from '../plugins/bundled.ts'
import type { Settings } from '../settings/settings.ts'
import { enabledPlugins } from './enabled-plugins.ts'

export interface LoadedPlugins {
  /** In the order in which they run. */
  readonly plugins: readonly Plugin[]
  readonly warnings: readonly string[]
}

/**
 * The plugins that the setting `plugins` names, for those who check configurations. Workers have
 * `WorkerPlugins`.
 *
 * @param settings `plugins` holds `bundled`, `off` alone, or names of plugins
 * @throws {StartFault} for a name nobody knows
 */
export async function loadPlugins(
  settings: Pick<Settings, 'plugins' | 'database'>,
): Promise<LoadedPlugins> {
  const { entries, warnings } = enabledPlugins(settings)
  const isAlone = settings.database === 'off'
  const plugins = await Promise.all(
    entries.map((entry) => (isAlone ? entry.load() : loadedWithDatabase(entry))),
  )
  return { plugins: plugins.toSorted(inRunningOrder), warnings }
}

/** By priority, then name, both descending. */
function inRunningOrder(one: Plugin, other: Plugin): number {
  return other.priority - one.priority || (one.name < other.name ? 1 : -1)
}
