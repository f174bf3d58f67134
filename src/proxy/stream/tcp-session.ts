import type net from 'node:net'
import type tls from 'node:tls'
import type { Peer } from '../../balancer/peer.ts'
import { beginTurn } from '../../base/turn-clock.ts'
import { isPromise } from '../is-promise.ts'
import { ProxyPreamble } from '../proxy-preamble.ts'
import { clientTlsFacts } from '../server-tls.ts'
import { PublicTransport } from '../transport/public-transport.ts'
import { NOBODY } from '../transport/sockets.ts'
import type { Transport } from '../transport/transport.ts'
import { BytePump, type PumpEnd } from './byte-pump.ts'
import type { ClientHello } from './client-hello.ts'
import { PeerConnection } from './connect-peer.ts'
import { HelloReader } from './hello-reader.ts'
import { runPreread, type Refusal } from './run-preread.ts'
import { Session, type SessionAddresses } from './session.ts'
import type { StreamContext } from './stream-context.ts'

/** Where connections begin, and end. */
export interface TcpHome {
  readonly context: StreamContext
  readonly speaksTls: boolean
  readonly hasProxyHeader: boolean
  /** Whether its client may have one more connection; asked once it is known who that is. */
  admits(session: TcpSession): boolean
  /** Does the handshake of a session; it hears of the end by `onSecure` or by the socket's close. */
  secure(socket: net.Socket, session: TcpSession): void
  onSessionEnded(session: TcpSession): void
}

const NOTHING = Buffer.alloc(0)
const HEADER_PATIENCE_MS = 30_000

/**
 * One connection from first byte to log line. The steps stand in the order in which they come:
 * PROXY protocol, TLS, route, plugins, peer, bytes.
 */
export class TcpSession {
  readonly session: Session
  readonly #home: TcpHome
  #client: Transport
  #first: Buffer = NOTHING
  /** The connection while TLS reads it. */
  #handshake: net.Socket | undefined
  #connecting: PeerConnection | undefined
  #pump: BytePump | undefined
  #peer: Peer | undefined

  constructor(home: TcpHome, client: Transport, addresses: SessionAddresses) {
    this.#home = home
    this.#client = client
    this.session = new Session(home.context, 'tcp', addresses)
  }

  start(): void {
    if (this.#home.hasProxyHeader) this.#readProxyHeader()
    else this.#begin()
  }

  #readProxyHeader(): void {
    const { session } = this
    const { context } = this.#home
    new ProxyPreamble({
      transport: this.#client,
      wheel: context.wheel,
      timeoutMs: HEADER_PATIENCE_MS,
      onHeader: (client, rest) => {
        if (client !== undefined && context.realIp.isTrusted(session.peerIp)) {
          session.ip = client.ip
          session.port = client.port
        }
        this.#first = rest
        this.#begin()
      },
      onRefused: (fault) => this.#refuseBeginning('PROXY protocol', fault),
    }).start()
  }

