import { cacheLives, livesUntil } from './cache-lives.ts'
import type { NameAndSecret, Presented } from './credentials.ts'
import { refused, type Ask, type Outcome } from './found.ts'
import { GrantRefused } from './provider-errors.ts'
import { passedOn, type PassedOn } from './passed-on.ts'
import { remembered, type Remembered } from '../../plugin-kit/remembered.ts'
import type { Parts } from './token-checks.ts'
import { trustedClaims, type Tokens } from './tokens.ts'

type Method = (ask: Ask) => Promise<Outcome>

/** Authenticates by what the provider changes for tokens. */
export function grantMethods(
  parts: Parts,
): Readonly<Record<'refresh_token' | 'password' | 'client_credentials', Method>> {
  const granted = remembered<Tokens>(() => parts.node.now())
  const attempt = attemptsBy(parts, granted)
  const { config, provided } = parts

  return {
    async refresh_token({ client, credentials, exchange }) {
      const found = client && (await credentials.refreshToken())
      if (client === undefined || found === undefined) return undefined
      const { value: refreshToken, hide } = found
      const along = await passedOn(config, 'token', { exchange, credentials })
      const grant = () => provided.refresh(client, { refreshToken }, along)
      return attempt('refresh_token', { client, key: [refreshToken], along, hide, grant })
    },

    async password({ client, credentials, exchange }) {
      const found = client && (await credentials.userAndPassword())
      if (client === undefined || found === undefined) return undefined
      const { name, secret } = found.value
      const along = await passedOn(config, 'token', { exchange, credentials })
      const outcome = await attempt('password', {
        client,
        key: [name, secret],
        along,
        hide: found.hide,
        grant: () => provided.passwordGrant(client, found.value, along),
      })
      // In a header a client looks like a user.
      const isPerhapsClient =
        config.auth_methods.includes('client_credentials') &&
        isSame(found, await credentials.clientIdAndSecret())
      return outcome !== undefined && 'refused' in outcome && isPerhapsClient ? undefined : outcome
    },

    async client_credentials({ client: configured, credentials, exchange }) {
      const found = await credentials.clientIdAndSecret()
      if (found === undefined) return undefined
      const { name: id, secret } = found.value
      const auth =
        configured?.auth === 'client_secret_post' ? configured.auth : 'client_secret_basic'
      const client = { ...NO_CLIENT, ...configured, id, secret, auth } as const
      const along = await passedOn(config, 'token', { exchange, credentials })
      const grant = () => provided.clientCredentialsGrant(client, along)
      const { hide } = found
      return attempt('client_credentials', { client, key: [id, secret], along, hide, grant })
    },
  }
}

interface Attempt extends Pick<Ask, 'client'> {
  /** What the tokens are remembered by. */
  readonly key: readonly string[]
  /** What goes along, on which they may depend as well. */
  readonly along: PassedOn
  readonly hide: () => void
  readonly grant: () => Promise<Tokens>
}

function attemptsBy({ config, node }: Parts, granted: Remembered<Tokens>) {
  const lives = cacheLives(config)
  const endOf = ({ expiresAt }: Tokens): number =>
    livesUntil(lives, node.now(), expiresAt === undefined ? undefined : expiresAt * 1000)

  return async function attempt(
    method: 'refresh_token' | 'password' | 'client_credentials',
    { client, hide, key, along, grant }: Attempt,
  ): Promise<Outcome> {
    try {
      const tokens = await granted.get(
        JSON.stringify([method, client?.id, ...key, along]),
        async () => {
          const value = await grant()
          return { value, untilMs: config.cache_tokens ? endOf(value) : 0 }
        },
      )
      return { method, client, tokens, accessClaims: trustedClaims(tokens.accessToken), hide }
    } catch (error) {
      if (!(error instanceof GrantRefused)) throw error
      return refused('grant-refused', `the provider refuses the ${method}: ${error.message}`)
    }
  }
}

const NO_CLIENT = {
  algorithm: undefined,
  jwk: undefined,
  redirectUri: undefined,
  loginRedirectUri: undefined,
  logoutRedirectUri: undefined,
}

function isSame(
  one: Presented<NameAndSecret>,
  other: Presented<NameAndSecret> | undefined,
): boolean {
  return one.value.name === other?.value.name && one.value.secret === other.value.secret
}
