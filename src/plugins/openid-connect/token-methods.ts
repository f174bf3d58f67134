import type { AccessToken, Presented } from './credentials.ts'
import { refused, type Ask, type Outcome } from './found.ts'
import { passedOn } from './passed-on.ts'
import { GrantRefused } from './provider-errors.ts'
import type { Parts } from './token-checks.ts'
import { looksSigned } from './tokens.ts'

type TokenMethod = (presented: Presented<AccessToken>, ask: Ask) => Promise<Outcome>

/** Authenticates by an access token that the client has. */
export function tokenMethods(
  parts: Parts,
): Readonly<Record<'bearer' | 'introspection' | 'userinfo', TokenMethod>> {
  const { config, provided, checks } = parts
  const introspectsAll =
    config.introspect_jwt_tokens && config.auth_methods.includes('introspection')

  return {
    async bearer({ value: { token }, hide }, { client }) {
      if (introspectsAll || !looksSigned(token)) return undefined
      const verified = await checks.verify(token)
      if ('fault' in verified) return refused('token-invalid', verified.fault)
      const { claims: accessClaims } = verified
      return { method: 'bearer', client, tokens: { accessToken: token }, accessClaims, hide }
    },

    async introspection({ value: { token }, hide }, ask) {
      const { client } = ask
      const { introspection_endpoint: endpoint } = await provided.metadata()
      if (client === undefined || endpoint === undefined) return undefined
      return refusing(async () => {
        const along = await passedOn(config, 'introspection', ask)
        const introspection = await checks.introspect(client, token, along)
        return introspection === undefined
          ? refused('token-inactive', 'the provider says that the token is not active')
          : { method: 'introspection', client, tokens: { accessToken: token }, introspection, hide }
      })
    },

    async userinfo({ value: { token }, hide }, ask) {
      if ((await provided.metadata()).userinfo_endpoint === undefined) return undefined
      return refusing(async () => {
        const along = await passedOn(config, 'userinfo', ask)
        const about = { subject: undefined, provesToken: true, along }
        const userInfo = await checks.userInfo(token, about)
        return {
          method: 'userinfo',
          client: ask.client,
          tokens: { accessToken: token },
          userInfo,
          hide,
        }
      })
    },
  }
}

async function refusing(ask: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof GrantRefused)) throw error
    return refused('token-refused', `the provider refuses the token: ${error.message}`)
  }
}
