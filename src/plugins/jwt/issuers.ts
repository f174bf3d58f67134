import type { Consumer } from '../../entities/entity.ts'
import { verifyingKeySet } from '../../entities/public-keys.ts'
import type { JsonObject } from '../../base/json.ts'
import { whenKnown, type SourcedRecord } from '../../plugin-kit/consumer-source.ts'
import type { FetchPolicy } from '../../plugin-kit/jwks/fetch-document.ts'
import type { KeyProvider } from '../../plugin-kit/jwks/key-source.ts'
import { configuredKeys, keySource } from '../../plugin-kit/jwks/key-sources.ts'
import { consumerFinder } from '../../plugin-kit/named-consumer.ts'
import { introspector, type Introspector } from '../../plugin-kit/oauth/introspector.ts'
import { possessionCheck, type CheckPossession } from '../../plugin-kit/possession/possession.ts'
import type { RedisConfig } from '../../plugin-kit/redis-fields.ts'
import type { PluginContext } from '../../plugin-kit/plugin.ts'
import { acceptance, type AcceptToken } from './accept-token.ts'
import { claimReader } from './claim-at.ts'
import { headersOfClaims, type ClaimHeader, type ClaimHeaders } from './forward-claims.ts'
import { clientOf } from './introspection-fields.ts'
import { isEmptyKeySet, keySetOf, type IssuerConfig } from './issuer-fields.ts'

/** An issuer whose tokens are trusted, made ready. */
export interface Issuer {
  readonly name: string
  readonly keys: KeyProvider
  /** Whether it makes JWTs, as far as is configured. */
  readonly makesJwts: boolean
  readonly algorithms: ReadonlySet<string>
  /** In the form of {@link tokenType}. */
  readonly types: ReadonlySet<string> | undefined
  readonly accept: AcceptToken | undefined
  readonly headersOf: ((claims: JsonObject) => readonly ClaimHeader[]) | undefined
  /** Absent: its tokens have no consumer. */
  readonly findConsumer: FindConsumer | undefined
  /** Asks the issuer what tokens are; absent: their signature says enough. */
  readonly introspection: (Introspector & { readonly ofJwts: boolean }) | undefined
  /** Absent: tokens are good in whosever hands they are. */
  readonly possession: CheckPossession | undefined
}

/** @returns a promise only where a source is asked */
type FindConsumer = (claims: JsonObject) => FoundConsumer | Promise<FoundConsumer>

export interface FoundConsumer {
  readonly consumer: Consumer | undefined
  /** Where a source had it. */
  readonly record?: SourcedRecord
  /** Why there must be one and is not. */
  readonly missing?: string
  /** Nobody can say whether there is one. */
  readonly isUnavailable?: true
}

/** The issuers of a configuration by name. Their keys are fetched from now on, until the release. */
export interface Issuers {
  get(name: unknown): Issuer | undefined
  /** The one that is asked about tokens that are no JWT. */
  readonly ofOpaque: Issuer | undefined
  /** Whether clients have to prove for a token of one of them that it is theirs. */
  readonly holdsToPossession: boolean
  release(): void
}

/** What the plugin says for all of its issuers. */
interface CommonRules {
  /** Claims that are sent of every token. */
  readonly forwarded: ClaimHeaders
  /** Seconds that clocks may differ. */
  readonly leeway: number
  /** Where nodes remember together which proofs were used. */
  readonly redis: RedisConfig | undefined
}

export function makeIssuers(
  configs: readonly IssuerConfig[],
  rules: CommonRules,
  context: PluginContext,
): Issuers {
  const issuers = new Map<unknown, Issuer>()
  for (const config of configs) issuers.set(config.issuer, makeIssuer(config, rules, context))
  const asked = configs.find(({ introspection }) => introspection?.tokens.includes('opaque'))
  return {
    get: (name) => issuers.get(name),
    ofOpaque: issuers.get(asked?.issuer),
    holdsToPossession: [...issuers.values()].some(({ possession }) => possession !== undefined),
    release() {
      for (const { keys, introspection } of issuers.values()) {
        keys.release()
        introspection?.release()
      }
    },
  }
}

/** A type in the header of a token: a media type whose `application/` may be left out. RFC 7515 §4.1.9 */
export function tokenType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '')
}

