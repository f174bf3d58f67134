import type { Consumer } from '../../entities/entity.ts'
import { verifyingKeySet } from '../../entities/public-keys.ts'
import type { JsonObject } from '../../base/json.ts'
import {
  sourceOf,
  whenKnown,
  type ConsumerSource,
  type SourcedRecord,
} from '../../plugin-kit/consumer-source.ts'
import type { KeyProvider } from '../../plugin-kit/jwks/key-source.ts'
import { configuredKeys, keySource } from '../../plugin-kit/jwks/key-sources.ts'
import type { PluginContext } from '../../plugin-kit/plugin.ts'
import { acceptance, type AcceptToken } from './accept-token.ts'
import { claimReader } from './claim-at.ts'
import { headersOfClaims, type ClaimHeader, type ClaimHeaders } from './forward-claims.ts'
import { keySetOf, type IssuerConfig } from './issuer-fields.ts'

/** An issuer whose tokens are trusted, made ready. */
export interface Issuer {
  readonly name: string
  readonly keys: KeyProvider
  readonly algorithms: ReadonlySet<string>
  /** In the form of {@link tokenType}. */
  readonly types: ReadonlySet<string> | undefined
  readonly accept: AcceptToken | undefined
  readonly headersOf: ((claims: JsonObject) => readonly ClaimHeader[]) | undefined
  /** Absent: its tokens have no consumer. */
  readonly findConsumer: FindConsumer | undefined
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
  release(): void
}

/** @param forwarded claims that are sent of every token */
export function makeIssuers(
  configs: readonly IssuerConfig[],
  forwarded: ClaimHeaders,
  context: PluginContext,
): Issuers {
  const issuers = new Map<unknown, Issuer>()
  for (const config of configs) issuers.set(config.issuer, makeIssuer(config, forwarded, context))
  return {
    get: (name) => issuers.get(name),
    release() {
      for (const { keys } of issuers.values()) keys.release()
    },
  }
}

/** A type in the header of a token: a media type whose `application/` may be left out. RFC 7515 §4.1.9 */
export function tokenType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '')
}

function makeIssuer(config: IssuerConfig, forwarded: ClaimHeaders, context: PluginContext): Issuer {
  const { issuer, algorithms, typ, consumer_claim: claim } = config
  return {
    name: issuer,
    keys: keysOf(config, context),
    algorithms: new Set(algorithms),
    types: typ && typ.length > 0 ? new Set(typ.map(tokenType)) : undefined,
    accept: acceptance(config),
    headersOf: headersOfClaims({ ...forwarded, ...config.forward_claims }),
    findConsumer: claim === undefined ? undefined : consumerFinder(claim, config, context),
  }
}

function keysOf(config: IssuerConfig, context: PluginContext): KeyProvider {
  const { node, name } = context
  const { issuer, jwks, jwks_uri: uri, key_set: keySet } = config
  if (keySet !== undefined) return keysOfSet(keySet, issuer, context)
  if (jwks !== undefined)
    return configuredKeys(keySetOf(jwks), (warning) =>
      node.log.warn(`${name}: issuer ${issuer}: ${warning}`),
    )
  return keySource(node, {
    from: uri === undefined ? { kind: 'discovery', issuer } : { kind: 'jwks', uri },
    ttlSeconds: config.jwks_ttl,
    staleSeconds: config.jwks_stale_ttl,
    timeoutMs: config.jwks_timeout,
    allowsHttp: config.allow_http,
    allowsPrivateAddresses: config.allow_private_addresses,
  })
}

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
    return { keys: [], renew: () => false, release: () => undefined }
  }
}

function consumerFinder(
  claim: string,
  { consumer_by: fields, consumer_optional: isOptional }: IssuerConfig,
  { entities, node }: PluginContext,
): FindConsumer {
  const read = claimReader(claim)
  const source = sourceOf(node, 'consumers')
  const nobody = (value: unknown): FoundConsumer => {
    if (isOptional) return { consumer: undefined }
    const given = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`
    return {
      consumer: undefined,
      missing: `no consumer by ${fields.join(' or ')}: claim "${claim}" ${given}`,
    }
  }
  return (claims) => {
    const value = read(claims)
    const name = typeof value === 'number' ? String(value) : value
    if (typeof name !== 'string' || name === '') return nobody(value)
    for (const field of fields) {
      const consumer =
        field === 'id' ? entities.consumer(name) : entities.by('consumers', field, name)
      if (consumer !== undefined) return { consumer: consumer as Consumer }
    }
    if (source === undefined) return nobody(value)
    return whenKnown(findInSource(source, fields, name), (found) => found ?? nobody(value))
  }
}

/** One field after the other, since the order says which counts. */
function findInSource(
  source: ConsumerSource,
  fields: readonly string[],
  name: string,
): FoundConsumer | undefined | Promise<FoundConsumer | undefined> {
  const [field, ...others] = fields
  if (field === undefined) return undefined
  return whenKnown(source.find('consumers', field, name), (answer) => {
    switch (answer.kind) {
      case 'found':
        return { consumer: answer.consumer, record: answer }
      case 'unavailable':
        return { consumer: undefined, isUnavailable: true }
      case 'none':
        return findInSource(source, others, name)
    }
  })
}
