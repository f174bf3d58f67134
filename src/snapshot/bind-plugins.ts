import type { PluginEntity } from '../entities/entity.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import { isStreamProtocol } from '../router/stream/build-stream-router.ts'
import { comparePlugins, pluginOf } from './plugin-instance.ts'
import { PluginScopes } from './plugin-scopes.ts'
import { rowChanges } from './row-changes.ts'

/** Configured plugins with what each is bound to: rows alone, so that it holds as long as they do. */
export interface BoundPlugins {
  /** Those that are enabled. */
  readonly rows: readonly PluginEntity[]
  /** What they configure, in the order in which plugins run. */
  readonly plugins: readonly Plugin[]
  /** For requests: one for each plugin, in that order. */
  readonly scopes: readonly PluginScopes[]
  /** The same for connections. A row with protocols of both kinds is in both. */
  readonly streamScopes: readonly PluginScopes[]
  readonly byName: ReadonlyMap<string, BoundPlugin>
}

interface BoundPlugin {
  readonly plugin: Plugin
  readonly ofRequests: PluginScopes
  readonly ofStreams: PluginScopes
}

/**
 * Binds configured plugins to their scopes. Disabled ones are left out.
 *
 * @param plugins loaded ones by name
 * @param before what was bound of rows of which most are the same; plugins whose rows all are, are
 *   taken from it. Rows of both must be in ascending order of id.
 * @throws {PluginFault} for one that is not loaded
 */
export function bindPlugins(
  rows: readonly PluginEntity[],
  plugins: ReadonlyMap<string, Plugin>,
  before?: BoundPlugins,
): BoundPlugins {
  const enabled = rows.filter((row) => row.enabled)
  const byName = new Map<string, BoundPlugin>()
  const known = before === undefined ? undefined : unchanged(before, enabled)
  for (const row of enabled) {
    const { name } = row
    if (known?.has(name) === true) {
      byName.set(name, known.get(name)!)
      continue
    }
    let bound = byName.get(name)
    if (bound === undefined) byName.set(name, (bound = newlyBound(pluginOf(row, plugins))))
    add(bound, row)
  }
  const inOrder = [...byName.values()].sort((one, other) =>
    comparePlugins(one.plugin, other.plugin),
  )
  return {
    rows: enabled,
    plugins: inOrder.map(({ plugin }) => plugin),
    scopes: inOrder.map(({ ofRequests }) => ofRequests),
    streamScopes: inOrder.map(({ ofStreams }) => ofStreams),
    byName,
  }
}

/** What was bound of plugins of which all rows are as they were. */
function unchanged(
  before: BoundPlugins,
  rows: readonly PluginEntity[],
): ReadonlyMap<string, BoundPlugin> {
  const { gone, added } = rowChanges(before.rows, rows)
  const changed = new Set([...gone, ...added].map((row) => (row as PluginEntity).name))
  return new Map([...before.byName].filter(([name]) => !changed.has(name)))
}

function newlyBound(plugin: Plugin): BoundPlugin {
  return { plugin, ofRequests: new PluginScopes(), ofStreams: new PluginScopes() }
}

function add({ plugin, ofRequests, ofStreams }: BoundPlugin, row: PluginEntity): void {
  if (row.consumer && plugin.not.includes('consumer')) return
  if (row.protocols.some(isStreamProtocol)) ofStreams.add(row)
  if (!row.protocols.every(isStreamProtocol)) ofRequests.add(row)
}
