import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { json, oauthError, type IssuerAnswer } from './answer.ts'
import type { Endpoint, IssuerRequest } from './issuer-request.ts'
import type { IssuerState } from './issuer-state.ts'
import { accessToken, idToken, LIFETIME_SECONDS, loginOf, type Login } from './tokens.ts'

/** The token endpoint. Secrets of clients are not looked at. @see RFC 6749 §3.2 */
export function handOutTokens(state: IssuerState): Endpoint {
  return (request) => {
    const { form } = request
    const clientId = clientOf(request)
    if (clientId === undefined) return oauthError('invalid_client', 'client_id is missing', 401)
    const grant = GRANTS.get(form.get('grant_type') ?? '')
    return grant === undefined
      ? oauthError('unsupported_grant_type', `must be one of: ${[...GRANTS.keys()].join(', ')}`)
      : grant(state, form, clientId)
  }
}

type Grant = (state: IssuerState, form: URLSearchParams, clientId: string) => IssuerAnswer

const GRANTS: ReadonlyMap<string, Grant> = new Map([
  ['authorization_code', redeemCode],
  ['refresh_token', refresh],
  ['client_credentials', serveClient],
])

function redeemCode(state: IssuerState, form: URLSearchParams, clientId: string): IssuerAnswer {
  const granted = state.codes.take(form.get('code') ?? '')
  if (granted === undefined || granted.login.clientId !== clientId)
    return oauthError('invalid_grant', 'the code is unknown, used, too old, or not for you')
  if (granted.redirectUri !== form.get('redirect_uri'))
    return oauthError('invalid_grant', 'redirect_uri is not the one the code was sent to')
  if (granted.challenge !== undefined && granted.challenge !== challengeOf(form))
    return oauthError('invalid_grant', 'code_verifier does not fit code_challenge')
  return tokensOfUser(state, granted.login)
}

function refresh(state: IssuerState, form: URLSearchParams, clientId: string): IssuerAnswer {
  const login = state.refreshes.take(form.get('refresh_token') ?? '')
  return login === undefined || login.clientId !== clientId
    ? oauthError('invalid_grant', 'the refresh token is unknown, used, or not for you')
    : tokensOfUser(state, login)
}

/** A token for the client itself; in it, what `claims` says, so that all can be tried. */
function serveClient(state: IssuerState, form: URLSearchParams, clientId: string): IssuerAnswer {
  const moreClaims = claimsOf(form.get('claims'))
  if (moreClaims === undefined) return oauthError('invalid_request', 'claims must be a JSON object')
  return json(200, tokens({ ...loginOf(form, clientId, state.seconds()), moreClaims }, state))
}

function tokensOfUser(state: IssuerState, login: Login): IssuerAnswer {
  const isOpenId = login.scope.split(' ').includes('openid')
  return json(200, {
    ...tokens(login, state),
    refresh_token: state.refreshes.put(login),
    ...(isOpenId && { id_token: idToken(login, state) }),
  })
}

/** @see RFC 6749 §5.1 */
function tokens(login: Login, state: IssuerState): object {
  return {
    access_token: accessToken(login, state),
    token_type: 'Bearer',
    expires_in: LIFETIME_SECONDS,
    scope: login.scope,
  }
}

/** @see RFC 7636 §4.6 */
function challengeOf(form: URLSearchParams): string {
  return createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
}

/** Who asks, by its own word: secrets are not looked at. */
function clientOf({ form, authorization = '' }: IssuerRequest): string | undefined {
  const basic = /^Basic +(\S+)$/i.exec(authorization)?.[1]
  if (basic === undefined) return form.get('client_id') || undefined
  const [id = ''] = Buffer.from(basic, 'base64').toString().split(':')
  // RFC 6749 §2.3.1: what stands before the colon is encoded as in a form.
  return new URLSearchParams(`id=${id}`).get('id') || undefined
}

function claimsOf(text: string | null): JsonObject | undefined {
  if (text === null) return {}
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    // The answer says what it must be.
    return undefined
  }
}
