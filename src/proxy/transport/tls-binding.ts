import type { SecureContext } from 'node:tls'
// The prototype of the handles below is finished by this module.
import 'node:tls'
import { isKnownNode, type StreamHandle, type TcpHandle } from './tcp-binding.ts'

/**
 * The part of Node's TLS handle that the fast transport uses. It lies over the handle of a connection.
 * A write takes all it is given at once, and a second one must wait until the first is complete; a
 * shutdown says that no more will come before it ends this side of the connection.
 */
export interface TlsHandle extends StreamHandle {
  /** Whoever drives the handshake; sessions are told of after it as well. */
  arrival: unknown
  onread: (this: TlsHandle) => Buffer | undefined
  onhandshakestart: () => void
  onhandshakedone: (this: TlsHandle) => void
  /** Only with `enableSessionCallbacks`; the handshake waits for `clientHelloDone`. */
  onclienthello: (this: TlsHandle, hello: ClientHello) => void
  /** Only with `enableSessionCallbacks`; the handshake waits for `newSessionDone`. */
  onnewsession: (this: TlsHandle, id: Buffer, session: Buffer) => void
  /** Only with `enableCertCb`; the handshake waits for `certCbDone`. */
  oncertcb: (this: TlsHandle, info: { readonly servername: string }) => void
  onerror: (this: TlsHandle, error: Error & { readonly code?: string }) => void
  /** The native part of the context to show instead of the first one. */
  sni_context: unknown
  setALPNProtocols(protocols: Buffer): void
  enableSessionCallbacks(): void
  loadSession(session: Buffer | null): void
  /** Absent in Node 24, where `endParser` is what it is called. */
  clientHelloDone?(): void
  endParser?(): void
  newSessionDone(): void
  enableCertCb(): void
  certCbDone(): void
  destroySSL(): void
  getServername(): string | false
  getALPNNegotiatedProtocol(): string | false
  getProtocol(): string | null
  getCipher(): { readonly name: string }
}

export interface ClientHello {
  readonly sessionId: Buffer
  /** The session comes from the client itself. */
  readonly tlsTicket: boolean
}

export interface TlsBinding {
  /** Lays the server's side of TLS over a connection, which is to be closed by its own handle. */
  wrap(handle: TcpHandle, context: SecureContext): TlsHandle
}

interface RawBinding {
  readonly wrap: (
    handle: TcpHandle,
    context: unknown,
    isServer: boolean,
    hasPendingWrite: boolean,
  ) => TlsHandle
}

/** @returns nothing where this Node is not known well enough */
export function tlsBinding(): TlsBinding | undefined {
  const bind = (process as unknown as { binding?: (name: string) => RawBinding }).binding
  if (!isKnownNode() || bind === undefined) return undefined
  const raw = bind.call(process, 'tls_wrap')
  return {
    wrap: (handle, context) =>
      raw.wrap(handle, (context as { readonly context: unknown }).context, true, false),
  }
}
