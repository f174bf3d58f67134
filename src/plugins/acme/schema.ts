import { ROUTE_HOSTS } from '../../entities/route-fields.ts'
import { host, port, url } from '../../plugin-kit/field-types.ts'
import { REDIS_FIELDS } from '../../plugin-kit/redis-fields.ts'
import {
  boolean,
  number,
  record,
  string,
  type EntityCheck,
  type RecordOf,
  type Shorthand,
} from '../../schema/field.ts'
import { CERTIFICATE_PREFIX, LAST_RENEWAL_KEY, RENEWAL_PREFIX } from './storage-keys.ts'

const redisFields = {
  ...REDIS_FIELDS,
  extra_options: record(
    {
      namespace: string({
        description: 'A namespace to prepend to all keys stored in Redis.',
        required: true,
        default: '',
        len_min: 0,
        custom_validator: namespaceFault,
      }),
      scan_count: number({
        description: 'The number of keys to return in Redis SCAN calls.',
        required: false,
        default: 10,
      }),
    },
    { description: 'Custom ACME Redis options' },
  ),
}

/** Else keys with and without the namespace could not be told apart. */
function namespaceFault(namespace: string): string | undefined {
  const reserved = [RENEWAL_PREFIX, LAST_RENEWAL_KEY, CERTIFICATE_PREFIX]
  const word = reserved.find((each) => namespace.startsWith(each))
  return word && `namespace can't be prefixed with reserved word: ${word}`
}

const renamed = (
  name: string,
  path: readonly string[],
  field: { readonly type: 'string' | 'integer'; readonly len_min?: number },
): readonly [string, Shorthand] => [
  name,
  {
    field: {
      ...field,
      deprecation: {
        message: `acme: config.storage_config.redis.${name} is deprecated, please use config.storage_config.redis.${path.join('.')} instead`,
        removal_in_version: '4.0',
        replaced_with: [{ path }],
      },
    },
  },
]

const redisShorthands: Readonly<Record<string, Shorthand>> = Object.fromEntries([
  renamed('auth', ['password'], { type: 'string', len_min: 0 }),
  renamed('ssl_server_name', ['server_name'], { type: 'string' }),
  renamed('namespace', ['extra_options', 'namespace'], { type: 'string', len_min: 0 }),
  renamed('scan_count', ['extra_options', 'scan_count'], { type: 'integer' }),
])

const consulFields = {
  https: boolean({ default: false, description: 'Boolean representation of https.' }),
  host: host(),
  port: port(),
  kv_path: string({ description: 'KV prefix path.' }),
  timeout: number({ description: 'Timeout in milliseconds.' }),
  token: string({ referenceable: true, description: 'Consul ACL token.' }),
}

const vaultFields = {
  ...consulFields,
  tls_verify: boolean({ default: true, description: 'Turn on TLS verification.' }),
  tls_server_name: string({ description: 'SNI used in request, default to host if omitted.' }),
  auth_method: string({
    default: 'token',
    one_of: ['token', 'kubernetes'],
    description: "Auth Method, default to token, can be 'token' or 'kubernetes'.",
  }),
  auth_path: string({ description: "Vault's authentication path to use." }),
  auth_role: string({ description: 'The role to try and assign.' }),
  jwt_path: string({ description: 'The path to the JWT.' }),
}

const accountKeyFields = {
  key_id: string({ required: true, description: 'The Key ID.' }),
  key_set: string({ description: 'The ID of the key set to associate the Key ID with.' }),
}

