import type { PluginEntity } from '../entities/entity.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import { loadedWithDatabase, type PluginEntry } from '../plugins/bundled.ts'
import type { Content } from './worker-messages.ts'

/**
 * The plugins of one worker. Each is loaded when a configuration first names it: the code of all of
 * them would take several MiB in each thread, and few are ever in use.
 */
export class WorkerPlugins {
  readonly #entries: ReadonlyMap<string, PluginEntry>
  readonly #hasDatabase: boolean
  readonly #loaded = new Map<string, Plugin>()

  /** @param entries those that the settings enable */
  constructor(entries: readonly PluginEntry[], hasDatabase: boolean) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]))
    this.#hasDatabase = hasDatabase
  }

  /** By name. Grows, and nothing is ever taken out. */
  get loaded(): ReadonlyMap<string, Plugin> {
    return this.#loaded
  }

  /** Loads what a configuration names. Of names that are not enabled, whoever compiles it complains. */
  async loadFor(content: Content): Promise<void> {
    const rows = content.kind === 'whole' ? content.entities['plugins'] : changedRows(content)
    const enabled = ((rows ?? []) as readonly PluginEntity[]).filter((row) => row.enabled)
    const names = new Set(enabled.map(({ name }) => name))
    await Promise.all([...names].map((name) => this.load(name)))
  }

  /**
   * @returns nothing where no such plugin is enabled
   * @throws when its code cannot be run, saying of which plugin
   */
  async load(name: string): Promise<Plugin | undefined> {
    const known = this.#loaded.get(name)
    const entry = this.#entries.get(name)
    if (known !== undefined || entry === undefined) return known
    try {
      const plugin = await (this.#hasDatabase ? loadedWithDatabase(entry) : entry.load())
      this.#loaded.set(name, plugin)
      return plugin
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`Cannot load plugin "${name}": ${why}`, { cause: error })
    }
  }
}

function changedRows({ changes }: Extract<Content, { kind: 'changes' }>) {
  return changes.flatMap(({ kind, after }) => (kind === 'plugins' && after ? [after] : []))
}
