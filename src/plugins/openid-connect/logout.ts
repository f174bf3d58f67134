import type { Answer } from '../../plugin-kit/answer.ts'
import type { Credentials } from './credentials.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { OidcClient } from './clients.ts'
import { redirect } from './redirect.ts'
import { withArguments } from './own-urls.ts'
import type { Config } from './schema.ts'
import type { Sessions } from './sessions.ts'
import type { Parts } from './token-checks.ts'
import type { Tokens } from './tokens.ts'

export interface LoggedOut {
  readonly answer: Answer
  readonly cookies: readonly string[]
}

/** Whether a request logs out; a promise only where the body decides. */
export function logoutRule(
  config: Config,
): (request: ClientRequest, credentials: Credentials) => boolean | Promise<boolean> {
  const {
    logout_query_arg: argument,
    logout_post_arg: field,
    logout_uri_suffix: suffix,
    logout_methods: methods,
  } = config
  return (request, credentials) => {
    if (!methods.includes(request.method as (typeof methods)[number])) return false
    if (argument !== undefined && request.queryValue(argument) !== undefined) return true
    if (suffix !== undefined && request.path.endsWith(suffix)) return true
    if (field === undefined || request.method !== 'POST') return false
    return credentials.bodyField(field).then((value) => value !== undefined)
  }
}

/**
 * Ends a session here and at the provider. Without a session nothing is ended, so that another site
 * cannot log somebody out by a request that comes without cookies.
 *
 * @see OpenID Connect RP-Initiated Logout 1.0 §2
 */
export function logoutFlow(
  { config, clients, provided, node }: Parts,
  sessions: Sessions | undefined,
): (request: ClientRequest, chosen: OidcClient | undefined) => Promise<LoggedOut> {
  async function revoke(client: OidcClient, { accessToken, refreshToken }: Tokens): Promise<void> {
    const { revocation_endpoint: endpoint } = await provided.metadata()
    if (!config.logout_revoke || endpoint === undefined) return
    const wanted = [
      [config.logout_revoke_refresh_token, refreshToken, 'refresh_token'],
      [config.logout_revoke_access_token, accessToken, 'access_token'],
    ] as const
    for (const [isWanted, token, hint] of wanted)
      if (isWanted && token !== undefined) await provided.revoke(client, token, hint)
  }

  async function endAt(client: OidcClient, tokens: Tokens): Promise<string | undefined> {
    try {
      await revoke(client, tokens)
      const { end_session_endpoint: endpoint } = await provided.metadata()
      if (endpoint === undefined) return client.logoutRedirectUri
      return withArguments(endpoint, {
        client_id: client.id,
        ...(tokens.idToken !== undefined && { id_token_hint: tokens.idToken }),
        ...(client.logoutRedirectUri !== undefined && {
          post_logout_redirect_uri: client.logoutRedirectUri,
        }),
      })
    } catch (error) {
      // The session is over here, whatever the provider says.
      node.log.error(`openid-connect: cannot log out at ${config.issuer}`, error)
      return client.logoutRedirectUri
    }
  }

  return async (request, chosen) => {
    const session = await sessions?.find(request)
    const client = clients.find(({ id }) => id === session?.clientId)
    if (sessions === undefined || session === undefined || client === undefined)
      return { answer: loggedOut(chosen?.logoutRedirectUri), cookies: [] }
    const cookies = await sessions.end(session, request)
    return { answer: loggedOut(await endAt(client, session.tokens)), cookies }
  }
}

function loggedOut(location: string | undefined): Answer {
  if (location !== undefined) return redirect(location, 'after a logout')
  return {
    kind: 'exit',
    status: 200,
    headers: { 'cache-control': 'no-store' },
    reason: 'openid-connect: logged out',
  }
}
