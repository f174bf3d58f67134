import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { ClientCredentials } from '../../plugin-kit/oauth/client-auth.ts'
import type { EntityLookup } from '../../plugin-kit/plugin.ts'
import { ownKey } from './own-keys.ts'
import type { Config } from './schema.ts'

/** What the gateway is for the provider. */
export interface OidcClient extends ClientCredentials {
  readonly redirectUri: string | undefined
  readonly loginRedirectUri: string | undefined
  readonly logoutRedirectUri: string | undefined
}

/** @returns one for each `client_id`; where another list is shorter, its first entry counts for all */
export function clientsOf(config: Config, entities: EntityLookup): readonly OidcClient[] {
  return (config.client_id ?? []).map((id, index) => {
    const at = <Value>(list: readonly Value[] | undefined): Value | undefined =>
      list?.[index] ?? list?.[0]
    const secret = config.client_secret?.[index]
    const algorithm = at(config.client_alg)
    return {
      id,
      secret,
      auth: at(config.client_auth) ?? (secret === undefined ? 'none' : 'client_secret_basic'),
      algorithm,
      jwk: config.client_jwk?.[index] ?? ownKey(entities, algorithm),
      redirectUri: at(config.redirect_uri),
      loginRedirectUri: at(config.login_redirect_uri),
      logoutRedirectUri: at(config.logout_redirect_uri),
    }
  })
}

/** The client that a request asks for, by its id or by its position from 1; else the first one. */
export function chosenClient(
  clients: readonly OidcClient[],
  request: ClientRequest,
  argument: string,
): OidcClient | undefined {
  if (clients.length < 2) return clients[0]
  const wanted = request.queryValue(argument)
  return (
    clients.find(({ id }, index) => id === wanted || String(index + 1) === wanted) ?? clients[0]
  )
}
