import { connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'

export interface TcpTarget {
  readonly host: string
  readonly port: number
  /** For connecting and for sending. */
  readonly timeoutMs: number
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number
  /** Secured, with this name if there is one. The certificate is not looked at. */
  readonly tls?: { readonly serverName: string | undefined }
}

/** Sends texts to a server that does not answer, over connections that are used again. */
export class TcpSender {
  readonly #target: TcpTarget
  readonly #idle: Socket[] = []

  constructor(target: TcpTarget) {
    this.#target = target
  }

  async send(text: string): Promise<void> {
    const socket = this.#takeIdle() ?? (await this.#connect())
    await this.#write(socket, text)
    socket.setTimeout(this.#target.keepAliveMs)
    this.#idle.push(socket)
  }

  close(): void {
    for (const socket of this.#idle.splice(0)) socket.end()
  }

  #takeIdle(): Socket | undefined {
    let socket = this.#idle.pop()
    while (socket !== undefined && !socket.writable) socket = this.#idle.pop()
    return socket
  }

  #connect(): Promise<Socket> {
    const { host, port, timeoutMs, tls } = this.#target
    return new Promise((resolve, reject) => {
      const socket =
        tls === undefined
          ? connect({ host, port })
          : tlsConnect({
              host,
              port,
              rejectUnauthorized: false,
              ...(tls.serverName !== undefined && { servername: tls.serverName }),
            })
      socket.unref()
      socket.setTimeout(timeoutMs)
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => resolve(socket))
      socket.on('timeout', () => socket.destroy(new Error(`No progress within ${timeoutMs} ms`)))
      socket.on('error', reject)
      socket.on('close', () => {
        const place = this.#idle.indexOf(socket)
        if (place !== -1) this.#idle.splice(place, 1)
      })
      // What the server sends is not for us, but unread it would fill up.
      socket.resume()
    })
  }

  #write(socket: Socket, text: string): Promise<void> {
    socket.setTimeout(this.#target.timeoutMs)
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.write(text, (error) => {
        socket.off('error', reject)
        if (error) reject(error)
        else resolve()
      })
    })
  }
}
