import net from 'node:net'
import type { Sockets } from './sockets.ts'
import type { Transport } from './transport.ts'

/** More than any socket buffer takes at once, so that writes end later than they are made. */
const BYTES = 8 * 1024 * 1024
const CHUNK = Buffer.alloc(65_536, 'x')
const PATIENCE_MS = 3000

/**
 * Tries a way of driving sockets: accepts a connection to itself over loopback, sends text and more
 * bytes than fit, with pauses, and compares what comes back and how it ends.
 */
export async function sendsAndReceives(sockets: Sockets): Promise<boolean> {
  const server = net.createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as net.AddressInfo
  const open: Transport[] = []
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS)
      timer.unref()
      sockets.accept(server, (transport) => {
        open.push(transport)
        echo(transport)
      })
      sockets.connect('127.0.0.1', port, {
        onConnected(transport) {
          open.push(transport)
          exchange(transport, resolve)
        },
        onConnectFailed: () => resolve(false),
      })
    })
  } catch {
    // An internal that is not what it was expected to be: the public way is there for that.
    return false
  } finally {
    for (const transport of open) transport.destroy()
    server.close()
  }
}

/** Sends everything back and closes after the other side has. */
function echo(transport: Transport): void {
  transport.owner = {
    onBytes(bytes, length) {
      transport.writeBytes(bytes.subarray(0, length))
      if (transport.isCongested) transport.pause()
    },
    onDrained: () => transport.resume(),
    onEnd: () => transport.end(),
    onClosed() {},
  }
  // Else each write that has to wait has a copy of its bytes, and all of them are in memory at once.
  transport.setBulk(true)
  transport.resume()
}

function exchange(transport: Transport, done: (isRight: boolean) => void): void {
  const greeting = 'h\u00E9llo'
  let sent = 0
  let received = 0
  let isRight = true
  const send = (): void => {
    while (sent < BYTES && !transport.isCongested) {
      transport.writeBytes(CHUNK)
      sent += CHUNK.length
    }
    if (sent >= BYTES && !transport.isCongested) transport.end()
  }
  transport.owner = {
    onBytes(bytes, length) {
      if (received === 0) isRight = bytes.latin1Slice(0, 1) === 'h'
      received += length
    },
    onDrained: send,
    onEnd: () => done(isRight && received === BYTES + greeting.length),
    onClosed: () => done(false),
  }
  transport.resume()
  transport.writeText(greeting)
  send()
}
