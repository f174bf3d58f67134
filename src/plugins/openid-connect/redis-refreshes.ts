import { createHash } from 'node:crypto'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { redisClient } from '../../plugin-kit/redis-counters.ts'
import { askPatiently } from '../../plugin-kit/redis-patience.ts'
import { sealWith } from '../../plugin-kit/sealed.ts'
import { sharedSecret } from './cookie-settings.ts'
import type { Config } from './schema.ts'

/** What nodes tell each other about refresh tokens that are being used. */
export interface SharedRefreshes {
  /** @returns whether this node is to use it, and no other one does; to be ended */
  begin(refreshToken: string): Promise<boolean>
  end(refreshToken: string): Promise<void>
  /** @returns what came of it at another node */
  outcome(refreshToken: string): Promise<string | undefined>
  tell(refreshToken: string, outcome: string): Promise<void>
}

/** After so long a node that refreshes is no longer waited for. */
const LOCK_SECONDS = 15
/** For so long nodes that still have the session of before get what a refresh has brought. */
const TOLD_SECONDS = 60

/**
 * The Redis with the sessions, where there is one. Keys are hashes of refresh tokens, and what is told
 * is sealed by the token and the secret of the gateway. While the Redis is away each node goes by itself.
 */
export function redisRefreshes(config: Config, node: NodeServices): SharedRefreshes | undefined {
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
      const answer = await ask(() =>
        redis.set(keyOf(token, 'refreshing'), '1', 'EX', LOCK_SECONDS, 'NX'),
      )
      return answer !== null
    },
    async end(token) {
      await ask(() => redis.del(keyOf(token, 'refreshing')))
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
