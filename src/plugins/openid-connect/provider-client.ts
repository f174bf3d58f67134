import type * as OAuth from 'oauth4webapi'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { clientAuth, isTlsMethod, privateKeyOf } from '../../plugin-kit/oauth/client-auth.ts'
import { introspectToken, type OAuthCall } from '../../plugin-kit/oauth/introspection.ts'
import type { OidcClient } from './clients.ts'
import type { NameAndSecret } from './credentials.ts'
import { loadOAuth } from '../../plugin-kit/oauth/libraries.ts'
import { withArguments } from './own-urls.ts'
import { pairsOf } from './pair-fields.ts'
import type { PassedOn } from './passed-on.ts'
import { GrantRefused, refusing, type Whose } from './provider-errors.ts'
import type { Provider } from './provider.ts'
import type { Config } from './schema.ts'
import { namingToken } from './token-param.ts'
import { tokensOf, type Tokens } from './tokens.ts'
import type { Verify } from './verify-token.ts'

type Endpoint = 'token' | 'introspection' | 'revocation' | 'pushed_authorization_request'

/** About a call of an endpoint. */
interface About {
  readonly at: Endpoint
  readonly whose?: Whose | undefined
  readonly along?: PassedOn | undefined
}

/** How an endpoint is called. */
interface Way {
  /** Whether the connection has to prove who the client is. */
  readonly provesByTls?: boolean
  /** What a token is called that is looked up, or revoked. */
  readonly tokenName?: string
}

type Grant = (call: OAuthCall) => Promise<OAuth.TokenEndpointResponse>

/**
 * Speaks to the provider as one of the configured clients.
 *
 * All methods throw {@link GrantRefused} where the provider has something against what was sent, and
 * other errors where it cannot be asked.
 */
export class ProviderClient {
  readonly #provider: Provider
  readonly #config: Config
  readonly #verify: Verify
  readonly #now: () => number

  /** @param means `now` in Unix ms */
  constructor(
    provider: Provider,
    config: Config,
    means: { readonly verify: Verify; readonly now: () => number },
  ) {
    this.#provider = provider
    this.#config = config
    this.#verify = means.verify
    this.#now = means.now
  }

  metadata(): Promise<OAuth.AuthorizationServer> {
    return this.#provider.facts().then(({ metadata }) => metadata)
  }

