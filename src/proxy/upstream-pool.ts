import type { Peer } from '../balancer/peer.ts'
import type { DeadlineWheel } from '../base/deadline-wheel.ts'
import { turnMs } from '../base/turn-clock.ts'
import type { ProxyLog } from './context.ts'
import {
  endpointKey,
  EndpointTable,
  MOST_TLS_ENDPOINTS,
  type EndpointTls,
} from './endpoint-table.ts'
import { IdleStack } from './idle-stack.ts'
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

/** Connections to upstreams that wait for their next request. */
export class UpstreamPool {
  readonly options: UpstreamPoolOptions
  /** Connections that speak HTTP/2. */
  readonly sessions: SessionPool
  readonly #plain = new EndpointTable<IdleStack>(Infinity)
  readonly #secure = new EndpointTable<IdleStack>(MOST_TLS_ENDPOINTS)
  /** Saves making the key for every request; a stack may have left its table meanwhile. */
  readonly #byPeer = new WeakMap<Peer, IdleStack>()
  #isClosed = false

  constructor(options: UpstreamPoolOptions) {
    this.options = options
    this.sessions = new SessionPool(options)
  }

  /** An idle connection, if there is one. Connections with equal TLS to one address are interchangeable. */
  take(peer: Peer, tls: EndpointTls | undefined): UpstreamConnection | undefined {
    return this.#find(peer, tls)?.connections.pop()
  }

  /** Opens a connection for a user, who hears of it. */
  dial(
    peer: Peer,
    tls: EndpointTls | undefined,
    user: UpstreamUser,
    timeoutMs: number,
  ): UpstreamConnection {
    const stack = this.#enter(peer, tls)
    stack.onBegun()
    const connection = new UpstreamConnection(stack)
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

  /** Endpoints that connections lead to. */
  get endpoints(): number {
    return this.#plain.size + this.#secure.size
  }

  /** Ends all idle connections, and others when they come back. */
  close(): void {
    this.#isClosed = true
    for (const stack of [...this.#plain.all(), ...this.#secure.all()]) stack.endIdle()
    this.sessions.close()
  }

  #find(peer: Peer, tls: EndpointTls | undefined): IdleStack | undefined {
    if (tls !== undefined) return this.#secure.find(endpointKey(peer, tls))
    const known = this.#byPeer.get(peer)
    if (known !== undefined) return known
    const stack = this.#plain.find(endpointKey(peer, tls))
    if (stack !== undefined) this.#byPeer.set(peer, stack)
    return stack
  }

  /** The endpoint's stack, which is in its table afterwards. */
  #enter(peer: Peer, tls: EndpointTls | undefined): IdleStack {
    const table = tls === undefined ? this.#plain : this.#secure
    const key = endpointKey(peer, tls)
    let stack = table.find(key)
    if (stack === undefined) {
      // One that has left goes on with what it knows.
      const known = tls === undefined ? this.#byPeer.get(peer) : undefined
      stack = known ?? new IdleStack(key, table)
      table.enter(stack)
    }
    if (tls === undefined) this.#byPeer.set(peer, stack)
    return stack
  }
}
