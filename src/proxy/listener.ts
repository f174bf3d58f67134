import type net from 'node:net'
import type tls from 'node:tls'
import { turnMs } from '../base/turn-clock.ts'
import type { ProxiedClient } from '../http/proxy-protocol.ts'
import type { TlsFacts } from '../plugin-kit/exchange.ts'
import type { Place } from './connection-caps.ts'
import {
  ClientConnectionFacts,
  UNIX_PEER,
  withoutMapping,
  type ListenerFacts,
} from './connection-facts.ts'
import type { ConnectionHome, ServedConnection } from './connection-home.ts'
import type { ProxyContext } from './context.ts'
import { Http1Connection } from './http1-connection.ts'
import { Http2Connection } from './http2/http2-connection.ts'
import { listen, type ListenOptions } from './listen.ts'
import { ProxyPreamble } from './proxy-preamble.ts'
import {
  clientTlsFacts,
  createTlsServer,
  handshakeRules,
  socketUnder,
  type ServerTls,
} from './server-tls.ts'
import { PublicTransport, setSocketKeepAlive } from './transport/public-transport.ts'
import { publicSockets } from './transport/public-sockets.ts'
import { NOBODY, type ArrivedClient, type TlsRules } from './transport/sockets.ts'
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

/**
 * Where connections begin: PROXY protocol, TLS and the choice of HTTP version, each where it is
 * asked for and in this order.
 */
class ClientListener implements Listener, ConnectionHome {
  readonly port: number
  readonly context: ProxyContext
  isDraining = false
  readonly takesHttp2: boolean
  readonly #server: net.Server
  readonly #options: ListenOptions
  readonly #facts: ListenerFacts
  readonly #connections = new Set<ServedConnection>()
  /** Those that are not ready for requests yet. */
  readonly #beginning = new Set<net.Socket | ProxyPreamble | ArrivedClient>()
  /** Clients that a balancer told of, until their handshake is over. */
  readonly #proxied = new WeakMap<net.Socket, ProxiedClient>()
  /** Where no socket object knows it. */
  readonly #places = new WeakMap<ServedConnection, Place>()
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
    const sockets = path === undefined ? this.context.sockets : publicSockets
    if (tls === undefined || proxyProtocol === true)
      sockets.accept(this.#server, (transport) => this.#arrive(transport))
    if (tls === undefined) return
    const tlsServer = this.#createTlsServer(tls)
    this.#tlsServer = tlsServer
    if (proxyProtocol === true) return
    // Who asks for certificates looks at them with what the documented API makes of them.
    const isPlainTls = (tls.verifyClient ?? 'off') === 'off'
    if (sockets.acceptTls === undefined || !isPlainTls)
      this.#server.on('connection', (socket) => this.#arriveForTls(socket))
    else {
      const rules = handshakeRules(tlsServer, tls)
      sockets.acceptTls(this.#server, (client) => this.#arriveSecurely(client, rules))
    }
  }

  #createTlsServer(options: ServerTls): tls.Server {
    const protocols = this.#options.http2 === true ? ['h2', 'http/1.1'] : ['http/1.1']
    return createTlsServer(options, protocols, {
      onSecure: (socket) => this.#beginSecure(socket),
      onFailed: (socket, isPlain) => {
        if (isPlain) this.#answerPlain(socket)
        socket.destroy()
      },
      handshakeTimeoutMs: this.context.limits.headTimeoutMs,
    })
  }

  renewTls(options: ServerTls['options']): void {
    this.#tlsServer?.setSecureContext(options)
  }

  // Arrival

  #arrive(transport: Transport): void {
    const { keepAlive, proxyProtocol, caps } = this.#options
    const place = caps?.enter(turnMs())
    if (place === 'refused') {
      transport.destroy()
      return
    }
    if (keepAlive !== undefined) transport.setKeepAlive(keepAlive)
    if (proxyProtocol === true) this.#readPreamble(transport, place)
    else if (this.#mayEnter(place, transport, undefined)) this.#begin(transport, {}, { place })
  }

