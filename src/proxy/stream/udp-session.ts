import dgram from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { BalancerFault, Peer } from '../../balancer/peer.ts'
import type { Deadline } from '../../base/deadline-wheel.ts'
import { beginTurn, turnMs } from '../../base/turn-clock.ts'
import { isPromise } from '../is-promise.ts'
import { runPreread, type Refusal } from './run-preread.ts'
import { Session, type SessionAddresses } from './session.ts'
import type { StreamContext } from './stream-context.ts'

/** Where datagrams of clients come in, and go out again. */
export interface UdpHome {
  readonly context: StreamContext
  reply(datagram: Buffer, session: UdpSession): void
  onSessionEnded(session: UdpSession): void
}

/** Datagrams kept until the upstream has said something, so that another peer can have them. */
const HELD_DATAGRAMS = 64
/** What waits to be sent; more than that is lost, as datagrams may be. */
const QUEUE_BYTES = 1024 * 1024

/**
 * All datagrams between one client and its upstream, which sees them come from a socket of their
 * own. It ends when nothing came for a while, since there is no other end.
 */
export class UdpSession implements Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly key: string
  readonly session: Session
  readonly #home: UdpHome
  /** Absent once the upstream has answered, or too many have come to hold them. */
  #held: Buffer[] | undefined = []
  #tried: Peer[] = []
  #peer: Peer | undefined
  #socket: dgram.Socket | undefined
  #isConnected = false
  #startedAtMs = 0
  #retriesLeft = 0
  #isAwaited = false
  #hasAnswered = false

  /** @param key the client's address and port, by which its datagrams are known */
  constructor(home: UdpHome, key: string, addresses: SessionAddresses) {
    this.#home = home
    this.key = key
    this.session = new Session(home.context, 'udp', addresses)
  }

  /** The client sent something and has had no answer since. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  /** @param first what the client sent */
  start(first: Buffer): void {
    const { session } = this
    this.take(first)
    if (!session.findRoute('udp')) {
      this.#home.context.log.warn(
        `no Route found for a datagram of ${session.ip} to port ${session.serverPort}`,
      )
      this.#end(500)
      return
    }
    const refusal = runPreread(session, this.#home.context.log)
    if (!isPromise(refusal)) this.#afterPlugins(refusal)
    else
      void refusal.then((answer) => {
        beginTurn()
        this.#afterPlugins(answer)
      })
  }

  #afterPlugins(refusal: Refusal | undefined): void {
    const { session } = this
    if (session.isOver) return
    const target = session.plan!.target
    if (refusal !== undefined) {
      if (refusal.body !== undefined) this.#reply(Buffer.from(refusal.body))
      this.#end(refusal.status)
    } else if (target === undefined) {
      this.#home.context.log.warn(`no Service found for a session of ${session.ip}`)
      this.#end(503)
    } else {
      this.#retriesLeft = target.retries
      this.#pick()
    }
  }

  /** A datagram of the client. @param datagram nobody else's from now on */
  take(datagram: Buffer): void {
    this.session.receivedBytes += datagram.length
    this.#isAwaited = true
    this.#touch()
    if (this.#held !== undefined && this.#held.length < HELD_DATAGRAMS) this.#held.push(datagram)
    else if (this.#isConnected) this.#held = undefined
    if (this.#isConnected) this.#send(datagram)
  }

  // Peers

  #pick(): void {
    const { session } = this
    const picked = session.plan!.target!.peers.pick(session.balancing, this.#tried)
    if (!isPromise(picked)) this.#usePicked(picked)
    else
      picked
        .then((peer) => {
          beginTurn()
          this.#usePicked(peer)
        })
        .catch((error: unknown) => {
          this.#home.context.log.error(`Cannot pick a peer for a session of ${session.ip}`, error)
          this.#end(500)
        })
  }

  #usePicked(picked: Peer | BalancerFault): void {
    const { session } = this
    const { target } = session.plan!
    if ('fault' in picked) {
      const name = picked.fault === 'no-peer' ? target!.host : `${picked.name}: ${picked.detail}`
      this.#home.context.log.error(`Cannot find a peer (${picked.fault}) for ${name}`)
      if (this.#tried.length > 0) this.#end(502)
      else this.#end(picked.fault === 'dns-failed' ? 500 : 503)
      return
    }
    if (session.isOver) {
      target!.peers.release(picked)
      return
    }
    this.#peer = picked
    this.#startedAtMs = turnMs()
    this.#open(picked)
  }

  #open({ ip, port }: Peer): void {
    const socket = dgram.createSocket(isIPv6(ip) ? 'udp6' : 'udp4')
    this.#socket = socket
    socket.on('message', (datagram) => this.#answered(datagram))
    socket.on('error', (error) => this.#failed(socket, error))
    socket.on('connect', () => {
      if (this.#socket !== socket) return
      this.#isConnected = true
      this.session.markReady()
      for (const datagram of this.#held ?? []) this.#send(datagram)
    })
    try {
      socket.connect(port, ip)
    } catch (error) {
      // Port 0, which a service may have, is none that can be sent to.
      this.#failed(socket, error as Error)
    }
  }

  #send(datagram: Buffer): void {
    const socket = this.#socket!
    if (socket.getSendQueueSize() > QUEUE_BYTES) return
    this.session.upstreamSentBytes += datagram.length
    socket.send(datagram, (error) => {
      if (error) this.#failed(socket, error)
    })
  }

  #answered(datagram: Buffer): void {
    beginTurn()
    const { session } = this
    if (session.isOver) return
    if (!this.#hasAnswered) this.#firstAnswer()
    session.upstreamReceivedBytes += datagram.length
    this.#reply(datagram)
    this.#touch()
  }

  #firstAnswer(): void {
    this.#hasAnswered = true
    this.#held = undefined
    this.session.plan!.target!.peers.report(this.#peer!, { kind: 'ok' })
    this.#note(undefined)
  }

  #reply(datagram: Buffer): void {
    this.session.sentBytes += datagram.length
    this.#isAwaited = false
    this.#home.reply(datagram, this)
  }

  /** The upstream's machine said that nobody listens there; or the system cannot send at all. */
  #failed(socket: dgram.Socket, error: Error): void {
    if (this.#socket !== socket || this.session.isOver) return
    beginTurn()
    const { session } = this
    const { peers } = session.plan!.target!
    const peer = this.#peer!
    this.#home.context.log.error(
      `Cannot send to ${peer.ip}:${peer.port} for a session of ${session.ip}: ${error.message}`,
    )
    peers.report(peer, { kind: 'connect-failed' })
    if (!this.#hasAnswered) this.#note(502)
    if (this.#held === undefined || this.#retriesLeft === 0) {
      this.#leavePeer()
      this.#end(502)
      return
    }
    this.#retriesLeft -= 1
    this.#tried.push(peer)
    this.#leavePeer()
    this.#pick()
  }

  #note(code: number | undefined): void {
    const { ip, port } = this.#peer!
    const state = code === undefined ? undefined : 'failed'
    const startedAtMs = this.#startedAtMs
    const { session } = this
    session.tries = [...session.tries, { ip, port, state, code, startedAtMs, balancerMs: 0 }]
  }

  #leavePeer(): void {
    const peer = this.#peer
    if (peer === undefined) return
    this.#peer = undefined
    this.#isConnected = false
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    this.session.plan!.target!.peers.release(peer)
  }

  // The end

  #touch(): void {
    const { wheel } = this.#home.context
    wheel.set(this, turnMs() + (this.session.plan?.target?.readTimeoutMs ?? PATIENCE_MS))
  }

  /** How sessions of UDP end. */
  onDeadline(): void {
    this.#end(200)
  }

  close(): void {
    this.#end(200)
  }

  #end(status: number): void {
    if (this.session.isOver) return
    this.deadlineMs = Infinity
    if (this.#peer !== undefined && !this.#hasAnswered) this.#note(undefined)
    this.#leavePeer()
    this.session.end(status)
    this.#home.onSessionEnded(this)
  }
}

/** For as long as no service says how long. */
const PATIENCE_MS = 60_000
