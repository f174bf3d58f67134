import { randomBytes } from 'node:crypto'
import { endedThings } from '../../plugin-kit/cluster-marks.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import {
  isAlive,
  refreshed,
  secondsLeft,
  sessionFact,
  type SessionFact,
  type Timeouts,
} from '../../plugin-kit/session-times.ts'
import { clusterRedis } from './cluster-fields.ts'
import { keptCookies, sharedSecret } from './cookie-settings.ts'
import { redisSessions } from './redis-sessions.ts'
import type { Config } from './schema.ts'
import { cookieStorage, type Keeping, type Session } from './session-storage.ts'
import { trustedClaims, type Tokens } from './tokens.ts'

/**
 * Sessions of an instance. Where they are kept outside of cookies, methods that promise something
 * throw `SessionsUnavailable` while that place cannot be asked.
 */
export interface Sessions {
  /** @returns one that still holds */
  find(request: ClientRequest): Promise<Session | undefined>
  /** A new one, under a new id, that is kept nowhere yet. */
  begin(clientId: string, tokens: Tokens): Session
  /** @returns the session as it is to be kept anew; `undefined` while that is not due */
  touched(session: Session): Session | undefined
  /** @returns the `Set-Cookie` lines */
  keep(session: Session, kind: Keeping['kind'], request: ClientRequest): Promise<readonly string[]>
  /**
   * Ends the session, also for whoever has a copy of its cookies: on all nodes where it is in a Redis,
   * or where `cluster_cache_strategy` has them tell each other; else in all workers of this node.
   * @returns the lines that take the cookies away
   */
  end(session: Session, request: ClientRequest): Promise<readonly string[]>
  /** @returns the lines that take away cookies of a session that has ended or never was */
  forget(request: ClientRequest): readonly string[]
  /** Cookies that are no business of the upstream. */
  readonly cookieNames: readonly string[]
  /** What a header tells about a session. */
  fact(session: Session, fact: SessionFact): string | undefined
}

/**
 * So long lasts what has no timeout, as long as nobody comes with it, and so long is its end known.
 * Browsers keep no cookie longer.
 */
const LONGEST_SECONDS = 400 * 86_400

/** @returns `undefined` where there is no secret to seal them with */
export function sessionsOf(config: Config, node: NodeServices): Sessions | undefined {
  const cookies = keptCookies(config, 'session')
  const secret = sharedSecret(config)
  if (cookies === undefined || secret === undefined) return undefined
  const isInRedis = config.session_storage === 'redis'
  const storage = isInRedis ? redisSessions(config, node, secret) : cookieStorage
  // What is in a Redis is gone from there for all nodes.
  const ended = endedThings(
    node,
    'openid-connect ended',
    isInRedis ? undefined : clusterRedis(config),
  )
  const timeouts = timeoutsOf(config)
  const seconds = (): number => Math.floor(node.now() / 1000)
  const lasts = (session: Session): number =>
    Math.max(1, Math.ceil(Math.min(LONGEST_SECONDS, secondsLeft(session, timeouts, seconds()))))
  const forget = (request: ClientRequest): readonly string[] =>
    cookies.endedLines({ request, attributes: cookies.attributesFor(request) })

  return {
    cookieNames: cookies.names,
    async find(request) {
      const text = cookies.read(request)
      const session = text === undefined ? undefined : await storage.read(text)
      if (session === undefined || !isAlive(session, timeouts, seconds())) return undefined
      return (await ended.hasEnded(session.id)) ? undefined : session
    },
    begin(clientId, tokens) {
      const now = seconds()
      const id = randomBytes(32).toString('base64url')
      return { id, clientId, tokens, createdAt: now, renewedAt: now, usedAt: now }
    },
    touched: (session) => refreshed(session, timeouts, seconds()),
    async keep(session, kind, request) {
      await storage.keep(session, { kind, seconds: lasts(session) })
      if (kind !== 'new' && !storage.isCookie && !config.session_remember) return []
      return cookies.lines(storage.cookieText(session), {
        request,
        attributes: cookies.attributesFor(request),
        ...(config.session_remember && { lasts: { seconds: lasts(session), from: seconds() } }),
      })
    },
    async end(session, request) {
      await storage.remove(session)
      const known = timeouts.absolute === 0 ? LONGEST_SECONDS : timeouts.absolute
      await ended.end(session.id, seconds() + known)
      return forget(request)
    },
    forget,
    fact(session, fact) {
      const subject = trustedClaims(session.tokens.idToken)?.['sub']
      if (fact === 'subject') return typeof subject === 'string' ? subject : undefined
      const whose = { ...session, audience: config.session_audience, subject: '' }
      return sessionFact(whose, fact, { timeouts, now: seconds() })
    },
  }
}

/** A session that is to outlive the browser has timeouts of its own, and may rest as long as it lasts. */
function timeoutsOf(config: Config): Timeouts {
  return config.session_remember
    ? {
        idling: 0,
        rolling: config.session_remember_rolling_timeout,
        absolute: config.session_remember_absolute_timeout,
      }
    : {
        idling: config.session_idling_timeout,
        rolling: config.session_rolling_timeout,
        absolute: config.session_absolute_timeout,
      }
}
