import { createHash, randomUUID } from 'node:crypto'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { redisClient } from '../../plugin-kit/redis-counters.ts'
import { askPatiently } from '../../plugin-kit/redis-patience.ts'
import { sealWith } from '../../plugin-kit/sealed.ts'
import { sharedSecret } from './cookie-settings.ts'
import type { Config } from './schema.ts'

interface Begun {
  /** Lets others use it. One that another node has begun since stays that node's. */
  end(): Promise<void>
}

/** What nodes tell each other about refresh tokens that are being used. */
export interface SharedRefreshes {
  /**
   * @returns whether this node is to use it. `'taken'`: another one does. `'unknown'`: nobody can be
   *   asked, so each node decides alone. What was begun is to be ended.
   */
  begin(refreshToken: string): Promise<Begun | 'taken' | 'unknown'>
  /** @returns what came of it at another node */
  outcome(refreshToken: string): Promise<string | undefined>
  tell(refreshToken: string, outcome: string): Promise<void>
}

/** Takes a lock away from its owner alone. */
const END = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

/** For so long nodes that still have the session of before get what a refresh has brought. */
const TOLD_SECONDS = 60

/**
 * The Redis with the sessions, where there is one. Keys are hashes of refresh tokens, and what is told
 * is sealed by the token and the secret of the gateway. While the Redis is away each node goes by itself.
 *
 * @param longestMs longer than a refresh can take; then another node may begin one
 */
export function redisRefreshes(
  config: Config,
  node: NodeServices,
  longestMs: number,
): SharedRefreshes | undefined {
  const secret = sharedSecret(config)
  if (config.session_storage !== 'redis' || secret === undefined) return undefined
  const redis = redisClient(node, config.redis)
  const ask = askPatiently(node, {
    what: 'refreshes of openid-connect',
    meanwhile: 'this node decides alone',
  })
  const keyOf = (token: string, what: string): string =>
    `${config.redis.prefix}:${what}:${createHash('sha256').update(token).digest('base64url')}`
  const sealOf = (token: string) =>
    sealWith(`${secret} ${token}`, 'openid-connect refresh in Redis')

  return {
    async begin(token) {
      const key = keyOf(token, 'refreshing')
      const owner = randomUUID()
      const answer = await ask(() => redis.set(key, owner, 'PX', longestMs, 'NX'))
      if (answer === undefined) return 'unknown'
      if (answer === null) return 'taken'
      return { end: async () => void (await ask(() => redis.eval(END, 1, key, owner))) }
    },
    async outcome(token) {
      const told = await ask(() => redis.get(keyOf(token, 'refreshed')))
      return told === null || told === undefined ? undefined : sealOf(token).open(told)
    },
    async tell(token, outcome) {
      const sealed = sealOf(token).seal(outcome)
      await ask(() => redis.set(keyOf(token, 'refreshed'), sealed, 'EX', TOLD_SECONDS))
    },
  }
}
