import type { Route, Service } from '../entities/entity.ts'
import type { UriCaptures } from '../entities/uri-captures.ts'
import type { NormalizedPath } from '../http/normalize-path.ts'

export type { NormalizedPath } from '../http/normalize-path.ts'

/** What a router asks about a request. The data plane's exchange is one; nothing is copied for it. */
export interface RoutingRequest {
  readonly method: string
  readonly path: NormalizedPath
  /** The path is visible ASCII; where that is not known, it is looked at. */
  readonly isPlainPath?: boolean
  /** Query string without `?`, as received. */
  readonly rawQuery: string
  /** Host header as sent, with its port if it had one; `''` when absent. */
  readonly host: string
  /** Expressions are asked about connections as well: those have no scheme but a protocol. */
  readonly scheme: 'http' | 'https' | 'tcp' | 'tls' | 'udp'
  /** Port the request arrived on, after `port_maps`. */
  readonly port: number
  readonly sni: string | undefined
  readonly sourceIp: string
  readonly sourcePort: number
  readonly destinationIp: string
  readonly destinationPort: number
  /** All values of a header, in order. @param name lower-case */
  headerValues(name: string): readonly string[]
}

/** A route that takes a request. Matches without captures are made once and shared. */
export interface RouteMatch {
  readonly route: Route
  readonly service: Service | undefined
  /** The part of the path that the route's path matched; absent when the route has no paths. */
  readonly matchedPath: string | undefined
  readonly captures: UriCaptures | undefined
  /** How the upstream path is joined: the route's own choice in flavour traditional, `v0` otherwise. */
  readonly pathHandling: 'v0' | 'v1'
}

export type RouterFlavor = 'traditional_compatible' | 'traditional' | 'expressions'

export interface Router {
  match(request: RoutingRequest): RouteMatch | undefined
  /** Why each route that matched in part was not taken; for humans, so it may be slow. */
  explain(request: RoutingRequest): readonly RouteVerdict[]
  /**
   * A router of other routes, made from this one, which stays as it is.
   *
   * @param services all of them as they are now, by id
   * @returns nothing when the routes differ so much that one had better be built
   */
  changed(changes: RouteChanges, services: ReadonlyMap<string, Service>): Router | undefined
}

export interface RouteChanges {
  /** Ids of routes that are no longer there, or not as they were. */
  readonly gone: ReadonlySet<string>
  /** Routes that were not there before, or not like this. */
  readonly added: readonly Route[]
}

export interface RouteVerdict {
  readonly route: Route
  /** The first condition that failed, e.g. `methods: POST is not one of GET, HEAD`; absent if it matched. */
  readonly failed: string | undefined
}
