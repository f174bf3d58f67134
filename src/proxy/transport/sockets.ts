import type net from 'node:net'
import type { SecureContext } from 'node:tls'
import type { Deadline } from '../../base/deadline-wheel.ts'
import type { KeepAlive, Transport, TransportOwner } from './transport.ts'

/** Hears how an attempt to connect ends; exactly one of the two is called, never at once. */
export interface Dialer {
  onConnected(transport: Transport): void
  /** @param code as the system names it, such as `ECONNREFUSED` */
  onConnectFailed(code: string): void
}

/** Opens and accepts plain TCP connections in one of the two ways. */
export interface Sockets {
  readonly kind: 'public' | 'fast'
  /** @returns calls the attempt off; nothing is called then */
  connect(ip: string, port: number, dialer: Dialer): () => void
  /** Takes the connections of a listening server from now on. Reading starts with `resume`. */
  accept(server: net.Server, onTransport: (transport: Transport) => void): void
  /**
   * Takes connections that are to speak TLS and show no certificate of their own. Absent where TLS
   * has no way but that of the documented API.
   */
  readonly acceptTls?:
    | ((server: net.Server, onArrived: (client: ArrivedClient) => void) => void)
    | undefined
}

/** A client before its handshake. `onDeadline` ends that, and so does {@link ArrivedClient.destroy}. */
export interface ArrivedClient extends Deadline {
  readonly remoteAddress: string
  setKeepAlive(rules: KeepAlive): void
  secure(rules: TlsRules, outcome: TlsOutcome): void
  destroy(): void
}

/** What is agreed on in handshakes. */
export interface TlsRules {
  /** With the certificates of clients that ask for no name, or for an unknown one. */
  readonly context: () => SecureContext
  readonly contextFor: (
    serverName: string,
  ) => SecureContext | undefined | Promise<SecureContext | undefined>
  /** Of ALPN, as they stand in a handshake: RFC 7301 §3.1. */
  readonly protocols: Buffer
  readonly sessions: SessionStore | undefined
}

export interface SessionStore {
  get(id: Buffer): Uint8Array | undefined
  set(id: Buffer, session: Uint8Array): void
}

/** How a handshake ends; one of them is called, unless the client is destroyed. */
export interface TlsOutcome {
  onSecure(transport: Transport, client: SecuredClient): void
  /** The client speaks HTTP without TLS, and can be told so. */
  onPlain(transport: Transport): void
  onFailed(): void
}

/** What a handshake came to. */
export interface SecuredClient {
  /** Of ALPN. */
  readonly protocol: string | false
  readonly serverName: string | undefined
  /** Of TLS. */
  readonly version: string
  readonly cipher: string
}

/** Owner of a transport that nobody has taken yet: it must not lose anything, so it is not read. */
export const NOBODY: TransportOwner = { onBytes() {}, onEnd() {}, onDrained() {}, onClosed() {} }
