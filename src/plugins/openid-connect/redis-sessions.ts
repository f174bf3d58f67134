import { createHash } from 'node:crypto'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { redisClient } from '../../plugin-kit/redis-counters.ts'
import { askPatiently } from '../../plugin-kit/redis-patience.ts'
import { sealWith, type Seal } from '../../plugin-kit/sealed.ts'
import type { Config } from './schema.ts'
import {
  readSession,
  SessionsUnavailable,
  writeSession,
  type Keeping,
  type Session,
  type SessionStorage,
} from './session-storage.ts'

/** Puts a value in the place of the one that it was made from, and of no other. */
const REPLACE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`

/**
 * Sessions in a Redis, of which the cookie has the id alone. Whoever reads that Redis learns nothing:
 * the key is a hash of the id, and the value is sealed by a key that is made of the id and of the
 * secret of the gateway. So neither of the two opens it alone, and a value that was put under another
 * key opens nothing.
 *
 * @param secret that cookies are sealed with
 */
export function redisSessions(config: Config, node: NodeServices, secret: string): SessionStorage {
  const redis = redisClient(node, config.redis)
  const ask = askPatiently(node, {
    what: 'sessions of openid-connect',
    meanwhile: 'requests that bring one are answered 503',
  })
  const keyOf = (id: string): string =>
    `${config.redis.prefix}:${createHash('sha256').update(id).digest('base64url')}`
  const sealOf = (id: string): Seal => sealWith(`${id}${secret}`, 'openid-connect session in Redis')

  async function must<Value>(question: () => Promise<Value>): Promise<Value> {
    const answer = await ask(question)
    if (answer === undefined) throw new SessionsUnavailable()
    return answer
  }

  async function write(key: string, value: string, { stored }: Session, how: Keeping) {
    switch (how.kind) {
      case 'new':
        return redis.set(key, value, 'EX', how.seconds)
      case 'changed':
        return redis.set(key, value, 'EX', how.seconds, 'XX')
      case 'used':
        return redis.eval(REPLACE, 1, key, stored ?? '', value, how.seconds)
    }
  }

  return {
    isCookie: false,
    cookieText: ({ id }) => id,
    async read(id) {
      const stored = await must(() => redis.get(keyOf(id)))
      const text = stored === null ? undefined : sealOf(id).open(stored)
      const session = text === undefined ? undefined : readSession(text)
      return session && { ...session, stored: stored ?? undefined }
    },
    async keep(session, how) {
      const value = sealOf(session.id).seal(writeSession(session))
      await must(() => write(keyOf(session.id), value, session, how))
    },
    async remove({ id }) {
      await must(() => redis.del(keyOf(id)))
    },
  }
}
