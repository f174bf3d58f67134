import type { PeerSource } from '../balancer/peer.ts'
import type { Route, Service } from '../entities/entity.ts'
import type { Router, RouteMatch } from '../router/route-match.ts'
import type { StreamConnection } from '../router/stream/stream-connection.ts'
import type { Chain, Instance } from './chain.ts'
import type { ConfiguredPlugins } from './configured-plugins.ts'
import type { EntityIndex } from './entity-index.ts'
import type { UpstreamTls } from './upstream-tls.ts'

/** All entities, compiled and frozen; replaced whole. A request takes it once and keeps it. */
export interface Snapshot {
  readonly version: number
  readonly router: Router
  readonly entities: EntityIndex
  readonly configured: ConfiguredPlugins
  /** Global instances: the rewrite phase, and the response phases of requests that found no route. */
  readonly globalChain: Chain
  readonly hasRewrite: boolean
  plan(match: RouteMatch): Plan
  /** What is prepared for a connection of TCP or TLS, or a session of UDP; nothing without a route. */
  streamPlan(connection: StreamConnection): StreamPlan | undefined
  /** Serves no new exchange from now on; instances are disposed of when the last one has ended. */
  retire(): void
  /** Counts exchanges that hold this snapshot. */
  enter(): void
  leave(): void
}

/** What a match prepared: the chain and everything about the service that no request changes. */
export interface Plan {
  readonly route: Route
  readonly service: Service | undefined
  readonly chain: Chain
  readonly target: ServiceTarget | undefined
  /** Only https or grpcs among the route's protocols, so plain requests are turned away. */
  readonly needsTls: boolean
  readonly isGrpcRoute: boolean
}

/** What a match prepared for a connection. Nobody authenticates there, so no consumer changes it. */
export interface StreamPlan {
  readonly route: Route
  readonly service: Service | undefined
  readonly preread: readonly Instance[]
  readonly log: readonly Instance[]
  readonly target: StreamTarget | undefined
  /** TLS ends at the gateway; else it is passed on as it is. */
  readonly terminatesTls: boolean
}

export type StreamTarget = Omit<ServiceTarget, 'scheme' | 'path' | 'http2'>

/** Where and how to reach a service. */
export interface ServiceTarget {
  readonly scheme: 'http' | 'https' | 'grpc' | 'grpcs'
  readonly host: string
  readonly port: number
  readonly path: string
  /** It speaks HTTP/2, beside those of gRPC, which all do. */
  readonly http2: boolean
  readonly peers: PeerSource
  readonly retries: number
  readonly connectTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly readTimeoutMs: number
  readonly tls: UpstreamTls | undefined
}
