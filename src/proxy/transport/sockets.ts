import type net from 'node:net'
import type { Transport, TransportOwner } from './transport.ts'

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
}

/** Owner of a transport that nobody has taken yet: it must not lose anything, so it is not read. */
export const NOBODY: TransportOwner = { onBytes() {}, onEnd() {}, onDrained() {}, onClosed() {} }
