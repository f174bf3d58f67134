import { boolean, integer, record, string, type RecordOf, type Shorthand } from '../schema/field.ts'
import { host, port, serverName, timeout } from './field-types.ts'

/** Fields of a record that says where a Redis is. */
export const REDIS_FIELDS = {
  host: host(),
  port: port({ default: 6379 }),
  timeout: timeout({ default: 2000 }),
  username: string({
    description:
      "Username to use for Redis connections. If undefined, ACL authentication won't be performed. This requires Redis v6.0.0+. To be compatible with Redis v5.x.y, you can set it to `default`.",
    referenceable: true,
  }),
  password: string({
    description:
      'Password to use for Redis connections. If undefined, no AUTH commands are sent to Redis.',
    encrypted: true,
    referenceable: true,
    len_min: 0,
  }),
  database: integer({
    description: 'Database to use for the Redis connection when using the `redis` strategy',
    default: 0,
  }),
  ssl: boolean({
    description: 'If set to true, uses SSL to connect to Redis.',
    required: false,
    default: false,
  }),
  ssl_verify: boolean({
    description:
      'If set to true, verifies the validity of the server SSL certificate. If setting this parameter, also configure `lua_ssl_trusted_certificate` in `kong.conf` to specify the CA (or server) certificate used by your Redis server. You may also need to configure `lua_ssl_verify_depth` accordingly.',
    required: false,
    default: false,
  }),
  server_name: serverName({ required: false }),
}

/** Where a Redis is, and how long it may take. */
export interface RedisConfig extends RecordOf<typeof REDIS_FIELDS> {
  /** Path of a unix socket, in place of host and port. */
  readonly socket?: string | undefined
  /** Milliseconds, as the next one; `timeout` stands in for each that is absent. */
  readonly connect_timeout?: number | undefined
  readonly read_timeout?: number | undefined
}

/** Where a Redis is, as several plugins configure it. */
export const redisField = record(REDIS_FIELDS, {
  description: 'Redis configuration',
  required: true,
})

/** The names these fields had before they stood in a record; still accepted, and shown. */
export function redisShorthands(plugin: string): Readonly<Record<string, Shorthand>> {
  const shorthand = (name: keyof typeof REDIS_FIELDS, options: object = {}) =>
    [
      `redis_${name}`,
      {
        field: {
          type: REDIS_FIELDS[name].type,
          ...options,
          deprecation: {
            message: `${plugin}: config.redis_${name} is deprecated, please use config.redis.${name} instead`,
            removal_in_version: '4.0',
            replaced_with: [{ path: ['redis', name] }],
          },
        },
      },
    ] as const
  return Object.fromEntries([
    shorthand('host'),
    shorthand('port'),
    shorthand('password', { len_min: 0 }),
    shorthand('username'),
    shorthand('ssl'),
    shorthand('ssl_verify'),
    shorthand('server_name'),
    shorthand('timeout'),
    shorthand('database'),
  ]) as Readonly<Record<string, Shorthand>>
}
