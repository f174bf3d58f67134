import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { Client } from './entities.ts'
import { issueToken, type Told } from './issue-token.ts'
import {
  HTTPS_WANTED,
  INVALID_CLIENT,
  INVALID_PROVISION_KEY,
  INVALID_REDIRECT,
  MISSING_USER,
  oauthError,
  type OauthError,
} from './oauth-error.ts'
import { textOf, type Parameters } from './parameters.ts'
import { readChallenge } from './pkce.ts'
import { withParameters } from './redirect-uri.ts'
import { grantedScope } from './scopes.ts'
import type { Config } from './schema.ts'
import type { Tickets } from './tickets.ts'

export interface Endpoint {
  readonly config: Config
  readonly tickets: Tickets
  readonly pluginId: string
  readonly serviceId: string | undefined
  findClient(clientId: string): Client | undefined
  /** Says with what a client has proven who it is. */
  noteUse(credentialId: string): void
  /** Has the hash of a secret stored as hashes are made today, where that can be. */
  hashAnew(client: Client, secret: string): void
  /** Unix time in ms. */
  now(): number
}

/** What an endpoint answers. */
export interface EndpointAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** Whether nobody on the way could read along. */
export function isSecure(request: ClientRequest, config: Config): boolean {
  if (request.scheme === 'https') return true
  return config.accept_http_if_already_terminated && request.forwardedScheme === 'https'
}

/**
 * `POST …/oauth2/authorize`: the login application says that a user agrees. Where the client is known
 * it is told by a redirect what came of it, also when nothing did.
 */
export async function authorize(
  request: ClientRequest,
  parameters: Parameters,
  endpoint: Endpoint,
): Promise<EndpointAnswer> {
  const { config } = endpoint
  const state = textOf(parameters, 'state')
  if (!isSecure(request, config)) return bareAnswer(HTTPS_WANTED, state)
  if (!isProvisioned(parameters, config)) return bareAnswer(INVALID_PROVISION_KEY, state)
  const userId = textOf(parameters, 'authenticated_userid')
  if (userId === undefined || userId.trim() === '') return bareAnswer(MISSING_USER, state)

  return redirect({ parameters, endpoint, flow: flowOf(parameters, config), userId, state })
}

interface Authorization {
  readonly parameters: Parameters
  readonly endpoint: Endpoint
  readonly flow: 'code' | 'token' | undefined
  readonly userId: string
  readonly state: string | undefined
}

/** Only to a place that the client has registered, whatever the request says. */
async function redirect(of: Authorization): Promise<EndpointAnswer> {
  const { parameters, endpoint, flow, state } = of
  const client = endpoint.findClient(textOf(parameters, 'client_id') ?? '')
  const [first, ...others] = client?.redirect_uris ?? []
  if (client === undefined || first === undefined) return bareAnswer(INVALID_CLIENT, state)
  const asked = textOf(parameters, 'redirect_uri') ?? first
  const uri = [first, ...others].find((each) => each === asked)
  const outcome = await outcomeOf(of, client, uri !== undefined)
  const place = flow === 'token' ? 'fragment' : 'query'
  const told = { ...toldOf(outcome), state }
  return {
    status: 'error' in outcome ? 400 : 200,
    body: { redirect_uri: withParameters(uri ?? first, told, place) },
  }
}

/** Where nobody knows to whom to send the user. */
function bareAnswer(error: OauthError, state: string | undefined): EndpointAnswer {
  return { status: 400, body: { ...error, ...(state !== undefined && { state }) } }
}

function toldOf(outcome: OauthError | Told): Told {
  if (!('error_description' in outcome)) return outcome
  const { error, error_description } = outcome as OauthError
  return { error, error_description }
}

export function isProvisioned(parameters: Parameters, config: Config): boolean {
  return equalSecrets(textOf(parameters, 'provision_key') ?? '', config.provision_key)
}

function flowOf(parameters: Parameters, config: Config): 'code' | 'token' | undefined {
  const type = parameters.get('response_type')
  if (type === 'code' && config.enable_authorization_code) return 'code'
  return type === 'token' && config.enable_implicit_grant ? 'token' : undefined
}

/** What the client is given, or why not. Of several faults the last one is told, as in Kong. */
async function outcomeOf(
  { parameters, endpoint, flow, userId }: Authorization,
  client: Client,
  isRegistered: boolean,
): Promise<OauthError | Told> {
  const { config, tickets, serviceId, pluginId } = endpoint
  const proof =
    flow === 'token' ? { challenge: undefined } : readChallenge(parameters, client, config)
  if ('error' in proof) return proof
  if (!isRegistered) return INVALID_REDIRECT
  const granted = grantedScope(parameters.get('scope'), config)
  if ('error' in granted) return granted
  if (flow === undefined) return oauthError('unsupported_response_type', 'Invalid response_type')
  const { scope = null } = granted
  if (flow === 'token')
    return issueToken({ client, serviceId, userId, scope, isRenewable: false }, config, tickets)
  const isOfService = serviceId !== undefined && !config.global_credentials
  const { code } = await tickets.addCode({
    service: isOfService ? { id: serviceId } : null,
    credential: { id: client.id },
    plugin: { id: pluginId },
    authenticated_userid: userId,
    scope,
    challenge: proof.challenge ?? null,
  })
  return { code }
}
