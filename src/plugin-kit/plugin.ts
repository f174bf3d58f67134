import type { Consumer, Entity, EntityKind, Protocol } from '../entities/entity.ts'
import type { EntityCheck, Fields, RecordOf, RecordSpec, Shorthand } from '../schema/field.ts'
import type { LogLevel } from '../telemetry/log-level.ts'
import type { Answer } from './answer.ts'
import type { ConsumerSource } from './consumer-source.ts'
import type { Exchange } from './exchange.ts'
import type { Explain } from './explanation.ts'
import type { IssuedRows } from './issued-rows.ts'
import type { StreamSession } from './stream-session.ts'

/** What a plugin may return from a phase that can answer: nothing goes on, an answer ends the phase. */
export type PhaseResult = Answer | undefined | void | Promise<Answer | undefined | void>

/**
 * The functions of one configured instance. Phases run in order of priority, synchronously unless
 * a handler really waits: return a promise only then, since it costs every request a turn of the loop.
 */
export interface PluginHandlers {
  /**
   * The certificate for a name that a client asks for in its handshake, and for which none is
   * configured; only global instances.
   */
  certificate?(serverName: string): CertificatePem | undefined | Promise<CertificatePem | undefined>
  /** Before routing; only global instances. */
  rewrite?(exchange: Exchange): PhaseResult
  access?(exchange: Exchange): PhaseResult
  /** With the whole upstream response buffered; excludes the two filters below. */
  response?(exchange: Exchange, body: Uint8Array): PhaseResult
  /**
   * Whether `response` is to run for this exchange; where it is not, the two filters do and the body
   * streams. Absent: it always is. Asked more than once, so it must not change its mind.
   */
  buffersResponse?(exchange: Exchange): boolean
  headerFilter?(exchange: Exchange): void
  /**
   * One call a chunk, and a last one with `isLast`.
   * @returns bytes to send instead, or nothing to leave the chunk alone
   */
  bodyFilter?(exchange: Exchange, chunk: Uint8Array, isLast: boolean): Uint8Array | undefined | void
  log?(exchange: Exchange): void
  /** A connection of TCP or TLS, or a session of UDP, before it is proxied. An answer closes it. */
  preread?(session: StreamSession): PhaseResult
  /** Such a session when it is over. */
  logSession?(session: StreamSession): void
  /** The snapshot that holds this instance has served its last exchange. */
  dispose?(): void
}

/** PEM texts. */
export interface CertificatePem {
  /** Perhaps with the chain behind it. */
  readonly certificate: string
  readonly key: string
}

/** What an instance is told about itself and the configuration it is part of. */
export interface PluginContext {
  /** Id of the plugin entity. */
  readonly id: string
  readonly name: string
  readonly instanceName: string | undefined
  readonly routeId: string | undefined
  readonly serviceId: string | undefined
  readonly consumerId: string | undefined
  /** The entities of the same configuration. */
  readonly entities: EntityLookup
  /** What outlives configurations: counters, caches, queues, connections. */
  readonly node: NodeServices
}

/** Reads entities by their unique fields in constant time. Frozen with the configuration. */
export interface EntityLookup {
  byId(kind: string, id: string): Entity | undefined
  /** @param field a unique field or the endpoint key of the kind */
  by(kind: string, field: string, value: string): Entity | undefined
  /** Rows of a kind that refer to a parent, e.g. all `acls` with `consumer` = id. */
  referring(kind: string, foreignField: string, parentId: string): readonly Entity[]
  /** Every row of a kind. Not for the path of a request that succeeds: it grows with the configuration. */
  rows(kind: string): readonly Entity[]
  consumer(id: string): Consumer | undefined
  /** By id if it looks like one and exists, else by username; Kong's rule for `anonymous`. */
  consumerByIdOrUsername(value: string): Consumer | undefined
}

