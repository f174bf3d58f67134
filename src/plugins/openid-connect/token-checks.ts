import type { JsonObject } from '../../base/json.ts'
import { judgeIntrospection } from '../../plugin-kit/oauth/introspection.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { OidcClient } from './clients.ts'
import type { ProviderClient } from './provider-client.ts'
import type { Provider } from './provider.ts'
import { remembered } from '../../plugin-kit/remembered.ts'
import type { Config } from './schema.ts'
import type { Verified, Verify } from './verify-token.ts'

/** The ways to find out what a token is, each with its memory. */
export interface TokenChecks {
  /** By its signature. */
  verify(token: string): Promise<Verified>
  /** By asking the provider. @returns `undefined` for a token that is not active */
  introspect(client: OidcClient, token: string): Promise<JsonObject | undefined>
  /** @throws {GrantRefused} when the provider refuses the token */
  userInfo(accessToken: string, about: UserInfoQuestion): Promise<JsonObject>
}

interface UserInfoQuestion {
  /** Whom the answer must be about, where that is known. */
  readonly subject: string | undefined
  /** The answer is all that is known of the token, its end included. */
  readonly provesToken: boolean
}

/** What an instance is made of. */
export interface Parts extends Means {
  readonly checks: TokenChecks
}

interface Means {
  readonly config: Config
  readonly node: NodeServices
  readonly provider: Provider
  readonly provided: ProviderClient
  readonly clients: readonly OidcClient[]
  readonly verify: Verify
}

/** A signature is not verified again for so long. */
const VERIFIED_MS = 300_000
/** When a token ends that is known by its user info alone, nobody says. */
const PROVEN_BY_USER_INFO_MS = 60_000

export function tokenChecks({ config, node, provider, provided, verify }: Means): TokenChecks {
  const now = (): number => node.now()
  const verified = remembered<Verified>(now)
  const introspected = remembered<JsonObject | undefined>(now)
  const informed = remembered<JsonObject>(now)
  const ttlMs = config.cache_ttl * 1000

  async function find(token: string) {
    const value = await verify(token)
    if ('fault' in value) return { value, untilMs: 0 }
    const ends = (Number(value.claims['exp']) + config.leeway) * 1000
    return { value, untilMs: Math.min(ends, now() + VERIFIED_MS) }
  }

  async function lookUp(client: OidcClient, token: string) {
    const finding = judgeIntrospection(await provided.introspect(client, token), {
      nowMs: now(),
      leewaySeconds: config.leeway,
      activeMs: ttlMs,
      inactiveMs: (config.cache_ttl_neg ?? config.cache_ttl) * 1000,
    })
    return config.cache_introspection ? finding : { ...finding, untilMs: 0 }
  }

  return {
    async verify(token) {
      const known = await verified.get(token, () => find(token))
      if ('fault' in known) return known
      // Keys that were withdrawn take their signatures with them.
      const { generation } = await provider.facts()
      if (known.generation === generation) return known
      verified.forget(token)
      return verified.get(token, () => find(token))
    },
    introspect: (client, token) =>
      introspected.get(`${client.id} ${token}`, () => lookUp(client, token)),
    userInfo: (accessToken, { subject, provesToken }) =>
      informed.get(`${provesToken} ${subject ?? ''} ${accessToken}`, async () => {
        const value = await provided.userInfo(accessToken, subject)
        const lasts = provesToken ? Math.min(ttlMs, PROVEN_BY_USER_INFO_MS) : ttlMs
        return { value, untilMs: config.cache_user_info ? now() + lasts : 0 }
      }),
  }
}
