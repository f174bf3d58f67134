import { isIPv6, type Server } from 'node:net'
import { getSystemErrorName } from 'node:util'
import { FastTlsArrival } from './fast-tls-arrival.ts'
import { FastTransport, useBinding } from './fast-transport.ts'
import { NOBODY, type Sockets } from './sockets.ts'
import { tcpBinding, type TcpHandle } from './tcp-binding.ts'
import { tlsBinding } from './tls-binding.ts'

/** What a listening `net.Server` holds inside; `onconnection` is where it learns of connections. */
interface ServerInside {
  readonly _handle: { onconnection: (error: number, handle: TcpHandle | undefined) => void } | null
}

/** Connections on the socket handle itself. @returns nothing where this Node is not known well enough */
export function fastSockets(): Sockets | undefined {
  const binding = tcpBinding()
  if (binding === undefined) return undefined
  useBinding(binding)
  const tls = tlsBinding()

  return {
    kind: 'fast',

    connect(ip, port, dialer) {
      const handle = binding.newHandle()
      const request = binding.newConnectRequest()
      let isOff = false
      const fail = (error: number): void => {
        if (isOff) return
        isOff = true
        handle.close()
        dialer.onConnectFailed(getSystemErrorName(error))
      }
      request.oncomplete = (status) => {
        if (isOff) return
        if (status !== 0) {
          fail(status)
          return
        }
        handle.setNoDelay(true)
        dialer.onConnected(new FastTransport(binding, handle, NOBODY))
      }
      const error = isIPv6(ip)
        ? handle.connect6(request, ip, port)
        : handle.connect(request, ip, port)
      if (error !== 0) process.nextTick(fail, error)
      return () => {
        if (isOff) return
        isOff = true
        handle.close()
      }
    },

    accept(server, onTransport) {
      takeConnections(server, (handle) => onTransport(new FastTransport(binding, handle, NOBODY)))
    },

    ...(tls !== undefined && {
      acceptTls(server, onArrived) {
        const bindings = { tcp: binding, tls }
        takeConnections(server, (handle) => onArrived(new FastTlsArrival(bindings, handle)))
      },
    }),
  }
}

function takeConnections(server: Server, onHandle: (handle: TcpHandle) => void): void {
  const inside = (server as Server & ServerInside)._handle
  if (inside === null) throw new TypeError('Cannot accept connections: the server is not listening')
  inside.onconnection = (error, handle) => {
    if (error !== 0 || handle === undefined) return
    handle.setNoDelay(true)
    onHandle(handle)
  }
}
