import type { JsonObject } from '../../base/json.ts'
import { exit, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { ownUrl } from '../../plugin-kit/own-url.ts'
import type { OidcClient } from './clients.ts'
import type { Login } from './logins.ts'
import { withArguments } from './own-urls.ts'
import { redirect } from './redirect.ts'
import type { Config } from './schema.ts'
import type { Tokens } from './tokens.ts'

interface Done {
  readonly login: Login
  readonly client: OidcClient
  readonly tokens: Tokens
  /** What the provider says of the access token, where that is to be told. */
  readonly introspection: JsonObject | undefined
  readonly config: Config
}

/**
 * What follows a login.
 * @returns nothing where the request itself goes on, without code and state, which are spent
 */
export function afterLogin(exchange: Exchange, done: Done): Answer | undefined {
  const { login, config } = done
  switch (config.login_action) {
    case 'upstream': {
      const mark = login.returnTo.indexOf('?')
      exchange.upstream.rawQuery =
        config.preserve_query_args && mark !== -1 ? login.returnTo.slice(mark + 1) : ''
      return undefined
    }
    case 'response':
      return exit(200, tokensTold(done), {
        headers: { 'cache-control': 'no-store' },
        reason: 'openid-connect: tokens after a login',
      })
    case 'redirect':
      return redirectAfterLogin(exchange, done)
  }
}

function redirectAfterLogin({ request }: Exchange, done: Done): Answer {
  const { login, client, config } = done
  const back = ownUrl(request, login.returnTo)
  if (client.loginRedirectUri === undefined) return redirect(back, 'back after a login')
  const kept = config.preserve_query_args ? Object.fromEntries(new URL(back).searchParams) : {}
  const location = withArguments(client.loginRedirectUri, kept)
  const tokens = asTexts(tokensTold(done))
  return redirect(
    Object.keys(tokens).length === 0
      ? location
      : withArguments(location, tokens, config.login_redirect_mode),
    'on after a login',
  )
}

function tokensTold(done: Done): Record<string, string | JsonObject> {
  const { tokens, introspection, config } = done
  const told = config.login_tokens ?? []
  const all = {
    id_token: tokens.idToken,
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
  }
  const named = Object.fromEntries(
    Object.entries(all).flatMap(([name, token]) =>
      token !== undefined && (told.includes('tokens') || told.includes(name as keyof typeof all))
        ? [[name, token]]
        : [],
    ),
  )
  return introspection === undefined ? named : { ...named, introspection }
}

/** As arguments of a URL. */
function asTexts(values: Readonly<Record<string, string | JsonObject>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
}
