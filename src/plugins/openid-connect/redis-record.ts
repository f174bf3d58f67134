import { host, timeout } from '../../plugin-kit/field-types.ts'
import { REDIS_FIELDS } from '../../plugin-kit/redis-fields.ts'
import { json, type Field } from '../../schema/field.ts'

/** Of Kong's description of a Redis: what has no effect here. */
const WITHOUT_EFFECT = [
  'cluster_max_redirections',
  'connection_is_proxied',
  'keepalive_backlog',
  'keepalive_pool_size',
  'send_timeout',
] as const

/** What would make it another Redis. */
const REFUSED = [
  'cluster_nodes',
  'sentinel_master',
  'sentinel_nodes',
  'sentinel_password',
  'sentinel_role',
  'sentinel_username',
] as const

const others = Object.fromEntries([
  ...WITHOUT_EFFECT.map((name) => [
    name,
    json({ description: 'Accepted, as configurations of Kong have it. It has no effect.' }),
  ]),
  ...REFUSED.map((name) => [
    name,
    json({
      description: 'Not supported: a single Redis is asked.',
      custom_validator: (value: unknown) =>
        value === null ? undefined : 'not supported: name one Redis, by host and port',
    }),
  ]),
]) as Record<(typeof WITHOUT_EFFECT)[number] | (typeof REFUSED)[number], Field<unknown>>

/** Fields of a record that says where a Redis is, with the names that Kong Enterprise has for them. */
export const REDIS_RECORD_FIELDS = {
  ...REDIS_FIELDS,
  host: host({ default: '127.0.0.1' }),
  connect_timeout: timeout({
    description: 'How long, in milliseconds, connecting may take. Without it `timeout`.',
  }),
  read_timeout: timeout({
    description: 'How long, in milliseconds, an answer may take. Without it `timeout`.',
  }),
  ...others,
} as const
