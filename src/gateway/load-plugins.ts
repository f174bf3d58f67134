import type { Plugin } from '../plugin-kit/plugin.ts'
import {
  BUNDLED_PLUGINS,
  BUNDLED_PLUGINS_WITH_DATABASE,
  OPTIONAL_PLUGINS,
} from '../plugins/bundled.ts'
import type { Settings } from '../settings/settings.ts'
import { StartFault } from './start-fault.ts'

/** What `bundled` stands for in Kong; those that are not here yet may be named all the same. */
const KONG_BUNDLED = new Set(
  `acl acme ai-prompt-decorator ai-prompt-guard ai-prompt-template ai-proxy ai-request-transformer
  ai-response-transformer aws-lambda azure-functions basic-auth bot-detection correlation-id cors
  datadog file-log grpc-gateway grpc-web hmac-auth http-log ip-restriction jwt key-auth ldap-auth
  loggly oauth2 opentelemetry post-function pre-function prometheus proxy-cache rate-limiting
  redirect request-size-limiting request-termination request-transformer response-ratelimiting
  response-transformer session standard-webhooks statsd syslog tcp-log udp-log zipkin`.split(/\s+/),
)

export interface LoadedPlugins {
  /** In the order in which they run. */
  readonly plugins: readonly Plugin[]
  readonly warnings: readonly string[]
}

/**
 * The plugins that the setting `plugins` names.
 *
 * @param settings `plugins` holds `bundled`, `off` alone, or names of plugins
 * @throws {StartFault} for a name nobody knows
 */
export function loadPlugins({
  plugins: names,
  database,
}: Pick<Settings, 'plugins' | 'database'>): LoadedPlugins {
  if (names.length === 1 && names[0] === 'off') return { plugins: [], warnings: [] }
  const bundled = database === 'off' ? BUNDLED_PLUGINS : BUNDLED_PLUGINS_WITH_DATABASE
  const available = [...bundled, ...OPTIONAL_PLUGINS].toSorted(inRunningOrder)
  const wanted = new Set<string>()
  const warnings: string[] = []
  for (const name of names) {
    if (name === 'bundled') for (const plugin of bundled) wanted.add(plugin.name)
    else if (available.some((plugin) => plugin.name === name)) wanted.add(name)
    else if (KONG_BUNDLED.has(name)) warnings.push(`plugin '${name}' is not available, ignored`)
    else
      throw new StartFault(
        `error loading plugin schemas: on plugin '${name}': ${name} plugin is enabled but not installed;\nno plugin found`,
      )
  }
  return { plugins: available.filter(({ name }) => wanted.has(name)), warnings }
}

/** By priority, then name, both descending. */
function inRunningOrder(one: Plugin, other: Plugin): number {
  return other.priority - one.priority || (one.name < other.name ? 1 : -1)
}
