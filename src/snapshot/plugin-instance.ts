import type { PluginEntity } from '../entities/entity.ts'
import type { EntityLookup, NodeServices, Plugin, PluginHandlers } from '../plugin-kit/plugin.ts'
import { noting, type NotedPart } from '../plugin-kit/tracing/phase-notes.ts'
import { configValue } from '../schema/config-value.ts'
import type { Instance } from './chain.ts'

/** A configured plugin that cannot be made ready; the configuration it stands in cannot serve. */
export class PluginFault extends Error {
  readonly pluginId: string
  readonly pluginName: string

  constructor(row: PluginEntity, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PluginFault'
    this.pluginId = row.id
    this.pluginName = row.name
  }
}

/** The plugin that a row configures. @throws {PluginFault} when it is not loaded */
export function pluginOf(row: PluginEntity, plugins: ReadonlyMap<string, Plugin>): Plugin {
  const plugin = plugins.get(row.name)
  if (plugin !== undefined) return plugin
  throw new PluginFault(
    row,
    `${row.name} plugin is in use but not enabled (plugin entity ${row.id})`,
  )
}

export interface InstanceSources {
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly lookup: EntityLookup
  readonly node: NodeServices
  /** What is noted of plugins, if anything is. */
  readonly noted?: ReadonlySet<NotedPart> | undefined
}

/**
 * Makes one configured plugin ready.
 * @throws {PluginFault} when its plugin is not loaded or refuses to be made
 */
export function createInstance(row: PluginEntity, sources: InstanceSources): Instance {
  const { id, name } = row
  const plugin = pluginOf(row, sources.plugins)
  const { priority } = plugin
  const handlers = createHandlers(plugin, row, sources)
  const { noted } = sources
  return { id, name, priority, handlers: noted ? noting(name, handlers, noted) : handlers }
}

type Ranked = Pick<Plugin, 'name' | 'priority'>

/** Higher priorities first, equal ones by name, descending. */
export function comparePlugins(one: Ranked, other: Ranked): number {
  return other.priority - one.priority || (one.name < other.name ? 1 : -1)
}

/** Tells instances that they are done with; one that fails does not keep the others from it. */
export function disposeOf(instances: readonly Instance[], node: NodeServices): void {
  for (const { id, name, handlers } of instances)
    try {
      handlers.dispose?.()
    } catch (error) {
      node.log.error(`Cannot dispose of plugin "${name}" (${id})`, error)
    }
}

function createHandlers(
  plugin: Plugin,
  row: PluginEntity,
  { lookup, node }: { readonly lookup: EntityLookup; readonly node: NodeServices },
): PluginHandlers {
  try {
    return plugin.create(configValue(plugin.config, row.config) as never, {
      id: row.id,
      name: row.name,
      instanceName: row.instance_name ?? undefined,
      routeId: row.route?.id,
      serviceId: row.service?.id,
      consumerId: row.consumer?.id,
      entities: lookup,
      node,
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PluginFault(row, `Cannot make plugin "${row.name}" (${row.id}) ready: ${why}`, {
      cause: error,
    })
  }
}
