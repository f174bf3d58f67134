import dgram from 'node:dgram'
import { isIPv6 } from 'node:net'
import { beginTurn } from '../../base/turn-clock.ts'
import { networkOf } from '../connection-caps.ts'
import { withoutMapping } from '../connection-facts.ts'
import type { ListenOptions } from '../listen.ts'
import type { StreamContext } from './stream-context.ts'
import type { StreamListener } from './stream-listener.ts'
import { UdpSession, type UdpHome } from './udp-session.ts'

/** Listens for datagrams. @throws what the system says when the address cannot be had */
export async function startUdpListener(
  options: ListenOptions,
  context: StreamContext,
): Promise<StreamListener> {
  const isV6 = isIPv6(options.host)
  const socket = dgram.createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    // The system gives all datagrams of a client to the same worker.
    reusePort: options.reusePort ?? false,
    ipv6Only: isV6 && options.ipv6Only === true,
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: options.host, port: options.port }, () => {
      socket.removeListener('error', reject)
      resolve()
    })
  })
  return new UdpListener(socket, options, context)
}

/** What waits to be sent to clients; more than that is lost, as datagrams may be. */
const QUEUE_BYTES = 4 * 1024 * 1024
/** Part of all sessions that one client may have. */
const CLIENT_SHARE = 1 / 4

class UdpListener implements StreamListener, UdpHome {
  readonly port: number
  readonly context: StreamContext
  readonly #socket: dgram.Socket
  readonly #localIp: string
  readonly #serverPort: number
  readonly #sessions = new Map<string, UdpSession>()
  /** Sessions by the network of their client. */
  readonly #ofClient = new Map<string, number>()
  #isDraining = false
  #isFull = false
  #isClosed = false
  #whenAnswered: (() => void) | undefined

  constructor(socket: dgram.Socket, options: ListenOptions, context: StreamContext) {
    const { address, port } = socket.address()
    this.#socket = socket
    this.context = context
    this.port = port
    this.#localIp = withoutMapping(address)
    this.#serverPort = options.publicPort ?? port
    socket.on('message', (datagram, from) => this.#arrive(datagram, from))
    socket.on('error', (error) => context.log.error('Cannot receive datagrams', error))
  }

  #arrive(datagram: Buffer, { address, port }: dgram.RemoteInfo): void {
    beginTurn()
    // Whoever wants no answer may say so, or forge it, by a port that nothing can be sent to: RFC 768.
    if (port === 0) return
    const key = `${address}|${port}`
    const known = this.#sessions.get(key)
    if (known !== undefined) known.take(datagram)
    else if (this.#hasRoom(address)) {
      const session = new UdpSession(this, key, {
        peerIp: withoutMapping(address),
        peerPort: port,
        localIp: this.#localIp,
        serverPort: this.#serverPort,
      })
      this.#sessions.set(key, session)
      this.#count(session, 1)
      session.start(datagram)
    }
  }

  #count({ session }: UdpSession, by: 1 | -1): void {
    const network = networkOf(session.peerIp)
    const count = (this.#ofClient.get(network) ?? 0) + by
    if (count > 0) this.#ofClient.set(network, count)
    else this.#ofClient.delete(network)
  }

  #hasRoom(address: string): boolean {
    if (this.#isDraining) return false
    const fault = this.#faultOfRoom(withoutMapping(address))
    if (fault !== undefined) this.#tellOnce(fault)
    return fault === undefined
  }

  /** Peers that are trusted speak for many clients, so they may have all there is. */
  #faultOfRoom(ip: string): string | undefined {
    const { udpSessions, realIp } = this.context
    if (this.#sessions.size >= udpSessions)
      return `Dropped a datagram of ${ip}: there are ${udpSessions} sessions already (stream_udp_sessions)`
    const share = Math.max(1, Math.floor(udpSessions * CLIENT_SHARE))
    const own = this.#ofClient.get(networkOf(ip)) ?? 0
    if (own < share || realIp.isTrusted(ip)) return undefined
    return `Dropped a datagram of ${ip}, which has ${own} sessions: its share of stream_udp_sessions; peers that speak for others belong in trusted_ips`
  }

  /** It is told once, until a session has ended: whoever fills it must not fill the log as well. */
  #tellOnce(fault: string): void {
    if (!this.#isFull) this.context.log.warn(fault)
    this.#isFull = true
  }

  reply(datagram: Buffer, { key, session }: UdpSession): void {
    if (this.#isClosed || this.#socket.getSendQueueSize() > QUEUE_BYTES) return
    const address = key.slice(0, key.lastIndexOf('|'))
    this.#socket.send(datagram, session.port, address, (error) => {
      if (error) this.context.log.warn(`Cannot send to ${address}: ${error.message}`)
    })
    if (this.#isDraining) this.#endIfAnswered()
  }

  onSessionEnded(session: UdpSession): void {
    if (this.#sessions.delete(session.key)) this.#count(session, -1)
    this.#isFull = false
    if (this.#isDraining) this.#endIfAnswered()
  }

  renewTls(): void {
    // There is none: see the flags that go with `udp`.
  }

  /** Sessions have no end of their own, so those without an open question count as over. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true
    if (this.#hasQuestions())
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#whenAnswered = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.close()
  }

  #hasQuestions(): boolean {
    return this.#sessions.values().some(({ isAwaited }) => isAwaited)
  }

  #endIfAnswered(): void {
    if (!this.#hasQuestions()) this.#whenAnswered?.()
  }

  close(): void {
    if (this.#isClosed) return
    for (const session of this.#sessions.values()) session.close()
    this.#isClosed = true
    this.#socket.close()
  }
}
