import { isIP } from 'node:net'
import tls from 'node:tls'
import type { Peer } from '../../balancer/peer.ts'
import type { UpstreamTls } from '../../snapshot/upstream-tls.ts'
import { PublicTransport } from './public-transport.ts'
import { NOBODY, type Dialer } from './sockets.ts'

export interface TlsDial {
  readonly peer: Peer
  readonly tls: { readonly serverName: string; readonly rules: UpstreamTls }
  /** Keeps the last session. */
  readonly stack: { session: Buffer | undefined }
  /** What to offer to speak over TLS; HTTP/1.1 when absent. */
  readonly protocols?: readonly string[]
}

/** Opens a TLS connection. @returns calls the attempt off; nothing is called then */
export function dialTls(dial: TlsDial, dialer: Dialer): () => void {
  return dialTlsSocket(dial, {
    onSecure: (socket) => dialer.onConnected(new PublicTransport(socket, NOBODY)),
    onConnectFailed: (code) => dialer.onConnectFailed(code),
  })
}

/** Hears how a TLS handshake ends; exactly one of the two is called, never at once. */
export interface TlsDialer {
  onSecure(socket: tls.TLSSocket): void
  /** @param code as the system or OpenSSL names it */
  onConnectFailed(code: string): void
}

/** As {@link dialTls}, for a protocol that drives the socket itself. */
export function dialTlsSocket(dial: TlsDial, dialer: TlsDialer): () => void {
  const { serverName, rules } = dial.tls
  const { protocols = ['http/1.1'] } = dial
  const socket = tls.connect({
    host: dial.peer.ip,
    port: dial.peer.port,
    ...(isIP(serverName) === 0 && { servername: serverName }),
    ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }),
    secureContext: contextOf(rules),
    rejectUnauthorized: rules.verify,
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(serverName, certificate),
    ...(dial.stack.session !== undefined && { session: dial.stack.session }),
  })
  socket.setNoDelay(true)
  const fail = (error: NodeJS.ErrnoException): void => dialer.onConnectFailed(error.code ?? 'TLS')
  socket.once('error', fail)
  socket.on('session', (session) => {
    dial.stack.session = session
  })
  socket.once('secureConnect', () => {
    socket.removeListener('error', fail)
    if (rules.verify && !socket.isSessionReused() && isTooDeep(socket, rules.verifyDepth)) {
      callOff(socket)
      dialer.onConnectFailed('CERT_CHAIN_TOO_LONG')
    } else dialer.onSecure(socket)
  })
  return () => callOff(socket)
}

function callOff(socket: tls.TLSSocket): void {
  socket.removeAllListeners()
  socket.on('error', () => {
    // Nobody waits for this attempt any more.
  })
  socket.destroy()
}

const contexts = new WeakMap<UpstreamTls, tls.SecureContext>()

/** Made once for each set of rules: reading certificates costs more than a request. */
function contextOf(rules: UpstreamTls): tls.SecureContext {
  let context = contexts.get(rules)
  if (context === undefined) {
    context = tls.createSecureContext({
      ca: [...rules.ca],
      ...(rules.certificate !== undefined && {
        cert: rules.certificate.cert,
        key: rules.certificate.key,
      }),
    })
    contexts.set(rules, context)
  }
  return context
}

/** Counts the authorities between the server's certificate and the trusted one, as OpenSSL does. */
function isTooDeep(socket: tls.TLSSocket, limit: number): boolean {
  let certificate = socket.getPeerCertificate(true)
  let depth = 0
  while (
    certificate.issuerCertificate !== undefined &&
    certificate.issuerCertificate.fingerprint256 !== certificate.fingerprint256
  ) {
    certificate = certificate.issuerCertificate
    depth += 1
  }
  return depth - 1 > limit
}