export const schema = {
  account_email: string({
    description: 'The account identifier. Can be reused in a different plugin instance.',
    match: '%w*%p*@+%w*%.?%w*',
    required: true,
    encrypted: true,
    referenceable: true,
  }),
  account_key: record(accountKeyFields, {
    description: 'The private key associated with the account.',
    required: false,
  }),
  api_uri: url({ default: 'https://acme-v02.api.letsencrypt.org/directory' }),
  tos_accepted: boolean({
    description:
      "If you are using Let's Encrypt, you must set this to `true` to agree the terms of service.",
    default: false,
  }),
  eab_kid: string({
    description:
      "External account binding (EAB) key id. You usually don't need to set this unless it is explicitly required by the CA.",
    encrypted: true,
    referenceable: true,
  }),
  eab_hmac_key: string({
    description:
      "External account binding (EAB) base64-encoded URL string of the HMAC key. You usually don't need to set this unless it is explicitly required by the CA.",
    encrypted: true,
    referenceable: true,
  }),
  cert_type: string({
    description:
      "The certificate type to create. The possible values are `'rsa'` for RSA certificate or `'ecc'` for EC certificate.",
    default: 'rsa',
    one_of: ['rsa', 'ecc'],
  }),
  rsa_key_size: number({
    description:
      'RSA private key size for the certificate. The possible values are 2048, 3072, or 4096.',
    default: 4096,
    one_of: [2048, 3072, 4096],
  }),
  renew_threshold_days: number({
    description: 'Days remaining to renew the certificate before it expires.',
    default: 14,
  }),
  domains: ROUTE_HOSTS,
  allow_any_domain: boolean({
    description:
      'If set to `true`, the plugin allows all domains and ignores any values in the `domains` list.',
    default: false,
  }),
  fail_backoff_minutes: number({
    description:
      'Minutes to wait for each domain that fails to create a certificate. This applies to both a\nnew certificate and a renewal certificate.',
    default: 5,
  }),
  storage: string({
    description:
      "The backend storage type to use. The possible values are `'kong'`, `'shm'`, `'redis'`, `'consul'`, or `'vault'`. In DB-less mode, `'kong'` storage is unavailable. Note that `'shm'` storage does not persist during Kong restarts and does not work for Kong running on different machines, so consider using one of `'kong'`, `'redis'`, `'consul'`, or `'vault'` in production. Please refer to the Hybrid Mode sections below as well.",
    default: 'shm',
    one_of: ['kong', 'shm', 'redis', 'consul', 'vault'],
  }),
  storage_config: record({
    shm: record({
      shm_name: string({
        description: 'Name of shared memory zone used for Kong API gateway storage',
        default: 'kong',
      }),
    }),
    kong: record({}),
    redis: record(redisFields, { shorthand_fields: redisShorthands }),
    consul: record(consulFields),
    vault: record(vaultFields),
  }),
  preferred_chain: string({
    description:
      'A string value that specifies the preferred certificate chain to use when generating certificates.',
  }),
  enable_ipv4_common_name: boolean({
    description:
      'A boolean value that controls whether to include the IPv4 address in the common name field of generated certificates.',
    default: true,
  }),
}

export type Config = RecordOf<typeof schema>

const neededForRedis = (field: 'host' | 'port'): EntityCheck => ({
  conditional: {
    if_field: 'config.storage',
    if_match: { eq: 'redis' },
    then_field: `config.storage_config.redis.${field}`,
    then_match: { required: true },
  },
})

/** @param hasDatabase whether there is one to store things in */
export function checksFor(hasDatabase: boolean): readonly EntityCheck[] {
  return [
    {
      conditional: {
        if_field: 'config.api_uri',
        if_match: {
          one_of: [
            'https://acme-v02.api.letsencrypt.org',
            'https://acme-staging-v02.api.letsencrypt.org',
          ],
        },
        then_field: 'config.tos_accepted',
        then_match: { eq: true },
        then_err: 'terms of service must be accepted, see https://letsencrypt.org/repository/',
      },
    },
    neededForRedis('host'),
    neededForRedis('port'),
    {
      custom_entity_check: {
        field_sources: ['config.storage'],
        fn: ({ config }) =>
          !hasDatabase && (config as Partial<Config> | undefined)?.storage === 'kong'
            ? `"kong" storage can't be used with dbless mode`
            : undefined,
      },
    },
  ]
}
