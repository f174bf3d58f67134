import type { RedisConfig } from '../../plugin-kit/redis-fields.ts'
import type { AcmeStorage } from './storage.ts'

/** What is needed of a client of Redis. */
export interface RedisClient {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
  set(key: string, value: string, ex: 'EX', seconds: number): Promise<unknown>
  set(key: string, value: string, ex: 'EX', seconds: number, nx: 'NX'): Promise<string | null>
  del(key: string): Promise<unknown>
  scan(
    cursor: string,
    match: 'MATCH',
    pattern: string,
    count: 'COUNT',
    size: number,
  ): Promise<[cursor: string, keys: string[]]>
}

export interface RedisStorageConfig extends RedisConfig {
  readonly extra_options: { readonly namespace: string; readonly scan_count: number }
}

export function redisStorage(redis: RedisClient, config: RedisStorageConfig): AcmeStorage {
  const { namespace, scan_count: size } = config.extra_options
  const named = (key: string): string => `${namespace}${key}`
  return {
    async get(key) {
      return (await redis.get(named(key))) ?? undefined
    },
    async set(key, value, ttlSeconds) {
      if (ttlSeconds === undefined) await redis.set(named(key), value)
      else await redis.set(named(key), value, 'EX', ttlSeconds)
    },
    async add(key, value, ttlSeconds) {
      return (await redis.set(named(key), value, 'EX', ttlSeconds, 'NX')) !== null
    },
    async delete(key) {
      await redis.del(named(key))
    },
    async list(prefix) {
      const pattern = `${named(prefix).replaceAll(/[*?[\]\\]/g, String.raw`\$&`)}*`
      const found = new Set<string>()
      let cursor = '0'
      do {
        const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', size)
        for (const key of keys) found.add(key.slice(namespace.length))
        cursor = next
      } while (cursor !== '0')
      return [...found]
    },
  }
}
