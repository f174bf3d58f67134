import { createHash } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'
import type { AuthorizationServer } from 'oauth4webapi'
import { isJsonObject } from '../../base/json.ts'
import type { HttpCaller } from '../../plugin-kit/http-caller.ts'
import type {
  CertificatePem,
  EntityLookup,
  NodeServices,
  PluginContext,
} from '../../plugin-kit/plugin.ts'
import { loadOAuth } from '../../plugin-kit/oauth/libraries.ts'
import { serverFetch, type ServerFetch } from '../../plugin-kit/oauth/server-fetch.ts'
import { cacheLives } from './cache-lives.ts'
import { pairsOf } from './pair-fields.ts'
import { callerOf } from './provider-caller.ts'
import type { Config } from './schema.ts'

/** What is known of a provider. */
export interface ProviderFacts {
  readonly metadata: AuthorizationServer
  readonly keys: JSONWebKeySet
  /** Another number: other keys. */
  readonly generation: number
}

/**
 * A failure is remembered for so long, so that requests do not all wait for a provider that is down;
 * what was known is used on meanwhile, if anything was, and for `cache_ttl_resurrect` where that is set.
 */
const FAILURE_MS = 2000

/**
 * Knows the metadata and the keys of one provider. They are fetched when they are first needed, and
 * anew when they are old, in the background, or when a token has a key that is not known; what was
 * known is used on while the provider cannot be reached.
 */
export class Provider {
  readonly #config: Config
  readonly #node: NodeServices
  readonly #caller: HttpCaller
  readonly #tlsCaller: HttpCaller | undefined
  readonly fetch: ServerFetch
  /** Shows the certificate of the client; absent: there is none. */
  readonly tlsFetch: ServerFetch | undefined
  #facts: ProviderFacts | undefined
  /** Of the facts, also when they were forgotten. */
  #generation = 0
  #fetchedAtMs = -Infinity
  /** When a look was begun, whatever came of it. */
  #lookedAtMs = -Infinity
  #looking: Promise<ProviderFacts> | undefined
  #failure: Error | undefined

