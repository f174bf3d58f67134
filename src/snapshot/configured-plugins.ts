import type { PluginEntity } from '../entities/entity.ts'
import type { EntityLookup, NodeServices, Plugin } from '../plugin-kit/plugin.ts'
import { notedParts, type NotedPart } from '../plugin-kit/tracing/phase-notes.ts'
import { bindPlugins, type BoundPlugins } from './bind-plugins.ts'
import type { Instance } from './chain.ts'
import { watchLookups } from './entity-index.ts'
import { createInstance, disposeOf, type InstanceSources } from './plugin-instance.ts'

interface Sources {
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly lookup: EntityLookup
  readonly node: NodeServices
}

/**
 * The plugins of one snapshot. A row that the snapshot before had too is made ready when it is first
 * needed if nothing but the row decides what comes of it: most of many thousands never are.
 */
export class ConfiguredPlugins {
  readonly bound: BoundPlugins
  readonly #rows: readonly PluginEntity[]
  readonly #sources: InstanceSources
  readonly #instances = new Map<PluginEntity, Instance>()
  /** Rows that were made ready once, of which nothing else has to be known. Grows. */
  readonly #plain: WeakSet<PluginEntity>
  /** The other ones. */
  readonly #special: readonly PluginEntity[]

  /** @throws {PluginFault} when a plugin cannot be made ready; then no instance remains */
  constructor(rows: readonly PluginEntity[], sources: Sources, before?: ConfiguredPlugins) {
    this.#rows = rows
    this.#plain = before === undefined ? new WeakSet() : before.#plain
    const same = before !== undefined && before.#rows === rows ? before : undefined
    this.bound = same?.bound ?? bindPlugins(rows, sources.plugins, before?.bound)
    this.#sources = { ...sources, noted: partsToNote(this.bound, sources) }
    const atOnce =
      same === undefined ? this.bound.rows.filter((row) => !this.#plain.has(row)) : same.#special
    for (const plugin of this.bound.plugins)
      plugin.begin?.({ entities: sources.lookup, node: sources.node })
    this.#makeAll(atOnce)
    this.#special = atOnce.filter((row) => !this.#plain.has(row))
  }

  /** The instance of one of the rows. */
  readonly ready = (row: PluginEntity): Instance => {
    let instance = this.#instances.get(row)
    if (instance === undefined) {
      instance = createInstance(row, this.#sources)
      this.#instances.set(row, instance)
    }
    return instance
  }

  /** Makes all instances of a plugin, for who asks them all. */
  readyAllOf({ name }: Plugin): void {
    for (const row of this.bound.rows) if (row.name === name) this.ready(row)
  }

  dispose(): void {
    const instances = [...this.#instances.values()]
    disposeOf(
      instances.filter(({ handlers }) => handlers.dispose !== undefined),
      this.#sources.node,
    )
  }

  /** What looked at other entities may come out otherwise next time; what is disposed of holds something. */
  #makeAll(rows: readonly PluginEntity[]): void {
    if (rows.length === 0) return
    const watch = watchLookups(this.#sources.lookup)
    try {
      for (const row of rows) {
        const { handlers } = this.ready(row)
        if (!watch.wasAsked() && handlers.dispose === undefined) this.#plain.add(row)
      }
    } catch (error) {
      this.dispose()
      throw error
    } finally {
      watch.end()
    }
  }
}

/** Plugins are watched only where one of them reads what is noted. */
function partsToNote(
  { plugins }: BoundPlugins,
  { node }: Pick<Sources, 'node'>,
): ReadonlySet<NotedPart> | undefined {
  return plugins.some(({ readsPhaseNotes }) => readsPhaseNotes)
    ? notedParts(node.setting('tracing_instrumentations'))
    : undefined
}
