import type { Answer } from '../../plugin-kit/answer.ts'
import type { ClientRequest, Exchange } from '../../plugin-kit/exchange.ts'
import { ownUrl } from '../../plugin-kit/own-url.ts'
import { afterLogin } from './after-login.ts'
import { authorizationUrl } from './authorization-request.ts'
import type { Callback } from './callback.ts'
import type { OidcClient } from './clients.ts'
import { refused, type Found, type Refused } from './found.ts'
import { loadOAuth } from '../../plugin-kit/oauth/libraries.ts'
import type { Login, Logins } from './logins.ts'
import { pairsOf } from './pair-fields.ts'
import { askedFor } from './own-urls.ts'
import { GrantRefused } from './provider-errors.ts'
import { redirect } from './redirect.ts'
import type { Config } from './schema.ts'
import type { Sessions } from './sessions.ts'
import type { Parts } from './token-checks.ts'
import { trustedClaims } from './tokens.ts'

/** A browser is sent to the provider. */
export interface Departure {
  readonly answer: Answer
  readonly cookies: readonly string[]
}

/** A browser has come back, and somebody has logged in. */
export interface Arrival {
  readonly found: Found
  /** What the browser gets, where it does not get what it asked for. */
  readonly answer: Answer | undefined
  readonly cookies: readonly string[]
}

interface Coming {
  readonly login: Login
  readonly client: OidcClient
  readonly callback: Callback
}

interface Means {
  readonly logins: Logins
  readonly sessions: Sessions
}

/**
 * The authorization code flow with PKCE.
 *
 * @see OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9700 §2.1
 */
export class LoginFlow {
  readonly #parts: Parts
  readonly #logins: Logins
  readonly #sessions: Sessions

  constructor(parts: Parts, { logins, sessions }: Means) {
    this.#parts = parts
    this.#logins = logins
    this.#sessions = sessions
  }

  /** Whether any login has begun in this browser. */
  hasPending(request: ClientRequest): boolean {
    return this.#logins.cookieNames.some((name) => request.cookie(name) !== undefined)
  }

  /** Whether the browser comes back from a login that has begun in it. */
  isArrival(request: ClientRequest, { state }: Callback): boolean {
    return this.#logins.find(request, state) !== undefined
  }

  async complete(exchange: Exchange, callback: Callback): Promise<Arrival | Refused> {
    const login = this.#logins.find(exchange.request, callback.state)
    const client = this.#parts.clients.find(({ id }) => id === login?.clientId)
    // Starting over could go round for ever, where the browser keeps no cookies.
    if (login === undefined || client === undefined)
      return refused('login-unknown', 'no login with this state has begun in this browser')
    return this.#exchangeCode(exchange, { login, client, callback })
  }

  async begin({ request }: Exchange, client: OidcClient): Promise<Departure> {
    const { config, provided } = this.#parts
    const oauth = await loadOAuth()
    const { authorization_endpoint: endpoint } = await provided.metadata()
    if (endpoint === undefined)
      throw new Error(`The provider ${config.issuer} has no authorization_endpoint`)
    const login = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      clientId: client.id,
      redirectUri: client.redirectUri ?? ownUrl(request, request.rawPath),
      returnTo: askedFor(request),
    }
    const parameters = {
      ...argumentsOfClient(config, request),
      ...configuredArguments(config),
      response_type: 'code',
      client_id: client.id,
      redirect_uri: login.redirectUri,
      scope: config.scopes.join(' '),
      state: login.state,
      nonce: login.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(login.verifier),
      code_challenge_method: 'S256',
      ...(config.response_mode !== 'query' && { response_mode: config.response_mode }),
    }
    const location = await authorizationUrl(this.#parts, client, { endpoint, parameters })
    const cookies = this.#logins.begin(login, request)
    return { answer: redirect(location, 'to log in'), cookies }
  }

  async #exchangeCode(
    exchange: Exchange,
    { login, client, callback }: Coming,
  ): Promise<Arrival | Refused> {
    const { config, provided } = this.#parts
    const { request } = exchange
    try {
      const tokens = await provided.exchangeCode(client, callback.parameters, login)
      const startsSession = config.disable_session?.includes('authorization_code') !== true
      const session = startsSession ? this.#sessions.begin(client.id, tokens) : undefined
      const found: Found = {
        method: 'authorization_code',
        client,
        tokens,
        accessClaims: trustedClaims(tokens.accessToken),
        session,
        hide: () => undefined,
      }
      const lines = session === undefined ? [] : await this.#sessions.keep(session, 'new', request)
      return {
        found,
        answer: await afterLogin(exchange, this.#parts, {
          method: found.method,
          client,
          tokens,
          askedFor: login.returnTo,
        }),
        cookies: [...this.#logins.finish(login, request), ...lines],
      }
    } catch (error) {
      if (!(error instanceof GrantRefused)) throw error
      return refused('login-refused', `the login failed: ${error.message}`)
    }
  }
}

function argumentsOfClient(
  { authorization_query_args_client: names = [] }: Config,
  request: ClientRequest,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = request.queryValue(name)
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}

function configuredArguments(config: Config): Readonly<Record<string, string>> {
  const { audience, max_age: maxAge } = config
  return {
    ...pairsOf(config, 'authorization_query_args'),
    ...(audience && audience.length > 0 && { audience: audience.join(' ') }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
  }
}
