import { isIP } from 'node:net'
import { certificateSourceProblems } from './certificate-sources.ts'
import { consumerSourceProblems } from './consumer-source.ts'
import { isBeyondMachine } from './listener.ts'
import { numberProblems } from './number-rules.ts'
import type { PropertyName } from './properties.ts'
import type { Settings } from './settings.ts'
import { parseDuration, parseSize } from './size.ts'
import { http2Upstreams } from './upstream-http2.ts'

export interface FoundProblem {
  readonly message: string
  readonly property?: PropertyName
}

/** What a property's type cannot say, under Kong's texts and in its order. */
export function findProblems(
  settings: Settings,
  fileExists: (path: string) => boolean,
): readonly FoundProblem[] {
  return [
    ...certificateSourceProblems(settings, fileExists),
    ...consoleProblems(settings),
    ...cipherProblems(settings),
    ...headerProblems(settings),
    ...dnsProblems(settings, fileExists),
    ...addressProblems(settings),
    ...numberProblems(settings),
    ...hybridProblems(settings),
    ...tracingProblems(settings),
    ...identityProblems(settings),
    ...databaseProblems(settings),
    ...upstreamProblems(settings),
    ...clientCertificateProblems(settings, fileExists),
    ...adminProblems(settings, fileExists),
    ...sessionProblems(settings),
    ...directiveProblems(settings),
    ...consumerSourceProblems(settings, fileExists),
  ]
}

const RESPONSE_HEADERS = new Set([
  'server_tokens',
  'latency_tokens',
  'server',
  'via',
  'x-kong-proxy-latency',
  'x-kong-response-latency',
  'x-kong-admin-latency',
  'x-kong-upstream-latency',
  'x-kong-upstream-status',
  'x-kong-request-id',
])

function headerProblems({ headers, headers_upstream }: Settings): readonly FoundProblem[] {
  const isOff = (names: readonly string[]) => names.length === 1 && names[0] === 'off'
  const problems: FoundProblem[] = []
  for (const name of isOff(headers) ? [] : headers)
    if (!RESPONSE_HEADERS.has(name.toLowerCase()))
      problems.push({ property: 'headers', message: `headers: invalid entry '${name}'` })
  for (const name of isOff(headers_upstream) ? [] : headers_upstream)
    if (name.toLowerCase() !== 'x-kong-request-id')
      problems.push({
        property: 'headers_upstream',
        message: `headers_upstream: invalid entry '${name}'`,
      })
  return problems
}

const TRACED = new Set([
  'off',
  'all',
  'request',
  'db_query',
  'dns_query',
  'router',
  'http_client',
  'balancer',
  'plugin_rewrite',
  'plugin_access',
  'plugin_header_filter',
])

function tracingProblems({ tracing_instrumentations: parts }: Settings): readonly FoundProblem[] {
  const property = 'tracing_instrumentations'
  const unknown = parts.filter((part) => !TRACED.has(part))
  const isMixed = parts.length > 1 && parts.includes('off')
  return [
    ...unknown.map((part) => ({ property, message: `invalid tracing type: ${part}` }) as const),
    ...(isMixed
      ? [
          {
            property,
            message: 'invalid tracing types: off, other types are mutually exclusive',
          } as const,
        ]
      : []),
  ]
}

function addressProblems({ trusted_ips }: Settings): readonly FoundProblem[] {
  return trusted_ips
    .filter((entry) => entry !== 'unix:' && !isAddressOrBlock(entry))
    .map((entry) => ({
      property: 'trusted_ips',
      message: `trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '${entry}'`,
    }))
}

function upstreamProblems({ upstream_http2 }: Settings): readonly FoundProblem[] {
  return http2Upstreams(upstream_http2).unreadable.map((entry) => ({
    property: 'upstream_http2',
    message: `upstream_http2: invalid entry '${entry}': write a service's host, such as users.internal or 10.0.0.5:8080, *.mesh for all that end so, or * for all`,
  }))
}

function isAddressOrBlock(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bitsOf(version))
}

function bitsOf(version: number): number {
  return version === 4 ? 32 : 128
}

const DNS_ORDER = new Set(['LAST', 'SRV', 'A', 'AAAA', 'CNAME'])
const RESOLVER_FAMILY = new Set(['SRV', 'A', 'AAAA'])

