import { createHash } from 'node:crypto'
import http from 'node:http'
import http2 from 'node:http2'
import type net from 'node:net'
import type { Duplex } from 'node:stream'

/** Answers what a soak asks: echoes, long answers, WebSocket, gRPC, and every kind of broken answer. */
export interface SoakUpstream extends AsyncDisposable {
  readonly port: number
  readonly http2Port: number
}

/** How an answer goes wrong, by the last part of its path. */
export const FAULTS: Readonly<Record<string, (socket: Duplex) => void>> = {
  reset: (socket) => (socket as net.Socket).resetAndDestroy(),
  close: (socket) => void socket.destroy(),
  head: (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
  body: (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
  chunk: (socket) =>
    void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf'),
  length: (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'),
  surplus: (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more'),
}

/** Starts both servers on ports the system chose. */
export async function startSoakUpstream(): Promise<SoakUpstream> {
  const plain = http.createServer({ keepAliveTimeout: 60_000 }, answer)
  plain.on('upgrade', (request, socket) => echoFrames(request, socket))
  const second = http2.createServer()
  const sessions = new Set<http2.ServerHttp2Session>()
  second.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  second.on('stream', answerStream)
  return {
    port: await listen(plain),
    http2Port: await listen(second),
    async [Symbol.asyncDispose]() {
      plain.closeAllConnections()
      for (const session of sessions) session.destroy()
      await Promise.all([plain, second].map((server) => new Promise((done) => server.close(done))))
    },
  }
}

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as net.AddressInfo).port
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const [, kind = '', detail = ''] = request.url!.split('/')
  request.on('error', () => {})
  response.on('error', () => {})
  if (kind === 'fault') {
    request.resume()
    FAULTS[detail]!(request.socket)
  } else if (kind === 'bytes') {
    request.resume()
    response.setHeader('content-length', detail)
    response.end(Buffer.alloc(Number(detail), 'b'))
  } else if (kind === 'hash') hash(request, response)
  else {
    request.resume()
    response.end(request.url)
  }
}

/** Tells what a body was, so that a byte lost or added anywhere is seen. */
function hash(request: http.IncomingMessage, response: http.ServerResponse): void {
  const sum = createHash('sha256')
  request.on('data', (bytes: Buffer) => sum.update(bytes))
  request.on('end', () => response.end(sum.digest('hex')))
}

/** Whatever comes after the change of protocol goes back. */
function echoFrames(request: http.IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  const key = request.headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
  )
  socket.on('data', (bytes: Buffer) => void socket.write(bytes))
  socket.on('end', () => socket.end())
}

function answerStream(stream: http2.ServerHttp2Stream): void {
  stream.on('error', () => {})
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.on('data', (bytes: Buffer) => void stream.write(bytes))
  stream.on('end', () => stream.end())
}