  #refuseBeginning(what: string, fault: string | undefined): void {
    if (fault !== undefined && !this.session.isOver)
      this.#home.context.log.warn(`Closed connection of ${this.session.ip}: ${what}: ${fault}`)
    this.#end(400)
  }

  #begin(): void {
    if (this.session.isOver) return
    if (!this.#home.admits(this)) this.#close(503)
    else if (this.#home.speaksTls) this.#readHello()
    else this.#route('tcp')
  }

  // TLS

  #readHello(): void {
    new HelloReader({
      transport: this.#client,
      first: this.#first,
      wheel: this.#home.context.wheel,
      onHello: (hello, read) => this.#takeHello(hello, read),
      onRefused: (fault) => this.#refuseBeginning('TLS', fault),
    }).start()
  }

  #takeHello({ serverName }: ClientHello, read: Buffer): void {
    if (this.session.isOver) return
    this.session.sni = serverName
    this.#first = read
    this.#route('tls')
  }

  /** The handshake reads what was read so far once more. */
  #terminateTls(): void {
    const first = this.#first
    this.#first = NOTHING
    const socket = this.#client.toSocket(first)
    this.#handshake = socket
    socket.once('close', () => {
      if (this.session.tls === undefined) this.#refuseBeginning('TLS', 'the handshake failed')
    })
    this.#home.secure(socket, this)
  }

  /** The handshake is done. */
  onSecure(socket: tls.TLSSocket): void {
    if (this.session.isOver) {
      socket.destroy()
      return
    }
    beginTurn()
    this.#handshake = undefined
    this.session.tls = clientTlsFacts(socket)
    this.#client = new PublicTransport(socket, NOBODY)
    this.#runPlugins()
  }

  // Route and plugins

  #route(protocol: 'tcp' | 'tls'): void {
    this.#client.owner = this.#waiting
    const { session } = this
    if (!session.findRoute(protocol)) {
      const asked = session.sni === undefined ? '' : ` asking for ${session.sni}`
      this.#home.context.log.warn(
        `no Route found for ${protocol} connection of ${session.ip} to port ${session.serverPort}${asked}`,
      )
      this.#close(500)
    } else if (protocol === 'tls' && session.plan!.terminatesTls) this.#terminateTls()
    else this.#runPlugins()
  }

  #runPlugins(): void {
    this.#client.owner = this.#waiting
    const refusal = runPreread(this.session, this.#home.context.log)
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
    if (refusal !== undefined) {
      if (refusal.body !== undefined) this.#answer(Buffer.from(refusal.body))
      this.#close(refusal.status)
    } else if (session.plan!.target === undefined) {
      this.#home.context.log.warn(`no Service found for a session of ${session.ip}`)
      this.#close(503)
    } else this.#connect()
  }

  #answer(body: Buffer): void {
    this.session.sentBytes += body.length
    this.#client.writeBytes(body)
  }

  // Peer and bytes

  /** The client is not read meanwhile: what it sends waits in the system, and so does its end. */
  #connect(): void {
    this.#connecting = new PeerConnection({
      context: this.#home.context,
      session: this.session,
      target: this.session.plan!.target!,
      onConnected: (upstream, peer) => this.#proxy(upstream, peer),
      onFailed: (status) => this.#close(status),
    })
    this.#connecting.start()
  }

  #proxy(upstream: Transport, peer: Peer): void {
    this.#connecting = undefined
    this.#peer = peer
    if (this.#client.isClosed) {
      upstream.destroy()
      this.#end(200)
      return
    }
    const { readTimeoutMs, writeTimeoutMs } = this.session.plan!.target!
    this.#pump = new BytePump({
      client: this.#client,
      upstream,
      first: this.#first,
      wheel: this.#home.context.wheel,
      idleTimeoutMs: readTimeoutMs,
      writeTimeoutMs,
      onOver: (why) => this.#afterBytes(why),
    })
    this.#first = NOTHING
    this.#pump.start()
  }

  #afterBytes(why: PumpEnd): void {
    const { session } = this
    const { fromClient, fromUpstream } = this.#pump!
    session.receivedBytes = fromClient.bytes
    session.upstreamSentBytes = fromClient.bytes
    session.sentBytes = fromUpstream.bytes
    session.upstreamReceivedBytes = fromUpstream.bytes
    if (why === 'timed-out')
      this.#home.context.log.warn(`Closed a session of ${session.ip}: nothing moved in time`)
    this.#end(200)
  }

  // The end

  /** Owner of the client's connection while it is not read. */
  readonly #waiting = { ...NOBODY, onClosed: (): void => this.#end(this.session.status || 400) }

  #close(status: number): void {
    this.#client.close()
    this.#end(status)
  }

  #end(status: number): void {
    if (this.session.isOver) return
    this.#connecting?.cancel()
    if (this.#peer !== undefined) this.session.plan!.target!.peers.release(this.#peer)
    this.session.end(status)
    this.#home.onSessionEnded(this)
  }

  /** Cuts it off. */
  abort(): void {
    if (this.#pump === undefined) {
      this.#handshake?.destroy()
      this.#client.destroy()
      this.#end(500)
    } else this.#pump.abort()
  }
}
