import type { Config } from './schema.ts'

/**
 * A configuration in which the fields have their defaults that it has set to `null`, as files have it
 * that Kong has written out; no tokens are told where `login_tokens` is `null`.
 */
export function completedConfig(config: Partial<Config>): Config {
  const { redis, cluster_cache_redis: cluster } = config
  return {
    ...DEFAULTS,
    ...config,
    redis: { ...REDIS_DEFAULTS, prefix: SESSION_PREFIX, ...redis },
    cluster_cache_redis: { ...REDIS_DEFAULTS, ...cluster },
  } as Config
}

/** Of the keys of sessions in a Redis. */
export const SESSION_PREFIX = 'portunus:openid-connect:session'

const DEFAULTS = {
  client_arg: 'client_id',
  introspection_hint: 'access_token',
  login_tokens: [],
  rediscovery_lifetime: 30,
  refresh_token_param_name: 'refresh_token',
} as const satisfies Partial<Config>

const REDIS_DEFAULTS = { host: '127.0.0.1', port: 6379 }
