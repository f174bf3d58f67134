import net from 'node:net'
import { PublicTransport } from './public-transport.ts'
import { NOBODY, type Sockets } from './sockets.ts'

/** Connections over Node's documented API. */
export const publicSockets: Sockets = {
  kind: 'public',

  connect(ip, port, dialer) {
    const socket = net.connect({ host: ip, port, noDelay: true, keepAlive: false })
    const fail = (error: NodeJS.ErrnoException): void => dialer.onConnectFailed(error.code ?? '')
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.removeListener('error', fail)
      dialer.onConnected(new PublicTransport(socket, NOBODY))
    })
    return () => {
      socket.removeAllListeners()
      socket.on('error', () => {
        // Nobody waits for this attempt any more.
      })
      socket.destroy()
    }
  },

  accept(server, onTransport) {
    server.on('connection', (socket) => onTransport(new PublicTransport(socket, NOBODY)))
  },
}
