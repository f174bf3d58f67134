import net from 'node:net'
import tls from 'node:tls'
import type { Sockets } from './sockets.ts'

/** Many records. All of them are in memory at once, and the thread keeps most of what it once had. */
const BYTES = 256 * 1024
const PATIENCE_MS = 3000

/**
 * Tries a way of driving TLS: takes a connection to itself over loopback, and compares what comes
 * back of more bytes than one read takes, and how it ends. It needs no certificate, since with these ciphers
 * nobody says who he is; nothing else takes them.
 */
export async function securesConnections({ acceptTls }: Sockets): Promise<boolean> {
  if (acceptTls === undefined) return false
  const rules: tls.SecureContextOptions = {
    ciphers: 'AECDH-AES128-SHA:@SECLEVEL=0',
    maxVersion: 'TLSv1.2',
    // Else all authorities that Node knows are read.
    ca: [],
  }
  const server = net.createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as net.AddressInfo
  const open: { destroy(): void }[] = []
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS)
      timer.unref()
      acceptTls(server, (client) => {
        open.push(client)
        client.secure(
          {
            context: () => tls.createSecureContext(rules),
            contextFor: () => undefined,
            protocols: Buffer.from('\u0008http/1.1'),
            sessions: undefined,
          },
          {
            onSecure(transport) {
              open.push(transport)
              transport.owner = {
                onBytes: (bytes, length) => transport.writeBytes(bytes.subarray(0, length)),
                onDrained() {},
                onEnd: () => transport.close(),
                onClosed() {},
              }
              transport.resume()
            },
            onPlain: () => resolve(false),
            onFailed: () => resolve(false),
          },
        )
      })
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ...rules }
      open.push(exchange(tls.connect(options), resolve))
    })
  } catch {
    // An internal that is not what it was expected to be: the public way is there for that.
    return false
  } finally {
    for (const connection of open) connection.destroy()
    server.close()
  }
}

function exchange(socket: tls.TLSSocket, done: (isRight: boolean) => void): tls.TLSSocket {
  const sent = Buffer.alloc(BYTES, 'portunus ')
  const pieces: Buffer[] = []
  let received = 0
  socket.on('data', (piece) => {
    pieces.push(piece)
    received += piece.length
    if (received === BYTES) socket.end()
  })
  socket.on('end', () => done(Buffer.concat(pieces).equals(sent)))
  socket.on('error', () => done(false))
  socket.write(sent)
  return socket
}
