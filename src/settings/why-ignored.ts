/** Why properties of Kong have no effect here, by the beginning of their names; the first that fits counts. */
const REASONS: readonly (readonly [names: RegExp, why: string])[] = [
  [/^anonymous_reports$/, 'no reports are sent to anybody'],
  [/^proxy_server/, 'Kong uses it for its control plane as a service, which is not spoken to'],
  [/^request_debug/, 'timings are shown by tracing and by /explain instead'],
  [/^pluginserver_/, 'plugins are TypeScript; there are no plugin servers'],
  [/^untrusted_lua/, 'there is no Lua to be kept in a sandbox'],
  [
    /^lua_ssl_(?:verify_depth|protocols)$/,
    'the limits of Node’s TLS apply to outgoing connections',
  ],
  [/^lua_socket_pool_size$/, 'connection pools grow as they are needed'],
  [/^(?:lua_|openresty_|nginx_http_lua_)/, 'there is no Lua and no OpenResty underneath'],
  [/^wasm/, 'WebAssembly filters are not supported'],
  [/^(?:mem_cache_size|db_cache_|lmdb_)/, 'all entities are in memory; there is no cache to size'],
  [
    /^db_resurrect_ttl$/,
    'entities are served from memory while the database is away, without limit',
  ],
  [/^db_update_propagation$/, 'a node is told of changes once they are committed'],
  [
    /^(?:worker_consistency|worker_state_update_frequency)$/,
    'changes are served as soon as they are compiled',
  ],
  [
    /^(?:worker_events_max_payload|dedicated_config_processing)$/,
    'workers are threads of one process',
  ],
  [/^pg_ro_/, 'a replica is read once, at the start, on one connection'],
  [
    /^pg_/,
    'few connections serve all writes and the feed of changes, so nobody waits in line for one',
  ],
  [/^resolver_mem_cache_size$/, 'names are remembered once; resolver_lru_cache_size limits them'],
  [/^dns_no_sync$/, 'questions asked at the same time are asked once'],
  [/^(?:cluster_|kic$)/, 'there is no hybrid mode: nodes share a database'],
  [/^stream_listen$/, 'connections that are not HTTP are not proxied'],
  [/^(?:ssl_dhparam|nginx_http_ssl_dhparam)$/, 'finite-field groups are chosen by OpenSSL'],
  [/^ssl_session_/, 'sessions are kept by OpenSSL with its own limits'],
  [/^admin_gui_/, 'the Console sets its own policy for content'],
  [/buffer_size$/, 'buffers grow as they are needed'],
  [/^nginx_/, 'nginx is not underneath; the system’s own limits apply'],
]

/** @returns why a property of Kong that is accepted here has no effect */
export function whyIgnored(name: string): string {
  return REASONS.find(([names]) => names.test(name))?.[1] ?? 'it has no counterpart here'
}
