import { refused, type Ask, type Outcome } from './found.ts'
import { grantMethods } from './grant-methods.ts'
import { idTokenParam } from './id-token-param.ts'
import { jwtSessionFault } from './jwt-session.ts'
import { possessionRule } from './possession.ts'
import type { AuthMethod } from './request-fields.ts'
import { sessionMethod } from './session-method.ts'
import type { Sessions } from './sessions.ts'
import type { Parts } from './token-checks.ts'
import { tokenMethods } from './token-methods.ts'

type Method = (ask: Ask) => Promise<Outcome>

/**
 * The ways to authenticate that send no browser anywhere. They are tried in a fixed order, and the
 * first one for which a request has credentials decides.
 */
export function methodsOf(parts: Parts, sessions: Sessions | undefined): Method {
  const { auth_methods: enabled } = parts.config
  const grants = grantMethods(parts)
  const inOrder: readonly Method[] = [
    ...(enabled.includes('session') ? [sessionMethod(parts, sessions)] : []),
    accessTokenMethod(parts),
    ...(['refresh_token', 'password', 'client_credentials'] as const)
      .filter((name) => enabled.includes(name))
      .map((name) => grants[name]),
  ]
  const withIdToken = idTokenParam(parts)
  return async (ask) => {
    for (const method of inOrder) {
      const outcome = await method(ask)
      if (outcome !== undefined) return withIdToken(ask, outcome)
    }
    return undefined
  }
}

/** An access token is verified, or looked up, or shown to the provider: whatever can be done with it. */
function accessTokenMethod(parts: Parts): Method {
  const methods = tokenMethods(parts)
  const enabled = (['bearer', 'introspection', 'userinfo'] as const satisfies AuthMethod[]).filter(
    (name) => parts.config.auth_methods.includes(name),
  )
  const held = possessionRule(parts.config, parts.node)
  if (enabled.length === 0) return async () => undefined

  return async (ask) => {
    const presented = await ask.credentials.accessToken()
    if (presented === undefined) return undefined
    const cameAs = presented.value.scheme === 'dpop' ? 'DPoP' : 'Bearer'
    for (const name of enabled) {
      const found = await methods[name](presented, ask)
      if (found === undefined) continue
      const outcome = await held(ask.exchange, presented.value, ofItsSession(parts, ask, found))
      return outcome !== undefined && 'refused' in outcome ? { ...outcome, cameAs } : outcome
    }
    // Whoever brings a token is no browser that could log in.
    return { ...refused('token-unreadable', 'no enabled method can check the token'), cameAs }
  }
}

/** Holds for every method: a client decides by the form of its token which one checks it. */
function ofItsSession(
  { config }: Parts,
  { exchange }: Ask,
  outcome: NonNullable<Outcome>,
): NonNullable<Outcome> {
  if ('refused' in outcome) return outcome
  const claims = outcome.accessClaims ?? outcome.introspection ?? outcome.userInfo ?? {}
  const fault = jwtSessionFault(config, exchange.request, claims)
  return fault === undefined ? outcome : refused('token-session-other', fault)
}
