import type { Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { afterLogin } from './after-login.ts'
import type { Found } from './found.ts'
import { askedFor } from './own-urls.ts'
import type { Session } from './session-storage.ts'
import type { Sessions } from './sessions.ts'
import type { Parts } from './token-checks.ts'

interface GrantLogin {
  readonly session: Session | undefined
  /** What the client gets, where it does not get what it asked for. */
  readonly answer: Answer | undefined
  readonly cookies: readonly string[]
}

/**
 * Lets clients log in by a request with credentials: from then on they need nothing but the session.
 * @returns nothing for a request by a method that does not log in (`login_methods`)
 */
export function grantLogin(
  parts: Parts,
  sessions: Sessions | undefined,
): (exchange: Exchange, found: Found) => Promise<GrantLogin | undefined> {
  const { login_methods: methods, disable_session: without = [] } = parts.config
  const logsIn = (found: Found): boolean =>
    (found.method === 'password' || found.method === 'refresh_token') &&
    methods.includes(found.method)

  return async (exchange, found) => {
    const { method, client, tokens } = found
    if (!logsIn(found) || client === undefined) return undefined
    const session = without.includes(method) ? undefined : sessions?.begin(client.id, tokens)
    const { request } = exchange
    return {
      session,
      answer: await afterLogin(exchange, parts, {
        method,
        client,
        tokens,
        askedFor: askedFor(request),
      }),
      cookies: session === undefined ? [] : await sessions!.keep(session, 'new', request),
    }
  }
}