  /** @param callback arguments of the URL that the user came back with */
  exchangeCode(
    client: OidcClient,
    callback: URLSearchParams,
    login: { readonly state: string; readonly nonce: string; readonly verifier: string } & {
      readonly redirectUri: string
    },
  ): Promise<Tokens> {
    return this.#granted(client, async ({ oauth, metadata, client: as, auth, options }) => {
      const accepted = oauth.validateAuthResponse(metadata, as, callback, login.state)
      const response = await oauth.authorizationCodeGrantRequest(
        metadata,
        as,
        auth,
        accepted,
        login.redirectUri,
        login.verifier,
        options,
      )
      const isOpenId = this.#config.scopes.includes('openid')
      return oauth.processAuthorizationCodeResponse(metadata, as, response, {
        ...(isOpenId && { expectedNonce: login.nonce, requireIdToken: true }),
        ...(this.#config.max_age !== undefined && { maxAge: this.#config.max_age }),
      })
    })
  }

  /** @param along what a client has sent to go along, here and below */
  refresh(
    client: OidcClient,
    before: Tokens & { readonly refreshToken: string },
    along?: PassedOn,
  ): Promise<Tokens> {
    return this.#granted(
      client,
      async ({ oauth, metadata, client: as, auth, options }) => {
        const { refreshToken } = before
        const response = await oauth.refreshTokenGrantRequest(
          metadata,
          as,
          auth,
          refreshToken,
          options,
        )
        return oauth.processRefreshTokenResponse(metadata, as, response)
      },
      { before, along },
    )
  }

  passwordGrant(
    client: OidcClient,
    { name: username, secret: password }: NameAndSecret,
    along: PassedOn,
  ): Promise<Tokens> {
    const ask: Grant = async ({ oauth, metadata, client: as, auth, options }) => {
      const parameters = {
        scope: this.#config.scopes.join(' '),
        ...along.arguments,
        ...pairsOf(this.#config, 'token_post_args'),
        username,
        password,
      }
      const response = await oauth.genericTokenEndpointRequest(
        metadata,
        as,
        auth,
        'password',
        parameters,
        options,
      )
      return oauth.processGenericTokenEndpointResponse(metadata, as, response)
    }
    return this.#granted(client, ask, { along })
  }

  /** @param client whose id and secret a request has brought */
  clientCredentialsGrant(client: OidcClient, along: PassedOn): Promise<Tokens> {
    // `openid` asks for claims about a user, and there is none.
    const scope = this.#config.scopes.filter((each) => each !== 'openid').join(' ')
    const parameters = {
      ...(scope !== '' && { scope }),
      ...along.arguments,
      ...pairsOf(this.#config, 'token_post_args'),
    }
    return this.#granted(
      client,
      async ({ oauth, metadata, client: as, auth, options }) => {
        const response = await oauth.clientCredentialsGrantRequest(
          metadata,
          as,
          auth,
          parameters,
          options,
        )
        return oauth.processClientCredentialsResponse(metadata, as, response)
      },
      { whose: 'user', along },
    )
  }

  /** @returns what the provider says of a token, also when it is not active. @see RFC 7662 */
  introspect(client: OidcClient, token: string, along?: PassedOn): Promise<JsonObject> {
    return this.#call(client, { at: 'introspection', along }, (call) =>
      introspectToken(call, token, {
        ...along?.arguments,
        ...pairsOf(this.#config, 'introspection_post_args'),
        token_type_hint: this.#config.introspection_hint,
      }),
    )
  }

  /** @param subject whom the answer must be about, where that is known */
  async userInfo(
    accessToken: string,
    subject: string | undefined,
    along?: PassedOn,
  ): Promise<JsonObject> {
    const oauth = await loadOAuth()
    const call = await this.#as({ id: this.#config.client_id?.[0] ?? 'none' })
    return refusing(oauth, 'user', async () => {
      const { metadata, client } = call
      const { userinfo_endpoint: endpoint } = metadata
      const args = { ...along?.arguments, ...pairsOf(this.#config, 'userinfo_query_args') }
      const at = {
        ...metadata,
        ...(endpoint && { userinfo_endpoint: withArguments(endpoint, args) }),
      }
      const options = {
        ...call.options,
        headers: { ...along?.headers, ...pairsOf(this.#config, 'userinfo_headers') },
      }
      const response = await oauth.userInfoRequest(at, client, accessToken, options)
      const expected = subject ?? oauth.skipSubjectCheck
      const claims = await oauth.processUserInfoResponse(metadata, client, expected, response)
      return isJsonObject(claims) ? { ...claims } : {}
    })
  }

  revoke(client: OidcClient, token: string, hint: string): Promise<void> {
    const at = 'revocation'
    return this.#call(client, { at }, async ({ oauth, metadata, client: as, ...more }) => {
      const response = await oauth.revocationRequest(metadata, as, more.auth, token, {
        ...more.options,
        additionalParameters: { token_type_hint: hint },
      })
      await oauth.processRevocationResponse(response)
    })
  }

  /** @returns what stands in the URL for the parameters of a login. @see RFC 9126 */
  pushRequest(client: OidcClient, parameters: Readonly<Record<string, string>>): Promise<string> {
    const at = 'pushed_authorization_request'
    return this.#call(client, { at }, async ({ oauth, metadata, client: as, auth, options }) => {
      const response = await oauth.pushedAuthorizationRequest(
        metadata,
        as,
        auth,
        { ...parameters },
        options,
      )
      const { request_uri: uri } = await oauth.processPushedAuthorizationResponse(
        metadata,
        as,
        response,
      )
      return uri
    })
  }

  /** @returns the parameters of a login, signed by the client. @see RFC 9101 */
  async signedRequest(
    client: OidcClient,
    parameters: Readonly<Record<string, string>>,
  ): Promise<string> {
    const oauth = await loadOAuth()
    const { metadata, client: as } = await this.#as(client)
    return oauth.issueRequestObject(metadata, as, { ...parameters }, await privateKeyOf(client))
  }

  async #granted(
    client: OidcClient,
    grant: Grant,
    { before, ...about }: Omit<About, 'at'> & { readonly before?: Tokens } = {},
  ): Promise<Tokens> {
    const response = await this.#call(client, { at: 'token', ...about }, grant)
    const { id_token: idToken } = response
    const verified = idToken === undefined ? undefined : await this.#verify(idToken)
    if (verified !== undefined && 'fault' in verified)
      throw new GrantRefused(new Error(`The ID token cannot be trusted: ${verified.fault}`))
    return tokensOf(response, Math.floor(this.#now() / 1000), before)
  }

  async #call<Value>(
    client: OidcClient,
    { at, whose = 'operator', along }: About,
    ask: (call: OAuthCall) => Promise<Value>,
  ): Promise<Value> {
    const oauth = await loadOAuth()
    const method = this.#config[`${at}_endpoint_auth_method`] ?? client.auth
    const auth = await clientAuth(client, method)
    const tokenName =
      at === 'introspection' || at === 'revocation'
        ? this.#config[`${at}_token_param_name`]
        : 'token'
    const call = await this.#as(client, { provesByTls: isTlsMethod(method), tokenName })
    const options = { ...call.options, ...this.#additions(at, along) }
    return refusing(oauth, whose, () => ask({ oauth, auth, ...call, options }))
  }

  /** What is configured to be sent besides. */
  #additions(at: Endpoint, along: PassedOn | undefined): object {
    if (at !== 'token' && at !== 'introspection') return {}
    const headers = { ...along?.headers, ...pairsOf(this.#config, `${at}_headers`) }
    if (at !== 'token') return { headers }
    const args = { ...along?.arguments, ...pairsOf(this.#config, 'token_post_args') }
    return { headers, additionalParameters: args }
  }

  async #as(
    { id }: { readonly id: string },
    { provesByTls = false, tokenName = 'token' }: Way = {},
  ): Promise<Omit<OAuthCall, 'oauth' | 'auth'>> {
    const oauth = await loadOAuth()
    const metadata = await this.metadata()
    const { fetch, tlsFetch } = this.#provider
    if (provesByTls && tlsFetch === undefined)
      throw new Error(
        `Cannot prove to ${metadata.issuer} who ${id} is: there is no certificate tls_client_auth_cert_id`,
      )
    const isInsecure = metadata.issuer.startsWith('http:')
    return {
      metadata,
      client: {
        client_id: id,
        use_mtls_endpoint_aliases: provesByTls,
        [oauth.clockTolerance]: this.#config.leeway,
      },
      options: {
        [oauth.customFetch]: namingToken(provesByTls ? tlsFetch! : fetch, tokenName),
        [oauth.allowInsecureRequests]: isInsecure,
      },
    }
  }
}