function dnsProblems(
  settings: Settings,
  fileExists: (path: string) => boolean,
): readonly FoundProblem[] {
  return [
    ...nameServerProblems('dns_resolver', settings.dns_resolver),
    ...nameServerProblems('resolver_address', settings.resolver_address),
    ...hostsFileProblems('dns_hostsfile', settings.dns_hostsfile, fileExists),
    ...hostsFileProblems('resolver_hosts_file', settings.resolver_hosts_file, fileExists),
    ...recordTypeProblems('dns_order', settings.dns_order, DNS_ORDER),
    ...recordTypeProblems('resolver_family', settings.resolver_family, RESOLVER_FAMILY),
  ]
}

function nameServerProblems(
  property: PropertyName,
  servers: readonly string[],
): readonly FoundProblem[] {
  return servers
    .filter((server) => !isNameServer(server))
    .map((server) => ({
      property,
      message: `${property} must be a comma separated list in the form of IPv4/6 or IPv4/6:port, got '${server}'`,
    }))
}

function hostsFileProblems(
  property: PropertyName,
  path: string,
  fileExists: (path: string) => boolean,
): readonly FoundProblem[] {
  return path === '' || fileExists(path)
    ? []
    : [{ property, message: `${property}: file does not exist` }]
}

function recordTypeProblems(
  property: PropertyName,
  types: readonly string[],
  allowed: ReadonlySet<string>,
): readonly FoundProblem[] {
  return types
    .filter((type) => !allowed.has(type.toUpperCase()))
    .map((type) => ({ property, message: `${property}: invalid entry '${type}'` }))
}

