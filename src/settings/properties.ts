import type { Property, PropertyTable, ValueOf } from './property.ts'
import { CONSOLE } from './properties/console.ts'
import { CONSUMER_SOURCE } from './properties/consumer-source.ts'
import { DATASTORE } from './properties/datastore.ts'
import { DECISIONS } from './properties/decisions.ts'
import { DNS } from './properties/dns.ts'
import { GENERAL } from './properties/general.ts'
import { HTTP } from './properties/http.ts'
import { HYBRID } from './properties/hybrid.ts'
import { LISTENERS } from './properties/listeners.ts'
import { PROCESS } from './properties/process.ts'

/** All properties by subject, in the order of the reference page. */
export const PROPERTY_GROUPS = {
  General: GENERAL,
  Listeners: LISTENERS,
  HTTP,
  Process: PROCESS,
  Decisions: DECISIONS,
  Datastore: DATASTORE,
  'Consumers from elsewhere': CONSUMER_SOURCE,
  DNS,
  Console: CONSOLE,
  Hybrid: HYBRID,
} as const satisfies Readonly<Record<string, PropertyTable>>

type AllProperties = typeof GENERAL &
  typeof LISTENERS &
  typeof HTTP &
  typeof PROCESS &
  typeof DECISIONS &
  typeof DATASTORE &
  typeof CONSUMER_SOURCE &
  typeof DNS &
  typeof CONSOLE &
  typeof HYBRID

export type PropertyName = keyof AllProperties

/** Every property as read. */
export type SettingValues = {
  readonly [Name in PropertyName]: ValueOf<AllProperties[Name]>
}

export const PROPERTIES: ReadonlyMap<string, Property> = new Map(
  Object.values(PROPERTY_GROUPS).flatMap((table) => Object.entries(table as PropertyTable)),
)

/** Another name of a property. */
export interface Alias {
  readonly name: PropertyName
  /** Its use is warned about. */
  readonly isDeprecated?: boolean
  /** It counts even where the property itself is set, as a directive of a server does for nginx. */
  readonly isStronger?: boolean
}

/** Directives of the proxy server that are properties under the name they have for all of HTTP. */
const OF_SERVER = [
  'charset',
  'client_body_buffer_size',
  'client_body_timeout',
  'client_header_timeout',
  'client_max_body_size',
  'http2_max_concurrent_streams',
  'keepalive_requests',
  'keepalive_timeout',
  'large_client_header_buffers',
  'send_timeout',
] as const

export const ALIASES: ReadonlyMap<string, Alias> = new Map<string, Alias>([
  ['nginx_main_user', { name: 'nginx_user' }],
  ['nginx_main_daemon', { name: 'nginx_daemon' }],
  ['nginx_main_worker_processes', { name: 'nginx_worker_processes' }],
  ['nginx_proxy_real_ip_header', { name: 'real_ip_header' }],
  ['nginx_proxy_real_ip_recursive', { name: 'real_ip_recursive' }],
  ...OF_SERVER.map(
    (directive) =>
      [
        `nginx_proxy_${directive}`,
        { name: `nginx_http_${directive}`, isStronger: true } satisfies Alias,
      ] as const,
  ),
  ['opentelemetry_tracing', { name: 'tracing_instrumentations', isDeprecated: true }],
  ['opentelemetry_tracing_sampling_rate', { name: 'tracing_sampling_rate', isDeprecated: true }],
])

const INJECTED =
  /^nginx_(main|events|http|upstream|proxy|location|status|admin|stream|supstream|sproxy|wasm)_[a-z0-9_]+$/

/** Whether a name injects an nginx directive; those without a meaning here are warned about. */
export function isInjectedDirective(name: string): boolean {
  return INJECTED.test(name)
}
