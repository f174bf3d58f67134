import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { NodeServices } from './plugin.ts'

/** Sends texts as datagrams. Nobody says whether they arrive. */
export interface UdpSender {
  /** Rejects when it could not be sent, as for a name that does not exist or a text too long. */
  send(text: string, host: string, port: number): Promise<void>
}

/** The sockets of this node, made at first use. */
export function udpSender(node: NodeServices): UdpSender {
  return node.keep('udp', () => new Sockets())
}

class Sockets implements UdpSender {
  readonly #sockets = new Map<'udp4' | 'udp6', Socket>()

  send(text: string, host: string, port: number): Promise<void> {
    const socket = this.#socket(isIPv6(host) ? 'udp6' : 'udp4')
    return new Promise((resolve, reject) => {
      socket.send(text, port, host, (error) => (error ? reject(error) : resolve()))
    })
  }

  #socket(family: 'udp4' | 'udp6'): Socket {
    let socket = this.#sockets.get(family)
    if (socket === undefined) {
      socket = createSocket(family)
      socket.unref()
      // Each send hears of its own failure; others, such as a refused port, concern nobody.
      socket.on('error', () => undefined)
      this.#sockets.set(family, socket)
    }
    return socket
  }
}
