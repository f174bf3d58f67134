import net from 'node:net'
import type tls from 'node:tls'
import type { TlsFacts } from '../plugin-kit/exchange.ts'
import { ClientConnectionFacts, type ListenerFacts } from './connection-facts.ts'
import type { ProxyContext } from './context.ts'
import { Http1Connection, type ConnectionHome } from './http1-connection.ts'
import { Http2Session, type SessionHome } from './http2/http2-session.ts'
import { clientTlsFacts, createTlsServer, type ServerTls } from './server-tls.ts'
import { PublicTransport } from './transport/public-transport.ts'
import { NOBODY } from './transport/sockets.ts'
import type { Transport } from './transport/transport.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** Present: connections are TLS. */
  readonly tls?: ServerTls | undefined
  /** Clients may choose HTTP/2 in the handshake. */
  readonly http2?: boolean | undefined
  readonly reusePort?: boolean | undefined
  readonly backlog?: number | undefined
  readonly ipv6Only?: boolean | undefined
  /** Every connection begins with a header of the PROXY protocol. */
  readonly proxyProtocol?: boolean | undefined
  /** Port that clients use, where another one leads here. */
  readonly publicPort?: number | undefined
}

export interface Listener {
  readonly address: net.AddressInfo
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
  const server = net.createServer({ pauseOnConnect: options.tls !== undefined, noDelay: true })
  await listen(server, options)
  const listener = new ClientListener(server, options, context)
  listener.accept()
  return listener
}

function listen(server: net.Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(
      {
        host: options.host,
        port: options.port,
        reusePort: options.reusePort ?? false,
        ...(options.backlog !== undefined && options.backlog > 0 && { backlog: options.backlog }),
        ipv6Only: options.ipv6Only ?? false,
      },
      () => {
        server.removeListener('error', reject)
        resolve()
      },
    )
  })
}

class ClientListener implements Listener, ConnectionHome, SessionHome {
  readonly address: net.AddressInfo
  readonly context: ProxyContext
  isDraining = false
  readonly #server: net.Server
  readonly #options: ListenOptions
  readonly #facts: ListenerFacts
  readonly #connections = new Set<Http1Connection | Http2Session>()
  readonly #handshakes = new Set<net.Socket>()
  #whenEmpty: (() => void) | undefined
  #tlsServer: tls.Server | undefined

  constructor(server: net.Server, options: ListenOptions, context: ProxyContext) {
    this.#server = server
    this.#options = options
    this.context = context
    this.address = server.address() as net.AddressInfo
    this.#facts = {
      scheme: options.tls === undefined ? 'http' : 'https',
      port: options.publicPort ?? this.address.port,
      isTrusted: (ip) => context.realIp.isTrusted(ip),
    }
    server.on('error', (error) => context.log.error('Cannot accept connections', error))
  }

  accept(): void {
    const { tls } = this.#options
    if (tls === undefined)
      this.context.sockets.accept(this.#server, (transport) => this.#begin(transport))
    else this.#acceptTls(tls)
  }

  #acceptTls(options: ServerTls): void {
    const protocols = this.#options.http2 === true ? ['h2', 'http/1.1'] : ['http/1.1']
    const server = createTlsServer(options, protocols, {
      onSecure: (socket) => this.#beginSecure(socket),
      onFailed: (socket) => socket.destroy(),
    })
    this.#tlsServer = server
    this.#server.on('connection', (socket) => {
      this.#handshakes.add(socket)
      socket.once('close', () => this.#handshakes.delete(socket))
      server.emit('connection', socket)
    })
  }

  renewTls(options: ServerTls['options']): void {
    this.#tlsServer?.setSecureContext(options)
  }

  #beginSecure(socket: tls.TLSSocket): void {
    const tls = clientTlsFacts(socket)
    if (socket.alpnProtocol === 'h2') this.#beginHttp2(socket, tls)
    else this.#begin(new PublicTransport(socket, NOBODY), tls)
  }

  #begin(transport: Transport, tls?: TlsFacts): void {
    const facts = new ClientConnectionFacts(transport, this.#facts, { tls })
    const connection = new Http1Connection(this, transport, facts)
    this.#add(connection)
    connection.start()
  }

  #beginHttp2(socket: tls.TLSSocket, tls: TlsFacts): void {
    const addresses = {
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
      localAddress: socket.localAddress ?? '',
      localPort: socket.localPort ?? 0,
    }
    const facts = new ClientConnectionFacts(addresses, this.#facts, { tls })
    this.#add(new Http2Session(this, socket, facts))
  }

  #add(connection: Http1Connection | Http2Session): void {
    const { counters } = this.context
    counters.accepted += 1
    counters.handled += 1
    counters.active += 1
    this.#connections.add(connection)
  }

  onSessionClosed(session: Http2Session): void {
    this.onConnectionClosed(session)
  }

  onConnectionClosed(connection: Http1Connection | Http2Session): void {
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
    for (const socket of this.#handshakes) socket.destroy()
    for (const connection of this.#connections) connection.destroy()
  }
}
