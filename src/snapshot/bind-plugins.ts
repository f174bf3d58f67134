import type { PluginEntity, Protocol } from '../entities/entity.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import type { Instance } from './chain.ts'
import { compareInstances } from './plugin-instance.ts'
import { PluginScopes } from './plugin-scopes.ts'

/** Configured plugins with what each is bound to. */
export interface BoundPlugins {
  readonly instances: readonly Instance[]
  /** One for each plugin, in the order in which plugins run. */
  readonly scopes: readonly PluginScopes[]
}

/**
 * Binds configured plugins to their scopes. Disabled ones and those without a protocol in question
 * are left out.
 *
 * @param plugins loaded ones by name
 * @param make makes a row's instance; what it throws is passed on, with no more rows asked for
 * @param serves which protocols are in question
 */
export function bindPlugins(
  rows: readonly PluginEntity[],
  plugins: ReadonlyMap<string, Pick<Plugin, 'not'>>,
  make: (row: PluginEntity) => Instance,
  serves: (protocol: Protocol) => boolean = isHttp,
): BoundPlugins {
  const instances: Instance[] = []
  const scopes = new Map<string, PluginScopes>()
  for (const row of rows) {
    if (!row.enabled || !row.protocols.some(serves)) continue
    const instance = make(row)
    instances.push(instance)
    let ofPlugin = scopes.get(row.name)
    if (ofPlugin === undefined) scopes.set(row.name, (ofPlugin = new PluginScopes()))
    const isBlind = plugins.get(row.name)!.not.includes('consumer')
    if (isBlind && row.consumer) continue
    ofPlugin.add(instance, {
      routeId: row.route?.id,
      serviceId: row.service?.id,
      consumerId: row.consumer?.id,
    })
  }
  const order = [...new Map(instances.map((instance) => [instance.name, instance])).values()]
  return {
    instances,
    scopes: order.sort(compareInstances).flatMap(({ name }) => scopes.get(name) ?? []),
  }
}

function isHttp(protocol: Protocol): boolean {
  return protocol === 'http' || protocol === 'https' || protocol === 'grpc' || protocol === 'grpcs'
}