  #arriveForTls(socket: net.Socket): void {
    const { keepAlive, caps } = this.#options
    const place = caps?.enter(turnMs())
    if (place === 'refused' || !this.#mayEnter(place, socketPeer(socket), undefined)) {
      socket.destroy()
      return
    }
    if (keepAlive !== undefined) setSocketKeepAlive(socket, keepAlive)
    this.#secure(socket, place)
  }

  #arriveSecurely(client: ArrivedClient, rules: TlsRules): void {
    const { keepAlive, caps } = this.#options
    const place = caps?.enter(turnMs())
    if (place === 'refused') client.destroy()
    if (place === 'refused' || !this.#mayEnter(place, client, undefined)) return
    if (keepAlive !== undefined) client.setKeepAlive(keepAlive)
    this.#beginning.add(client)
    this.context.wheel.set(client, turnMs() + this.context.limits.headTimeoutMs)
    client.secure(rules, {
      onSecure: (transport, { protocol, serverName, version, cipher }) => {
        this.#beginning.delete(client)
        const known = { tls: { version, cipher, sni: serverName, clientVerify: 'NONE' } }
        if (protocol === 'h2') this.#beginHttp2(transport, known, place)
        else this.#begin(transport, known, { place })
      },
      onPlain: (transport) => {
        this.#beginning.delete(client)
        this.#refusePlain(transport, {}, place)
      },
      onFailed: () => {
        this.#beginning.delete(client)
        place?.leave()
      },
    })
  }

  /** A trusted peer speaks for many clients: the one it names counts, and it does not itself. */
  #mayEnter(
    place: Place | undefined,
    peer: ArrivedPeer,
    proxied: ProxiedClient | undefined,
  ): boolean {
    if (place === undefined) return true
    const { realIp } = this.context
    const peerIp = this.#facts.isUnix ? UNIX_PEER : withoutMapping(peer.remoteAddress)
    const named = realIp.header === 'proxy_protocol' ? proxied?.ip : undefined
    const client = realIp.isTrusted(peerIp) ? named : peerIp
    if (client === undefined || client === UNIX_PEER) return true
    if (this.#options.caps!.enterAs(place, client, turnMs())) return true
    peer.destroy()
    return false
  }

  #secure(socket: net.Socket, place: Place | undefined): void {
    this.#beginning.add(socket)
    socket.once('close', () => {
      this.#beginning.delete(socket)
      place?.leave()
    })
    this.#tlsServer!.emit('connection', socket)
  }

  #readPreamble(transport: Transport, place: Place | undefined): void {
    const preamble = new ProxyPreamble({
      transport,
      wheel: this.context.wheel,
      timeoutMs: this.context.limits.headTimeoutMs,
      onHeader: (client, rest) => {
        this.#beginning.delete(preamble)
        if (!this.#mayEnter(place, transport, client)) return
        this.#beginProxied(transport, client, { first: rest, place })
      },
      onRefused: (fault) => {
        this.#beginning.delete(preamble)
        place?.leave()
        if (fault === undefined) return
        const peer = `${transport.remoteAddress || UNIX_PEER}:${transport.remotePort}`
        this.context.log.warn(`Closed connection of ${peer}: PROXY protocol: ${fault}`)
      },
    })
    this.#beginning.add(preamble)
    preamble.start()
  }

  #beginProxied(
    transport: Transport,
    proxied: ProxiedClient | undefined,
    { first, place }: { readonly first: Buffer; readonly place: Place | undefined },
  ): void {
    if (this.#tlsServer === undefined) {
      this.#begin(transport, { proxied }, { first, place })
      return
    }
    const socket = transport.toSocket(first)
    if (proxied !== undefined) this.#proxied.set(socket, proxied)
    this.#secure(socket, place)
  }

  // Choice of HTTP version

  #beginSecure(socket: tls.TLSSocket): void {
    const under = socketUnder(socket)
    const known = {
      tls: clientTlsFacts(socket, this.#options.tls?.verifyClient),
      proxied: under === undefined ? undefined : this.#proxied.get(under),
    }
    const transport = new PublicTransport(socket, NOBODY)
    if (socket.alpnProtocol === 'h2') this.#beginHttp2(transport, known)
    else this.#begin(transport, known, {})
  }

  /** Over the connection under the handshake that failed. */
  #answerPlain(socket: tls.TLSSocket): void {
    const under = socketUnder(socket)
    if (under === undefined || this.isDraining) return
    const transport = new PublicTransport(under, NOBODY)
    this.#refusePlain(transport, { proxied: this.#proxied.get(under) }, undefined)
  }

  /** Tells a client without TLS what is wrong. */
  #refusePlain(transport: Transport, known: KnownFacts, place: Place | undefined): void {
    const facts = new ClientConnectionFacts(transport, this.#facts, known)
    const connection = new Http1Connection(this, transport, facts)
    this.#count()
    this.#connections.add(connection)
    if (place !== undefined) this.#places.set(connection, place)
    connection.refuse('plain_on_tls_port')
  }

  #begin(transport: Transport, known: KnownFacts, { first, place }: Beginning): void {
    const facts = new ClientConnectionFacts(transport, this.#facts, known)
    const connection = new Http1Connection(this, transport, facts)
    this.#count()
    this.#connections.add(connection)
    if (place !== undefined) this.#places.set(connection, place)
    connection.start(first)
  }

  #beginHttp2(transport: Transport, known: KnownFacts, place?: Place): void {
    const facts = new ClientConnectionFacts(transport, this.#facts, known)
    const connection = new Http2Connection(this, transport, facts)
    this.#count()
    this.#connections.add(connection)
    if (place !== undefined) this.#places.set(connection, place)
    connection.start()
  }

  onHttp2(connection: ServedConnection, transport: Transport, first: Buffer): void {
    this.#connections.delete(connection)
    const place = this.#places.get(connection)
    const next = new Http2Connection(this, transport, connection.facts)
    this.#connections.add(next)
    if (place !== undefined) this.#places.set(next, place)
    next.start(first)
    if (this.isDraining) next.drain()
  }

  #count(): void {
    const { counters } = this.context
    counters.accepted += 1
    counters.handled += 1
    counters.active += 1
  }

  // The end

  onConnectionClosed(connection: ServedConnection): void {
    if (!this.#connections.delete(connection)) return
    this.#places.get(connection)?.leave()
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

/** How a connection begins that is ready for requests. */
interface Beginning {
  /** Bytes that were read already. */
  readonly first?: Buffer
  readonly place?: Place | undefined
}

interface ArrivedPeer {
  readonly remoteAddress: string
  destroy(): void
}

function socketPeer(socket: net.Socket): ArrivedPeer {
  return { remoteAddress: socket.remoteAddress ?? '', destroy: () => void socket.destroy() }
}
