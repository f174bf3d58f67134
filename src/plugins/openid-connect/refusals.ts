import { refuse, type Answer, type AnswerHeaders } from '../../plugin-kit/answer.ts'
import type { Refusal } from '../../plugin-kit/authenticate-request.ts'
import {
  possessionError,
  tokenChallenges,
  type TokenScheme,
} from '../../plugin-kit/possession/token-challenges.ts'
import type { Refused } from './found.ts'
import { redirect } from './redirect.ts'
import type { Shortage } from './requirements.ts'
import type { Config } from './schema.ts'

/** What a client gets that may not go on. */
export interface Refusals {
  /** 401: nothing proves who it is. */
  unauthorized(why: Refused | undefined): Refusal
  /** 403: it is known who it is, and that is not enough. */
  forbidden(why: Shortage | { readonly why: string }): Refusal
}

/** What tokens may come under. */
const SCHEMES = {
  off: ['Bearer'],
  optional: ['Bearer', 'DPoP'],
  strict: ['DPoP'],
} as const satisfies Readonly<Record<string, readonly TokenScheme[]>>

export function refusalsOf(config: Config): Refusals {
  const realm = URL.canParse(config.issuer) ? new URL(config.issuer).host : config.issuer
  const schemes = SCHEMES[config.proof_of_possession_dpop]
  const says = (error: Readonly<Record<string, string | undefined>>, cameAs?: TokenScheme) => ({
    'www-authenticate': tokenChallenges(schemes, {
      common: { realm },
      ...(config.expose_error_code && { error }),
      ...(cameAs !== undefined && { cameAs }),
    }),
  })

  function answer(status: 401 | 403, why: string, headers: AnswerHeaders | undefined): Answer {
    const kind = status === 401 ? 'unauthorized' : 'forbidden'
    const elsewhere = config[`${kind}_redirect_uri`]?.[0]
    if (elsewhere !== undefined) return redirect(elsewhere, why)
    const message = config[`${kind}_error_message`]
    return refuse(status, config.display_errors ? `${message} (${why})` : message, {
      ...(headers !== undefined && { headers }),
      reason: `openid-connect: ${why}`,
    })
  }

  return {
    unauthorized(refused) {
      if (refused === undefined)
        return { code: 'credentials-missing', answer: answer(401, 'no credentials', says({})) }
      const { code, refused: why, cameAs, nonce } = refused
      const headers = {
        ...says({ error: possessionError(code) }, cameAs),
        ...(nonce !== undefined && { 'dpop-nonce': nonce }),
      }
      return { code, answer: answer(401, why, headers) }
    },
    forbidden(shortage) {
      const scope = 'scope' in shortage ? shortage.scope : undefined
      const challenged =
        scope === undefined ? undefined : says({ error: 'insufficient_scope', scope })
      return {
        code: 'what' in shortage ? `${shortage.what}-insufficient` : 'consumer-unknown',
        answer: answer(403, shortage.why, challenged),
      }
    },
  }
}
