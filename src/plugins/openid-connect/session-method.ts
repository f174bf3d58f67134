import { hideCookies } from './credentials.ts'
import type { Ask, Found, Outcome } from './found.ts'
import { GrantRefused } from './provider-errors.ts'
import { redisRefreshes } from './redis-refreshes.ts'
import { refreshOnce } from './refresh-once.ts'
import type { Session } from './session-storage.ts'
import type { Sessions } from './sessions.ts'
import type { Parts } from './token-checks.ts'
import { trustedClaims, type Tokens } from './tokens.ts'

/** Authenticates by a session; one whose access token has ended is renewed, or ends. */
export function sessionMethod(
  { config, clients, node, provided, checks }: Parts,
  sessions: Sessions | undefined,
): (ask: Ask) => Promise<Outcome> {
  const isRefusal = (error: unknown): boolean => error instanceof GrantRefused
  // Metadata and keys, the refresh, and both again for an ID token whose key is new; and a margin.
  const longestMs = 5 * config.timeout + 5000
  const shared = redisRefreshes(config, node, longestMs)
  const refresh = refreshOnce(node, { isRefusal, longestMs, shared })

  function hasEnded({ expiresAt }: Tokens): boolean {
    return expiresAt !== undefined && expiresAt <= node.now() / 1000
  }

  /** Whether what a session rests on still holds, where that is to be looked at. */
  async function hasLapsed({ idToken }: Tokens): Promise<boolean> {
    if (!config.reverify || idToken === undefined) return false
    return 'fault' in (await checks.verify(idToken))
  }

  async function renewed(session: Session): Promise<Session | undefined> {
    const { tokens, clientId } = session
    const { refreshToken } = tokens
    const client = clients.find(({ id }) => id === clientId)
    if (!config.refresh_tokens || refreshToken === undefined || client === undefined)
      return undefined
    const outcome = await refresh(refreshToken, () =>
      provided.refresh(client, { ...tokens, refreshToken }),
    )
    if ('tokens' in outcome) return { ...session, tokens: outcome.tokens }
    node.log.info(`openid-connect: a session cannot be renewed: ${outcome.refused}`)
    return undefined
  }

  return async ({ exchange, onEnded }) => {
    const session = await sessions?.find(exchange.request)
    const client = clients.find(({ id }) => id === session?.clientId)
    // Of a client that is no longer configured: nothing vouches for such a session.
    if (sessions === undefined || session === undefined || client === undefined) return undefined
    const isGood = !hasEnded(session.tokens) && !(await hasLapsed(session.tokens))
    const current = isGood ? session : await renewed(session)
    if (current === undefined || (!isGood && (await hasLapsed(current.tokens)))) {
      await onEnded(session)
      return undefined
    }
    const found: Found = {
      method: 'session',
      client,
      tokens: current.tokens,
      accessClaims: trustedClaims(current.tokens.accessToken),
      session: current,
      hasNewTokens: current !== session,
      hide: () => hideCookies(exchange, sessions.cookieNames),
    }
    return found
  }
}
