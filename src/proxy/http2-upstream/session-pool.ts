import type { Peer } from '../../balancer/peer.ts'
import {
  endpointKey,
  EndpointTable,
  MOST_TLS_ENDPOINTS,
  type Endpoint,
  type EndpointTls,
} from '../endpoint-table.ts'
import { dialTls } from '../transport/dial-tls.ts'
import type { UpstreamPoolOptions } from '../upstream-pool.ts'
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
interface SessionStack extends Endpoint, SessionHome {
  readonly sessions: UpstreamSession[]
}

/** HTTP/2 sessions to upstreams, by the same key as connections of HTTP/1. */
export class SessionPool {
  readonly #options: UpstreamPoolOptions
  readonly #plain = new EndpointTable<SessionStack>(Infinity)
  readonly #secure = new EndpointTable<SessionStack>(MOST_TLS_ENDPOINTS)
  /** Saves making the key for every request; a stack may have left its table meanwhile. */
  readonly #byPeer = new WeakMap<Peer, SessionStack>()

  constructor(options: UpstreamPoolOptions) {
    this.#options = options
  }

  /** Endpoints that sessions lead to. */
  get endpoints(): number {
    return this.#plain.size + this.#secure.size
  }

  /** Finds a session with room for a stream, or opens one. The user is called back, perhaps at once. */
  reach(target: SessionTarget, user: SessionUser): void {
    for (const session of this.#find(target)?.sessions ?? [])
      if (session.hasRoom) {
        session.use(user)
        return
      }
    this.#dial(target).use(user)
  }

  #dial(target: SessionTarget): UpstreamSession {
    const { wheel, idleTimeoutMs, requestsPerConnection, size, sockets } = this.#options
    const { peer, tls, connectTimeoutMs } = target
    const stack = this.#enter(target)
    const session = new UpstreamSession(stack, {
      wheel,
      connectTimeoutMs,
      idleTimeoutMs,
      requestsPerConnection,
      keptIdle: size,
    })
    stack.sessions.push(session)
    session.callOff =
      tls === undefined
        ? sockets.connect(peer.ip, peer.port, session)
        : dialTls({ peer, tls, stack, protocols: ['h2'] }, session)
    return session
  }

  /** Ends all sessions once their streams have ended. */
  close(): void {
    for (const { sessions } of [...this.#plain.all(), ...this.#secure.all()])
      for (const session of sessions.slice()) session.close()
  }

  #find({ peer, tls }: SessionTarget): SessionStack | undefined {
    if (tls !== undefined) return this.#secure.find(endpointKey(peer, tls))
    return this.#byPeer.get(peer) ?? this.#plain.find(endpointKey(peer, tls))
  }

  /** The endpoint's sessions, which are in their table afterwards. */
  #enter(target: SessionTarget): SessionStack {
    const { peer, tls } = target
    const table = tls === undefined ? this.#plain : this.#secure
    const key = endpointKey(peer, tls)
    let stack = table.find(key)
    if (stack === undefined) {
      // One that has left goes on with what it knows.
      const known = tls === undefined ? this.#byPeer.get(peer) : undefined
      stack = known ?? this.#newStack(target, key, table)
      table.enter(stack)
    }
    if (tls === undefined) this.#byPeer.set(peer, stack)
    return stack
  }

  #newStack(target: SessionTarget, key: string, table: EndpointTable<SessionStack>): SessionStack {
    const { peer, tls } = target
    const sessions: UpstreamSession[] = []
    return {
      key,
      sessions,
      session: undefined,
      scheme: tls === undefined ? 'http' : 'https',
      streamLimit: MOST_STREAMS,
      idleSessions: 0,
      get isIdle() {
        return this.idleSessions === sessions.length
      },
      endIdle() {
        for (const session of sessions.slice()) session.close()
      },
      reachAgain: (user) => this.reach(target, user),
      onSessionOver(session) {
        const index = sessions.indexOf(session)
        if (index === -1) return
        sessions.splice(index, 1)
        if (sessions.length === 0) table.leave(this)
      },
      onMisbehaved: (what) => this.#options.log.warn(`Upstream ${peer.ip}:${peer.port} ${what}`),
    }
  }
}