export interface NodeServices {
  readonly nodeId: string
  readonly hostname: string
  /** The compatibility version, e.g. `3.9.3`. */
  readonly version: string
  readonly log: PluginLog
  /** Unix time in ms, cached for the current turn of the loop. */
  now(): number
  /** A value kept for the life of the process under a name; made at first use. */
  keep<Value>(name: string, make: () => Value): Value
  /** Settings a plugin may depend on, by their `kong.conf` names. */
  setting(name: string): unknown
  /** Has the end of the thread wait a moment for what is begun: lines to write, entries to send. */
  complete(work: Promise<unknown>): void
  /** Fires when the thread is about to end: whoever waits for more to come goes on without. */
  readonly ending: AbortSignal
  /** What this worker is doing; absent where nobody counts. */
  statistics?(): WorkerStatistics
  /**
   * Hands over each line of the error log of this worker, as it is written.
   * @returns ends it
   */
  onLogLine?(listener: (line: LogLine) => void): () => void
  /** Has the Admin API do something. Absent where there is none. */
  administer?(request: AdminErrand): Promise<AdminAnswer>
  /** State of an upstream's targets as this worker sees it. */
  upstreamHealth?(upstreamId: string): UpstreamHealthFacts | undefined
  /** Who has consumers that the configuration does not have, where somebody does. */
  readonly consumerSource?: ConsumerSource | undefined
  /** Where a database keeps what plugins issue; see `issuedRows`. */
  readonly issuedRows?: IssuedRows | undefined
}

/** A request to the Admin API that does not come over the network. */
export interface AdminErrand {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With query, if any. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: object | undefined
}

export interface WorkerStatistics {
  readonly connections: {
    readonly accepted: number
    readonly active: number
    readonly handled: number
    readonly reading: number
    readonly writing: number
    readonly requests: number
  }
  /** Connections and sessions of streams; absent where there are none. */
  readonly streams?: {
    readonly accepted: number
    readonly active: number
    readonly handled: number
    /** Those that are over. */
    readonly sessions: number
  }
  readonly heapBytes: number
}

export interface UpstreamHealthFacts {
  readonly targets: readonly {
    readonly host: string
    readonly port: number
    readonly health: string
    readonly addresses: readonly {
      readonly ip: string
      readonly port: number
      readonly health: string
    }[]
  }[]
}

/** A line of the error log. */
export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  /** Unix time in ms. */
  readonly atMs: number
}

export interface PluginLog {
  debug(message: string): void
  info(message: string): void
  notice(message: string): void
  warn(message: string): void
  error(message: string, cause?: unknown): void
}

/** A plugin as the rest of the house sees it; made by {@link definePlugin}. */
export interface Plugin {
  readonly name: string
  /** Higher runs first; equal ones in descending order of name. */
  readonly priority: number
  readonly version: string
  readonly config: RecordSpec
  /** Cross-field checks on the plugin entity; field names begin with `config.`. */
  readonly checks: readonly EntityCheck[]
  readonly protocols: {
    readonly allowed: readonly Protocol[]
    readonly default: readonly Protocol[]
  }
  /** Scopes it may not be bound to. */
  readonly not: readonly ('consumer' | 'route' | 'service')[]
  /** Entities it brings, e.g. credentials. */
  readonly entities: readonly EntityKind[]
  /** Endpoints it adds to the Admin API. */
  readonly adminRoutes: readonly AdminRoute[]
  /** It reads what `tracing/phase-notes.ts` notes of other plugins; without one nothing is noted. */
  readonly readsPhaseNotes: boolean
  /** Absent: its decisions speak for themselves. */
  readonly explain?: Explain
  /** Called once for each configuration with the plugin in it, before any of its instances is made. */
  readonly begin?: ((context: Pick<PluginContext, 'entities' | 'node'>) => void) | undefined
  /**
   * Makes an instance. One that looks up no entities here and has no `dispose` is made for a later
   * configuration only when it is first needed, and the same must come of it then.
   *
   * @param config as its schema parsed it; unset fields are `undefined`
   */
  create(config: never, context: PluginContext): PluginHandlers
}

