import { accepted, acceptedString, type PropertyTable } from '../property.ts'

/** The process: where it keeps its files, what it logs, which plugins it loads. */
export const GENERAL = {
  prefix: {
    type: 'string',
    default: '/usr/local/kong/',
    description: 'Working directory: process id, logs, running configuration, certificates.',
  },
  log_level: {
    type: 'string',
    default: 'notice',
    oneOf: ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg'],
    description: 'Least severity that reaches the error logs. Can be changed while running.',
  },
  proxy_access_log: {
    type: 'string',
    default: 'logs/access.log',
    description:
      'Log of proxied requests: a path (relative to `prefix`), `/dev/stdout`, or `off`. A format name after the path is accepted.',
  },
  proxy_error_log: {
    type: 'string',
    default: 'logs/error.log',
    description: 'Log of what went wrong, by `log_level`: a path, `/dev/stderr`, or `off`.',
  },
  proxy_stream_access_log: {
    type: 'string',
    default: 'logs/access.log basic',
    description:
      'Log of sessions of TCP, TLS and UDP: a path (relative to `prefix`), `/dev/stdout`, or `off`. A format name after the path is accepted.',
  },
  proxy_stream_error_log: {
    type: 'string',
    default: 'logs/error.log',
    description:
      'Log of what went wrong with such sessions, by `log_level`: a path, `/dev/stderr`, or `off`.',
  },
  stream_udp_sessions: {
    type: 'number',
    default: 4096,
    min: 1,
    boundsMessage: 'stream_udp_sessions must be at least 1',
    isOwn: true,
    description:
      'Most sessions of UDP that one worker holds at a time, each with a socket of its own; datagrams of further clients are dropped. One client has no more than a quarter, unless it is in `trusted_ips`.',
  },
  admin_access_log: {
    type: 'string',
    default: 'logs/admin_access.log',
    description: 'Log of requests to the Admin API: a path, `/dev/stdout`, or `off`.',
  },
  admin_error_log: {
    type: 'string',
    default: 'logs/error.log',
    description: 'Log of faults of the Admin API: a path, `/dev/stderr`, or `off`.',
  },
  status_access_log: {
    type: 'string',
    default: 'off',
    description: 'Log of requests to the Status API: a path, `/dev/stdout`, or `off`.',
  },
  status_error_log: {
    type: 'string',
    default: 'logs/status_error.log',
    description: 'Log of faults of the Status API: a path, `/dev/stderr`, or `off`.',
  },
  vaults: {
    type: 'array',
    default: ['bundled'],
    description:
      'Vaults that may hold secrets: `bundled` (which is `env` and `file`), names, or `off`.',
  },
  plugins: {
    type: 'array',
    default: ['bundled'],
    description:
      'Plugins to load: `bundled` for those of Kong, names of these and of others (`openid-connect`), or `off`.',
  },
  port_maps: {
    type: 'array',
    default: [],
    description:
      'Ports as clients see them, where something in front maps them: `80:8000, 443:8443`.',
  },
  anonymous_reports: accepted(true),
  proxy_server: { ...acceptedString, isSecret: true },
  proxy_server_ssl_verify: accepted(true),
  error_template_html: {
    type: 'string',
    description: 'File with the HTML of error answers; the first `%s` is the message.',
  },
  error_template_json: {
    type: 'string',
    description: 'File with the JSON of error answers; the first `%s` is the message.',
  },
  error_template_xml: {
    type: 'string',
    description: 'File with the XML of error answers; the first `%s` is the message.',
  },
  error_template_plain: {
    type: 'string',
    description: 'File with the plain text of error answers; the first `%s` is the message.',
  },
  node_id: {
    type: 'string',
    description: 'UUID of this node; made at the first start and kept below `prefix` when unset.',
  },
  tracing_instrumentations: {
    type: 'array',
    default: ['off'],
    description: 'Parts of a request that the plugin opentelemetry records as spans.',
  },
  tracing_sampling_rate: {
    type: 'number',
    default: 0.01,
    min: 0,
    max: 1,
    boundsMessage: 'tracing_sampling_rate must be between 0 and 1',
    description: 'Share of requests that are traced, from 0 to 1.',
  },
  request_debug: accepted(true),
  request_debug_token: { ...acceptedString, isSecret: true },
  pluginserver_names: accepted([]),
  dedicated_config_processing: accepted(true),
  kic: accepted(false),
  untrusted_lua: {
    type: 'string',
    default: 'sandbox',
    oneOf: ['on', 'off', 'sandbox'],
    description: 'Whether configurations may hold code: `off` refuses all of it.',
  },
  untrusted_lua_sandbox_requires: accepted([]),
  untrusted_lua_sandbox_environment: accepted([]),
  openresty_path: acceptedString,
  mem_cache_size: accepted('128m'),
  lua_package_path: accepted('./?.lua;./?/init.lua;'),
  lua_package_cpath: accepted(''),
  lua_socket_pool_size: accepted(256),
  lua_ssl_trusted_certificate: {
    type: 'array',
    default: ['system'],
    description:
      'Certificate authorities trusted by connections the gateway itself makes: `system` or files.',
  },
  lua_ssl_verify_depth: accepted(1),
  lua_ssl_protocols: accepted('TLSv1.2 TLSv1.3'),
  wasm: accepted(false),
  wasm_filters_path: acceptedString,
  wasm_filters: accepted(['bundled', 'user']),
} as const satisfies PropertyTable
