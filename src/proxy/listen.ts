import { lstatSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import net from 'node:net'
import type { ConnectionCaps } from './connection-caps.ts'
import type { ServerTls } from './server-tls.ts'
import type { KeepAlive } from './transport/transport.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** A unix socket, instead of host and port. */
  readonly path?: string | undefined
  /** Present: connections are TLS. */
  readonly tls?: ServerTls | undefined
  /** Clients may speak HTTP/2: chosen in the handshake, or at once where there is none. */
  readonly http2?: boolean | undefined
  readonly reusePort?: boolean | undefined
  readonly backlog?: number | undefined
  readonly ipv6Only?: boolean | undefined
  /** Absent: as the system has it. */
  readonly keepAlive?: KeepAlive | undefined
  /** Every connection begins with a header of the PROXY protocol. */
  readonly proxyProtocol?: boolean | undefined
  /** Absent: there may be any number of connections. */
  readonly caps?: ConnectionCaps | undefined
  /** Port that clients use, where another one leads here. */
  readonly publicPort?: number | undefined
}

/** @throws what the system says when the address cannot be had */
export async function listen(options: ListenOptions): Promise<net.Server> {
  try {
    return await open(options)
  } catch (error) {
    const { path } = options
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (path === undefined || !isTaken || (await isServed(path))) throw error
    // Left over by a process that did not get to clean up.
    await unlink(path)
    return open(options)
  }
}

async function open(options: ListenOptions): Promise<net.Server> {
  // The handshake reads the socket itself, and must get all of it.
  const server = net.createServer({ pauseOnConnect: options.tls !== undefined, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...addressOf(options), ...backlogOf(options) }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  return server
}

/** Whether somebody listens on a unix socket; what is no socket counts as served, so that it stays. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      settle(code !== 'ECONNREFUSED' || !isSocket(path))
    })
  })
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
}

function addressOf({ host, port, path, reusePort, ipv6Only }: ListenOptions): net.ListenOptions {
  // Whom the folder lets in may connect, as with nginx.
  if (path !== undefined) return { path, readableAll: true, writableAll: true }
  return { host, port, reusePort: reusePort ?? false, ipv6Only: ipv6Only ?? false }
}

function backlogOf({ backlog }: ListenOptions): net.ListenOptions {
  return backlog !== undefined && backlog > 0 ? { backlog } : {}
}
