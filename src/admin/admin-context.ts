import type { UpstreamHealth } from '../balancer/peer.ts'
import type { DeclarativeConfig } from '../declarative/declarative.ts'
import type { Catalog } from '../entities/catalog.ts'
import type {
  AdminAnswer as PluginAnswer,
  AdminRequest as PluginRequest,
  AdminRoute,
} from '../plugin-kit/plugin.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Origin, Store } from '../store/store.ts'
import type { DescribedRequest } from './explain-resources.ts'
import type { AccessRules, Reach } from './access.ts'
import type { ExplainedRecord, ListedRecords, RecordFilter } from './decision-record.ts'

/** What the Admin API needs of the process it steers. The gateway makes one. */
export interface AdminContext {
  readonly catalog: Catalog
  readonly store: Store
  readonly node: NodeFacts
  /** Loaded plugins, for `GET /` and `/plugins/enabled`. */
  readonly plugins: readonly {
    readonly name: string
    readonly version: string
    readonly priority: number
  }[]
  readonly headers: { readonly server: boolean; readonly latency: boolean }
  /** Origins of `admin_gui_url`; empty: every origin is echoed. */
  readonly guiOrigins: readonly string[]
  /** Who may ask on an address; may change with a reload. */
  access(reach: Reach): AccessRules
  /** Without a database: `/config` works, single writes do not. */
  readonly isDbLess: boolean
  /** Largest request body. */
  readonly bodyLimitBytes: number
  /** Every setting as parsed, by its `kong.conf` name, secrets masked; for `GET /`. */
  configuration(): Readonly<Record<string, unknown>>
  /** Hash of the declarative configuration in force; 32 zeros when there is none. */
  configurationHash(): string
  /** Puts a whole configuration in force. Resolves when every worker serves it. */
  loadConfig(config: DeclarativeConfig): Promise<LoadResult>
  /** Puts entities in force that were before. Resolves when every worker serves them. */
  restore(entities: EntitySet, origin: Origin): Promise<LoadResult>
  /** Resolves when every worker serves this version of the store. */
  whenServed(version: number): Promise<void>
  status(): Promise<NodeStatus>
  readonly logLevel: LogLevelSwitch
  upstreamHealth(upstreamId: string): Promise<UpstreamHealth | undefined>
  /** @returns why it could not be set, if so */
  setTargetHealth(target: TargetHealthChange): Promise<string | undefined>
  /** Has consumers that are looked up on demand looked up again: all, or those of one value of a kind. */
  forgetConsumers(which?: { readonly kind: string; readonly value: string }): Promise<void>
  /** Which route would take a request, as JSON, or why none is even looked for. */
  explainRoute(request: DescribedRequest): object | { readonly fault: string }
  /** Why requests were answered as they were; absent where no threads serve. */
  readonly decisions?: DecisionRecords
  /** When credentials were last used here; absent where no threads serve. */
  readonly lastUses?: LastUses
  /** The public halves of a set's keys, as a JSON Web Key Set; absent where no threads serve. */
  readonly publicKeys?: (keySetId: string) => Promise<object>
  /** Endpoints of plugins; absent where no plugin brings any. */
  readonly pluginEndpoints?: PluginEndpoints
  /** For the Status API; absent: always ready. */
  readonly readiness?: Readiness
  /** Says what went wrong where the answer only says that something did. */
  readonly log: { error(message: string, cause?: unknown): void }
}

export interface DecisionRecords {
  readonly isOn: boolean
  /** The newest first. @param prefix the beginning of a request id */
  find(prefix: string): Promise<readonly ExplainedRecord[]>
  list(filter: RecordFilter): Promise<ListedRecords>
}

/** What this node has seen since it started. */
export interface LastUses {
  /** Unix time in seconds at which it began to look. */
  readonly sinceSeconds: number
  /** @returns Unix time in seconds by id, of those that were used */
  of(credentialIds: readonly string[]): Promise<ReadonlyMap<string, number>>
}

export interface PluginEndpoints {
  readonly routes: readonly AdminRoute[]
  /** Lets the threads that run plugins answer, and combines what they say. */
  answer(
    route: AdminRoute,
    request: Pick<PluginRequest, 'parameters' | 'query' | 'body'>,
  ): Promise<PluginAnswer>
}

export interface Readiness {
  /** Why the node cannot take requests, e.g. `failed to connect to database`; nothing when it can. */
  obstacle(): string | undefined | Promise<string | undefined>
  /** From now on the node is not ready, so that load balancers leave it. */
  drain(): void
}

export interface NodeFacts {
  readonly id: string
  readonly hostname: string
  /** The compatibility version, e.g. `3.9.3`. */
  readonly version: string
  readonly portunusVersion: string
  readonly masterPid: number
  workerPids(): readonly number[]
}

export type LoadResult =
  | { readonly ok: true }
  /** Workers cannot serve it, another one is being loaded, or the process is about to exit. */
  | { readonly ok: false; readonly status: 400 | 429 | 503 | 504; readonly message: string }

export interface NodeStatus {
  readonly connections: {
    readonly accepted: number
    readonly active: number
    readonly handled: number
    readonly reading: number
    readonly waiting: number
    readonly writing: number
    readonly requests: number
  }
  /** Bytes of JavaScript heap of each worker. */
  readonly workers: readonly { readonly pid: number; readonly heapBytes: number }[]
}

export interface LogLevelSwitch {
  readonly current: string
  /** @param seconds after which the configured level is back; 0: it stays */
  set(level: string, seconds: number): void
}

export interface TargetHealthChange {
  readonly upstreamId: string
  readonly targetId: string
  readonly isHealthy: boolean
  /** One `ip:port` of the target; all of them when absent. */
  readonly address?: string
}
