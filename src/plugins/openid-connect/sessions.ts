import { randomBytes } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import { endedThings } from '../../plugin-kit/cluster-marks.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { clusterRedis } from './cluster-fields.ts'
import { keptCookies } from './cookie-settings.ts'
import type { Config } from './schema.ts'
import type { Tokens } from './tokens.ts'

/** Somebody who has logged in. Times are Unix seconds. */
export interface Session {
  readonly id: string
  readonly clientId: string
  readonly tokens: Tokens
  readonly createdAt: number
  /** When it was last renewed. */
  readonly renewedAt: number
  /** When it was last used, to a minute. */
  readonly usedAt: number
}

/** Sessions of an instance, which browsers keep in sealed cookies. */
export interface Sessions {
  /** @returns one that still holds */
  find(request: ClientRequest): Promise<Session | undefined>
  begin(clientId: string, tokens: Tokens): Session
  /** @returns the session as it is to be sent again; `undefined` while that is not due */
  touched(session: Session): Session | undefined
  /** @returns the `Set-Cookie` lines */
  lines(session: Session, request: ClientRequest): readonly string[]
  /**
   * Ends the session, also for whoever has a copy of its cookies: in all workers of this node at once,
   * and on all nodes where `cluster_cache_strategy` has them tell each other.
   * @returns the lines that take the cookies away
   */
  end(session: Session, request: ClientRequest): Promise<readonly string[]>
  /** @returns the lines that take away cookies of a session that has ended or never was */
  forget(request: ClientRequest): readonly string[]
  /** Cookies that are no business of the upstream. */
  readonly cookieNames: readonly string[]
}

/** A use is taken note of at most so often, since it needs new cookies. */
const TOUCH_SECONDS = 60
/** What is left of the rolling timeout when a session is renewed. */
const RENEWAL_SHARE = 0.25
/** How long it is known that a session has ended which would never end by itself. */
const ENDED_SECONDS = 30 * 86_400

/** @returns `undefined` where there is no secret to seal them with */
export function sessionsOf(config: Config, node: NodeServices): Sessions | undefined {
  const cookies = keptCookies(config, 'session')
  if (cookies === undefined) return undefined
  const ended = endedThings(node, 'openid-connect ended', clusterRedis(config))
  const timeouts = {
    idling: config.session_idling_timeout,
    rolling: config.session_rolling_timeout,
    absolute: config.session_absolute_timeout,
  }
  const seconds = (): number => Math.floor(node.now() / 1000)
  const forget = (request: ClientRequest): readonly string[] =>
    cookies.endedLines({ request, attributes: cookies.attributesFor(request) })
  const holds = (since: number, timeout: number): boolean =>
    timeout === 0 || since + timeout > seconds()

  return {
    cookieNames: cookies.names,
    async find(request) {
      const text = cookies.read(request)
      const session = text === undefined ? undefined : readSession(text)
      const isInTime =
        session !== undefined &&
        holds(session.usedAt, timeouts.idling) &&
        holds(session.renewedAt, timeouts.rolling) &&
        holds(session.createdAt, timeouts.absolute)
      return isInTime && !(await ended.hasEnded(session.id)) ? session : undefined
    },
    begin(clientId, tokens) {
      const now = seconds()
      const id = randomBytes(32).toString('base64url')
      return { id, clientId, tokens, createdAt: now, renewedAt: now, usedAt: now }
    },
    touched(session) {
      const now = seconds()
      const { rolling } = timeouts
      const isNearEnd =
        rolling !== 0 && session.renewedAt + rolling - now <= rolling * RENEWAL_SHARE
      if (isNearEnd) return { ...session, renewedAt: now, usedAt: now }
      return now - session.usedAt >= TOUCH_SECONDS ? { ...session, usedAt: now } : undefined
    },
    lines: (session, request) =>
      cookies.lines(JSON.stringify(session), {
        request,
        attributes: cookies.attributesFor(request),
      }),
    async end(session, request) {
      const lasts = timeouts.absolute === 0 ? ENDED_SECONDS : timeouts.absolute
      await ended.end(session.id, seconds() + lasts)
      return forget(request)
    },
    forget,
  }
}

/** @param text comes from a seal, so its form is ours */
function readSession(text: string): Session | undefined {
  const value: unknown = JSON.parse(text)
  return isJsonObject(value) && typeof value['id'] === 'string' && isJsonObject(value['tokens'])
    ? (value as unknown as Session)
    : undefined
}
