import type { Balancers } from '../balancer/peer.ts'
import type { DeadlineWheel } from '../base/deadline-wheel.ts'
import type { HeadLimits } from '../http/request-head.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { ProxyExchange } from './exchange.ts'
import type { SpoolRoom } from './spool/spool-room.ts'
import type { Sockets } from './transport/sockets.ts'
import type { UpstreamPool } from './upstream-pool.ts'

/** What all connections of a worker share. Made once; the snapshot in its holder is what changes. */
export interface ProxyContext {
  readonly holder: SnapshotHolder
  readonly balancers: Balancers
  readonly pool: UpstreamPool
  /** From `chooseSockets`; the pool has the same. */
  readonly sockets: Sockets
  readonly wheel: DeadlineWheel
  /** Where bodies wait that cannot go on yet. */
  readonly spool: SpoolRoom
  readonly limits: ProxyLimits
  readonly realIp: RealIpRules
  readonly responseHeaders: ResponseHeaderRules
  /** Whether `X-Kong-Request-Id` goes to the upstream. */
  readonly sendsRequestId: boolean
  /** Name in `Via` and `Server`: `kong/3.9.3`. */
  readonly product: string
  readonly errorTemplates: ErrorTemplates
  /** Format of errors of requests with neither `Accept` nor `Content-Type`. */
  readonly errorDefaultType: string
  readonly allowsDebugHeader: boolean
  readonly log: ProxyLog
  /** Called once an exchange, after its log phase. */
  readonly onFinished: ((exchange: ProxyExchange) => void) | undefined
  /**
   * Present where decisions are recorded: whether of the exchange that begins now all are wanted, and
   * not refusals alone.
   */
  readonly wantsPasses: (() => boolean) | undefined
  readonly counters: ConnectionCounters
}

export interface SnapshotHolder {
  readonly current: Snapshot
}

export interface ProxyLimits {
  readonly head: HeadLimits
  /** 0: unlimited. */
  readonly bodyBytes: number
  /** A route that buffers holds a body up to this size in memory before it asks; a larger one goes to a file. */
  readonly bufferedBodyBytes: number
  readonly headTimeoutMs: number
  readonly bodyTimeoutMs: number
  /** Least pace of a body as a whole; 0: any. */
  readonly minBodyBytesPerSecond: number
  readonly idleTimeoutMs: number
  readonly sendTimeoutMs: number
  readonly requestsPerConnection: number
  /** Most requests open on one connection of HTTP/2. */
  readonly streamsPerConnection: number
  /** Most connections of a listener, all workers together; 0: unlimited. */
  readonly connections: number
  /** Most connections of one client to a listener; 0: unlimited. */
  readonly connectionsPerClient: number
}

export interface RealIpRules {
  /** Lower-case header name, or `proxy_protocol`. */
  readonly header: string
  readonly isRecursive: boolean
  isTrusted(ip: string): boolean
}

export interface ResponseHeaderRules {
  readonly server: boolean
  readonly via: boolean
  readonly proxyLatency: boolean
  readonly responseLatency: boolean
  readonly upstreamLatency: boolean
  readonly upstreamStatus: boolean
  readonly requestId: boolean
  /** Appended to text types without a charset; `''`: none is. */
  readonly charset: string
}

/** Texts with up to two `%s`: message and request id. Absent: the built-in ones. */
export interface ErrorTemplates {
  readonly html: string | undefined
  readonly json: string | undefined
  readonly plain: string | undefined
  readonly xml: string | undefined
}

export interface ProxyLog {
  warn(message: string): void
  error(message: string, cause?: unknown): void
}

export interface ConnectionCounters {
  accepted: number
  handled: number
  active: number
  requests: number
  reading: number
  writing: number
}