function isNameServer(text: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  return isIP(text) !== 0 || (match !== null && isIP(match[1] ?? match[2]!) !== 0)
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

function identityProblems({ node_id }: Settings): readonly FoundProblem[] {
  if (node_id === undefined || node_id === '' || UUID.test(node_id)) return []
  return [{ property: 'node_id', message: 'node_id must be a valid UUID' }]
}

function consoleProblems({ admin_gui_path: path }: Settings): readonly FoundProblem[] {
  const faults = [
    [!path.startsWith('/'), "must start with a slash ('/')"],
    [/^\/.+\/$/.test(path), "must not end with a slash ('/')"],
    [
      !/^[A-Za-z0-9_/-]*$/.test(path),
      "can only contain letters, digits, hyphens ('-'), underscores ('_'), and slashes ('/')",
    ],
    [path.includes('//'), "must not contain continuous slashes ('/')"],
  ] as const
  return faults
    .filter(([isBroken]) => isBroken)
    .map(([, fault]) => ({ property: 'admin_gui_path', message: `admin_gui_path ${fault}` }))
}

const CIPHER_SUITES = new Set(['modern', 'intermediate', 'old', 'fips', 'custom'])

function cipherProblems({ ssl_cipher_suite: suite }: Settings): readonly FoundProblem[] {
  if (CIPHER_SUITES.has(suite)) return []
  return [{ property: 'ssl_cipher_suite', message: `Undefined cipher suite ${suite}` }]
}

/** As nginx has it, whoever is to be judged needs a judge. */
function clientCertificateProblems(
  settings: Settings,
  fileExists: (path: string) => boolean,
): readonly FoundProblem[] {
  const { nginx_proxy_ssl_verify_client: verify } = settings
  const property = 'nginx_proxy_ssl_client_certificate'
  const authorities = settings[property]
  if (authorities && !fileExists(authorities))
    return [{ property, message: `${property}: no such file at ${authorities}` }]
  if (authorities || verify === 'off' || verify === 'optional_no_ca') return []
  const message = `${property} must be specified, for nginx_proxy_ssl_verify_client = ${verify}`
  return [{ property: 'nginx_proxy_ssl_verify_client', message }]
}

const LEAST_TOKEN_LENGTH = 16

function adminProblems(
  settings: Settings,
  fileExists: (path: string) => boolean,
): readonly FoundProblem[] {
  const problems: FoundProblem[] = []
  const { admin_token: token, admin_guard: guard } = settings
  if (token && token.length < LEAST_TOKEN_LENGTH)
    problems.push({
      property: 'admin_token',
      message: `admin_token must have at least ${LEAST_TOKEN_LENGTH} characters: openssl rand -hex 32 makes one`,
    })
  const open = settings.listeners.admin.find(isBeyondMachine)
  if (guard === 'required' && open !== undefined && !token)
    problems.push({
      property: 'admin_listen',
      message: `admin_listen: whoever reaches ${open.ip}:${open.port} would control the gateway: set admin_token, or admin_guard = off if something else guards it`,
    })
  const { nginx_admin_ssl_client_certificate: authorities } = settings
  if (settings.nginx_admin_ssl_verify_client !== 'off' && !authorities)
    problems.push({
      property: 'nginx_admin_ssl_verify_client',
      message: 'nginx_admin_ssl_client_certificate must be specified',
    })
  if (authorities && !fileExists(authorities))
    problems.push({
      property: 'nginx_admin_ssl_client_certificate',
      message: `nginx_admin_ssl_client_certificate: no such file at ${authorities}`,
    })
  return problems
}

const SIZES = [
  'nginx_http_client_max_body_size',
  'nginx_http_client_body_buffer_size',
  'client_body_buffer_size',
  'nginx_admin_client_max_body_size',
  'decision_records_size',
] as const

const DURATIONS = [
  'nginx_http_keepalive_timeout',
  'nginx_http_client_header_timeout',
  'nginx_http_client_body_timeout',
  'nginx_http_send_timeout',
] as const

const LEAST_CACHE_BYTES = 65_536

function sessionProblems(settings: Settings): readonly FoundProblem[] {
  const { ssl_session_cache_size: size, ssl_session_timeout: timeout } = settings
  const problems: FoundProblem[] = []
  if ((parseSize(size) ?? 0) < LEAST_CACHE_BYTES)
    problems.push(invalid(settings, 'ssl_session_cache_size', 'a size of 64k or more, such as 10m'))
  if ((parseDuration(timeout) ?? 0) < 1000)
    problems.push(
      invalid(settings, 'ssl_session_timeout', 'a time of a second or more, such as 5m or 1d'),
    )
  return problems
}

function invalid(settings: Settings, property: PropertyName, right: string): FoundProblem {
  const message = `${property} has an invalid value: '${String(settings[property])}' (${right})`
  return { property, message }
}

function directiveProblems(settings: Settings): readonly FoundProblem[] {
  const problems: FoundProblem[] = []
  const refuse = (property: PropertyName, right: string) =>
    problems.push(invalid(settings, property, right))
  for (const name of SIZES)
    if (parseSize(settings[name]) === undefined) refuse(name, 'a size such as 0, 8k, 10m or 1g')
  for (const name of DURATIONS)
    if (parseDuration(settings[name]) === undefined) refuse(name, 'a time such as 75s or 1m')
  if (!/^\d+$/.test(settings.nginx_http_keepalive_requests))
    refuse('nginx_http_keepalive_requests', 'a number')
  const [count = '', size = ''] = settings.nginx_http_large_client_header_buffers.split(/\s+/)
  if (!/^\d+$/.test(count) || parseSize(size) === undefined)
    refuse('nginx_http_large_client_header_buffers', 'a number and a size, such as 4 8k')
  if (!/^(auto|[1-9]\d{0,2})$/.test(settings.nginx_worker_processes))
    refuse('nginx_worker_processes', 'auto or a number from 1 to 999')
  return problems
}

function hybridProblems(settings: Settings): readonly FoundProblem[] {
  const { role, database, cluster_dp_labels: labels } = settings
  if (role === 'traditional')
    return labels.length === 0
      ? []
      : [
          {
            property: 'cluster_dp_labels',
            message: 'cluster_dp_labels can only be used when role = "data_plane"',
          },
        ]
  const messages: string[] = []
  if (!settings.cluster_cert || !settings.cluster_cert_key)
    messages.push('cluster certificate and key must be provided to use Hybrid mode')
  if (role === 'control_plane' && database === 'off')
    messages.push('in-memory storage can not be used when role = "control_plane"')
  if (role === 'data_plane' && database !== 'off')
    messages.push(
      'only in-memory storage can be used when role = "data_plane"\nHint: set database = off in your kong.conf',
    )
  if (messages.length === 0)
    messages.push(
      `role = "${role}" is not supported: let nodes share a database, role = "traditional"`,
    )
  return messages.map((message) => ({ property: 'role', message }))
}

function databaseProblems({ database }: Settings): readonly FoundProblem[] {
  if (database !== 'cassandra') return []
  return [
    {
      property: 'database',
      message:
        'Cassandra as a datastore for Kong is not supported in versions 3.4 and above. Please use Postgres.',
    },
  ]
}
