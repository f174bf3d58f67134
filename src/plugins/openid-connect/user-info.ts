import type { Ask, Found } from './found.ts'
import { passedOn } from './passed-on.ts'
import { GrantRefused } from './provider-errors.ts'
import type { Parts } from './token-checks.ts'
import { trustedClaims } from './tokens.ts'

/** Adds the claims about the user, where the configuration has a use for them. */
export async function withUserInfo(
  parts: Parts,
  ask: Pick<Ask, 'exchange' | 'credentials'>,
  found: Found,
): Promise<Found> {
  const { config, provided, checks, node } = parts
  const isWanted =
    config.search_user_info ||
    config.upstream_user_info_header !== undefined ||
    config.downstream_user_info_header !== undefined
  const { accessToken, idToken } = found.tokens
  if (!isWanted || found.userInfo !== undefined || accessToken === undefined) return found
  if ((await provided.metadata()).userinfo_endpoint === undefined) return found
  const subject = trustedClaims(idToken)?.['sub']
  try {
    const userInfo = await checks.userInfo(accessToken, {
      subject: typeof subject === 'string' ? subject : undefined,
      provesToken: false,
      along: await passedOn(config, 'userinfo', ask),
    })
    return { ...found, userInfo }
  } catch (error) {
    if (!(error instanceof GrantRefused)) throw error
    // Tokens of clients, or without the scope `openid`, are good, and stand for no user.
    node.log.debug(`openid-connect: no user info: ${error.message}`)
    return found
  }
}
