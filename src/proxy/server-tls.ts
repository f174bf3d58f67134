import type net from 'node:net'
import tls from 'node:tls'
import type { TlsFacts } from '../plugin-kit/exchange.ts'

/** How a listener speaks TLS. */
export interface ServerTls {
  /** Protocols, ciphers, session rules; certificates of the default context. */
  readonly options: tls.TlsOptions
  /**
   * The certificate for a name a client asks for.
   * @returns nothing to show the default one
   */
  readonly contextFor: (serverName: string) => tls.SecureContext | undefined
}

const HANDSHAKE_TIMEOUT_MS = 60_000

/** A server that is fed connections by `emit('connection', socket)` and never listens itself. */
export function createTlsServer(
  { options, contextFor }: ServerTls,
  protocols: readonly string[],
  on: {
    readonly onSecure: (socket: tls.TLSSocket) => void
    readonly onFailed: (socket: net.Socket) => void
  },
): tls.Server {
  const server = tls.createServer({
    ALPNProtocols: [...protocols],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ...options,
    SNICallback: (serverName, done) => {
      try {
        done(null, contextFor(serverName))
      } catch (error) {
        done(error as Error)
      }
    },
  })
  server.on('secureConnection', on.onSecure)
  server.on('tlsClientError', (_, socket) => on.onFailed(socket))
  return server
}

/** The connection under a TLS socket that came out of a server of {@link createTlsServer}. */
export function socketUnder(socket: tls.TLSSocket): net.Socket | undefined {
  // Undocumented, and there is no other way from the one to the other.
  return (socket as unknown as { readonly _parent?: net.Socket })._parent
}

/** What plugins and logs may know of a client's TLS. */
export function clientTlsFacts(socket: tls.TLSSocket): TlsFacts {
  const serverName = (socket as { servername?: string | false }).servername
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    sni: typeof serverName === 'string' ? serverName : undefined,
    clientVerify: 'NONE',
  }
}
