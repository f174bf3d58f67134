import net from 'node:net'
import type { Peer } from '../../balancer/peer.ts'
import { turnMs } from '../../base/turn-clock.ts'
import { dialTlsSocket } from '../transport/dial-tls.ts'
import type { EndpointTls, UpstreamPoolOptions } from '../upstream-pool.ts'
import { UpstreamSession, type SessionHome, type SessionUser } from './upstream-session.ts'

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

/** HTTP/2 sessions to upstreams, by the same key as connections of HTTP/1. */
export class SessionPool {
  readonly #options: UpstreamPoolOptions
  readonly #byKey = new Map<string, Endpoint>()

  constructor(options: UpstreamPoolOptions) {
    this.#options = options
  }

  /** Finds a session with room for a stream, or opens one. The user is called back, perhaps at once. */
  reach(target: SessionTarget, user: SessionUser): void {
    const endpoint = this.#endpointOf(target)
    const session = endpoint.sessions.find(({ hasRoom }) => hasRoom)
    ;(session ?? this.#dial(target, endpoint)).use(user)
  }

  #dial(target: SessionTarget, endpoint: Endpoint): UpstreamSession {
    const { wheel, idleTimeoutMs, requestsPerConnection, size } = this.#options
    const rules = { wheel, idleTimeoutMs, requestsPerConnection, isKept: size > 0 }
    const session = new UpstreamSession(endpoint, rules)
    endpoint.sessions.push(session)
    wheel.set(session, turnMs() + target.connectTimeoutMs)
    session.callOff =
      target.tls === undefined
        ? dialPlain(target.peer, session)
        : dialSecure(target.peer, target.tls, { endpoint, session })
    return session
  }

  /** Ends all sessions once their streams have ended. */
  close(): void {
    for (const { sessions } of this.#byKey.values())
      for (const session of sessions.slice()) session.close()
  }

  #endpointOf({ peer, tls }: SessionTarget): Endpoint {
    const address = `${peer.ip}|${peer.port}`
    const key = tls === undefined ? address : `${address}|${tls.serverName}|${tls.rules.key}`
    let endpoint = this.#byKey.get(key)
    if (endpoint === undefined) this.#byKey.set(key, (endpoint = newEndpoint()))
    return endpoint
  }
}

function newEndpoint(): Endpoint {
  const sessions: UpstreamSession[] = []
  return {
    sessions,
    session: undefined,
    onSessionOver(session) {
      const index = sessions.indexOf(session)
      if (index !== -1) sessions.splice(index, 1)
    },
  }
}

/** HTTP/2 with prior knowledge. See RFC 9113 §3.3. */
function dialPlain(peer: Peer, session: UpstreamSession): () => void {
  const socket = net.connect({ host: peer.ip, port: peer.port, noDelay: true })
  const fail = (error: NodeJS.ErrnoException): void => session.onConnectFailed(error.code ?? '')
  socket.once('error', fail)
  socket.once('connect', () => {
    socket.removeListener('error', fail)
    session.onConnected(socket)
  })
  return () => {
    socket.removeAllListeners()
    socket.on('error', () => {
      // Nobody waits for this attempt any more.
    })
    socket.destroy()
  }
}

/** A peer that chooses no protocol is taken to speak HTTP/2, as nginx takes it. */
function dialSecure(
  peer: Peer,
  tls: EndpointTls,
  { endpoint, session }: { readonly endpoint: Endpoint; readonly session: UpstreamSession },
): () => void {
  return dialTlsSocket(
    { peer, tls, stack: endpoint, protocols: ['h2'] },
    {
      onSecure: (socket) => session.onConnected(socket),
      onConnectFailed: (code) => session.onConnectFailed(code),
    },
  )
}
