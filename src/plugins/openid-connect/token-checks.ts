import type { JsonObject } from '../../base/json.ts'
import { judgeIntrospection } from '../../plugin-kit/oauth/introspection.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { cacheLives } from './cache-lives.ts'
import type { OidcClient } from './clients.ts'
import type { PassedOn } from './passed-on.ts'
import type { ProviderClient } from './provider-client.ts'
import type { Provider } from './provider.ts'
import { remembered, type Finding } from '../../plugin-kit/remembered.ts'
import type { Config } from './schema.ts'
import { usedOnWith, type UsedOn } from './used-on.ts'
import type { Verified, Verify } from './verify-token.ts'

/** The ways to find out what a token is, each with its memory. */
export interface TokenChecks {
  /** By its signature. */
  verify(token: string): Promise<Verified>
  /** By asking the provider. @returns `undefined` for a token that is not active */
  introspect(client: OidcClient, token: string, along?: PassedOn): Promise<JsonObject | undefined>
  /** @throws {GrantRefused} when the provider refuses the token */
  userInfo(accessToken: string, about: UserInfoQuestion): Promise<JsonObject>
}

interface UserInfoQuestion {
  /** Whom the answer must be about, where that is known. */
  readonly subject: string | undefined
  /** The answer is all that is known of the token, its end included. */
  readonly provesToken: boolean
  /** What the client has sent to go along. */
  readonly along: PassedOn
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

export function tokenChecks(means: Means): TokenChecks {
  const { resurrectedMs: forMs } = cacheLives(means.config)
  const usedOn = usedOnWith(means.node, { issuer: means.config.issuer, forMs })
  return {
    verify: verification(means),
    introspect: introspection(means, usedOn),
    userInfo: userInfo(means, usedOn),
  }
}

function verification({ config, node, provider, verify }: Means): TokenChecks['verify'] {
  const verified = remembered<Verified>(() => node.now())

  async function find(token: string): Promise<Finding<Verified>> {
    const value = await verify(token)
    if ('fault' in value) return { value, untilMs: 0 }
    const ends = (Number(value.claims['exp']) + config.leeway) * 1000
    return { value, untilMs: Math.min(ends, node.now() + VERIFIED_MS) }
  }

  return async (token) => {
    const known = await verified.get(token, () => find(token))
    if ('fault' in known) return known
    // Keys that were withdrawn take their signatures with them.
    const { generation } = await provider.facts()
    if (known.generation === generation) return known
    verified.forget(token)
    return verified.get(token, () => find(token))
  }
}

function introspection(
  { config, node, provided }: Means,
  usedOn: UsedOn,
): TokenChecks['introspect'] {
  const introspected = remembered<JsonObject | undefined>(() => node.now())
  const lives = cacheLives(config)
  const judge = (claims: JsonObject, activeMs: number): Finding<JsonObject | undefined> =>
    judgeIntrospection(claims, {
      nowMs: node.now(),
      leewaySeconds: config.leeway,
      activeMs,
      inactiveMs: lives.negativeMs,
    })

  return (client, token, along) =>
    introspected.get(JSON.stringify([client.id, token, along]), (before) =>
      usedOn(before, {
        async ask() {
          const claims = await provided.introspect(client, token, along)
          const endsByItself = typeof claims['exp'] === 'number'
          const finding = judge(claims, endsByItself ? lives.longestMs : lives.usualMs)
          return config.cache_introspection ? finding : { ...finding, untilMs: 0 }
        },
        // It may have ended since.
        again: (value, forMs) => judge(value ?? { active: false }, forMs),
      }),
    )
}

function userInfo({ config, node, provided }: Means, usedOn: UsedOn): TokenChecks['userInfo'] {
  const informed = remembered<JsonObject>(() => node.now())
  const { usualMs } = cacheLives(config)

  return (accessToken, { subject, provesToken, along }) =>
    informed.get(JSON.stringify([provesToken, subject, accessToken, along]), (before) =>
      usedOn(provesToken ? undefined : before, {
        async ask() {
          const value = await provided.userInfo(accessToken, subject, along)
          const lasts = provesToken ? Math.min(usualMs, PROVEN_BY_USER_INFO_MS) : usualMs
          return { value, untilMs: config.cache_user_info ? node.now() + lasts : 0 }
        },
        again: (value, forMs) => ({ value, untilMs: node.now() + forMs }),
      }),
    )
}
