import { exit, type Answer, type AnswerHeaders } from '../../plugin-kit/answer.ts'
import type { Refusal } from '../../plugin-kit/authenticate-request.ts'
import { challenge } from '../../plugin-kit/challenge.ts'
import {
  possessionError,
  tokenChallenges,
  type TokenScheme,
} from '../../plugin-kit/possession/token-challenges.ts'
import { tokenFacts } from './token-facts.ts'
import type { TokenRefusal } from './verify-token.ts'

/** How refusals are worded. */
export interface RefusalStyle {
  readonly keyClaimName: string
  readonly format: 'kong' | 'problem'
  readonly realm: string | undefined
  /** Scopes that tokens need, told to clients that have too few. */
  readonly scopes: readonly string[]
  readonly metadataUrl: string | undefined
  /** What tokens may come under. */
  readonly schemes: readonly TokenScheme[]
}

const TITLES = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const

/** Turns refusals into answers, with a challenge that says whether the token is at fault. */
export function refuseIn(
  style: RefusalStyle,
): (refusal: TokenRefusal, requestId: string) => Refusal {
  const headersOf = challengesIn(style)
  return (refusal, requestId) => {
    const { body, code, token, status = 401, reason } = refusal
    const headers = headersOf(refusal)
    const why = `jwt: ${reason}`
    return {
      code,
      answer:
        style.format === 'kong'
          ? exit(status, body, { reason: why, headers })
          : problem(refusal, { requestId, headers, reason: why }),
      ...(token && { facts: tokenFacts(token, style.keyClaimName) }),
    }
  }
}

/** @see RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1 */
function challengesIn(style: RefusalStyle): (refusal: TokenRefusal) => AnswerHeaders {
  const { realm, format, metadataUrl: resource_metadata } = style
  const scope = style.scopes.length === 0 ? undefined : style.scopes.join(' ')
  const authenticate = authenticateIn(style.schemes)
  return (refusal) => {
    const error_description = format === 'problem' ? detailOf(refusal) : undefined
    switch (refusal.challenge ?? 'invalid-token') {
      case 'none':
        return {}
      case 'token-wanted':
        return authenticate({ realm, scope, resource_metadata }, refusal)
      case 'invalid-token': {
        const error = possessionError(refusal.code)
        return authenticate({ realm, error, error_description, resource_metadata }, refusal)
      }
      case 'insufficient-scope': {
        const error = 'insufficient_scope'
        return authenticate({ realm, error, error_description, scope, resource_metadata }, refusal)
      }
    }
  }
}

type Parameters = Readonly<Record<string, string | undefined>>

function authenticateIn(
  schemes: readonly TokenScheme[],
): (parameters: Parameters, refusal: TokenRefusal) => AnswerHeaders {
  if (schemes.length === 1)
    return (parameters) => ({ 'www-authenticate': challenge('Bearer', parameters) })
  return ({ error, error_description, ...common }, { cameAs = 'Bearer', nonce }) => ({
    'www-authenticate': tokenChallenges(schemes, {
      common,
      error: { error, error_description },
      cameAs,
    }),
    ...(nonce !== undefined && { 'dpop-nonce': nonce }),
  })
}

/** @see RFC 9457 §3 */
function problem(
  refusal: TokenRefusal,
  more: { readonly requestId: string; readonly headers: AnswerHeaders; readonly reason: string },
): Answer {
  const { status = 401, body } = refusal
  const detail = detailOf(refusal)
  const claims = Object.entries(body).filter(([name]) => name !== 'message')
  return {
    kind: 'exit',
    status,
    message: detail,
    reason: more.reason,
    headers: { 'content-type': 'application/problem+json', ...more.headers },
    body: JSON.stringify({
      type: 'about:blank',
      title: TITLES[status],
      status,
      detail,
      ...(claims.length > 0 && { claims: Object.fromEntries(claims) }),
      request_id: more.requestId,
    }),
  }
}

/** What the client would read in Kong's format, in one sentence. */
function detailOf({ body }: TokenRefusal): string {
  const { message } = body
  if (message !== undefined) return message
  return Object.entries(body)
    .map(([claim, text]) => `${claim}: ${text}`)
    .join('; ')
}
