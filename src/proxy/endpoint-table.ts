import type { Peer } from '../balancer/peer.ts'
import { RecentMap } from '../base/recent-map.ts'
import type { UpstreamTls } from '../snapshot/upstream-tls.ts'

export interface EndpointTls {
  /** The name asked for and checked: the upstream's Host without its port. */
  readonly serverName: string
  readonly rules: UpstreamTls
}

/** Where connections of a pool lead: an address, and with TLS a server name and rules. */
export interface Endpoint {
  /** Equal for endpoints whose connections are interchangeable. */
  readonly key: string
  /** The session of the last TLS connection, so that the next one need not begin anew. */
  session: Buffer | undefined
  /** Connections lead there, and none of them has work to do. */
  readonly isIdle: boolean
  /** Ends the connections of an idle endpoint, which thereby leaves its table. */
  endIdle(): void
}

/** @see Endpoint.key */
export function endpointKey({ ip, port }: Peer, tls: EndpointTls | undefined): string {
  return tls === undefined ? `${ip}|${port}` : `${ip}|${port}|${tls.serverName}|${tls.rules.key}`
}

/**
 * TLS endpoints that a pool keeps idle connections for. Their server names may come from clients, as
 * many as they like (`preserve_host`), and an idle connection costs tens of kilobytes and a file
 * descriptor.
 */
export const MOST_TLS_ENDPOINTS = 1000

/** Endpoints without connections whose last TLS session is remembered: some 2 KB each. */
const KEPT_SESSIONS = 1000

/**
 * The endpoints that connections lead to, and no others: one enters with its first connection and leaves
 * with its last. What is left of it is its TLS session, as long as there is room.
 */
export class EndpointTable<One extends Endpoint> {
  readonly #byKey = new Map<string, One>()
  readonly #sessions = new RecentMap<string, Buffer>(KEPT_SESSIONS)
  readonly #most: number

  /** @param most beyond so many, idle ones are ended, first those that entered first */
  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#byKey.size
  }

  /** TLS sessions of endpoints that have left. */
  get keptSessions(): number {
    return this.#sessions.size
  }

  /** A copy, so that endpoints may leave meanwhile. */
  all(): readonly One[] {
    return [...this.#byKey.values()]
  }

  find(key: string): One | undefined {
    return this.#byKey.get(key)
  }

  /** @param endpoint with a key that is not in the table, about to get a connection */
  enter(endpoint: One): void {
    if (this.#byKey.size >= this.#most) this.#makeRoom()
    endpoint.session ??= this.#sessions.get(endpoint.key)
    this.#sessions.delete(endpoint.key)
    this.#byKey.set(endpoint.key, endpoint)
  }

  /** To be called when an endpoint's last connection has ended. */
  leave({ key, session }: One): void {
    this.#byKey.delete(key)
    if (session !== undefined) this.#sessions.set(key, session)
  }

  #makeRoom(): void {
    for (const endpoint of this.#byKey.values()) {
      if (endpoint.isIdle) endpoint.endIdle()
      if (this.#byKey.size < this.#most) return
    }
  }
}
