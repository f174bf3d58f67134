import type net from 'node:net'
import type tls from 'node:tls'
import type { ProxiedClient } from '../http/proxy-protocol.ts'
import type { TlsFacts } from '../plugin-kit/exchange.ts'
import { ClientConnectionFacts, type ListenerFacts } from './connection-facts.ts'
import type { ProxyContext } from './context.ts'
import { Http1Connection, type ConnectionHome } from './http1-connection.ts'
import { Http2Session, type SessionHome } from './http2/http2-session.ts'
import { listen, type ListenOptions } from './listen.ts'
import { ProxyPreamble } from './proxy-preamble.ts'
import { clientTlsFacts, createTlsServer, socketUnder, type ServerTls } from './server-tls.ts'
import { PublicTransport, setSocketKeepAlive } from './transport/public-transport.ts'
import { publicSockets } from './transport/public-sockets.ts'
import { NOBODY } from './transport/sockets.ts'
import type { Transport } from './transport/transport.ts'

export interface Listener {
  /** 0 for a unix socket. */
  readonly port: number
  /**
   * Accepts no more, closes idle connections, lets exchanges end with `Connection: close`.
   * @param timeoutMs what is still open then is cut off
   */
  drain(timeoutMs: number): Promise<void>
  /** Cuts everything off. */
  close(): Promise<void>
  /** Other certificates and rules of TLS, for connections from now on. */
  renewTls(options: ServerTls['options']): void
}

/** Listens for clients. @throws what the system says when the address cannot be had */
export async function startListener(
  options: ListenOptions,
  context: ProxyContext,
): Promise<Listener> {
  const listener = new ClientListener(await listen(options), options, context)
  listener.accept()
  return listener
}

type Served = Http1Connection | Http2Session

/**
 * Where connections begin: PROXY protocol, TLS and the choice of HTTP version, each where it is
 * asked for and in this order.
 */
class ClientListener implements Listener, ConnectionHome, SessionHome {
  readonly port: number
  readonly context: ProxyContext
  isDraining = false
  readonly takesHttp2: boolean
  readonly #server: net.Server
  readonly #options: ListenOptions
  readonly #facts: ListenerFacts
  readonly #connections = new Set<Served>()
  /** Those that are not ready for requests yet. */
  readonly #beginning = new Set<net.Socket | ProxyPreamble>()
  /** Clients that a balancer told of, until their handshake is over. */
  readonly #proxied = new WeakMap<net.Socket, ProxiedClient>()
  #whenEmpty: (() => void) | undefined
  #tlsServer: tls.Server | undefined

