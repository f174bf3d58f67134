import { BUNDLED, OPTIONAL, type PluginEntry } from '../plugins/bundled.ts'
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

export interface EnabledPlugins {
  readonly entries: readonly PluginEntry[]
  readonly warnings: readonly string[]
}

/**
 * Which plugins the setting `plugins` names, without loading any.
 *
 * @param settings `plugins` holds `bundled`, `off` alone, or names of plugins
 * @throws {StartFault} for a name nobody knows
 */
export function enabledPlugins({ plugins: names }: Pick<Settings, 'plugins'>): EnabledPlugins {
  if (names.length === 1 && names[0] === 'off') return { entries: [], warnings: [] }
  const available = [...BUNDLED, ...OPTIONAL]
  const wanted = new Set<string>()
  const warnings: string[] = []
  for (const name of names) {
    if (name === 'bundled') for (const entry of BUNDLED) wanted.add(entry.name)
    else if (available.some((entry) => entry.name === name)) wanted.add(name)
    else if (KONG_BUNDLED.has(name)) warnings.push(`plugin '${name}' is not available, ignored`)
    else
      throw new StartFault(
        `error loading plugin schemas: on plugin '${name}': ${name} plugin is enabled but not installed;\nno plugin found`,
      )
  }
  return { entries: available.filter(({ name }) => wanted.has(name)), warnings }
}
