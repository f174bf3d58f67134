import type { AuthorizationServer } from 'oauth4webapi'
import type { OidcClient } from './clients.ts'
import { withArguments } from './own-urls.ts'
import type { Parts } from './token-checks.ts'

type Parameters = Readonly<Record<string, string>>

/**
 * The URL at which a user logs in. What the login is about stands in it, or in a text that the client
 * has signed, or is told to the provider beforehand, as the configuration or else the provider demands.
 *
 * @param endpoint where users log in
 * @see RFC 9101 (signed requests), RFC 9126 (pushed requests)
 */
export async function authorizationUrl(
  { config, provided }: Pick<Parts, 'config' | 'provided'>,
  client: OidcClient,
  { endpoint, parameters }: { readonly endpoint: string; readonly parameters: Parameters },
): Promise<string> {
  const metadata = await provided.metadata()
  const isDemanded = (what: Demand): boolean => config[what] ?? metadata[what] === true
  const sent = isDemanded('require_signed_request_object')
    ? { ...outside(parameters), request: await provided.signedRequest(client, parameters) }
    : parameters
  if (!isDemanded('require_pushed_authorization_requests')) return withArguments(endpoint, sent)
  return withArguments(endpoint, {
    client_id: client.id,
    request_uri: await provided.pushRequest(client, sent),
  })
}

type Demand =
  | 'require_signed_request_object'
  | ('require_pushed_authorization_requests' & keyof AuthorizationServer)

/** What must stand beside a signed request, too. OpenID Connect Core 1.0 §6.1 */
function outside({ client_id = '', response_type = '', scope = '' }: Parameters): Parameters {
  return { client_id, response_type, scope }
}
