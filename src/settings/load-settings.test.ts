import { describe, expect, it } from 'vitest'
import { formatKongEnv } from './kong-env.ts'
import { loadSettings, type LoadOptions } from './load-settings.ts'
import { PROPERTIES } from './properties.ts'
import type { Settings } from './settings.ts'
import { whyIgnored } from './why-ignored.ts'

function load(options: Partial<LoadOptions> & { conf?: string }) {
  const { conf, ...rest } = options
  const file = conf === undefined ? undefined : { path: 'kong.conf', text: conf }
  return loadSettings({ environment: {}, fileExists: () => true, file, ...rest })
}

function settingsOf(options: Partial<LoadOptions> & { conf?: string }): Settings {
  const result = load(options)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.settings
}

function problemsOf(conf: string): readonly string[] {
  const result = load({ conf })
  return result.ok ? [] : result.problems.map(({ message }) => message)
}

describe('loadSettings()', () => {
  it('has defaults for everything', () => {
    expect(settingsOf({})).toMatchObject({
      database: 'postgres',
      headers: ['server_tokens', 'latency_tokens', 'x-kong-request-id'],
      upstream_keepalive_idle_timeout: 60,
      allow_debug_header: false,
    })
  })

  it('takes the command line over PORTUNUS_, KONG_ and the file', () => {
    const sources = {
      conf: 'log_level = info\nprefix = /file\ndatabase = off\npg_port = 1',
      environment: { KONG_LOG_LEVEL: 'warn', PORTUNUS_LOG_LEVEL: 'crit', KONG_PREFIX: '/env' },
      overrides: { prefix: '/command' },
    }
    expect(settingsOf(sources)).toMatchObject({
      log_level: 'crit',
      prefix: '/command',
      database: 'off',
      pg_port: 1,
    })
  })

  it('unsets what the environment empties', () => {
    const environment = { KONG_PLUGINS: '', KONG_PG_PORT: '' }
    expect(settingsOf({ environment })).toMatchObject({ plugins: [], pg_port: 5432 })
  })

  it('knows a property under its other names', () => {
    const environment = { KONG_NGINX_MAIN_DAEMON: 'off', KONG_OPENTELEMETRY_TRACING: 'all' }
    const result = load({ environment })
    expect(result).toMatchObject({
      ok: true,
      settings: { nginx_daemon: 'off', tracing_instrumentations: ['all'] },
      warnings: [
        "the 'opentelemetry_tracing' configuration property is deprecated, use 'tracing_instrumentations' instead",
      ],
    })
  })

  it.each([
    [
      'log_level = loud',
      "log_level has an invalid value: 'loud' (debug, info, notice, warn, error, crit, alert, emerg)",
    ],
    ['database = mongo', "database has an invalid value: 'mongo' (postgres, cassandra, off)"],
    ['pg_port = five', "pg_port is not a number: 'five'"],
    ['headers = x-other', "headers: invalid entry 'x-other'"],
    ['tracing_instrumentations = requests', 'invalid tracing type: requests'],
    [
      'tracing_instrumentations = off, router',
      'invalid tracing types: off, other types are mutually exclusive',
    ],
    [
      'trusted_ips = 10.0.0.0/33',
      "trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '10.0.0.0/33'",
    ],
    ['port_maps = x', 'invalid port mapping (`port_maps`): x'],
    ['dns_order = MX', "dns_order: invalid entry 'MX'"],
    [
      'dns_resolver = ns1',
      "dns_resolver must be a comma separated list in the form of IPv4/6 or IPv4/6:port, got 'ns1'",
    ],
    [
      'resolver_address = ns1',
      "resolver_address must be a comma separated list in the form of IPv4/6 or IPv4/6:port, got 'ns1'",
    ],
    ['resolver_family = LAST', "resolver_family: invalid entry 'LAST'"],
    ['node_id = x', 'node_id must be a valid UUID'],
    ['admin_gui_path = x', "admin_gui_path must start with a slash ('/')"],
    ['ssl_cert_key = /k.pem', 'ssl_cert must be specified'],
    ['ssl_cipher_suite = best', 'Undefined cipher suite best'],
    ['lua_max_uri_args = 0', 'lua_max_uri_args must be an integer between 1 and 1000'],
    ['lua_max_post_args = 1.5', 'lua_max_post_args must be an integer between 1 and 1000'],
    ['pg_pool_size = -1', 'pg_pool_size must be greater than 0'],
    ['pg_backlog = 1.5', 'pg_backlog must be an integer greater than 0'],
    ['worker_state_update_frequency = 0', 'worker_state_update_frequency must be greater than 0'],
    ['cluster_max_payload = 5', 'cluster_max_payload must be 4194304 (4MB) or greater'],
    ['cluster_dp_labels = a:b', 'cluster_dp_labels can only be used when role = "data_plane"'],
    ['admin_gui_path = /a//b', "admin_gui_path must not contain continuous slashes ('/')"],
    [
      'ssl_cert = a, b\nssl_cert_key = c',
      'ssl_cert was specified 2 times while ssl_cert_key was specified 1 times',
    ],
    [
      'database = off\nrole = control_plane\ncluster_cert = x\ncluster_cert_key = x',
      'in-memory storage can not be used when role = "control_plane"',
    ],
    [
      'nginx_http_client_max_body_size = big',
      "nginx_http_client_max_body_size has an invalid value: 'big' (a size such as 0, 8k, 10m or 1g)",
    ],
  ])('refuses "%s"', (conf, message) => {
    expect(problemsOf(conf)).toEqual([message])
  })

  it('says everything that is wrong in the order of Kong', () => {
    expect(
      problemsOf('node_id = x\nrole = data_plane\nheaders = x\nadmin_gui_path = a/ b'),
    ).toEqual([
      "admin_gui_path must start with a slash ('/')",
      "admin_gui_path can only contain letters, digits, hyphens ('-'), underscores ('_'), and slashes ('/')",
      "headers: invalid entry 'x'",
      'cluster certificate and key must be provided to use Hybrid mode',
      'only in-memory storage can be used when role = "data_plane"\nHint: set database = off in your kong.conf',
      'node_id must be a valid UUID',
    ])
  })

  it('looks at certificates and keys that are no files, and shows none that may be a secret', () => {
    const secret = `-----BEGIN PRIVATE KEY-----secret`
    const conf = `ssl_cert = /nope.crt
ssl_cert_key = ${secret}
client_ssl = on
client_ssl_cert = /client.crt
client_ssl_cert_key = /client.key
lua_ssl_trusted_certificate = system, /ca.crt`
    const { ok, ...found } = load({
      conf,
      fileExists: (path) => !/nope|BEGIN|client.crt|ca.crt/.test(path),
    })
    expect(ok).toBe(false)
    expect(found).toMatchObject({
      problems: [
        { message: 'ssl_cert: failed loading certificate from /nope.crt' },
        { message: 'ssl_cert_key: failed loading key from its text' },
        { message: 'client_ssl_cert: failed loading certificate from /client.crt' },
        { message: 'lua_ssl_trusted_certificate: failed loading certificate from /ca.crt' },
      ],
    })
  })

  it.each(['dns_hostsfile', 'resolver_hosts_file'])(
    'refuses %s without such a file',
    (property) => {
      const result = load({
        conf: `${property} = /none`,
        fileExists: (path) => path !== '/none',
      })
      expect(result).toMatchObject({
        problems: [{ message: `${property}: file does not exist` }],
      })
    },
  )

  it('says where a refused value stands', () => {
    expect(load({ conf: '\nlog_level = loud\n' })).toMatchObject({
      problems: [{ origin: 'kong.conf:2' }],
    })
  })

  it('warns about an unknown property, and what was meant', () => {
    const { warnings } = load({ conf: '\nproxy_lisen = off\nsomething_else = 1' })
    expect(warnings).toEqual([
      "kong.conf:2: unknown property 'proxy_lisen' (did you mean 'proxy_listen'?), ignored",
      "kong.conf:3: unknown property 'something_else', ignored",
    ])
  })

  it('warns about a boolean that is neither on nor off', () => {
    const { warnings } = load({ conf: 'pg_ssl = yes' })
    expect(warnings).toEqual(["kong.conf:1: pg_ssl is taken as off: 'yes' is neither on nor off"])
  })

  it('resolves references, and refuses those without a value', () => {
    const resolveReference = (reference: string) =>
      reference.includes('PW') ? 'secret' : { fault: 'not found' }
    const environment = { KONG_PG_PASSWORD: '{vault://env/PW}' }
    expect(settingsOf({ environment, resolveReference }).pg_password).toBe('secret')
    expect(
      load({ environment: { KONG_PG_USER: '{vault://env/U}' }, resolveReference }),
    ).toMatchObject({
      problems: [
        {
          message: "failed to dereference '{vault://env/U}': not found for config option 'pg_user'",
        },
      ],
    })
  })
})

