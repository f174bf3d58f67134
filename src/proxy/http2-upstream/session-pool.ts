import type { Peer } from '../../balancer/peer.ts'
import { dialTls } from '../transport/dial-tls.ts'
import type { EndpointTls, UpstreamPoolOptions } from '../upstream-pool.ts'
import {
  MOST_STREAMS,
  UpstreamSession,
  type SessionHome,
  type SessionUser,
} from './upstream-session.ts'

/** Where a session leads, and how long it may take to get there. */
export interface SessionTarget {
  readonly peer: Peer
  readonly tls: EndpointTls | undefined
  readonly connectTimeoutMs: number
}

/** Sessions to one endpoint that take further streams. */
interface Endpoint extends SessionHome {
  readonly sessions: UpstreamSession[]
  /** The TLS session of the last connection, so that the next one need not begin anew. */
  session: Buffer | undefined
}

/**
 * Beyond so many, those without sessions are let go of with what is known for their next one: server names
 * may come from clients, as many as they like.
 */
const KEPT_ENDPOINTS = 1000

/** HTTP/2 sessions to upstreams, by the same key as connections of HTTP/1. */
export class SessionPool {
  readonly #options: UpstreamPoolOptions
  readonly #byKey = new Map<string, Endpoint>()
  /** Saves making the key for every request. */
  readonly #byPeer = new WeakMap<Peer, Endpoint>()

  constructor(options: UpstreamPoolOptions) {
    this.#options = options
  }

  /** Finds a session with room for a stream, or opens one. The user is called back, perhaps at once. */
  reach(target: SessionTarget, user: SessionUser): void {
    const endpoint = this.#endpointOf(target)
    for (const session of endpoint.sessions)
      if (session.hasRoom) {
        session.use(user)
        return
      }
    this.#dial(target, endpoint).use(user)
  }

  #dial(target: SessionTarget, endpoint: Endpoint): UpstreamSession {
    const { wheel, idleTimeoutMs, requestsPerConnection, size, sockets } = this.#options
    const { peer, tls, connectTimeoutMs } = target
    const session = new UpstreamSession(endpoint, {
      wheel,
      connectTimeoutMs,
      idleTimeoutMs,
      requestsPerConnection,
      keptIdle: size,
    })
    endpoint.sessions.push(session)
    session.callOff =
      tls === undefined
        ? sockets.connect(peer.ip, peer.port, session)
        : dialTls({ peer, tls, stack: endpoint, protocols: ['h2'] }, session)
    return session
  }

  /** Ends all sessions once their streams have ended. */
  close(): void {
    for (const { sessions } of this.#byKey.values())
      for (const session of sessions.slice()) session.close()
  }

  #endpointOf(target: SessionTarget): Endpoint {
    const { peer, tls } = target
    const address = `${peer.ip}|${peer.port}`
    if (tls !== undefined)
      return this.#endpointAt(`${address}|${tls.serverName}|${tls.rules.key}`, target)
    const known = this.#byPeer.get(peer)
    if (known !== undefined) return known
    const endpoint = this.#endpointAt(address, target)
    this.#byPeer.set(peer, endpoint)
    return endpoint
  }

  #endpointAt(key: string, target: SessionTarget): Endpoint {
    let endpoint = this.#byKey.get(key)
    if (endpoint === undefined) this.#byKey.set(key, (endpoint = this.#newEndpoint(target, key)))
    return endpoint
  }

  #newEndpoint(target: SessionTarget, key: string): Endpoint {
    const { peer, tls } = target
    const sessions: UpstreamSession[] = []
    const byKey = this.#byKey
    return {
      sessions,
      session: undefined,
      scheme: tls === undefined ? 'http' : 'https',
      streamLimit: MOST_STREAMS,
      idleSessions: 0,
      reachAgain: (user) => this.reach(target, user),
      onSessionOver(session) {
        const index = sessions.indexOf(session)
        if (index === -1) return
        sessions.splice(index, 1)
        const isUsed = tls === undefined || sessions.length > 0
        if (!isUsed && byKey.size > KEPT_ENDPOINTS) byKey.delete(key)
      },
      onMisbehaved: (what) => this.#options.log.warn(`Upstream ${peer.ip}:${peer.port} ${what}`),
    }
  }
}
