import { html, problem, redirect } from './answer.ts'
import type { Endpoint } from './issuer-request.ts'
import type { IssuerState } from './issuer-state.ts'
import { loginPage, tokenPage } from './pages.ts'
import { isOnThisMachine } from './this-machine.ts'
import { accessToken, loginOf } from './tokens.ts'

const DEFAULT_SCOPE = 'openid profile'

/** Shows the page to log in to whom a client sent here. @see RFC 6749 §4.1.1 */
export const askToLogIn: Endpoint = ({ query }) => {
  const fault = authorizationFault(query)
  if (fault !== undefined) return problem(400, fault)
  const hidden = Object.fromEntries([...query].filter(([parameter]) => parameter !== 'scope'))
  const clientId = query.get('client_id')!
  const scope = query.get('scope') ?? DEFAULT_SCOPE
  return html(200, loginPage({ action: '/authorize', hidden, scope, clientId }))
}

/** Sends whoever logged in back to the client, with a code. @see RFC 6749 §4.1.2, RFC 9207 */
export function logIn({ name, codes, seconds }: IssuerState): Endpoint {
  return ({ form }) => {
    const fault = authorizationFault(form)
    if (fault !== undefined) return problem(400, fault)
    const redirectUri = form.get('redirect_uri')!
    const nonce = form.get('nonce') ?? undefined
    const login = { ...loginOf(form, form.get('client_id')!, seconds()), nonce }
    const challenge = form.get('code_challenge') ?? undefined
    const code = codes.put({ login, redirectUri, challenge })
    return redirect(redirectUri, { code, state: form.get('state') ?? undefined, iss: name })
  }
}

/** A page with a token, for whom no client sent. */
export function showToken(state: IssuerState): Endpoint {
  return ({ form }) =>
    html(200, tokenPage(accessToken(loginOf(form, 'login-page', state.seconds()), state)))
}

/** Nobody is logged in here for longer than a request, so there is only a way back. */
export const logOut: Endpoint = ({ query, form }) => {
  const read = (name: string) => query.get(name) ?? form.get(name) ?? undefined
  const address = read('post_logout_redirect_uri')
  if (address === undefined) return problem(200, 'Logged out')
  return isOnThisMachine(address)
    ? redirect(address, { state: read('state') })
    : problem(400, 'post_logout_redirect_uri must be on this machine')
}

/** Why nobody can be sent back with a code. People see it, since the address is in doubt. */
function authorizationFault(parameters: URLSearchParams): string | undefined {
  if (!parameters.get('client_id')) return 'client_id is missing'
  if (!isOnThisMachine(parameters.get('redirect_uri') ?? ''))
    return 'redirect_uri must be an address on this machine'
  if (parameters.get('response_type') !== 'code') return 'response_type must be "code"'
  const method = parameters.get('code_challenge_method') ?? undefined
  const hasChallenge = parameters.get('code_challenge') !== null
  return hasChallenge && method !== 'S256' ? 'code_challenge_method must be "S256"' : undefined
}
