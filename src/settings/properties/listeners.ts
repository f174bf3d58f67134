import { accepted, type PropertyTable } from '../property.ts'

const CERTIFICATES = {
  type: 'array',
  default: [],
} as const

/** Where the gateway listens, and the certificates it shows there. */
export const LISTENERS = {
  proxy_listen: {
    type: 'array',
    default: [
      '0.0.0.0:8000 reuseport backlog=16384',
      '0.0.0.0:8443 http2 ssl reuseport backlog=16384',
    ],
    description:
      'Addresses for clients, or `off`: `<ip>:<port>` or `unix:<path>`, with flags: `ssl`, `http2` (on one entry it counts for all, without `ssl` for clients that know), `proxy_protocol`, `backlog=N`, `ipv6only=off`, `so_keepalive=on|off|<idle>:<interval>:<probes>`. Workers share ports with or without `reuseport`; a unix socket is served by one of them.',
  },
  stream_listen: {
    type: 'array',
    default: ['off'],
    description:
      'Addresses for streams: `<ip>:<port>` with flags such as `ssl` (TLS, ended here or passed on), `udp`, `proxy_protocol`; or `off`.',
  },
  admin_listen: {
    type: 'array',
    default: [
      '127.0.0.1:8001 reuseport backlog=16384',
      '127.0.0.1:8444 http2 ssl reuseport backlog=16384',
    ],
    description: 'Addresses of the Admin API, or `off`. Whoever reaches it controls the gateway.',
  },
  admin_token: {
    type: 'string',
    isSecret: true,
    isOwn: true,
    description:
      'What clients of the Admin API must send as `Authorization: Bearer …` or `Kong-Admin-Token`; at least 16 characters. Unset: nothing.',
  },
  admin_hosts: {
    type: 'array',
    default: [],
    isOwn: true,
    description:
      'Names under which the Admin API is asked, besides `localhost` and addresses; a request under another name is refused. Unset: every name, unless `admin_guard` says otherwise.',
  },
  admin_guard: {
    type: 'string',
    default: 'auto',
    oneOf: ['auto', 'required', 'off'],
    isOwn: true,
    description:
      'Who may use the Admin API beyond this machine without `admin_token`. `auto`: nobody: requests from other machines are answered with 403, those from this one go on; `required`: the gateway does not start, and only known host names and origins may ask; `off`: everybody, as with Kong.',
  },
  nginx_admin_ssl_client_certificate: {
    type: 'string',
    description: 'File of the authorities whose client certificates the Admin API accepts.',
  },
  nginx_admin_ssl_verify_client: {
    type: 'string',
    default: 'off',
    oneOf: ['on', 'off', 'optional'],
    description:
      'Whether clients of the Admin API must show a certificate, on its addresses with `ssl`.',
  },
  status_listen: {
    type: 'array',
    default: ['127.0.0.1:8007 reuseport backlog=16384'],
    description: 'Addresses of the Status API (health, readiness, metrics), or `off`.',
  },
  admin_gui_listen: {
    type: 'array',
    default: ['0.0.0.0:8002', '0.0.0.0:8445 ssl'],
    description: 'Addresses of the Console, or `off`.',
  },
  cluster_listen: accepted(['0.0.0.0:8005']),
  ssl_cert: {
    ...CERTIFICATES,
    description:
      'Certificates for proxy listeners with `ssl`: files, PEM text or base64. Made at the first start when unset.',
  },
  ssl_cert_key: {
    ...CERTIFICATES,
    isSecret: true,
    description: 'Keys of `ssl_cert`, in the same order.',
  },
  admin_ssl_cert: {
    ...CERTIFICATES,
    description: 'Certificates for Admin API listeners with `ssl`.',
  },
  admin_ssl_cert_key: {
    ...CERTIFICATES,
    isSecret: true,
    description: 'Keys of `admin_ssl_cert`, in the same order.',
  },
  admin_gui_ssl_cert: {
    ...CERTIFICATES,
    description: 'Certificates for Console listeners with `ssl`.',
  },
  admin_gui_ssl_cert_key: {
    ...CERTIFICATES,
    isSecret: true,
    description: 'Keys of `admin_gui_ssl_cert`, in the same order.',
  },
  status_ssl_cert: {
    ...CERTIFICATES,
    description: 'Certificates for Status API listeners with `ssl`.',
  },
  status_ssl_cert_key: {
    ...CERTIFICATES,
    isSecret: true,
    description: 'Keys of `status_ssl_cert`, in the same order.',
  },
  ssl_cipher_suite: {
    type: 'string',
    default: 'intermediate',
    description:
      'Protocols and ciphers of TLS listeners: `modern`, `intermediate`, `old`, `fips`, or `custom` for the properties below.',
  },
  ssl_ciphers: {
    type: 'string',
    description: 'OpenSSL cipher list, for `ssl_cipher_suite = custom`.',
  },
  ssl_protocols: {
    type: 'string',
    default: 'TLSv1.2 TLSv1.3',
    description: 'TLS versions, for `ssl_cipher_suite = custom`.',
  },
  ssl_prefer_server_ciphers: {
    type: 'string',
    default: 'on',
    description: 'Whether the order of `ssl_ciphers` decides, for `ssl_cipher_suite = custom`.',
  },
  ssl_dhparam: {
    type: 'string',
    description:
      'Parameters for DHE ciphers of TLS 1.2: a PEM file, PEM text, or the name of a group such as `ffdhe2048`. Unset: a group that fits the certificate.',
  },
  ssl_session_tickets: {
    type: 'string',
    default: 'on',
    oneOf: ['on', 'off'],
    description:
      'Whether clients keep their TLS sessions themselves, sealed with keys that all workers share and that change after `ssl_session_timeout`; `off`: the gateway keeps those of TLS 1.2, and those of TLS 1.3 end with their connection.',
  },
  ssl_session_timeout: {
    type: 'string',
    default: '1d',
    description: 'How long a TLS session may be taken up again.',
  },
  ssl_session_cache_size: {
    type: 'string',
    default: '10m',
    description: 'Memory for the TLS sessions of all workers, where `ssl_session_tickets = off`.',
  },
  nginx_proxy_ssl_verify_client: {
    type: 'string',
    default: 'off',
    oneOf: ['off', 'on', 'optional', 'optional_no_ca'],
    description:
      'Whether clients are asked for a certificate: `on` lets none in without a good one, `optional` none with a bad one; `optional_no_ca` takes any and only notes the verdict in logs.',
  },
  nginx_proxy_ssl_client_certificate: {
    type: 'string',
    description: 'File of the authorities whose client certificates are good ones.',
  },
  client_ssl: {
    type: 'boolean',
    default: false,
    description: 'Whether upstreams are shown `client_ssl_cert`.',
  },
  client_ssl_cert: {
    type: 'string',
    description: 'Certificate shown to upstreams that have none of their own.',
  },
  client_ssl_cert_key: {
    type: 'string',
    isSecret: true,
    description: 'Key of `client_ssl_cert`.',
  },
} as const satisfies PropertyTable
