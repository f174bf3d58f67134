import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { clientFault, readClientClaim, refusalOf, type ClientClaim } from './authenticate-client.ts'
import { isProvisioned, isSecure, type Endpoint, type EndpointAnswer } from './authorize.ts'
import type { Client } from './entities.ts'
import { issueToken } from './issue-token.ts'
import {
  HTTPS_WANTED,
  INVALID_CODE,
  INVALID_PROVISION_KEY,
  INVALID_REDIRECT,
  MISSING_USER,
  oauthError,
  type OauthError,
} from './oauth-error.ts'
import { textOf, type Parameters } from './parameters.ts'
import { needsProof, proofFault } from './pkce.ts'
import { grantedScope } from './scopes.ts'

type Told = Readonly<Record<string, string | number>>

/** One request for a token, of a client that has proven who it is. */
interface Asked {
  readonly parameters: Parameters
  readonly endpoint: Endpoint
  readonly client: Client
}

type Grant = (asked: Asked) => Told | OauthError

/** `POST …/oauth2/token`. @see RFC 6749 §4 */
export function grantToken(
  request: ClientRequest,
  parameters: Parameters,
  endpoint: Endpoint,
): EndpointAnswer {
  const state = textOf(parameters, 'state')
  const outcome = outcomeOf(request, parameters, endpoint)
  if (!('error' in outcome))
    return { status: 200, body: { ...outcome, ...(state !== undefined && { state }) } }
  const { status = 400, error, error_description } = outcome as OauthError
  return {
    status,
    body: { error, error_description, ...(state !== undefined && { state }) },
    ...(status === 401 && { headers: { 'www-authenticate': 'Basic realm="OAuth2.0"' } }),
  }
}

function outcomeOf(
  request: ClientRequest,
  parameters: Parameters,
  endpoint: Endpoint,
): Told | OauthError {
  const { config } = endpoint
  if (!isSecure(request, config)) return HTTPS_WANTED
  const type = textOf(parameters, 'grant_type') ?? ''
  const grant = grantOf(type, endpoint)
  if (grant === undefined) return oauthError('unsupported_grant_type', 'Invalid grant_type')
  const claim = readClientClaim(request, parameters, config.auth_header_name ?? 'authorization')
  const client = claim.id === undefined ? undefined : endpoint.findClient(claim.id)
  const fault =
    client === undefined ? refusalOf(claim) : clientRefusal(client, claim, type, parameters)
  return fault ?? grant({ parameters, endpoint, client: client! })
}

function clientRefusal(
  client: Client,
  claim: ClientClaim,
  type: string,
  parameters: Parameters,
): OauthError | undefined {
  if (type !== 'client_credentials') {
    const uris = client.redirect_uris ?? []
    if (uris.length === 0) return refusalOf(claim)
    const uri = textOf(parameters, 'redirect_uri')
    if (uri !== undefined && !uris.includes(uri)) return INVALID_REDIRECT
  }
  return clientFault(client, claim)
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

const byCode: Grant = ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId, pluginId } = endpoint
  const code = tickets.findCode(textOf(parameters, 'code') ?? '')
  const isRight =
    code !== undefined &&
    code.credentialId === client.id &&
    (config.global_credentials ? code.pluginId === pluginId : code.serviceId === serviceId)
  if (!isRight) return INVALID_CODE
  const fault = proofFault(parameters, code.challenge, needsProof(client, config))
  if (fault !== undefined) return fault
  if (!tickets.useCode(code.code)) return INVALID_CODE
  const { userId, scope } = code
  return issueToken({ client, serviceId, userId, scope, isRenewable: true }, config, tickets)
}

const byClient: Grant = ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId } = endpoint
  const userId = textOf(parameters, 'authenticated_userid')
  if (userId !== undefined && !isProvisioned(parameters, config)) return INVALID_PROVISION_KEY
  const granted = grantedScope(parameters.get('scope'), config)
  if ('error' in granted) return granted
  return issueToken(
    { client, serviceId, userId, scope: granted.scope, isRenewable: false },
    config,
    tickets,
  )
}

/** The password is the business of whoever asks, and of the provision key. */
const byPassword: Grant = ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId } = endpoint
  if (!isProvisioned(parameters, config)) return INVALID_PROVISION_KEY
  const userId = textOf(parameters, 'authenticated_userid')
  if (userId === undefined || userId.trim() === '') return MISSING_USER
  const granted = grantedScope(parameters.get('scope'), config)
  if ('error' in granted) return granted
  return issueToken(
    { client, serviceId, userId, scope: granted.scope, isRenewable: true },
    config,
    tickets,
  )
}

const byRefreshToken: Grant = ({ parameters, endpoint, client }) => {
  const { config, tickets, serviceId } = endpoint
  const refreshToken = textOf(parameters, 'refresh_token') ?? ''
  const token = tickets.findByRefreshToken(refreshToken)
  const isOfService =
    token !== undefined && (config.global_credentials || token.service?.id === serviceId)
  if (!isOfService) return oauthError('invalid_request', 'Invalid refresh_token')
  if (token.credential.id !== client.id)
    return oauthError('invalid_client', 'Invalid client authentication')
  const isLost = (token.scope ?? '')
    .split(' ')
    .some((name) => name !== '' && config.scopes !== undefined && !config.scopes.includes(name))
  if (isLost) return oauthError('invalid_scope', 'Scope mismatch')
  tickets.removeToken(token)
  return issueToken(
    {
      client,
      serviceId,
      userId: token.authenticated_userid ?? undefined,
      scope: token.scope ?? undefined,
      isRenewable: true,
      ...(config.reuse_refresh_token && { refreshToken }),
    },
    config,
    tickets,
  )
}
