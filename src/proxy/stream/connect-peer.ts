import type { BalancerFault, Peer } from '../../balancer/peer.ts'
import type { Deadline } from '../../base/deadline-wheel.ts'
import { beginTurn, turnMs } from '../../base/turn-clock.ts'
import type { StreamTarget } from '../../snapshot/snapshot.ts'
import type { UpstreamTls } from '../../snapshot/upstream-tls.ts'
import { hostNameOf } from '../host-facts.ts'
import { isPromise } from '../is-promise.ts'
import { dialTls } from '../transport/dial-tls.ts'
import type { Dialer } from '../transport/sockets.ts'
import type { Transport } from '../transport/transport.ts'
import type { Session } from './session.ts'
import type { StreamContext } from './stream-context.ts'

export interface PeerConnectionOptions {
  readonly context: StreamContext
  readonly session: Session
  readonly target: StreamTarget
  /** The connection is the caller's from now on, and the peer is to be released when it is over. */
  readonly onConnected: (transport: Transport, peer: Peer) => void
  /** @param status 502 when peers failed, 503 when there is none, 500 when the name servers failed */
  readonly onFailed: (status: number) => void
}

/**
 * Connects to a peer of a service, to others while that fails and tries are left. How each try went
 * is told to the balancer.
 */
export class PeerConnection implements Dialer, Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #options: PeerConnectionOptions
  readonly #tried: Peer[] = []
  #retriesLeft: number
  #peer: Peer | undefined
  #callOff: (() => void) | undefined
  #startedAtMs = 0
  #isOver = false

  constructor(options: PeerConnectionOptions) {
    this.#options = options
    this.#retriesLeft = options.target.retries
  }

  start(): void {
    const { target, session, context } = this.#options
    const picked = target.peers.pick(session.balancing, this.#tried)
    if (!isPromise(picked)) {
      this.#usePicked(picked)
      return
    }
    picked
      .then((peer) => {
        beginTurn()
        this.#usePicked(peer)
      })
      .catch((error: unknown) => {
        context.log.error(`Cannot pick a peer for a session of ${session.ip}`, error)
        this.#fail(500)
      })
  }

  /** Nothing is called from now on. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.deadlineMs = Infinity
    this.#callOff?.()
    if (this.#peer !== undefined) this.#options.target.peers.release(this.#peer)
  }

  #usePicked(picked: Peer | BalancerFault): void {
    const { target, context } = this.#options
    if ('fault' in picked) {
      this.#failOf(picked)
      return
    }
    if (this.#isOver) {
      target.peers.release(picked)
      return
    }
    this.#peer = picked
    this.#startedAtMs = turnMs()
    context.wheel.set(this, this.#startedAtMs + target.connectTimeoutMs)
    this.#callOff = this.#dial(picked)
  }

  #dial(peer: Peer): () => void {
    const { target, context, session } = this.#options
    // What is passed on as it is has its own TLS inside.
    if (target.tls === undefined || session.protocol === 'tls_passthrough')
      return context.sockets.connect(peer.ip, peer.port, this)
    const serverName = this.#serverName(peer)
    const stack = sessionStack(target.tls, `${peer.ip}|${peer.port}|${serverName}`)
    return dialTls({ peer, tls: { serverName, rules: target.tls }, stack, protocols: [] }, this)
  }

  /** The name the upstream is asked for: the client's own where the route keeps it. */
  #serverName(peer: Peer): string {
    const { session } = this.#options
    if (session.route?.preserve_host === true && session.sni !== undefined) return session.sni
    return hostNameOf(peer.hostHeader ?? peer.hostname).replace(/^\[(.*)\]$/, '$1')
  }

  onConnected(transport: Transport): void {
    beginTurn()
    if (this.#isOver) {
      transport.destroy()
      return
    }
    this.#isOver = true
    this.deadlineMs = Infinity
    const { target, session, onConnected } = this.#options
    const peer = this.#peer!
    const connectMs = turnMs() - this.#startedAtMs
    target.peers.report(peer, { kind: 'ok', connectMs, responseMs: 0 })
    this.#note(undefined)
    session.markReady()
    onConnected(transport, peer)
  }

  onConnectFailed(code: string): void {
    beginTurn()
    this.#tryFailed(code === 'ETIMEDOUT' ? 'timed-out' : 'connect-failed', code)
  }

  onDeadline(): void {
    this.#callOff?.()
    this.#tryFailed('timed-out', 'ETIMEDOUT')
  }

  #tryFailed(kind: 'connect-failed' | 'timed-out', code: string): void {
    if (this.#isOver) return
    this.deadlineMs = Infinity
    const { target, context, session } = this.#options
    const peer = this.#peer!
    this.#peer = undefined
    target.peers.report(peer, { kind })
    target.peers.release(peer)
    this.#note(kind === 'timed-out' ? 504 : 502, peer)
    this.#tried.push(peer)
    context.log.error(
      `Cannot connect to ${peer.ip}:${peer.port} for a session of ${session.ip}: ${code}`,
    )
    if (this.#retriesLeft > 0) {
      this.#retriesLeft -= 1
      this.start()
    } else this.#fail(502)
  }

  #note(code: number | undefined, peer = this.#peer!): void {
    const { session } = this.#options
    const { ip, port } = peer
    const state = code === undefined ? undefined : 'failed'
    const startedAtMs = this.#startedAtMs
    session.tries = [...session.tries, { ip, port, state, code, startedAtMs, balancerMs: 0 }]
  }

  /** Once a try has failed, having no other peer is a failure of the peers. */
  #failOf(fault: BalancerFault): void {
    const { context, target } = this.#options
    const name = fault.fault === 'no-peer' ? target.host : `${fault.name}: ${fault.detail}`
    context.log.error(`Cannot find a peer (${fault.fault}) for ${name}`)
    if (this.#tried.length > 0) this.#fail(502)
    else this.#fail(fault.fault === 'dns-failed' ? 500 : 503)
  }

  #fail(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.onFailed(status)
  }
}

/** Endpoints whose last TLS session is kept, for each set of rules. */
const KEPT_SESSIONS = 1000

interface SessionStack {
  session: Buffer | undefined
}

const stacks = new WeakMap<UpstreamTls, Map<string, SessionStack>>()

/** Where the last session with an endpoint is kept, so that the next handshake is a short one. */
function sessionStack(rules: UpstreamTls, endpoint: string): SessionStack {
  let ofRules = stacks.get(rules)
  if (ofRules === undefined) stacks.set(rules, (ofRules = new Map()))
  let stack = ofRules.get(endpoint)
  if (stack === undefined) {
    stack = { session: undefined }
    ofRules.set(endpoint, stack)
    if (ofRules.size > KEPT_SESSIONS) ofRules.delete(ofRules.keys().next().value!)
  }
  return stack
}
