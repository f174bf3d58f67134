import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { proofOf, readClientClaim, refusalOf } from './authenticate-client.ts'
import { isProvisioned, isSecure, type Endpoint, type EndpointAnswer } from './authorize.ts'
import type { Client } from './entities.ts'
import { issueToken, renewToken, type Told } from './issue-token.ts'
import {
  HTTPS_WANTED,
  INVALID_CLIENT,
  INVALID_CODE,
  INVALID_PROVISION_KEY,
  INVALID_REDIRECT,
  MISSING_USER,
  oauthError,
  type OauthError,
} from './oauth-error.ts'
import { textOf, type Parameters } from './parameters.ts'
import { needsProof, proofFault } from './pkce.ts'
import type { Config } from './schema.ts'
import { grantedScope } from './scopes.ts'
import type { Token } from './tickets.ts'

/** One request for a token, of a client that has proven who it is. */
interface Asked {
  readonly parameters: Parameters
  readonly endpoint: Endpoint
  readonly client: Client
}

type Grant = (asked: Asked) => Promise<Told | OauthError>

/** `POST …/oauth2/token`. @see RFC 6749 §4 */
export async function grantToken(
  request: ClientRequest,
  parameters: Parameters,
  endpoint: Endpoint,
): Promise<EndpointAnswer> {
  const state = textOf(parameters, 'state')
  const outcome = await outcomeOf(request, parameters, endpoint)
  if (!('error' in outcome))
    return { status: 200, body: { ...outcome, ...(state !== undefined && { state }) } }
  const { status = 400, error, error_description } = outcome as OauthError
  return {
    status,
    body: { error, error_description, ...(state !== undefined && { state }) },
    ...(status === 401 && { headers: { 'www-authenticate': 'Basic realm="OAuth2.0"' } }),
  }
}

async function outcomeOf(
  request: ClientRequest,
  parameters: Parameters,
  endpoint: Endpoint,
): Promise<Told | OauthError> {
  const { config } = endpoint
  if (!isSecure(request, config)) return HTTPS_WANTED
  const type = textOf(parameters, 'grant_type') ?? ''
  const grant = grantOf(type, endpoint)
  if (grant === undefined) return oauthError('unsupported_grant_type', 'Invalid grant_type')
  const claim = readClientClaim(request, parameters, config.auth_header_name ?? 'authorization')
  const client = claim.id === undefined ? undefined : endpoint.findClient(claim.id)
  if (client === undefined) return refusalOf(claim)
  const fault = type === 'client_credentials' ? undefined : redirectFault(client, parameters)
  if (fault !== undefined) return fault === 'no-uris' ? refusalOf(claim) : fault
  const proof = await proofOf(client, claim, endpoint.now())
  if ('error' in proof) return proof
  endpoint.noteUse(proof.used)
  if (proof.toHash !== undefined) endpoint.hashAnew(client, proof.toHash)
  return grant({ parameters, endpoint, client })
}

/** A client that users are sent back to must have said where to. */
function redirectFault(client: Client, parameters: Parameters): OauthError | 'no-uris' | undefined {
  const uris = client.redirect_uris ?? []
  if (uris.length === 0) return 'no-uris'
  const uri = textOf(parameters, 'redirect_uri')
  return uri === undefined || uris.includes(uri) ? undefined : INVALID_REDIRECT
}

function grantOf(type: string, { config }: Endpoint): Grant | undefined {
  switch (type) {
    case 'authorization_code':
      return byCode
    case 'refresh_token':
      return byRefreshToken
    case 'client_credentials':
      return config.enable_client_credentials ? byClient : undefined
    case 'password':
      return config.enable_password_grant ? byPassword : undefined
    default:
      return undefined
  }
}

const byCode: Grant = async ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId, pluginId } = endpoint
  const code = await tickets.findCode(textOf(parameters, 'code') ?? '')
  const isRight =
    code !== undefined &&
    code.credential.id === client.id &&
    (config.global_credentials
      ? code.plugin.id === pluginId
      : (code.service?.id ?? undefined) === serviceId)
  if (!isRight) return INVALID_CODE
  const fault = proofFault(parameters, code.challenge ?? undefined, needsProof(client, config))
  if (fault !== undefined) return fault
  if (!(await tickets.useCode(code))) return INVALID_CODE
  const { authenticated_userid: userId, scope } = code
  return issueToken({ client, serviceId, userId, scope, isRenewable: true }, config, tickets)
}

const byClient: Grant = async ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId } = endpoint
  const userId = textOf(parameters, 'authenticated_userid') ?? null
  if (userId !== null && !isProvisioned(parameters, config)) return INVALID_PROVISION_KEY
  const granted = grantedScope(parameters.get('scope'), config)
  if ('error' in granted) return granted
  const { scope = null } = granted
  return issueToken({ client, serviceId, userId, scope, isRenewable: false }, config, tickets)
}

/** The password is the business of whoever asks, and of the provision key. */
const byPassword: Grant = async ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId } = endpoint
  if (!isProvisioned(parameters, config)) return INVALID_PROVISION_KEY
  const userId = textOf(parameters, 'authenticated_userid')
  if (userId === undefined || userId.trim() === '') return MISSING_USER
  const granted = grantedScope(parameters.get('scope'), config)
  if ('error' in granted) return granted
  const { scope = null } = granted
  return issueToken({ client, serviceId, userId, scope, isRenewable: true }, config, tickets)
}

const INVALID_REFRESH_TOKEN = oauthError('invalid_request', 'Invalid refresh_token')

const byRefreshToken: Grant = async ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId } = endpoint
  const token = await tickets.findByRefreshToken(textOf(parameters, 'refresh_token') ?? '')
  const isOfService =
    token !== undefined &&
    (config.global_credentials || (token.service?.id ?? undefined) === serviceId)
  if (!isOfService) return INVALID_REFRESH_TOKEN
  if (token.credential.id !== client.id) return INVALID_CLIENT
  if (!hasItsScopes(token, config)) return oauthError('invalid_scope', 'Scope mismatch')
  if (config.reuse_refresh_token)
    return (await renewToken(token, config, tickets)) ?? INVALID_REFRESH_TOKEN
  // Of two that come with the same refresh token at the same time, one gets the new pair.
  if (!(await tickets.removeToken(token))) return INVALID_REFRESH_TOKEN
  const { authenticated_userid: userId, scope } = token
  return issueToken({ client, serviceId, userId, scope, isRenewable: true }, config, tickets)
}

/** Whether all scopes of a token still are ones that clients may ask for. */
function hasItsScopes({ scope }: Token, { scopes }: Config): boolean {
  if (scopes === undefined) return true
  return (scope ?? '').split(' ').every((name) => name === '' || scopes.includes(name))
}