  constructor(config: Config, node: NodeServices, certificate: CertificatePem | undefined) {
    this.#config = config
    this.#node = node
    this.#caller = callerOf(config)
    this.fetch = serverFetch(this.#caller)
    this.#tlsCaller = certificate && callerOf(config, certificate)
    this.tlsFetch = this.#tlsCaller && serverFetch(this.#tlsCaller)
  }

  /** @throws when nothing is known, and the provider cannot be asked */
  async facts(): Promise<ProviderFacts> {
    const known = this.#facts
    const sinceLookMs = this.#node.now() - this.#lookedAtMs
    if (known === undefined) {
      if (this.#failure !== undefined && sinceLookMs < FAILURE_MS) throw this.#failure
      return this.#look()
    }
    const ageMs = this.#node.now() - this.#fetchedAtMs
    const { usualMs, resurrectedMs = 0 } = cacheLives(this.#config)
    const hasFailed = this.#lookedAtMs > this.#fetchedAtMs
    const pauseMs = hasFailed ? Math.max(resurrectedMs, FAILURE_MS) : 0
    if (ageMs >= usualMs && sinceLookMs >= pauseMs)
      // Whether it succeeds or not, this request goes by what is known; a failure is logged.
      this.#look().catch(() => undefined)
    return known
  }

  /** @returns what is known after a new look, or `undefined` if it is too early for one */
  async renewed(): Promise<ProviderFacts | undefined> {
    const sinceLookMs = this.#node.now() - this.#lookedAtMs
    if (this.#looking === undefined && sinceLookMs < this.#config.rediscovery_lifetime * 1000)
      return undefined
    return this.#look().catch(() => undefined)
  }

  /** What is known now; nothing is fetched. */
  get known(): { readonly facts: ProviderFacts; readonly fetchedAtMs: number } | undefined {
    return this.#facts && { facts: this.#facts, fetchedAtMs: this.#fetchedAtMs }
  }

  /** Has all fetched anew when it is needed next, and nothing used until then. */
  forget(): void {
    this.#facts = undefined
    this.#failure = undefined
  }

  dispose(): void {
    this.#caller.dispose()
    this.#tlsCaller?.dispose()
  }

  /** Those who look at the same time look together. */
  #look(): Promise<ProviderFacts> {
    return (this.#looking ??= this.#fetch().finally(() => {
      this.#looking = undefined
    }))
  }

  async #fetch(): Promise<ProviderFacts> {
    this.#lookedAtMs = this.#node.now()
    try {
      const metadata = await this.#metadata()
      const keys = await this.#keys(metadata)
      const isSame = JSON.stringify(keys) === JSON.stringify(this.#facts?.keys)
      if (!isSame) this.#generation += 1
      this.#facts = { metadata, keys, generation: this.#generation }
      this.#fetchedAtMs = this.#node.now()
      return this.#facts
    } catch (error) {
      this.#failure = error as Error
      this.#node.log.error(`openid-connect: cannot ask the provider ${this.#config.issuer}`, error)
      throw error
    }
  }

  async #metadata(): Promise<AuthorizationServer> {
    const issuer = issuerUrl(this.#config.issuer)
    const overrides = endpointOverrides(this.#config)
    if (this.#config.using_pseudo_issuer)
      return withAliases({ issuer: this.#config.issuer, ...overrides }, this.#config)
    const oauth = await loadOAuth()
    const response = await oauth.discoveryRequest(issuer, {
      algorithm: 'oidc',
      headers: pairsOf(this.#config, 'discovery_headers'),
      [oauth.customFetch]: (url, options) => this.fetch(url, options),
      [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
    })
    const metadata = await oauth.processDiscoveryResponse(issuer, response)
    return withAliases({ ...metadata, ...overrides }, this.#config)
  }

  async #keys({ jwks_uri: uri }: AuthorizationServer): Promise<JSONWebKeySet> {
    const uris = [...(uri === undefined ? [] : [uri]), ...(this.#config.extra_jwks_uris ?? [])]
    const sets = await Promise.all(uris.map((each) => this.#keySet(each)))
    const keys = sets.flatMap((set) => set.keys).filter(isPublicKey)
    // No issuer withdraws all its keys: its server has told of them by mistake, and would let nobody in.
    if (keys.length === 0 && (this.#facts?.keys.keys.length ?? 0) > 0)
      throw new Error('Cannot use the keys of the provider: there are none any more')
    return { keys }
  }

  async #keySet(uri: string): Promise<JSONWebKeySet> {
    const isSecure = new URL(uri).protocol === 'https:'
    if (!isSecure && issuerUrl(this.#config.issuer).protocol === 'https:')
      throw new Error(`Cannot fetch keys from ${uri}: the issuer is on https, and its keys are not`)
    const response = await this.fetch(uri, {
      method: 'GET',
      headers: { accept: 'application/json, application/jwk-set+json' },
    })
    if (response.status !== 200)
      throw new Error(`Cannot fetch keys from ${uri}: the answer has status ${response.status}`)
    const set: unknown = await response.json()
    if (!isJsonObject(set) || !Array.isArray(set['keys']))
      throw new Error(`Cannot fetch keys from ${uri}: the answer is no JSON Web Key Set`)
    return set as unknown as JSONWebKeySet
  }
}

function isPublicKey(jwk: unknown): jwk is JWK {
  return isJsonObject(jwk) && ['RSA', 'EC', 'OKP'].includes(String(jwk['kty']))
}

/** The issuer identifier, for configurations that name the URL of its metadata instead. */
function issuerUrl(text: string): URL {
  return new URL(
    text.replace(/\/\.well-known\/(?:openid-configuration|oauth-authorization-server).*$/, ''),
  )
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'introspection_endpoint',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
  'pushed_authorization_request_endpoint',
] as const

const MTLS_ENDPOINTS = ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint'] as const

function endpointOverrides(config: Config): Partial<AuthorizationServer> {
  return Object.fromEntries(
    ENDPOINTS.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]])),
  )
}

/** Where clients go that prove themselves by a certificate: another place than others, or the same. */
function withAliases(metadata: AuthorizationServer, config: Config): AuthorizationServer {
  const aliases = Object.fromEntries(
    MTLS_ENDPOINTS.flatMap((name) => {
      const url = config[`mtls_${name}`] ?? config[name]
      return url === undefined ? [] : [[name, url]]
    }),
  )
  return { ...metadata, mtls_endpoint_aliases: { ...metadata.mtls_endpoint_aliases, ...aliases } }
}

/** More providers than any configuration has; those of earlier ones go. */
const MAX_PROVIDERS = 100

export interface KnownProvider {
  /** What is configured of it, as text. */
  readonly key: string
  readonly provider: Provider
}

/** The providers that this worker has had to do with. */
export function knownProviders(node: NodeServices): readonly KnownProvider[] {
  return [...providersOf(node)].map(([key, provider]) => ({ key, provider }))
}

function providersOf(node: NodeServices): Map<string, Provider> {
  return node.keep('openid-connect providers', () => new Map<string, Provider>())
}

/** The provider of a config; instances and configurations that say the same of it share one. */
export function providerOf(
  config: Config,
  { node, entities }: Pick<PluginContext, 'node' | 'entities'>,
): Provider {
  const providers = providersOf(node)
  const certificate = certificateOf(config, entities)
  const key = JSON.stringify([
    certificate && createHash('sha256').update(certificate.certificate).digest('base64url'),
    ...[
      'issuer',
      'using_pseudo_issuer',
      'extra_jwks_uris',
      'rediscovery_lifetime',
      'cache_ttl',
      'cache_ttl_min',
      'cache_ttl_max',
      'cache_ttl_resurrect',
      'timeout',
      'keepalive',
      'ssl_verify',
      'http_proxy',
      'http_proxy_authorization',
      'https_proxy',
      'https_proxy_authorization',
      'no_proxy',
      'tls_client_auth_ssl_verify',
      'discovery_headers_names',
      'discovery_headers_values',
      ...ENDPOINTS,
      ...MTLS_ENDPOINTS.map((name) => `mtls_${name}`),
    ].map((name) => config[name as keyof Config]),
  ])
  const known = providers.get(key)
  if (known !== undefined) return known
  const [oldest] = providers
  if (oldest !== undefined && providers.size >= MAX_PROVIDERS) {
    oldest[1].dispose()
    providers.delete(oldest[0])
  }
  const provider = new Provider(config, node, certificate)
  providers.set(key, provider)
  return provider
}

/** The certificate by which clients of this config prove themselves, if it is there. */
function certificateOf(
  { tls_client_auth_cert_id: id }: Config,
  entities: EntityLookup,
): CertificatePem | undefined {
  const row = id === undefined ? undefined : entities.byId('certificates', id)
  const { cert, key } = (row ?? {}) as { readonly cert?: string; readonly key?: string }
  return cert === undefined || key === undefined ? undefined : { certificate: cert, key }
}