describe('formatKongEnv()', () => {
  it('is read back as the same settings, references unresolved', () => {
    const settings = settingsOf({
      conf: 'plugins = jwt, acl\npg_ssl = on\nheaders = off\nnginx_http_gzip = on',
      environment: {
        KONG_PG_PASSWORD: '{vault://env/PW}',
        KONG_DECLARATIVE_CONFIG_STRING: 'a: 1\nb: "#2"\n',
      },
      resolveReference: () => 'opened-by-reference',
    })
    const text = formatKongEnv(settings)
    expect(text).not.toContain('opened-by-reference')
    const { given: _, ...again } = settingsOf({
      conf: text,
      resolveReference: () => 'opened-by-reference',
    })
    const { given: __, ...first } = settings
    expect(again).toEqual(first)
  })
})

describe('the Admin API', () => {
  const guarded = 'database = off\nadmin_guard = required\n'
  const open = `${guarded}admin_listen = 127.0.0.1:8001, 0.0.0.0:8444 ssl\n`

  it('is open to the network only with a token, where that is asked for', () => {
    expect(problemsOf(guarded)).toEqual([])
    expect(problemsOf(open)).toEqual([
      'admin_listen: whoever reaches 0.0.0.0:8444 would control the gateway: set admin_token, or admin_guard = off if something else guards it',
    ])
    expect(problemsOf(`${open}admin_token = 0123456789abcdef`)).toEqual([])
    expect(problemsOf(`${open}admin_guard = off`)).toEqual([])
    expect(problemsOf('database = off\nadmin_listen = 0.0.0.0:8001')).toEqual([])
  })

  it('has a token that cannot be guessed', () => {
    expect(problemsOf('admin_token = secret')).toEqual([
      'admin_token must have at least 16 characters: openssl rand -hex 32 makes one',
    ])
  })

  it('asks for client certificates only where it can tell good ones', () => {
    expect(problemsOf('nginx_admin_ssl_verify_client = on')).toEqual([
      'nginx_admin_ssl_client_certificate must be specified',
    ])
  })
})

describe('a property without effect', () => {
  it('has a reason of its own, so that nobody wonders', () => {
    const idle = [...PROPERTIES].filter(([, { hasNoEffect }]) => hasNoEffect === true)
    const unexplained = idle
      .map(([name]) => name)
      .filter((name) => whyIgnored(name) === whyIgnored('?'))
    expect(unexplained).toEqual([])
  })
})
