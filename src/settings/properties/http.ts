import { accepted, acceptedString, type PropertyTable } from '../property.ts'

const argumentLimit = (name: string) =>
  ({
    type: 'number',
    default: 100,
    min: 1,
    max: 1000,
    boundsMessage: `${name} must be an integer between 1 and 1000`,
    description: 'Most entries that plugins are shown, from 1 to 1000.',
  }) as const

/** How requests are read, forwarded and answered. */
export const HTTP = {
  router_flavor: {
    type: 'string',
    default: 'traditional_compatible',
    oneOf: ['traditional', 'traditional_compatible', 'expressions'],
    description: 'How routes are matched and ordered; `expressions` adds routes written as one.',
  },
  headers: {
    type: 'array',
    default: ['server_tokens', 'latency_tokens', 'x-kong-request-id'],
    description:
      'Headers added to answers: `server_tokens`, `latency_tokens`, single names such as `x-kong-upstream-status`, or `off`.',
  },
  headers_upstream: {
    type: 'array',
    default: ['x-kong-request-id'],
    description: 'Headers added to requests to upstreams: `x-kong-request-id`, or `off`.',
  },
  trusted_ips: {
    type: 'array',
    default: [],
    description: 'Addresses and CIDR blocks of proxies in front whose `X-Forwarded-*` is believed.',
  },
  real_ip_header: {
    type: 'string',
    default: 'X-Real-IP',
    description: 'Header in which a trusted proxy names the client; `proxy_protocol` is one too.',
  },
  real_ip_recursive: {
    type: 'string',
    default: 'off',
    description: '`on`: of several addresses in that header, the last that is not trusted counts.',
  },
  error_default_type: {
    type: 'string',
    default: 'text/plain',
    oneOf: ['application/json', 'application/xml', 'text/html', 'text/plain'],
    description: 'Type of error answers to requests that ask for none.',
  },
  upstream_http2: {
    type: 'array',
    default: [],
    isOwn: true,
    description:
      'Upstreams that are spoken to over HTTP/2, named as services name them by `host`: `users.internal`, `10.0.0.5:8080`, `*.mesh`, `*`. Without TLS they must speak it unasked; over TLS they are asked to (ALPN). See the guide on upstreams.',
  },
  upstream_keepalive_pool_size: {
    type: 'number',
    default: 512,
    min: 0,
    boundsMessage: 'upstream_keepalive_pool_size must be 0 or greater',
    description: 'Most idle connections kept for one upstream address and worker; 0: none.',
  },
  upstream_keepalive_max_requests: {
    type: 'number',
    default: 10000,
    min: 0,
    boundsMessage: 'upstream_keepalive_max_requests must be 0 or greater',
    description: 'Requests after which an upstream connection is closed; 0: no limit.',
  },
  upstream_keepalive_idle_timeout: {
    type: 'number',
    default: 60,
    min: 0,
    boundsMessage: 'upstream_keepalive_idle_timeout must be 0 or greater',
    description: 'Seconds an idle upstream connection is kept; 0: no limit.',
  },
  allow_debug_header: {
    type: 'boolean',
    default: false,
    description: 'Whether `Kong-Debug: 1` makes an answer name its route and service.',
  },
  client_body_buffer_size: {
    type: 'string',
    default: '8k',
    description: 'As `nginx_http_client_body_buffer_size`, which wins.',
  },
  lua_max_req_headers: argumentLimit('lua_max_req_headers'),
  lua_max_resp_headers: argumentLimit('lua_max_resp_headers'),
  lua_max_uri_args: argumentLimit('lua_max_uri_args'),
  lua_max_post_args: argumentLimit('lua_max_post_args'),
  nginx_http_client_max_body_size: {
    type: 'string',
    default: '0',
    description: 'Largest request body: bytes, or with `k`, `m`, `g`; 0: no limit.',
  },
  nginx_http_client_body_buffer_size: {
    type: 'string',
    default: '8k',
    description:
      'Size, from `1m` on, up to which a route with `request_buffering` holds a request body in memory before it asks the upstream; longer ones wait in a file below the prefix.',
  },
  nginx_http_client_header_buffer_size: {
    type: 'string',
    default: '1k',
    description: 'Buffer for a request head before the large ones are used.',
    hasNoEffect: true,
  },
  nginx_http_large_client_header_buffers: {
    type: 'string',
    default: '4 8k',
    description: 'Number and size of buffers for a request head: what does not fit is refused.',
  },
  nginx_http_charset: {
    type: 'string',
    default: 'UTF-8',
    description: 'Charset named for text types that name none; `off`: none is.',
  },
  nginx_http_keepalive_requests: {
    type: 'string',
    default: '10000',
    description: 'Requests after which a client connection is closed.',
  },
  nginx_http_keepalive_timeout: {
    type: 'string',
    default: '75s',
    description: 'How long an idle client connection is kept.',
  },
  nginx_http_client_header_timeout: {
    type: 'string',
    default: '60s',
    description: 'How long a client may take to send a request head.',
  },
  nginx_http_client_body_timeout: {
    type: 'string',
    default: '60s',
    description: 'How long a client may pause while it sends a body.',
  },
  nginx_http_send_timeout: {
    type: 'string',
    default: '60s',
    description: 'How long a client may pause while it takes an answer.',
  },
  nginx_http_http2_max_concurrent_streams: {
    type: 'number',
    default: 128,
    min: 1,
    boundsMessage: 'nginx_http_http2_max_concurrent_streams must be 1 or greater',
    description: 'Most requests that may be open on one client connection of HTTP/2.',
  },
  client_min_body_rate: {
    type: 'number',
    default: 0,
    min: 0,
    boundsMessage: 'client_min_body_rate must be 0 or greater',
    isOwn: true,
    description:
      'Bytes a second that a request body must come with on the whole, after its first five seconds; a slower one is answered 408. 0: any pace will do.',
  },
  max_connections: {
    type: 'number',
    default: 0,
    min: 0,
    boundsMessage: 'max_connections must be 0 or greater',
    isOwn: true,
    description:
      'Most connections at a time to one address of `proxy_listen` or `stream_listen`, all workers together; more are closed at once. 0: no limit.',
  },
  max_connections_per_client: {
    type: 'number',
    default: 0,
    min: 0,
    boundsMessage: 'max_connections_per_client must be 0 or greater',
    isOwn: true,
    description:
      'Most connections at a time from one client to one address of `proxy_listen` or `stream_listen`, all workers together; more are closed at once. Peers in `trusted_ips` are not counted: they speak for others. 0: no limit.',
  },
  nginx_admin_client_max_body_size: {
    type: 'string',
    default: '10m',
    description: 'Largest request body of the Admin API.',
  },
  nginx_admin_client_body_buffer_size: accepted('10m'),
  nginx_proxy_proxy_ssl_verify: {
    type: 'string',
    default: 'off',
    description: 'Whether certificates of upstreams are checked where a service does not say.',
  },
  nginx_proxy_proxy_ssl_trusted_certificate: {
    type: 'string',
    description: 'File of authorities for upstream certificates where a service names none.',
  },
  nginx_http_lua_regex_match_limit: accepted('100000'),
  nginx_http_lua_regex_cache_max_entries: accepted('8192'),
  nginx_http_ssl_dhparam: acceptedString,
} as const satisfies PropertyTable
