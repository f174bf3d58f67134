import { hkdfSync } from 'node:crypto'
import type { CookieAttributes } from '../../plugin-kit/cookie-line.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { cookieParts, sealedCookies, type SealedCookies } from '../../plugin-kit/sealed-cookies.ts'
import { sealWith } from '../../plugin-kit/sealed.ts'
import type { Config } from './schema.ts'

export type CookieKind = 'authorization' | 'session'

/** A kind of cookies of one instance: what they hold, and how browsers are to treat them. */
export interface KeptCookies extends SealedCookies {
  attributesFor(request: ClientRequest): CookieAttributes
}

/** @returns `undefined` where there is no secret to seal cookies with, so nobody can log in */
export function keptCookies(config: Config, kind: CookieKind): KeptCookies | undefined {
  const name = kind === 'session' ? sessionCookieName(config) : config.authorization_cookie_name
  const secret = sharedSecret(config)
  if (secret === undefined) return undefined
  // An instance must not take the cookies of one that another provider vouches for, nor what says
  // something else where sessions are elsewhere.
  const what = kind === 'session' && config.session_storage !== 'cookie' ? 'session id' : kind
  // Whichever of the two is in use, a session under the other name may be good at another route.
  const others =
    kind === 'session'
      ? [config.session_cookie_name, config.session_remember_cookie_name].flatMap(cookieParts)
      : []
  const purpose = `openid-connect ${what} ${name} ${config.issuer} ${config.session_audience}`
  const cookies = sealedCookies(name, sealWith(secret, purpose))
  return {
    ...cookies,
    names: [...new Set([...cookies.names, ...others])],
    attributesFor: (request) => ({
      path: config[`${kind}_cookie_path`],
      domain: config[`${kind}_cookie_domain`],
      sameSite: config[`${kind}_cookie_same_site`],
      secure: config[`${kind}_cookie_secure`] ?? request.forwardedScheme === 'https',
      httpOnly: config[`${kind}_cookie_http_only`],
      ...(kind === 'authorization' && comesWithForms(config)),
    }),
  }
}

/** Browsers send a cookie with a form of another site, such as the provider's, only if it says so. */
function comesWithForms(config: Config): Partial<CookieAttributes> {
  return config.response_mode === 'form_post' && config.authorization_cookie_same_site !== 'Default'
    ? { sameSite: 'None', secure: true }
    : {}
}

/** One that outlives the browser stands in place of the usual one: both would say the same. */
function sessionCookieName(config: Config): string {
  return config.session_remember ? config.session_remember_cookie_name : config.session_cookie_name
}

/**
 * A secret that all nodes and workers have: `session_secret`, or one that is made of a client secret,
 * which nobody knows who may not know sessions.
 */
export function sharedSecret({
  session_secret: secret,
  client_secret: [clientSecret] = [],
}: Config): string | undefined {
  if (secret !== undefined) return secret
  if (clientSecret === undefined || clientSecret === '') return undefined
  const derived = hkdfSync('sha256', clientSecret, '', 'openid-connect cookies', 32)
  return Buffer.from(derived).toString('base64url')
}
