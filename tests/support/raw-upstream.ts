import net from 'node:net'

/** One request as it came over the wire. */
export interface RawRequest {
  /** Request line and fields, with the empty line. */
  readonly head: string
  /** Body as framed: chunks and all. */
  readonly body: string
  readonly line: string
  readonly socket: net.Socket
  /** Which connection it came on, and which request on it, from 0. */
  readonly connection: number
  readonly turn: number
  header(name: string): string | undefined
}

export interface RawUpstream extends AsyncDisposable {
  readonly port: number
  readonly requests: RawRequest[]
  readonly connections: net.Socket[]
}

/** Whole messages in a text, cut by their own framing; what is left over stays in `rest`. */
function cut(text: string): { head: string; body: string; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = text.slice(0, end + 4)
  const rest = text.slice(end + 4)
  const length = /^content-length: (\d+)\r$/im.exec(head)
  if (/^transfer-encoding: chunked\r$/im.test(head)) {
    const last = rest.indexOf('0\r\n\r\n')
    return last === -1
      ? undefined
      : { head, body: rest.slice(0, last + 5), rest: rest.slice(last + 5) }
  }
  const size = Number(length?.[1] ?? 0)
  return rest.length < size
    ? undefined
    : { head, body: rest.slice(0, size), rest: rest.slice(size) }
}

export interface RawUpstreamOptions {
  /** Sees a connection before anything was read of it. */
  readonly onConnection?: (socket: net.Socket, connection: number) => void
}

/** A server that records every byte it is asked and answers exactly what a test says. */
export async function startRawUpstream(
  answer: (request: RawRequest) => string | Buffer | undefined,
  options: RawUpstreamOptions = {},
): Promise<RawUpstream> {
  const requests: RawRequest[] = []
  const connections: net.Socket[] = []
  const server = net.createServer({ noDelay: true }, (socket) => {
    const connection = connections.push(socket) - 1
    let turn = 0
    let text = ''
    socket.on('error', () => {
      // Tests break connections on purpose.
    })
    options.onConnection?.(socket, connection)
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (let message = cut(text); message !== undefined; message = cut(text)) {
        text = message.rest
        const { head, body } = message
        const request: RawRequest = {
          head,
          body,
          line: head.slice(0, head.indexOf('\r\n')),
          socket,
          connection,
          turn: turn++,
          header: (name) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1],
        }
        requests.push(request)
        const reply = answer(request)
        if (reply !== undefined) socket.write(reply, 'latin1')
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as net.AddressInfo).port,
    requests,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** A response with a length. */
export function reply(body: string, more = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`
}
