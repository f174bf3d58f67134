import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { keptCookies } from './cookie-settings.ts'
import type { Config } from './schema.ts'

/** A login that has begun, as the browser in which it has begun keeps it. */
export interface Login {
  /** Comes back with the code: proof that this browser has begun the login. RFC 6749 §10.12 */
  readonly state: string
  /** Comes back in the ID token: proof that it was made for this login. */
  readonly nonce: string
  /** Proves that whoever exchanges the code has begun the login. RFC 7636 */
  readonly verifier: string
  readonly clientId: string
  readonly redirectUri: string
  /** Path and query that were asked for. */
  readonly returnTo: string
  /** Unix seconds; `null`: when the browser is closed. */
  readonly endsAt: number | null
}

/** Logins that have begun in a browser, kept by it in sealed cookies. */
export interface Logins {
  find(request: ClientRequest, state: string): Login | undefined
  /** @returns the `Set-Cookie` lines that keep one more */
  begin(login: Omit<Login, 'endsAt'>, request: ClientRequest): readonly string[]
  /** @returns the lines that forget one */
  finish(login: Login, request: ClientRequest): readonly string[]
  readonly cookieNames: readonly string[]
}

/** A browser may have several tabs, and each may log in; those that began first are forgotten. */
const MAX_LOGINS = 4

/** @returns `undefined` where there is no secret to seal them with */
export function loginsOf(config: Config, node: NodeServices): Logins | undefined {
  const cookies = keptCookies(config, 'authorization')
  if (cookies === undefined) return undefined
  const lasts = config.authorization_rolling_timeout
  const seconds = (): number => Math.floor(node.now() / 1000)

  const pending = (request: ClientRequest): readonly Login[] => {
    const text = cookies.read(request)
    if (text === undefined) return []
    const logins = JSON.parse(text) as readonly Login[]
    return logins.filter(({ endsAt }) => endsAt === null || endsAt > seconds())
  }
  const lines = (logins: readonly Login[], request: ClientRequest): readonly string[] => {
    const at = { request, attributes: cookies.attributesFor(request) }
    if (logins.length === 0) return cookies.endedLines(at)
    return cookies.lines(JSON.stringify(logins), {
      ...at,
      ...(lasts > 0 && { lasts: { seconds: lasts, from: seconds() } }),
    })
  }

  return {
    cookieNames: cookies.names,
    find: (request, state) => pending(request).find((login) => equalSecrets(login.state, state)),
    begin: (login, request) =>
      lines(
        [
          ...pending(request).slice(1 - MAX_LOGINS),
          { ...login, endsAt: lasts > 0 ? seconds() + lasts : null },
        ],
        request,
      ),
    finish: ({ state }, request) =>
      lines(
        pending(request).filter((login) => login.state !== state),
        request,
      ),
  }
}
