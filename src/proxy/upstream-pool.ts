import type { Peer } from '../balancer/peer.ts'
import type { DeadlineWheel } from '../base/deadline-wheel.ts'
import { turnMs } from '../base/turn-clock.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { UpstreamTls } from '../snapshot/upstream-tls.ts'
import type { ProxyLog } from './context.ts'
import { SessionPool } from './http2-upstream/session-pool.ts'
import { dialTls } from './transport/dial-tls.ts'
import type { Sockets } from './transport/sockets.ts'
import { UpstreamConnection, type UpstreamUser } from './upstream-connection.ts'

export interface UpstreamPoolOptions {
  readonly sockets: Sockets
  readonly wheel: DeadlineWheel
  /** Idle connections kept for each endpoint; 0: none. */
  readonly size: number
  readonly idleTimeoutMs: number
  readonly requestsPerConnection: number
  readonly log: ProxyLog
}

export interface EndpointTls {
  /** The name asked for and checked: the upstream's Host without its port. */
  readonly serverName: string
  readonly rules: UpstreamTls
}

/** Idle connections to one endpoint; the one used last is taken first, so that a few stay warm. */
export interface IdleStack {
  readonly connections: UpstreamConnection[]
  /** The session of the last TLS connection, so that the next one need not begin anew. */
  session: Buffer | undefined
  /** Text of the last response head. */
  lastHead: string
  /** The last response head, once it came twice in a row: it need not be read a third time. */
  repeatedHead: ResponseHead | undefined
}

/** Connections to upstreams that wait for their next request. */
export class UpstreamPool {
  readonly options: UpstreamPoolOptions
  /** Connections that speak HTTP/2. */
  readonly sessions: SessionPool
  readonly #byKey = new Map<string, IdleStack>()
  /** Saves making the key for every request. */
  readonly #byPeer = new WeakMap<Peer, IdleStack>()
  #isClosed = false

  constructor(options: UpstreamPoolOptions) {
    this.options = options
    this.sessions = new SessionPool(options)
  }

  /** An idle connection, if there is one. Connections with equal TLS to one address are interchangeable. */
  take(peer: Peer, tls: EndpointTls | undefined): UpstreamConnection | undefined {
    return this.#stackOf(peer, tls).connections.pop()
  }

  /** Opens a connection for a user, who hears of it. */
  dial(
    peer: Peer,
    tls: EndpointTls | undefined,
    user: UpstreamUser,
    timeoutMs: number,
  ): UpstreamConnection {
    const stack = this.#stackOf(peer, tls)
    const connection = new UpstreamConnection(this, stack)
    connection.user = user
    this.options.wheel.set(connection, turnMs() + timeoutMs)
    connection.callOff =
      tls === undefined
        ? this.options.sockets.connect(peer.ip, peer.port, connection)
        : dialTls({ peer, tls, stack }, connection)
    return connection
  }

  /** Takes back a connection on which nothing is under way. */
  give(connection: UpstreamConnection): void {
    const { size, idleTimeoutMs, requestsPerConnection, wheel } = this.options
    connection.user = undefined
    connection.requests += 1
    if (this.#isClosed || size === 0 || connection.requests >= requestsPerConnection) {
      connection.destroy()
      return
    }
    const { connections } = connection.stack
    connections.push(connection)
    wheel.set(connection, turnMs() + idleTimeoutMs)
    if (connections.length > size) connections[0]!.destroy()
  }

  /** Takes a connection that ended out of those that wait. */
  forget(connection: UpstreamConnection): void {
    const { connections } = connection.stack
    const index = connections.lastIndexOf(connection)
    if (index !== -1) connections.splice(index, 1)
  }

  /** Ends all idle connections, and others when they come back. */
  close(): void {
    this.#isClosed = true
    for (const { connections } of this.#byKey.values())
      for (const connection of connections.slice()) connection.destroy()
    this.sessions.close()
  }

  #stackOf(peer: Peer, tls: EndpointTls | undefined): IdleStack {
    if (tls !== undefined)
      return this.#stackAt(`${peer.ip}|${peer.port}|${tls.serverName}|${tls.rules.key}`)
    const known = this.#byPeer.get(peer)
    if (known !== undefined) return known
    const stack = this.#stackAt(`${peer.ip}|${peer.port}`)
    this.#byPeer.set(peer, stack)
    return stack
  }

  #stackAt(key: string): IdleStack {
    let stack = this.#byKey.get(key)
    if (stack === undefined) this.#byKey.set(key, (stack = newStack()))
    return stack
  }
}

function newStack(): IdleStack {
  return { connections: [], session: undefined, lastHead: '', repeatedHead: undefined }
}
