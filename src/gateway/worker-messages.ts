import type { ExplainedRecord, ListedRecords, RecordFilter } from '../admin/decision-record.ts'
import type { UpstreamHealth } from '../balancer/peer.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { ChangedRow } from '../store/medium.ts'
import type { AdminAnswer, AdminErrand, AdminRequest } from '../plugin-kit/plugin.ts'
import type { SharedMemory } from '../plugin-kit/shared-memory.ts'
import type { ConnectionCounters } from '../proxy/context.ts'
import type { StreamCounters } from '../proxy/stream/stream-context.ts'
import type { Settings } from '../settings/settings.ts'
import type { LogLevel } from '../telemetry/log-level.ts'
import type { InboundShare } from './inbound-share.ts'
import type { ListenerCertificates } from './listener-certificates.ts'
import type { PackedEntities } from './packed-entities.ts'
import type { PortsByListener } from './proxy-listeners.ts'

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly settings: Settings
  readonly nodeId: string
  /** What all workers count and cache in. */
  readonly memory: SharedMemory
  readonly inbound: InboundShare
  /** Where all workers count the health of addresses. */
  readonly healthMemory: SharedArrayBuffer
  readonly index: number
}

export interface InForceSettings {
  readonly settings: Settings
  readonly certificates: ListenerCertificates
}

/** What a worker is to serve. */
export type Content =
  /** Rows of each kind in ascending order of id. */
  | { readonly kind: 'whole'; readonly entities: EntitySet }
  /** @param base the generation that the changes lead on from */
  | { readonly kind: 'changes'; readonly base: number; readonly changes: readonly ChangedRow[] }

/** The same as it is sent. */
export type PackedContent =
  | { readonly kind: 'whole'; readonly entities: PackedEntities }
  | Extract<Content, { kind: 'changes' }>

/** From the control plane to a worker. */
export type ToWorker = InTurn | AtOnce

/** What changes what is served or listened on: one after the other, in the order in which it comes. */
export type InTurn =
  /** Compile and keep ready; the one served goes on. */
  | { readonly kind: 'prepare'; readonly generation: number; readonly content: PackedContent }
  | { readonly kind: 'commit'; readonly generation: number }
  | { readonly kind: 'discard'; readonly generation: number }
  /** @param ports those another worker listens on already */
  | {
      readonly kind: 'listen'
      readonly certificates: ListenerCertificates
      readonly ports: PortsByListener | undefined
    }
  | ({
      readonly kind: 'apply-settings'
      readonly ports: PortsByListener | undefined
    } & InForceSettings)

/** What need not wait until a configuration is compiled. */
export type AtOnce =
  | { readonly kind: 'set-log-level'; readonly level: LogLevel }
  | { readonly kind: 'reopen-logs' }
  | { readonly kind: 'drain'; readonly timeoutMs: number }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'errand-done'; readonly id: number; readonly answer: AdminAnswer }

/** What the Admin API wants to know of a worker, or have done by it. */
export type Question =
  | { readonly about: 'status' }
  | { readonly about: 'health'; readonly upstreamId: string }
  | {
      readonly about: 'plugin-route'
      readonly route: PluginRoute
      readonly request: PluginRouteRequest
    }
  /** @param which all when absent */
  | { readonly about: 'forget-consumers'; readonly which: ForgottenConsumers | undefined }
  | {
      readonly about: 'set-health'
      readonly upstreamId: string
      readonly targetId: string
      readonly isHealthy: boolean
      readonly address: string | undefined
    }
  /** @param prefix the beginning of a request id */
  | { readonly about: 'decision'; readonly prefix: string }
  | { readonly about: 'decisions'; readonly filter: RecordFilter }
  | { readonly about: 'public-keys'; readonly keySetId: string }
  | { readonly about: 'last-uses'; readonly credentialIds: readonly string[] }

/** What is remembered of a source of consumers under a value of a kind. */
export interface ForgottenConsumers {
  readonly kind: string
  readonly value: string
}

/** An endpoint of the Admin API by the plugin that brings it. */
export interface PluginRoute {
  readonly plugin: string
  /** Position among its endpoints. */
  readonly index: number
}

export type PluginRouteRequest = Pick<AdminRequest, 'parameters' | 'query' | 'body'>

export interface WorkerStatus {
  readonly connections: ConnectionCounters
  readonly streams: StreamCounters
  readonly heapBytes: number
}

export interface Answers {
  readonly status: WorkerStatus
  readonly health: UpstreamHealth | undefined
  readonly 'plugin-route': AdminAnswer
  readonly 'forget-consumers': true
  /** Why it could not be set. */
  readonly 'set-health': string | undefined
  readonly decision: readonly ExplainedRecord[]
  readonly decisions: ListedRecords
  /** A JSON Web Key Set. */
  readonly 'public-keys': object
  /** Unix time in seconds by id. */
  readonly 'last-uses': ReadonlyMap<string, number>
}

/** From a worker to the control plane. */
export type FromWorker =
  | { readonly kind: 'prepared'; readonly generation: number }
  | { readonly kind: 'refused'; readonly generation: number; readonly reason: string }
  /** It was given changes of what it does not serve, and needs the whole. */
  | { readonly kind: 'behind'; readonly generation: number }
  /** @param isServed not when something else was prepared in its place, or nothing */
  | { readonly kind: 'committed'; readonly generation: number; readonly isServed: boolean }
  | { readonly kind: 'listening'; readonly ports: PortsByListener }
  | { readonly kind: 'not-listening'; readonly reason: string }
  | { readonly kind: 'not-answered'; readonly id: number; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Answers[keyof Answers] }
  /** A plugin wants something of the Admin API. */
  | { readonly kind: 'errand'; readonly id: number; readonly errand: AdminErrand }
