import net from 'node:net'

/** A way to a TCP server that can be closed: what a network does to a connection. */
export interface TcpGate extends AsyncDisposable {
  readonly port: number
  /** Breaks all connections and refuses new ones. */
  cut(): void
  /** Lets nothing through in either direction, and does not say so. */
  hang(): void
  /** Lets new connections through again; those that hung are broken. */
  open(): void
}

/** Opens a gate before a server on this machine. */
export async function startTcpGate(targetPort: number): Promise<TcpGate> {
  let state: 'open' | 'cut' | 'hanging' = 'open'
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => {
    if (state === 'cut') return client.destroy()
    const target = net.connect(targetPort, '127.0.0.1')
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (state === 'open') to.write(bytes)
      })
      from.on('error', () => from.destroy())
      from.on('close', () => {
        sockets.delete(from)
        if (state !== 'hanging') to.destroy()
      })
    }
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as net.AddressInfo).port,
    cut() {
      state = 'cut'
      breakAll()
    },
    hang() {
      state = 'hanging'
    },
    open() {
      if (state === 'hanging') breakAll()
      state = 'open'
    },
    async [Symbol.asyncDispose]() {
      state = 'cut'
      breakAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
