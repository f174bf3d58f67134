import { html, json, oauthError, problem } from './answer.ts'
import { handOutTokens } from './hand-out-tokens.ts'
import type { Endpoint } from './issuer-request.ts'
import { issuerState, type IssuerState } from './issuer-state.ts'
import { askToLogIn, logIn, logOut, showToken } from './log-in.ts'
import { metadataOf } from './metadata.ts'
import { loginPage } from './pages.ts'

/**
 * An OpenID provider for development: anybody may log in as anybody, and any client may ask that is
 * on this machine. Its key and all it knows are gone with the process.
 *
 * @param name its URL, which is `iss` of what it signs
 * @param now Unix time in ms
 * @see RFC 6749, RFC 7636, RFC 8414, RFC 9068, OpenID Connect Core and Discovery
 */
export function makeIssuer(name: string, now: () => number): Endpoint {
  const endpoints = endpointsOf(issuerState(name, now))
  return (request) =>
    Object.hasOwn(endpoints, request.what)
      ? endpoints[request.what]!(request)
      : problem(404, 'There is nothing here')
}

function endpointsOf(state: IssuerState): Readonly<Record<string, Endpoint>> {
  const metadata: Endpoint = () => json(200, metadataOf(state.name))
  const form = { action: '/', hidden: {}, scope: 'openid', audience: 'api' }
  return {
    'GET /': () => html(200, loginPage(form)),
    'POST /': showToken(state),
    'GET /.well-known/openid-configuration': metadata,
    'GET /.well-known/oauth-authorization-server': metadata,
    'GET /jwks': () => json(200, { keys: state.keys.published.map(({ publicJwk }) => publicJwk) }),
    'POST /rotate': () => {
      state.keys.rotate()
      return json(200, { kid: state.keys.current.publicJwk['kid'] })
    },
    'GET /authorize': askToLogIn,
    'POST /authorize': logIn(state),
    'POST /token': handOutTokens(state),
    'GET /userinfo': tellUser(state),
    'POST /userinfo': tellUser(state),
    'GET /logout': logOut,
    'POST /logout': logOut,
  }
}

/** @see OpenID Connect Core §5.3 */
function tellUser({ keys, seconds }: IssuerState): Endpoint {
  return ({ authorization = '' }) => {
    const text = authorization.replace(/^Bearer +/i, '')
    const claims = keys.published.map((key) => key.read(text)).find((read) => read !== undefined)
    if (claims === undefined || Number(claims['exp']) <= seconds())
      return oauthError('invalid_token', 'the access token is not one of mine, or is over', 401)
    return json(200, { sub: claims['sub'], preferred_username: claims['sub'] })
  }
}
