import type { EntityCheck, Fields, Shorthand } from '../schema/field.ts'

/** A stored entity as the Admin API shows it: every schema field present, unset ones `null`. */
export type Entity = Readonly<Record<string, unknown>> & { readonly id: string }

/** All entities of one configuration by entity name, e.g. `{ services: [...], jwt_secrets: [...] }`. */
export type EntitySet = Readonly<Record<string, readonly Entity[]>>

/** One kind of entity. What the Admin API, files, stores and docs do with it follows from this. */
export interface EntityKind {
  /** Table name and key in declarative files: `services`, `keyauth_credentials`. */
  readonly name: string
  readonly fields: Fields
  readonly checks?: readonly EntityCheck[]
  readonly shorthands?: Readonly<Record<string, Shorthand>>
  /** The field that may stand for the id in URLs and references. */
  readonly endpointKey?: string
  /** Fields whose values together make the cache key, and the deterministic id in files. */
  readonly cacheKey?: readonly string[]
  /** Sets of fields whose values together must be unique, besides `unique` fields. */
  readonly uniqueTogether?: readonly (readonly string[])[]
  /** First segment of its Admin API paths when it differs from `name`: `key-auths`. */
  readonly urlName?: string
  /** Segment below a parent when it differs: `key-auth` in `/consumers/{c}/key-auth`. */
  readonly nestedName?: string
  /** Rows may carry a `ttl` and vanish when it has run out. */
  readonly hasTtl?: boolean
  /** Without Admin API endpoints of its own. */
  readonly isInternal?: boolean
  /**
   * Rows can be written at any time, also without a database: they then stay whatever is loaded, and
   * are kept below the prefix.
   */
  readonly isInstant?: true
  /**
   * Plugins make its rows while requests run: tokens, codes, sessions. Where a database keeps them they
   * are no part of the configuration: workers are not handed them but ask for one, and neither the
   * history nor a way back knows of them.
   */
  readonly isIssued?: true
  /** Not Kong's: `/endpoints` does not list it. */
  readonly own?: true
  /** Its schema depends on a field: `plugins` on `name`, `vaults` on `name`. */
  readonly subschemaKey?: string
  /** Its rows are what clients of a consumer prove themselves with. */
  readonly credential?: CredentialTraits
  /** Rewrites values on their way into a store, e.g. hashes a password. Needs all its `needs` fields. */
  readonly transformations?: readonly Transformation[]
}

/** What of a kind of credential is listed, and how a new one takes the place of an old one. */
export interface CredentialTraits {
  /** Field that tells one credential of the kind from another. */
  readonly nameField: string
  /** Who knows the name can use the credential: it is shown masked. */
  readonly isNameSecret?: boolean
  readonly algorithmField?: string
  /** Fields that a new credential does not take over from the old; absent: two cannot exist side by side. */
  readonly renewed?: readonly string[]
  /**
   * The field of the secret, where two cannot exist side by side: rotating changes it, and what it was
   * goes on in `previous_<field>` until `previous_retires_at`.
   */
  readonly secretField?: string
}

export interface Transformation {
  readonly input: readonly string[]
  readonly needs?: readonly string[]
  /** Twice is as good as once, so it also runs over files with `_transform: false`. */
  readonly isIdempotent?: boolean
  readonly onWrite: (entity: Entity) => Readonly<Record<string, unknown>>
}

export interface Foreign {
  readonly id: string
}

export type Protocol =
  | 'grpc'
  | 'grpcs'
  | 'http'
  | 'https'
  | 'tcp'
  | 'tls'
  | 'tls_passthrough'
  | 'udp'

export interface Service extends Entity {
  readonly name: string | null
  readonly retries: number
  readonly protocol: Protocol
  readonly host: string
  readonly port: number
  readonly path: string | null
  readonly connect_timeout: number
  readonly write_timeout: number
  readonly read_timeout: number
  readonly tags: readonly string[] | null
  readonly client_certificate: Foreign | null
  readonly tls_verify: boolean | null
  readonly tls_verify_depth: number | null
  readonly ca_certificates: readonly string[] | null
  readonly enabled: boolean
}

