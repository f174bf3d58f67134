import type { Protocol, Route, Service } from '../entities/entity.ts'
import type { TlsFacts, Try } from './exchange.ts'

/**
 * One connection of TCP or TLS, or all datagrams between one UDP client and its upstream, as plugins
 * see it. It is valid until its log phase has ended.
 */
export interface StreamSession {
  /** How the route takes it. */
  readonly protocol: Extract<Protocol, 'tcp' | 'tls' | 'tls_passthrough' | 'udp'>
  /** Address of the client, as a trusted proxy in front says by the PROXY protocol. */
  readonly ip: string
  readonly port: number
  /** Address of the connecting peer. */
  readonly peerIp: string
  /** Port the client used, after `port_maps`. */
  readonly serverPort: number
  /** Unix time in ms. */
  readonly startedAtMs: number
  /** The name asked for in a TLS handshake. */
  readonly sni: string | undefined
  /** Of a handshake with the gateway; absent where TLS is passed on as it is. */
  readonly tls: TlsFacts | undefined
  readonly route: Route | undefined
  readonly service: Service | undefined
  /** Of the log phase: 200 when it was proxied, 403 when a plugin refused it, 500 without a route, 502 … */
  readonly status: number
  /** Bytes from and to the client so far. */
  readonly receivedBytes: number
  readonly sentBytes: number
  /** Bytes from and to the upstream so far. */
  readonly upstreamReceivedBytes: number
  readonly upstreamSentBytes: number
  /** Until the upstream was connected, or until the gateway ended it itself. */
  readonly gatewayMs: number
  readonly durationMs: number
  readonly tries: readonly Try[]
  /** Adds or replaces an entry of the log, as `kong.log.set_serialize_value` does. */
  setLogValue(key: string, value: unknown): void
  readonly logValues: ReadonlyMap<string, unknown>
}
