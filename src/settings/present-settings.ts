import type { Listener } from './listener.ts'
import { PROPERTIES } from './properties.ts'
import type { SettingValue } from './property.ts'
import type { Settings } from './settings.ts'

export interface PresentedFacts {
  readonly pluginNames: readonly string[]
  readonly vaultNames: readonly string[]
  /** The live level. */
  readonly logLevel: string
}

const MASK = '******'

/** The settings as `configuration` of `GET /` shows them: parsed, derived ones added, secrets masked. */
export function presentSettings(
  settings: Settings,
  facts: PresentedFacts,
): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {
    ...propertiesOf(settings),
    ...listenersOf(settings),
    ...pathsOf(settings),
    ...directivesOf(settings),
    enabled_headers: enabledHeaders(settings.headers),
    enabled_headers_upstream: enabledUpstreamHeaders(settings.headers_upstream),
    host_ports: Object.fromEntries(settings.hostPorts),
    loaded_plugins: claims(facts.pluginNames),
    loaded_vaults: claims(facts.vaultNames),
    log_level: facts.logLevel,
    prefix: settings.prefix,
  }
  return Object.fromEntries(Object.entries(shown).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Names under which a property is also shown. */
const TWINS: Readonly<Record<string, string>> = {
  nginx_user: 'nginx_main_user',
  nginx_daemon: 'nginx_main_daemon',
  nginx_worker_processes: 'nginx_main_worker_processes',
  real_ip_header: 'nginx_proxy_real_ip_header',
  real_ip_recursive: 'nginx_proxy_real_ip_recursive',
  tracing_instrumentations: 'opentelemetry_tracing',
  tracing_sampling_rate: 'opentelemetry_tracing_sampling_rate',
}

function propertiesOf(settings: Settings): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [name, property] of PROPERTIES) {
    const value = settings[name as keyof Settings] as SettingValue
    if (value === undefined || value === '') continue
    shown[name] = property.isSecret ? MASK : listOrEmptyTable(value)
    const twin = TWINS[name]
    if (twin !== undefined) shown[twin] = shown[name]
  }
  return { ...shown, ...Object.fromEntries(settings.injected) }
}

/** An empty Lua table has no kind; Kong's JSON shows it as an object. */
function listOrEmptyTable(value: SettingValue): unknown {
  return Array.isArray(value) && value.length === 0 ? {} : value
}

function listenersOf({ listeners }: Settings): Record<string, unknown> {
  const shown = (entries: readonly Listener[]) =>
    entries.length === 0 ? {} : entries.map((entry) => entry.shown)
  const hasTls = (entries: readonly Listener[]) => entries.some(({ ssl }) => ssl)
  return {
    proxy_listeners: shown(listeners.proxy),
    admin_listeners: shown(listeners.admin),
    status_listeners: shown(listeners.status),
    admin_gui_listeners: shown(listeners.console),
    stream_listeners: shown(listeners.stream),
    cluster_listeners: shown(listeners.cluster),
    proxy_ssl_enabled: hasTls(listeners.proxy),
    admin_ssl_enabled: hasTls(listeners.admin),
    status_ssl_enabled: hasTls(listeners.status),
    admin_gui_ssl_enabled: hasTls(listeners.console),
    stream_proxy_ssl_enabled: hasTls(listeners.stream),
  }
}

function pathsOf({ prefix, ...settings }: Settings): Record<string, unknown> {
  const certificates: Record<string, string> = {}
  for (const [property, file] of [
    ['ssl_cert', ''],
    ['admin_ssl_cert', 'admin-'],
    ['admin_gui_ssl_cert', 'admin-gui-'],
    ['status_ssl_cert', 'status-'],
  ] as const)
    for (const [suffix, kind] of [
      ['', ''],
      ['_ecdsa', '-ecdsa'],
    ] as const) {
      certificates[`${property}_default${suffix}`] = `${prefix}/ssl/${file}kong-default${kind}.crt`
      certificates[`${property}_key_default${suffix}`] =
        `${prefix}/ssl/${file}kong-default${kind}.key`
    }
  return {
    ...certificates,
    kong_env: `${prefix}/.kong_env`,
    nginx_pid: `${prefix}/pids/nginx.pid`,
    nginx_acc_logs: belowPrefix(prefix, settings.proxy_access_log),
    nginx_err_logs: belowPrefix(prefix, settings.proxy_error_log),
    admin_acc_logs: belowPrefix(prefix, settings.admin_access_log),
    lmdb_validation_tag: '3.9',
  }
}

/** @param path of a log: relative to the prefix, with a format name behind it that is left out */
export function belowPrefix(prefix: string, path: string): string {
  const [file = ''] = path.trim().split(/\s+/)
  return file === 'off' || file.startsWith('/') ? file : `${prefix}/${file}`
}

const BLOCKS = [
  'main',
  'events',
  'http',
  'upstream',
  'proxy',
  'location',
  'status',
  'admin',
  'stream',
  'supstream',
  'sproxy',
] as const

/** Directives by block, as Kong lists them. */
function directivesOf(settings: Settings): Record<string, unknown> {
  const values = propertiesOf(settings)
  const blocks: Record<string, unknown> = {}
  for (const block of BLOCKS) {
    const prefix = `nginx_${block}_`
    const directives = Object.entries(values)
      .filter(([name, value]) => name.startsWith(prefix) && typeof value === 'string')
      .map(([name, value]) => ({ name: name.slice(prefix.length), value }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    blocks[`${prefix}directives`] = directives.length === 0 ? {} : directives
  }
  return blocks
}

/** Headers by the token that stands for them. */
const TOKENS = {
  server_tokens: ['Server', 'Via'],
  latency_tokens: [
    'X-Kong-Proxy-Latency',
    'X-Kong-Response-Latency',
    'X-Kong-Admin-Latency',
    'X-Kong-Upstream-Latency',
  ],
} as const

const SINGLE_HEADERS = [
  ...TOKENS.server_tokens,
  ...TOKENS.latency_tokens,
  'X-Kong-Upstream-Status',
  'X-Kong-Request-Id',
] as const

export type ResponseHeaderName = (typeof SINGLE_HEADERS)[number]

/** @returns which headers `headers` asks for, by name, and the tokens themselves */
export function enabledHeaders(
  headers: readonly string[],
): Record<ResponseHeaderName | keyof typeof TOKENS, boolean> {
  const asked = new Set(headers.map((name) => name.toLowerCase()))
  const hasToken = (name: string) =>
    (asked.has('server_tokens') && (TOKENS.server_tokens as readonly string[]).includes(name)) ||
    (asked.has('latency_tokens') && (TOKENS.latency_tokens as readonly string[]).includes(name))
  const enabled = Object.fromEntries(
    SINGLE_HEADERS.map((name) => [name, hasToken(name) || asked.has(name.toLowerCase())]),
  )
  return {
    ...(enabled as Record<ResponseHeaderName, boolean>),
    server_tokens: asked.has('server_tokens'),
    latency_tokens: asked.has('latency_tokens'),
  }
}

function enabledUpstreamHeaders(headers: readonly string[]): Record<string, boolean> {
  return {
    'X-Kong-Request-Id': headers.some((name) => name.toLowerCase() === 'x-kong-request-id'),
  }
}

function claims(names: readonly string[]): Record<string, true> {
  return Object.fromEntries(names.map((name) => [name, true]))
}