function makeIssuer(config: IssuerConfig, rules: CommonRules, context: PluginContext): Issuer {
  const { issuer, algorithms, typ, consumer_claim: claim } = config
  return {
    name: issuer,
    keys: keysOf(config, context),
    makesJwts: !isEmptyKeySet(keySetOf(config.jwks)),
    algorithms: new Set(algorithms),
    types: typ && typ.length > 0 ? new Set(typ.map(tokenType)) : undefined,
    accept: acceptance(config),
    headersOf: headersOfClaims({ ...rules.forwarded, ...config.forward_claims }),
    findConsumer: claim === undefined ? undefined : consumerFinderOf(claim, config, context),
    introspection: introspectionOf(config, rules, context),
    possession: possessionCheck(
      {
        plugin: 'jwt',
        dpop: config.proof_of_possession_dpop,
        mtls: config.proof_of_possession_mtls,
        proofLifetimeSeconds: config.dpop_proof_lifetime,
        usesNonce: config.dpop_use_nonce,
        nonceSecret: config.dpop_nonce_secret,
        redis: rules.redis,
      },
      context.node,
    ),
  }
}

function introspectionOf(
  config: IssuerConfig,
  { leeway: leewaySeconds }: CommonRules,
  { node }: PluginContext,
): Issuer['introspection'] {
  const { issuer, introspection } = config
  if (introspection === undefined) return undefined
  const asking = introspector(node, {
    issuer,
    endpoint: introspection.endpoint,
    client: clientOf(introspection),
    hint: introspection.hint,
    leewaySeconds,
    ttlSeconds: introspection.ttl,
    negativeTtlSeconds: introspection.ttl_neg,
    ...policyOf(config, introspection.timeout),
  })
  return { ...asking, ofJwts: introspection.tokens.includes('jwt') }
}

function policyOf(
  { allow_http: allowsHttp, allow_private_addresses: allowsPrivateAddresses }: IssuerConfig,
  timeoutMs: number,
): FetchPolicy {
  return { timeoutMs, allowsHttp, allowsPrivateAddresses }
}

function keysOf(config: IssuerConfig, context: PluginContext): KeyProvider {
  const { node, name } = context
  const { issuer, jwks, jwks_uri: uri, key_set: keySet } = config
  if (keySet !== undefined) return keysOfSet(keySet, issuer, context)
  if (isEmptyKeySet(keySetOf(jwks))) return NO_KEYS
  if (jwks !== undefined)
    return configuredKeys(keySetOf(jwks), (warning) =>
      node.log.warn(`${name}: issuer ${issuer}: ${warning}`),
    )
  return keySource(node, {
    from: uri === undefined ? { kind: 'discovery', issuer } : { kind: 'jwks', uri },
    ttlSeconds: config.jwks_ttl,
    staleSeconds: config.jwks_stale_ttl,
    ...policyOf(config, config.jwks_timeout),
  })
}

const NO_KEYS: KeyProvider = { keys: [], renew: () => false, release: () => undefined }

/** A set without a key that can verify makes tokens of this issuer fail, and not the configuration. */
function keysOfSet(
  named: string,
  issuer: string,
  { entities, node, name }: PluginContext,
): KeyProvider {
  const warn = (warning: string) => node.log.warn(`${name}: issuer ${issuer}: ${warning}`)
  const set = entities.byId('key_sets', named) ?? entities.by('key_sets', 'name', named)
  const rows = set === undefined ? [] : entities.referring('keys', 'set', set.id)
  try {
    if (set === undefined) throw new Error('there is no such set')
    return configuredKeys(verifyingKeySet(rows), warn)
  } catch (error) {
    warn(`key set "${named}": ${(error as Error).message}`)
    return NO_KEYS
  }
}

function consumerFinderOf(
  claim: string,
  { consumer_by: by, consumer_optional: isOptional }: IssuerConfig,
  context: PluginContext,
): FindConsumer {
  const read = claimReader(claim)
  const find = consumerFinder({ by }, context)
  const nobody = (value: unknown): FoundConsumer => {
    if (isOptional) return { consumer: undefined }
    const given = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`
    return {
      consumer: undefined,
      missing: `no consumer by ${by.join(' or ')}: claim "${claim}" ${given}`,
    }
  }
  return (claims) => {
    const value = read(claims)
    const name = typeof value === 'number' ? String(value) : value
    if (typeof name !== 'string' || name === '') return nobody(value)
    return whenKnown(find(name), (answer): FoundConsumer => {
      switch (answer.kind) {
        case 'configured':
          return { consumer: answer.consumer }
        case 'found':
          return { consumer: answer.consumer, record: answer }
        case 'unavailable':
          return { consumer: undefined, isUnavailable: true }
        case 'none':
          return nobody(value)
      }
    })
  }
}
