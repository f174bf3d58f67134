import type net from 'node:net'
import type tls from 'node:tls'
import { turnMs } from '../../base/turn-clock.ts'
import type { Place } from '../connection-caps.ts'
import { UNIX_PEER, withoutMapping } from '../connection-facts.ts'
import { listen, type ListenOptions } from '../listen.ts'
import { createTlsServer, socketUnder, type ServerTls } from '../server-tls.ts'
import { publicSockets } from '../transport/public-sockets.ts'
import type { Transport } from '../transport/transport.ts'
import type { StreamContext } from './stream-context.ts'
import type { StreamListener } from './stream-listener.ts'
import { TcpSession, type TcpHome } from './tcp-session.ts'

/** Listens for connections of streams. @throws what the system says when the address cannot be had */
export async function startTcpListener(
  options: ListenOptions,
  context: StreamContext,
): Promise<StreamListener> {
  const listener = new TcpListener(await listen(options), options, context)
  listener.accept()
  return listener
}

class TcpListener implements StreamListener, TcpHome {
  readonly port: number
  readonly context: StreamContext
  readonly speaksTls: boolean
  readonly hasProxyHeader: boolean
  readonly #server: net.Server
  readonly #options: ListenOptions
  readonly #sessions = new Set<TcpSession>()
  readonly #places = new WeakMap<TcpSession, Place>()
  readonly #handshakes = new WeakMap<net.Socket, TcpSession>()
  readonly #tlsServer: tls.Server | undefined
  #whenEmpty: (() => void) | undefined

  constructor(server: net.Server, options: ListenOptions, context: StreamContext) {
    this.#server = server
    this.#options = options
    this.context = context
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    this.speaksTls = options.tls !== undefined
    this.hasProxyHeader = options.proxyProtocol === true
    this.#tlsServer = options.tls && this.#createTlsServer(options.tls)
    server.on('error', (error) => context.log.error('Cannot accept connections', error))
  }

  accept(): void {
    const isUnix = this.#options.path !== undefined
    const sockets = isUnix ? publicSockets : this.context.sockets
    sockets.accept(this.#server, (transport) => this.#arrive(transport, isUnix))
  }

  #arrive(transport: Transport, isUnix: boolean): void {
    const { keepAlive, publicPort, caps } = this.#options
    const place = caps?.enter(turnMs())
    if (place === 'refused') {
      transport.destroy()
      return
    }
    if (keepAlive !== undefined) transport.setKeepAlive(keepAlive)
    const session = new TcpSession(this, transport, {
      peerIp: isUnix ? UNIX_PEER : withoutMapping(transport.remoteAddress),
      peerPort: transport.remotePort,
      localIp: withoutMapping(transport.localAddress),
      serverPort: publicPort ?? this.port,
    })
    this.#sessions.add(session)
    if (place !== undefined) this.#places.set(session, place)
    session.start()
  }

  /** A trusted peer speaks for many clients: the one it names counts, and it does not itself. */
  admits(session: TcpSession): boolean {
    const place = this.#places.get(session)
    if (place === undefined) return true
    const { ip, peerIp } = session.session
    const isItself = ip === peerIp
    if (ip === UNIX_PEER || (isItself && this.context.realIp.isTrusted(peerIp))) return true
    return this.#options.caps!.enterAs(place, ip, turnMs())
  }

  /** What clients and upstreams speak over TLS is theirs to choose, so nothing is offered. */
  #createTlsServer({ options, contextFor }: ServerTls): tls.Server {
    const rules: ServerTls = { options: { ...options, ALPNProtocols: undefined }, contextFor }
    return createTlsServer(rules, [], {
      onSecure: (socket) => {
        const under = socketUnder(socket)
        const session = under && this.#handshakes.get(under)
        if (session === undefined) socket.destroy()
        else session.onSecure(socket)
      },
      onFailed: (socket) => socket.destroy(),
    })
  }

  secure(socket: net.Socket, session: TcpSession): void {
    this.#handshakes.set(socket, session)
    this.#tlsServer!.emit('connection', socket)
  }

  renewTls(options: ServerTls['options']): void {
    this.#tlsServer?.setSecureContext(options)
  }

  onSessionEnded(session: TcpSession): void {
    if (!this.#sessions.delete(session)) return
    this.#places.get(session)?.leave()
    if (this.#sessions.size === 0) this.#whenEmpty?.()
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#server.close()
    if (this.#sessions.size > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#whenEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.close()
  }

  close(): void {
    if (this.#server.listening) this.#server.close()
    for (const session of this.#sessions) session.abort()
  }
}
