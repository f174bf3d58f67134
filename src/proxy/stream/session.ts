import type { BalancingRequest } from '../../balancer/peer.ts'
import { turnMs } from '../../base/turn-clock.ts'
import type { Route, Service } from '../../entities/entity.ts'
import type { TlsFacts, Try } from '../../plugin-kit/exchange.ts'
import type { StreamSession } from '../../plugin-kit/stream-session.ts'
import type { Snapshot, StreamPlan } from '../../snapshot/snapshot.ts'
import type { StreamContext } from './stream-context.ts'

/** Both ends of a connection, or of the datagrams of a client. */
export interface SessionAddresses {
  readonly peerIp: string
  readonly peerPort: number
  readonly localIp: string
  /** Port the client used, after `port_maps`. */
  readonly serverPort: number
}

/**
 * One session from its first byte to its log line: what is known of it, and what it holds. It takes
 * the snapshot when it is routed and keeps it to the end, whatever is reloaded meanwhile.
 */
export class Session implements StreamSession {
  readonly transport: 'tcp' | 'udp'
  readonly peerIp: string
  readonly localIp: string
  readonly serverPort: number
  readonly startedAtMs = turnMs()
  ip: string
  port: number
  sni: string | undefined
  tls: TlsFacts | undefined
  plan: StreamPlan | undefined
  status = 0
  receivedBytes = 0
  sentBytes = 0
  upstreamReceivedBytes = 0
  upstreamSentBytes = 0
  tries: readonly Try[] = NO_TRIES
  readonly #context: StreamContext
  #snapshot: Snapshot | undefined
  #logValues: Map<string, unknown> | undefined
  #readyAtMs = -1
  #endedAtMs = -1
  #isTls = false

  constructor(
    context: StreamContext,
    transport: 'tcp' | 'udp',
    { peerIp, peerPort, localIp, serverPort }: SessionAddresses,
  ) {
    this.#context = context
    this.transport = transport
    this.peerIp = peerIp
    this.localIp = localIp
    this.serverPort = serverPort
    this.ip = peerIp
    this.port = peerPort
    context.counters.accepted += 1
    context.counters.handled += 1
    context.counters.active += 1
  }

  /** @returns whether a route takes it; the snapshot is held from then on */
  findRoute(protocol: 'tcp' | 'tls' | 'udp'): boolean {
    const snapshot = this.#context.holder.current
    this.#isTls = protocol === 'tls'
    const plan = snapshot.streamPlan({
      protocol,
      sourceIp: this.ip,
      sourcePort: this.port,
      destinationIp: this.localIp,
      destinationPort: this.serverPort,
      sni: this.sni,
    })
    if (plan === undefined) return false
    snapshot.enter()
    this.#snapshot = snapshot
    this.plan = plan
    return true
  }

  get route(): Route | undefined {
    return this.plan?.route
  }
  get service(): Service | undefined {
    return this.plan?.service
  }
  get protocol(): StreamSession['protocol'] {
    if (!this.#isTls) return this.transport
    return this.plan?.terminatesTls === false ? 'tls_passthrough' : 'tls'
  }
  get isOver(): boolean {
    return this.#endedAtMs !== -1
  }
  get durationMs(): number {
    return (this.#endedAtMs === -1 ? turnMs() : this.#endedAtMs) - this.startedAtMs
  }
  get gatewayMs(): number {
    return this.#readyAtMs === -1 ? this.durationMs : this.#readyAtMs - this.startedAtMs
  }
  get logValues(): ReadonlyMap<string, unknown> {
    return this.#logValues ?? NO_VALUES
  }

  setLogValue(key: string, value: unknown): void {
    this.#logValues ??= new Map()
    this.#logValues.set(key, value)
  }

  /** The upstream is connected: time in the gateway ends here. */
  markReady(): void {
    this.#readyAtMs = turnMs()
  }

  /** Runs the log phase, once. @param status as nginx gives it: 200, 400, 403, 500, 502, 503 */
  end(status: number): void {
    if (this.isOver) return
    this.status = status
    this.#endedAtMs = turnMs()
    const { counters, log, onEnded } = this.#context
    counters.active -= 1
    counters.sessions += 1
    for (const { name, handlers } of this.plan?.log ?? [])
      try {
        handlers.logSession!(this)
      } catch (error) {
        log.error(`Plugin "${name}" failed in its log phase for a session of ${this.ip}`, error)
      }
    onEnded?.(this)
    this.#snapshot?.leave()
  }

  /** What a balancer may ask: of a session it can only know where it comes from. */
  get balancing(): BalancingRequest {
    return {
      consumerId: undefined,
      credentialId: undefined,
      clientIp: this.ip,
      path: '',
      captures: undefined,
      headerValues: () => [],
      queryValues: () => [],
      cookie: () => undefined,
      setCookie() {},
    }
  }
}

const NO_TRIES: readonly Try[] = []
const NO_VALUES: ReadonlyMap<string, unknown> = new Map()
