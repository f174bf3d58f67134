import type { RedisConfig } from '../../plugin-kit/redis-fields.ts'
import { record, string } from '../../schema/field.ts'
import { REDIS_RECORD_FIELDS } from './redis-record.ts'
import type { Config } from './schema.ts'

/** Where nodes know together what counts once, and what has ended. */
export const clusterFields = {
  cluster_cache_strategy: string({
    description:
      'Whether nodes tell each other, over a Redis, which proofs of DPoP were used and which sessions have ended. With `off` each node knows that for itself.',
    required: true,
    one_of: ['off', 'redis'],
    default: 'off',
  }),
  cluster_cache_redis: record(REDIS_RECORD_FIELDS, { description: 'That Redis.', required: true }),
} as const

/** The Redis that nodes share, if they do. */
export function clusterRedis({
  cluster_cache_strategy: strategy,
  cluster_cache_redis: redis,
}: Pick<Config, 'cluster_cache_strategy' | 'cluster_cache_redis'>): RedisConfig | undefined {
  return strategy === 'redis' ? redis : undefined
}
