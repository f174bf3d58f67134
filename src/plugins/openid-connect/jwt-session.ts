import type { JsonObject } from '../../base/json.ts'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { claimText } from './claims.ts'
import type { Config } from './schema.ts'

/**
 * What is wrong where a token counts only together with a cookie that has the same text as one of its
 * claims (`jwt_session_cookie`): whoever has got hold of the token alone cannot use it.
 */
export function jwtSessionFault(
  { jwt_session_cookie: cookie, jwt_session_claim: claim }: Config,
  request: ClientRequest,
  claims: JsonObject,
): string | undefined {
  if (cookie === undefined) return undefined
  const expected = claimText([claims], [claim])
  if (expected === undefined) return `it has no claim ${JSON.stringify(claim)}`
  const sent = request.cookie(cookie)
  return sent !== undefined && equalSecrets(sent, expected)
    ? undefined
    : `the cookie ${JSON.stringify(cookie)} is not what its claim ${JSON.stringify(claim)} says`
}