export interface AddressRange {
  readonly ip: string | null
  readonly port: number | null
}

export interface Route extends Entity {
  readonly name: string | null
  readonly created_at: number
  readonly protocols: readonly Protocol[]
  readonly https_redirect_status_code: number
  readonly strip_path: boolean
  readonly preserve_host: boolean
  readonly request_buffering: boolean
  readonly response_buffering: boolean
  readonly tags: readonly string[] | null
  readonly service: Foreign | null
  readonly snis: readonly string[] | null
  readonly sources: readonly AddressRange[] | null
  readonly destinations: readonly AddressRange[] | null
  readonly methods: readonly string[] | null
  readonly hosts: readonly string[] | null
  readonly paths: readonly string[] | null
  readonly headers: Readonly<Record<string, readonly string[]>> | null
  readonly regex_priority: number
  readonly path_handling: 'v0' | 'v1'
  /** Only in the router flavour `expressions`. */
  readonly expression?: string | null
  readonly priority?: number
}

export interface Consumer extends Entity {
  readonly username: string | null
  readonly custom_id: string | null
  readonly tags: readonly string[] | null
}

export interface PluginEntity extends Entity {
  readonly name: string
  readonly instance_name: string | null
  readonly route: Foreign | null
  readonly service: Foreign | null
  readonly consumer: Foreign | null
  readonly config: Readonly<Record<string, unknown>>
  readonly protocols: readonly Protocol[]
  readonly enabled: boolean
  readonly tags: readonly string[] | null
}

export interface Upstream extends Entity {
  readonly name: string
  readonly algorithm: 'consistent-hashing' | 'least-connections' | 'round-robin' | 'latency'
  readonly hash_on: HashInput
  readonly hash_fallback: HashInput
  readonly hash_on_header: string | null
  readonly hash_fallback_header: string | null
  readonly hash_on_cookie: string | null
  readonly hash_on_cookie_path: string
  readonly hash_on_query_arg: string | null
  readonly hash_fallback_query_arg: string | null
  readonly hash_on_uri_capture: string | null
  readonly hash_fallback_uri_capture: string | null
  readonly slots: number
  readonly healthchecks: Healthchecks
  readonly host_header: string | null
  readonly client_certificate: Foreign | null
  readonly use_srv_name: boolean
  /** Seconds. */
  readonly slow_start?: number
  readonly outlier_ejection?: OutlierEjection
}

export interface OutlierEjection {
  readonly consecutive_failures: number
  readonly http_statuses: readonly number[]
  /** Seconds. */
  readonly base_time: number
  /** Seconds. */
  readonly max_time: number
  readonly max_percent: number
}

export type HashInput =
  | 'none'
  | 'consumer'
  | 'ip'
  | 'header'
  | 'cookie'
  | 'path'
  | 'query_arg'
  | 'uri_capture'

export interface Healthchecks {
  readonly threshold: number
  readonly active: {
    readonly type: 'http' | 'https' | 'tcp' | 'grpc' | 'grpcs'
    readonly timeout: number
    readonly concurrency: number
    readonly http_path: string
    readonly https_sni: string | null
    readonly https_verify_certificate: boolean
    readonly headers: Readonly<Record<string, readonly string[]>> | null
    readonly healthy: {
      readonly interval: number
      readonly http_statuses: readonly number[]
      readonly successes: number
    }
    readonly unhealthy: UnhealthyLimits & { readonly interval: number }
  }
  readonly passive: {
    readonly type: 'http' | 'https' | 'tcp' | 'grpc' | 'grpcs'
    readonly healthy: { readonly http_statuses: readonly number[]; readonly successes: number }
    readonly unhealthy: UnhealthyLimits
  }
}

export interface UnhealthyLimits {
  readonly http_statuses: readonly number[]
  readonly tcp_failures: number
  readonly timeouts: number
  readonly http_failures: number
}

export interface Target extends Entity {
  readonly upstream: Foreign
  readonly target: string
  readonly weight: number
  readonly created_at: number
}
