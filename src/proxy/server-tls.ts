import type net from 'node:net'
import tls from 'node:tls'
import type { TlsFacts } from '../plugin-kit/exchange.ts'
import { PLAIN_HTTP } from './transport/fast-tls-arrival.ts'
import type { SessionStore, TlsRules } from './transport/sockets.ts'

/** How a listener speaks TLS. */
export interface ServerTls {
  /** Protocols, ciphers, session rules; certificates of the default context; authorities of clients. */
  readonly options: tls.TlsOptions
  /**
   * The certificate for a name a client asks for.
   * @returns nothing to show the default one
   */
  readonly contextFor: (
    serverName: string,
  ) => tls.SecureContext | undefined | Promise<tls.SecureContext | undefined>
  readonly verifyClient?: ClientVerification | undefined
  /** Where sessions are kept that clients do not keep themselves. */
  readonly sessions?: SessionStore | undefined
}

/**
 * Whether clients are asked for a certificate. `on` refuses those without a good one in the
 * handshake, `optional` those with a bad one, `optional_no_ca` none.
 */
export type ClientVerification = 'off' | 'on' | 'optional' | 'optional_no_ca'

const HANDSHAKE_TIMEOUT_MS = 60_000

/** A server that is fed connections by `emit('connection', socket)` and never listens itself. */
export function createTlsServer(
  { options, contextFor, verifyClient = 'off', sessions }: ServerTls,
  protocols: readonly string[],
  on: {
    readonly onSecure: (socket: tls.TLSSocket) => void
    /** @param isPlain the client speaks HTTP without TLS */
    readonly onFailed: (socket: tls.TLSSocket, isPlain: boolean) => void
    readonly handshakeTimeoutMs?: number
  },
): tls.Server {
  const server = tls.createServer({
    ALPNProtocols: [...protocols],
    // 0 would be no limit to Node; to nginx it is none at all.
    handshakeTimeout: Math.max(on.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS, 1),
    ...options,
    requestCert: verifyClient !== 'off',
    rejectUnauthorized: verifyClient === 'on',
    SNICallback: (serverName, done) => {
      try {
        const found = contextFor(serverName)
        if (!(found instanceof Promise)) done(null, found)
        else void tellLater(found, done)
      } catch (error) {
        done(error as Error)
      }
    },
  })
  server.on('secureConnection', (socket) => {
    if (isRefused(socket, verifyClient)) on.onFailed(socket, false)
    else on.onSecure(socket)
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) =>
    on.onFailed(socket, error.code === PLAIN_HTTP),
  )
  if (sessions !== undefined) keepSessions(server, sessions)
  return server
}

/** What a server has agreed to, for handshakes that it does not drive itself. */
export function handshakeRules(server: tls.Server, { contextFor, sessions }: ServerTls): TlsRules {
  // Undocumented: the context that `setSecureContext` replaces, and the protocols as ALPN sends them.
  const inside = server as unknown as {
    readonly _sharedCreds: tls.SecureContext
    readonly ALPNProtocols: Buffer
  }
  return {
    context: () => inside._sharedCreds,
    contextFor,
    protocols: inside.ALPNProtocols,
    sessions,
  }
}

type TellContext = (error: Error | null, context?: tls.SecureContext) => void

async function tellLater(
  context: Promise<tls.SecureContext | undefined>,
  tell: TellContext,
): Promise<void> {
  const [error, found] = await context.then(
    (made) => [null, made] as const,
    (reason: unknown) => [reason as Error, undefined] as const,
  )
  tell(error, found)
}

function keepSessions(server: tls.Server, sessions: SessionStore): void {
  server.on('newSession', (id, session, done: () => void) => {
    sessions.set(id, session)
    done()
  })
  server.on('resumeSession', (id, done) => {
    const session = sessions.get(id)
    done(null, session === undefined ? null : Buffer.from(session))
  })
}

function hasCertificate(socket: tls.TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0
}

/**
 * A verdict alone is not enough: a session that is taken up again may have begun without any
 * certificate, so that the certificate itself must be there.
 */
function isRefused(socket: tls.TLSSocket, verifyClient: ClientVerification): boolean {
  switch (verifyClient) {
    case 'off':
    case 'optional_no_ca':
      return false
    case 'on':
      return !(socket.authorized && hasCertificate(socket))
    case 'optional':
      return !socket.authorized && hasCertificate(socket)
  }
}

/** As nginx says it: `NONE`, `SUCCESS` or `FAILED:` and why. @see nginx, variable `ssl_client_verify` */
function verdictOn(socket: tls.TLSSocket): string {
  if (!hasCertificate(socket)) return 'NONE'
  return socket.authorized ? 'SUCCESS' : `FAILED:${String(socket.authorizationError)}`
}

/** The connection under a TLS socket that came out of a server of {@link createTlsServer}. */
export function socketUnder(socket: tls.TLSSocket): net.Socket | undefined {
  // Undocumented, and there is no other way from the one to the other.
  return (socket as unknown as { readonly _parent?: net.Socket })._parent
}

/** What plugins and logs may know of a client's TLS. */
export function clientTlsFacts(
  socket: tls.TLSSocket,
  verifyClient: ClientVerification = 'off',
): TlsFacts {
  const serverName = (socket as { servername?: string | false }).servername
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    sni: typeof serverName === 'string' ? serverName : undefined,
    clientVerify: verifyClient === 'off' ? 'NONE' : verdictOn(socket),
    ...(verifyClient !== 'off' && {
      clientCertificate: () => socket.getPeerX509Certificate()?.raw,
    }),
  }
}
