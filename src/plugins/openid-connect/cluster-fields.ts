import { json, record, string, type Field } from '../../schema/field.ts'
import { REDIS_FIELDS, type RedisConfig } from '../../plugin-kit/redis-fields.ts'
import { host } from '../../plugin-kit/field-types.ts'
import type { Config } from './schema.ts'

/** Of Kong's description of a Redis: what has no effect here, and with which values it has none there. */
const HARMLESS = {
  cluster_max_redirections: [5],
  connect_timeout: [2000],
  connection_is_proxied: [false],
  keepalive_backlog: [],
  keepalive_pool_size: [256],
  read_timeout: [2000],
  send_timeout: [2000],
} as const

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
  ...Object.keys(HARMLESS).map((name) => [
    name,
    json({ description: 'Accepted, as configurations of Kong have it. It has no effect.' }),
  ]),
  ...REFUSED.map((name) => [
    name,
    json({
      description: 'Not supported: a single Redis is asked.',
      custom_validator: (value: unknown) => (value === null ? undefined : 'not supported'),
    }),
  ]),
]) as Record<keyof typeof HARMLESS | (typeof REFUSED)[number], Field<unknown>>

/** Where nodes know together what counts once, and what has ended. */
export const clusterFields = {
  cluster_cache_strategy: string({
    description:
      'Whether nodes tell each other, over a Redis, which proofs of DPoP were used and which sessions have ended. With `off` each node knows that for itself.',
    required: true,
    one_of: ['off', 'redis'],
    default: 'off',
  }),
  cluster_cache_redis: record(
    { ...REDIS_FIELDS, host: host({ default: '127.0.0.1' }), ...others },
    { description: 'That Redis.', required: true },
  ),
} as const

/** The Redis that nodes share, if they do. */
export function clusterRedis({
  cluster_cache_strategy: strategy,
  cluster_cache_redis: redis,
}: Pick<Config, 'cluster_cache_strategy' | 'cluster_cache_redis'>): RedisConfig | undefined {
  return strategy === 'redis' ? redis : undefined
}
