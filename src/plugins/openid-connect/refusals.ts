import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import type { Refusal } from '../../plugin-kit/authenticate-request.ts'
import { challenge } from '../../plugin-kit/challenge.ts'
import { DPOP_ALGORITHMS } from '../../plugin-kit/dpop.ts'
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

export function refusalsOf(config: Config): Refusals {
  const realm = URL.canParse(config.issuer) ? new URL(config.issuer).host : config.issuer
  const schemes = {
    off: ['Bearer'],
    optional: ['Bearer', 'DPoP'],
    strict: ['DPoP'],
  }[config.proof_of_possession_dpop]
  const says = (parameters: Readonly<Record<string, string | undefined>>): readonly string[] =>
    schemes.map((scheme) =>
      challenge(scheme, {
        realm,
        ...(scheme === 'DPoP' && { algs: DPOP_ALGORITHMS.join(' ') }),
        ...(config.expose_error_code && parameters),
      }),
    )

  function answer(
    status: 401 | 403,
    why: string,
    challenged: readonly string[] | undefined,
  ): Answer {
    const kind = status === 401 ? 'unauthorized' : 'forbidden'
    const elsewhere = config[`${kind}_redirect_uri`]?.[0]
    if (elsewhere !== undefined) return redirect(elsewhere, why)
    const message = config[`${kind}_error_message`]
    return refuse(status, config.display_errors ? `${message} (${why})` : message, {
      ...(challenged !== undefined && { headers: { 'www-authenticate': challenged } }),
      reason: `openid-connect: ${why}`,
    })
  }

  return {
    unauthorized: (refused) =>
      refused === undefined
        ? { code: 'credentials-missing', answer: answer(401, 'no credentials', says({})) }
        : {
            code: refused.code,
            answer: answer(
              401,
              refused.refused,
              says({
                error: refused.code === 'dpop-invalid' ? 'invalid_dpop_proof' : 'invalid_token',
              }),
            ),
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
