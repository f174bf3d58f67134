import type { JsonObject } from '../../base/json.ts'
import { exit, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { ownUrl } from '../../plugin-kit/own-url.ts'
import type { OidcClient } from './clients.ts'
import { withArguments } from './own-urls.ts'
import { redirect } from './redirect.ts'
import type { AuthMethod } from './request-fields.ts'
import type { Config } from './schema.ts'
import type { Parts } from './token-checks.ts'
import type { Tokens } from './tokens.ts'

/** Somebody who has just logged in. */
interface Done {
  readonly method: AuthMethod
  readonly client: OidcClient
  readonly tokens: Tokens
  /** Path and query that were asked for. */
  readonly askedFor: string
}

interface Told extends Done {
  readonly config: Config
  /** What the provider says of the access token, where that is to be told. */
  readonly introspection: JsonObject | undefined
}

/**
 * What follows a login, by `login_action`.
 * @returns nothing where the request itself goes on, after the code flow without code and state, which
 *   are spent
 */
export async function afterLogin(
  exchange: Exchange,
  parts: Parts,
  done: Done,
): Promise<Answer | undefined> {
  const { config } = parts
  const isCode = done.method === 'authorization_code'
  const counts = config.login_methods.some((method) => method === done.method)
  switch (counts ? config.login_action : 'upstream') {
    case 'upstream': {
      // A form of the provider is no business of the upstream.
      if (isCode && config.response_mode === 'form_post')
        return redirect(ownUrl(exchange.request, done.askedFor), 'back after a login')
      if (isCode) exchange.upstream.rawQuery = queryAfterCode(config, done)
      return undefined
    }
    case 'response':
      return exit(200, tokensTold(await toldBy(parts, done)), {
        headers: { 'cache-control': 'no-store' },
        reason: 'openid-connect: tokens after a login',
      })
    case 'redirect':
      // What a client has asked for with its credentials it would ask for again.
      if (!isCode && done.client.loginRedirectUri === undefined) return undefined
      return redirectAfterLogin(exchange, await toldBy(parts, done))
  }
}

function queryAfterCode({ preserve_query_args: isKept }: Config, { askedFor }: Done): string {
  const mark = askedFor.indexOf('?')
  return isKept && mark !== -1 ? askedFor.slice(mark + 1) : ''
}

async function toldBy({ config, provided, checks }: Parts, done: Done): Promise<Told> {
  const { client, tokens } = done
  const { accessToken } = tokens
  if (!config.login_tokens.includes('introspection') || accessToken === undefined)
    return { ...done, config, introspection: undefined }
  const { introspection_endpoint: endpoint } = await provided.metadata()
  const introspection = endpoint && (await checks.introspect(client, accessToken))
  return { ...done, config, introspection: introspection || undefined }
}

function redirectAfterLogin({ request }: Exchange, done: Told): Answer {
  const { askedFor, client, config } = done
  const back = ownUrl(request, askedFor)
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

function tokensTold(done: Told): Record<string, string | JsonObject> {
  const { tokens, introspection, config } = done
  const told = config.login_tokens
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