/** An endpoint of the Admin API that a plugin brings. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Segments that begin with `:` are parameters: `/proxy-cache/:cache_key`. */
  readonly path: string
  /** Not of Kong's: `/endpoints` does not show it. */
  readonly isUnlisted?: boolean
  /** Asks every worker, and makes one answer of theirs. Absent: any one thread will do. */
  readonly combine?: (answers: readonly AdminAnswer[]) => AdminAnswer
  handle(request: AdminRequest): AdminAnswer | Promise<AdminAnswer>
}

export interface AdminRequest {
  readonly parameters: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  readonly node: NodeServices
  readonly entities: EntityLookup
}

/** Plain data, so that it can go from thread to thread. */
export interface AdminAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, a string as it is. Absent: an empty body. */
  readonly body?: unknown
}

export interface PluginDefinition<ConfigFields extends Fields> {
  readonly name: string
  readonly priority: number
  readonly version?: string
  readonly schema: ConfigFields
  readonly shorthands?: Readonly<Record<string, Shorthand>>
  /** Checks inside the config record; their messages stand at `config`. */
  readonly configChecks?: readonly EntityCheck[]
  /** A rule over the whole config record that no check can say; its message stands at `config`. */
  readonly configValidator?: (config: never) => string | undefined
  readonly checks?: readonly EntityCheck[]
  readonly protocols?: {
    readonly allowed?: readonly Protocol[]
    readonly default?: readonly Protocol[]
  }
  readonly not?: readonly ('consumer' | 'route' | 'service')[]
  readonly entities?: readonly EntityKind[]
  readonly adminRoutes?: readonly AdminRoute[]
  readonly readsPhaseNotes?: boolean
  readonly explain?: Explain
  readonly begin?: Plugin['begin']
  create(config: RecordOf<ConfigFields>, context: PluginContext): PluginHandlers
}

export const HTTP_PROTOCOLS = ['grpc', 'grpcs', 'http', 'https'] as const satisfies Protocol[]

export const ALL_PROTOCOLS = [
  'grpc',
  'grpcs',
  'http',
  'https',
  'tcp',
  'tls',
  'tls_passthrough',
  'udp',
] as const satisfies Protocol[]

/** Checks and completes a plugin's definition, and hides the type of its config. */
export function definePlugin<const ConfigFields extends Fields>(
  definition: PluginDefinition<ConfigFields>,
): Plugin {
  const { name, priority } = definition
  if (!Number.isInteger(priority))
    throw new TypeError(`Cannot define plugin "${name}": priority ${priority} is not an integer`)
  return {
    name,
    priority,
    version: definition.version ?? '3.9.3',
    config: configRecord(definition),
    checks: definition.checks ?? [],
    protocols: {
      allowed: definition.protocols?.allowed ?? HTTP_PROTOCOLS,
      default: definition.protocols?.default ?? HTTP_PROTOCOLS,
    },
    not: definition.not ?? [],
    entities: definition.entities ?? [],
    adminRoutes: definition.adminRoutes ?? [],
    readsPhaseNotes: definition.readsPhaseNotes === true,
    ...(definition.explain && { explain: definition.explain }),
    begin: definition.begin,
    create: (config: RecordOf<ConfigFields>, context) => definition.create(config, context),
  }
}

function configRecord<ConfigFields extends Fields>({
  schema,
  shorthands,
  configChecks,
  configValidator,
}: PluginDefinition<ConfigFields>): RecordSpec {
  return {
    type: 'record',
    required: true,
    fields: schema,
    ...(shorthands && { shorthand_fields: shorthands }),
    ...(configChecks && { entity_checks: configChecks }),
    ...(configValidator && { custom_validator: configValidator }),
  }
}
