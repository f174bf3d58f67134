import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import {
  authenticateRequest,
  credentialsUnavailable,
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { isTlsMethod } from '../../plugin-kit/oauth/client-auth.ts'
import type { PluginContext, PluginHandlers } from '../../plugin-kit/plugin.ts'
import { callbackOf, type Callback } from './callback.ts'
import { chosenClient, clientsOf, type OidcClient } from './clients.ts'
import { Credentials, hideCookies } from './credentials.ts'
import { claimSources, type Found, type Refused } from './found.ts'
import { forwardedHeaders, type ForwardedHeaders } from './forward-headers.ts'
import { grantLogin } from './grant-login.ts'
import { identifier, type Identify } from './identify.ts'
import { LoginFlow } from './login-flow.ts'
import { loginsOf } from './logins.ts'
import { logoutFlow, logoutRule } from './logout.ts'
import { methodsOf } from './methods.ts'
import { parameterFaults } from './parameter-faults.ts'
import { redirect } from './redirect.ts'
import { ProviderClient } from './provider-client.ts'
import { providerOf } from './provider.ts'
import { refusalsOf, type Refusals } from './refusals.ts'
import { shortageOf } from './requirements.ts'
import type { Config } from './schema.ts'
import { SessionsUnavailable, type Session } from './session-storage.ts'
import { sessionsOf, type Sessions } from './sessions.ts'
import { tokenChecks, type Parts } from './token-checks.ts'
import { fieldsWithoutEffect } from './unsupported-fields.ts'
import { withUserInfo } from './user-info.ts'
import { verifierOf } from './verify-token.ts'

/** What one exchange has come to so far. */
interface State {
  /** As the client sent them. */
  readonly credentials: Credentials
  /** `Set-Cookie` lines for whatever answer there will be. */
  cookies: readonly string[]
  /** A login or logout, which comes before all else. */
  answer: Answer | undefined
  /** Headers that the client gets. */
  told: readonly (readonly [name: string, value: string])[]
}

export class OpenidConnectHandlers implements PluginHandlers {
  readonly #config: Config
  readonly #parts: Parts
  readonly #sessions: Sessions | undefined
  readonly #login: LoginFlow | undefined
  readonly #authenticate: ReturnType<typeof methodsOf>
  readonly #logIn: ReturnType<typeof grantLogin>
  readonly #endsSession: ReturnType<typeof logoutRule>
  readonly #logOut: ReturnType<typeof logoutFlow>
  readonly #identify: Identify
  readonly #refusals: Refusals
  readonly #upstream: ForwardedHeaders
  readonly #downstream: ForwardedHeaders
  /** Whether clients may get tokens in headers. */
  readonly #tellsTokens: boolean
  readonly #cookieNames: readonly string[]
  readonly #log: PluginContext['node']['log']
  /** Metadata with which the configuration was compared, and fits. */
  #verifiedAgainst: object | undefined
  readonly #gate: ReturnType<typeof authenticateRequest>

  constructor(config: Config, context: PluginContext) {
    const { node } = context
    const sessions = sessionsOf(config, node)
    const logins = loginsOf(config, node)
    const parts = partsOf(config, context)
    this.#config = config
    this.#parts = parts
    this.#sessions = sessions
    this.#login =
      config.auth_methods.includes('authorization_code') && logins && sessions
        ? new LoginFlow(parts, { logins, sessions })
        : undefined
    this.#authenticate = methodsOf(parts, sessions)
    this.#logIn = grantLogin(parts, sessions)
    this.#endsSession = logoutRule(config)
    this.#logOut = logoutFlow(parts, sessions)
    this.#identify = identifier(config, context)
    this.#refusals = refusalsOf(config)
    const means = { sessions, keys: () => parts.provider.known?.facts.keys.keys ?? [] }
    this.#upstream = forwardedHeaders(config, 'upstream', means)
    this.#downstream = forwardedHeaders(config, 'downstream', means)
    this.#tellsTokens =
      (config.downstream_access_token_header ??
        config.downstream_id_token_header ??
        config.downstream_refresh_token_header) !== undefined
    this.#cookieNames = [...(sessions?.cookieNames ?? []), ...(logins?.cookieNames ?? [])]
    this.#log = node.log
    this.#gate = authenticateRequest({
      context,
      anonymous: config.anonymous,
      runOnPreflight: config.run_on_preflight,
      attempt: (exchange) => this.#attempt(exchange).catch(unlessUnavailable),
      onAnonymous: (exchange) => this.#stateOf(exchange).credentials.hideUnseen(),
    })
    warnAbout(config, parts, node.log)
  }

  async access(exchange: Exchange): Promise<Answer | undefined> {
    // Its credentials are read with it, before anything is taken away.
    this.#stateOf(exchange)
    this.#upstream.strip(exchange)
    const refusal = await this.#decide(exchange)
    // Our cookies are no business of the upstream, which could take a session with them.
    hideCookies(exchange, this.#cookieNames)
    return this.#stateOf(exchange).answer ?? refusal ?? undefined
  }

  async #decide(exchange: Exchange): Promise<Answer | undefined> {
    const [elsewhere] = this.#config.unexpected_redirect_uri ?? []
    if (elsewhere === undefined) return (await this.#gate(exchange)) ?? undefined
    try {
      return (await this.#gate(exchange)) ?? undefined
    } catch (error) {
      this.#log.error('openid-connect: a request failed, and was sent elsewhere', error)
      return redirect(elsewhere, 'after a failure')
    }
  }

  headerFilter(exchange: Exchange): void {
    const { cookies, told } = this.#stateOf(exchange)
    for (const line of cookies) exchange.response.addHeader('Set-Cookie', line)
    // A shared cache would hand the session, or the tokens, on to whoever asks next, whatever the upstream thinks of it.
    if (cookies.length > 0 || (this.#tellsTokens && told.length > 0))
      exchange.response.setHeader('Cache-Control', 'no-store')
    for (const [name, value] of told) exchange.response.setHeader(name, value)
  }

  /** A login or logout is no refusal: it comes about beside it, as the answer of the state. */
  async #attempt(exchange: Exchange): Promise<Attempt> {
    const { request } = exchange
    if (this.#config.verify_parameters) await this.#verifyParameters()
    const client = chosenClient(this.#parts.clients, request, this.#config.client_arg)
    const state = this.#stateOf(exchange)
    const { credentials } = state
    if (await this.#endsSession(request, credentials)) {
      Object.assign(state, await this.#logOut(request, client))
      return undefined
    }
    // Another tab may have logged in meanwhile; a code is no business of the upstream either.
    const arrival = await this.#arrivalOf(exchange)
    if (arrival !== undefined) return this.#arrive(exchange, arrival)
    const outcome = await this.#authenticate({
      exchange,
      credentials,
      client,
      onEnded: (session) => this.#end(exchange, session),
    })
    if (outcome === undefined) return this.#withoutCredentials(exchange, client)
    if ('refused' in outcome) return this.#unauthorized(exchange, outcome)
    return this.#accept(exchange, outcome)
  }

  /** @throws when the provider says that it does not support what is configured */
  async #verifyParameters(): Promise<void> {
    const metadata = await this.#parts.provided.metadata()
    if (metadata === this.#verifiedAgainst) return
    const faults = parameterFaults(this.#config, metadata)
    if (faults.length > 0)
      throw new Error(
        `Cannot use the provider ${this.#config.issuer} (verify_parameters): ${faults.join('; ')}`,
      )
    this.#verifiedAgainst = metadata
  }

  async #withoutCredentials(exchange: Exchange, client: OidcClient | undefined): Promise<Attempt> {
    const login = this.#login
    if (login === undefined || client === undefined) return this.#unauthorized(exchange, undefined)
    const state = this.#stateOf(exchange)
    const callback = await callbackOf(this.#config, exchange.request, state.credentials)
    if (callback !== undefined) return this.#arrive(exchange, callback)
    const { answer, cookies } = await login.begin(exchange, client)
    // What is left of a session would make the request that comes back longer than it may be.
    const left = this.#sessions?.forget(exchange.request) ?? []
    Object.assign(state, { answer, cookies: [...left, ...cookies] })
    return undefined
  }

  /** @returns what the browser comes back with from a login that has begun in it */
  async #arrivalOf(exchange: Exchange): Promise<Callback | undefined> {
    const { request } = exchange
    if (this.#login?.hasPending(request) !== true) return undefined
    const callback = await callbackOf(this.#config, request, this.#stateOf(exchange).credentials)
    return callback !== undefined && this.#login.isArrival(request, callback) ? callback : undefined
  }

  async #arrive(exchange: Exchange, callback: Callback): Promise<Attempt> {
    const arrival = await this.#login!.complete(exchange, callback)
    if ('refused' in arrival) return this.#unauthorized(exchange, arrival)
    const refusal = await this.#accept(exchange, arrival.found)
    const state = this.#stateOf(exchange)
    if (refusal === undefined)
      Object.assign(state, {
        answer: arrival.answer,
        cookies: [...state.cookies, ...arrival.cookies],
      })
    return refusal
  }

  /** Looks whether what was found is enough, and tells everybody about it. */
  async #accept(exchange: Exchange, proven: Found): Promise<Attempt> {
    const state = this.#stateOf(exchange)
    // Also where it is not enough: new tokens are known to the browser alone.
    if (proven.method === 'session') state.cookies = await this.#keptAlive(exchange, proven)
    const { credentials } = state
    let found = await withUserInfo(this.#parts, { exchange, credentials }, proven)
    const sources = claimSources(found)
    const shortage =
      shortageOf(this.#config, sources) ??
      (await this.#identify(exchange, sources, found.tokens.accessToken))
    if (shortage === 'unavailable') return credentialsUnavailable('openid-connect')
    if (shortage !== undefined) return this.#forbidden(exchange, found.session, shortage)
    if (this.#config.hide_credentials) found.hide()
    const login = await this.#logIn(exchange, found)
    if (login !== undefined) {
      found = { ...found, session: login.session }
      Object.assign(state, { answer: login.answer, cookies: [...state.cookies, ...login.cookies] })
    }
    // Nobody has looked at a token that came beside a session.
    if (found.session !== undefined) credentials.hideUnseen()
    for (const [name, value] of this.#upstream.of(found, sources))
      exchange.upstream.setHeader(name, value)
    state.told = this.#downstream.of(found, sources)
    if (exchange.decisions?.wantsPasses)
      noteAuthenticated(exchange, 'openid-connect', { method: found.method })
    return undefined
  }

  /** @returns lines for a session that is to be sent again */
  async #keptAlive(
    { request }: Exchange,
    { session, hasNewTokens }: Found,
  ): Promise<readonly string[]> {
    const sessions = this.#sessions
    if (sessions === undefined || session === undefined) return []
    const touched = sessions.touched(session)
    if (hasNewTokens === true) return sessions.keep(touched ?? session, 'changed', request)
    return touched === undefined ? [] : sessions.keep(touched, 'used', request)
  }

  #unauthorized(exchange: Exchange, refused: Refused | undefined): Refusal {
    const state = this.#stateOf(exchange)
    if (this.#config.unauthorized_destroy_session && state.cookies.length === 0)
      state.cookies = this.#sessions?.forget(exchange.request) ?? []
    return this.#refusals.unauthorized(refused)
  }

  async #forbidden(
    exchange: Exchange,
    session: Session | undefined,
    shortage: Parameters<Refusals['forbidden']>[0],
  ): Promise<Refusal> {
    if (session !== undefined && this.#config.forbidden_destroy_session)
      await this.#end(exchange, session)
    return this.#refusals.forbidden(shortage)
  }

  async #end(exchange: Exchange, session: Session): Promise<void> {
    const taken = await this.#sessions!.end(session, exchange.request)
    const state = this.#stateOf(exchange)
    state.cookies = [...state.cookies, ...taken]
  }

  #stateOf(exchange: Exchange): State {
    return exchange.local<State>(this, () => ({
      credentials: new Credentials(exchange, this.#config),
      cookies: [],
      answer: undefined,
      told: [],
    }))
  }
}

/** Nobody can tell who is logged in: that is no reason to log in anew, nor to go on as anonymous. */
function unlessUnavailable(error: unknown): Refusal {
  if (!(error instanceof SessionsUnavailable)) throw error
  return {
    code: 'session-unavailable',
    answer: refuse(503, 'Cannot look up sessions now', {
      headers: { 'retry-after': '1' },
      reason: 'openid-connect: the Redis with the sessions has no answer; the error log says why',
    }),
    isFinal: true,
  }
}

function partsOf(config: Config, context: PluginContext): Parts {
  const { node, entities } = context
  const now = (): number => node.now()
  const clients = clientsOf(config, entities)
  const provider = providerOf(config, context)
  const verify = verifierOf(config, provider, { clients, now })
  const provided = new ProviderClient(provider, config, { verify, now })
  const means = { config, node, provider, provided, clients, verify }
  return { ...means, checks: tokenChecks(means) }
}

function warnAbout(
  config: Config,
  { clients, provider }: Parts,
  log: PluginContext['node']['log'],
): void {
  const hasCertificate = provider.tlsFetch !== undefined
  const without = fieldsWithoutEffect(config)
  if (without.length > 0) log.warn(`openid-connect: no effect have ${without.join(', ')}`)
  const lacksCertificate = clients.find(({ auth }) => isTlsMethod(auth) && !hasCertificate)
  if (lacksCertificate !== undefined)
    log.warn(
      `openid-connect: the client ${lacksCertificate.id} of ${config.issuer} has no certificate to show; tls_client_auth_cert_id must be the id of one`,
    )
  const cannotSign = clients.find(
    ({ auth, jwk }) =>
      jwk === undefined &&
      (auth === 'private_key_jwt' || config.require_signed_request_object === true),
  )
  if (cannotSign !== undefined)
    log.warn(
      `openid-connect: the client ${cannotSign.id} of ${config.issuer} has nothing to sign with; give it a client_jwk, or make keys with DELETE /openid-connect/jwks`,
    )
  if (
    config.session_remember &&
    config.session_storage === 'cookie' &&
    config.cluster_cache_strategy === 'off'
  )
    log.warn(
      'openid-connect: copies of a cookie of session_remember are good again after a restart, though their session was logged out; set session_storage or cluster_cache_strategy to redis',
    )
  if (config.issuer.startsWith('http:'))
    log.warn(
      `openid-connect: ${config.issuer} is spoken to without TLS; whoever is on the way can forge tokens`,
    )
}