  constructor(server: net.Server, options: ListenOptions, context: ProxyContext) {
    this.#server = server
    this.#options = options
    this.context = context
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    this.takesHttp2 = options.http2 === true && options.tls === undefined
    const scheme = options.tls === undefined ? 'http' : 'https'
    this.#facts = {
      scheme,
      port: (options.publicPort ?? this.port) || (scheme === 'http' ? 80 : 443),
      isUnix: options.path !== undefined,
      isTrusted: (ip) => context.realIp.isTrusted(ip),
    }
    server.on('error', (error) => context.log.error('Cannot accept connections', error))
  }

  accept(): void {
    const { tls, proxyProtocol, path } = this.#options
    if (tls !== undefined) this.#tlsServer = this.#createTlsServer(tls)
    if (tls !== undefined && proxyProtocol !== true)
      this.#server.on('connection', (socket) => this.#arriveForTls(socket))
    else {
      const sockets = path === undefined ? this.context.sockets : publicSockets
      sockets.accept(this.#server, (transport) => this.#arrive(transport))
    }
  }

  #createTlsServer(options: ServerTls): tls.Server {
    const protocols = this.#options.http2 === true ? ['h2', 'http/1.1'] : ['http/1.1']
    return createTlsServer(options, protocols, {
      onSecure: (socket) => this.#beginSecure(socket),
      onFailed: (socket) => socket.destroy(),
    })
  }

  renewTls(options: ServerTls['options']): void {
    this.#tlsServer?.setSecureContext(options)
  }

  // Arrival

  #arrive(transport: Transport): void {
    const { keepAlive, proxyProtocol } = this.#options
    if (keepAlive !== undefined) transport.setKeepAlive(keepAlive)
    if (proxyProtocol === true) this.#readPreamble(transport)
    else this.#begin(transport, {})
  }

  #arriveForTls(socket: net.Socket): void {
    const { keepAlive } = this.#options
    if (keepAlive !== undefined) setSocketKeepAlive(socket, keepAlive)
    this.#secure(socket)
  }

  #secure(socket: net.Socket): void {
    this.#beginning.add(socket)
    socket.once('close', () => this.#beginning.delete(socket))
    this.#tlsServer!.emit('connection', socket)
  }

  #readPreamble(transport: Transport): void {
    const preamble = new ProxyPreamble({
      transport,
      wheel: this.context.wheel,
      timeoutMs: this.context.limits.headTimeoutMs,
      onHeader: (client, rest) => {
        this.#beginning.delete(preamble)
        if (this.isDraining) transport.destroy()
        else this.#beginProxied(transport, client, rest)
      },
      onRefused: (fault) => {
        this.#beginning.delete(preamble)
        if (fault === undefined) return
        const peer = `${transport.remoteAddress || 'unix:'}:${transport.remotePort}`
        this.context.log.warn(`Closed connection of ${peer}: PROXY protocol: ${fault}`)
      },
    })
    this.#beginning.add(preamble)
    preamble.start()
  }

  #beginProxied(transport: Transport, proxied: ProxiedClient | undefined, rest: Buffer): void {
    if (this.#tlsServer === undefined) {
      this.#begin(transport, { proxied }, rest)
      return
    }
    const socket = transport.toSocket(rest)
    if (proxied !== undefined) this.#proxied.set(socket, proxied)
    this.#secure(socket)
  }

  // Choice of HTTP version

  #beginSecure(socket: tls.TLSSocket): void {
    const under = socketUnder(socket)
    const known = {
      tls: clientTlsFacts(socket, this.#options.tls?.verifyClient),
      proxied: under === undefined ? undefined : this.#proxied.get(under),
    }
    if (socket.alpnProtocol === 'h2')
      this.#beginHttp2(socket, new ClientConnectionFacts(addressesOf(socket), this.#facts, known))
    else this.#begin(new PublicTransport(socket, NOBODY), known)
  }

  #begin(transport: Transport, known: KnownFacts, first?: Buffer): void {
    const facts = new ClientConnectionFacts(transport, this.#facts, known)
    const connection = new Http1Connection(this, transport, facts)
    this.#count()
    this.#connections.add(connection)
    connection.start(first)
  }

  #beginHttp2(socket: net.Socket, facts: ClientConnectionFacts): void {
    this.#count()
    this.#connections.add(new Http2Session(this, socket, facts))
  }

  onHttp2(connection: Http1Connection, transport: Transport, first: Buffer): void {
    this.#connections.delete(connection)
    const session = new Http2Session(this, transport.toSocket(first), connection.facts)
    this.#connections.add(session)
    if (this.isDraining) session.drain()
  }

  #count(): void {
    const { counters } = this.context
    counters.accepted += 1
    counters.handled += 1
    counters.active += 1
  }

  // The end

  onSessionClosed(session: Http2Session): void {
    this.onConnectionClosed(session)
  }

  onConnectionClosed(connection: Served): void {
    if (!this.#connections.delete(connection)) return
    this.context.counters.active -= 1
    if (this.#connections.size === 0) this.#whenEmpty?.()
  }

  async drain(timeoutMs: number): Promise<void> {
    this.isDraining = true
    this.#server.close()
    for (const connection of this.#connections) connection.drain()
    if (this.#connections.size > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#whenEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    await this.close()
  }

  // oxlint-disable-next-line require-await -- closing a socket needs no wait, but callers should not rely on it
  async close(): Promise<void> {
    this.isDraining = true
    if (this.#server.listening) this.#server.close()
    for (const connection of this.#beginning) connection.destroy()
    for (const connection of this.#connections) connection.destroy()
  }
}

/** What is known of a connection besides its addresses. */
interface KnownFacts {
  readonly tls?: TlsFacts | undefined
  readonly proxied?: ProxiedClient | undefined
}

function addressesOf(socket: net.Socket) {
  return {
    remoteAddress: socket.remoteAddress ?? '',
    remotePort: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? '',
    localPort: socket.localPort ?? 0,
  }
}
