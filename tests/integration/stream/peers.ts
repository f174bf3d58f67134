import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'

/** A server to stand behind the gateway, on a port the system chose. */
export interface StreamServer extends AsyncDisposable {
  readonly port: number
  readonly sockets: readonly net.Socket[]
}

/** @param serve what to do with a connection; by default everything is sent back */
export async function startTcpServer(
  serve: (socket: net.Socket) => void = (socket) => void socket.pipe(socket),
  tlsOptions?: tls.TlsOptions,
): Promise<StreamServer> {
  const sockets: net.Socket[] = []
  const take = (socket: net.Socket): void => {
    sockets.push(socket)
    socket.on('error', () => {
      // Tests break connections on purpose.
    })
    serve(socket)
  }
  const server: net.Server =
    tlsOptions === undefined
      ? net.createServer({ allowHalfOpen: true }, take)
      : tls.createServer({ allowHalfOpen: true, ...tlsOptions }, take)
  // Those whose handshake failed as well, which would keep the server open.
  const connections = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => connections.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of [...sockets, ...connections]) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Greets with a name, then sends everything back. */
export function named(name: string): (socket: net.Socket) => void {
  return (socket) => {
    socket.write(name)
    socket.pipe(socket)
  }
}

/** A client that can be awaited. */
export interface StreamClient extends Disposable {
  readonly socket: net.Socket
  /** Resolves once so many bytes have come in all. */
  received(bytes: number): Promise<string>
  /** Resolves with all that came, when the other side has ended or broken off. */
  readonly ended: Promise<{ readonly text: string; readonly isBroken: boolean }>
}

export function clientOver(socket: net.Socket): StreamClient {
  let text = ''
  let onChange = (): void => {}
  const changed = (): void => onChange()
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
    changed()
  })
  const ended = new Promise<{ text: string; isBroken: boolean }>((resolve) => {
    socket.on('end', () => resolve({ text, isBroken: false }))
    socket.on('error', () => resolve({ text, isBroken: true }))
    socket.on('close', () => resolve({ text, isBroken: true }))
  })
  return {
    socket,
    ended,
    async received(bytes) {
      while (text.length < bytes) {
        const next = new Promise<void>((resolve) => {
          onChange = resolve
        })
        const isOver = await Promise.race([next, ended])
        if (isOver !== undefined && text.length < bytes)
          throw new Error(`The connection is over after "${text}"`)
      }
      return text
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

export function connectTcp(port: number, localAddress?: string): StreamClient {
  const socket = new net.Socket({ allowHalfOpen: true })
  const from = localAddress === undefined ? {} : { localAddress }
  return clientOver(socket.connect({ port, host: '127.0.0.1', ...from }))
}

/** @returns the client once the handshake is done */
export async function connectTls(
  port: number,
  servername: string,
  options: tls.ConnectionOptions = {},
): Promise<StreamClient & { readonly socket: tls.TLSSocket }> {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername,
    rejectUnauthorized: false,
    ...options,
  })
  socket.allowHalfOpen = true
  const client = clientOver(socket)
  await once(socket, 'secureConnect')
  return { ...client, socket, [Symbol.dispose]: () => void socket.destroy() }
}

export async function startUdpServer(
  answer: (message: Buffer) => string | undefined,
): Promise<AsyncDisposable & { readonly port: number; readonly clients: ReadonlySet<number> }> {
  const socket = dgram.createSocket('udp4')
  const clients = new Set<number>()
  socket.on('message', (message, { port, address }) => {
    clients.add(port)
    const reply = answer(message)
    if (reply !== undefined) socket.send(reply, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    clients,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(resolve))
    },
  }
}

/** A client of UDP: asks, and hears one answer. */
export async function udpClient(
  port: number,
  localAddress = '127.0.0.1',
): Promise<{
  ask(text: string): Promise<string>
  send(text: string): void
  [Symbol.dispose](): void
}> {
  const socket = dgram.createSocket('udp4')
  socket.bind(0, localAddress)
  await once(socket, 'listening')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return {
    async ask(text) {
      const answered = once(socket, 'message') as Promise<[Buffer]>
      socket.send(text)
      const [message] = await answered
      return message.toString()
    },
    send: (text) => socket.send(text),
    [Symbol.dispose]: () => void socket.close(),
  }
}

export interface Pair {
  readonly certificate: string
  readonly key: string
}

export function makePair(): Promise<Pair> {
  return selfSignedCertificate('ecdsa')
}

let lastId = 0
/** A row's id. */
export function newId(): string {
  lastId += 1
  return `00000000-0000-4000-8000-${String(lastId).padStart(12, '0')}`
}

/** A configuration with one service and one route to it. */
export function streamConfig({
  port,
  service = {},
  route = {},
  ...more
}: {
  readonly port: number
  readonly service?: object
  readonly route?: object
  readonly plugins?: readonly object[]
  readonly upstreams?: readonly object[]
  readonly certificates?: readonly object[]
  readonly ca_certificates?: readonly object[]
}): object {
  return {
    _format_version: '3.0',
    services: [
      {
        name: 'echo',
        host: '127.0.0.1',
        port,
        protocol: 'tcp',
        ...service,
        routes: [
          {
            name: 'all',
            protocols: ['tcp'],
            sources: [{ ip: '127.0.0.0/8' }],
            ...route,
          },
        ],
      },
    ],
    ...more,
  }
}
