import type { Route, Service } from '../../entities/entity.ts'

/** What a router asks about a connection, or about the first datagram of a session. */
export interface StreamConnection {
  /** `tls`: the client began a handshake on a listener that speaks TLS. */
  readonly protocol: 'tcp' | 'tls' | 'udp'
  readonly sourceIp: string
  readonly sourcePort: number
  readonly destinationIp: string
  /** Port the client used, after `port_maps`. */
  readonly destinationPort: number
  /** The name asked for in the handshake, in lower case. */
  readonly sni: string | undefined
}

/** A route that takes a connection. Made once for each route, and shared. */
export interface StreamMatch {
  readonly route: Route
  readonly service: Service | undefined
}

export interface StreamRouter {
  match(connection: StreamConnection): StreamMatch | undefined
}
