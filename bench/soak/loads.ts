import { createHash, randomBytes, randomInt } from 'node:crypto'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { FAULTS } from './soak-upstream.ts'

/** What one unit of load needs. */
export interface LoadTarget {
  readonly port: number
  readonly agent: http.Agent
}

/** How many requests a unit saw answered as they must be, and how many closed. */
export interface LoadOutcome {
  readonly answered: number
  readonly closed: number
}

/** One unit: some requests over a connection of its own or a shared one. @throws for any wrong answer */
export type Load = (target: LoadTarget) => Promise<LoadOutcome>

const ANSWERED: LoadOutcome = { answered: 1, closed: 0 }
const CLOSED: LoadOutcome = { answered: 0, closed: 1 }
const BIG_BYTES = 1024 * 1024
const GRPC = { ':path': '/grpc/Echo', ':method': 'POST', 'content-type': 'application/grpc' }

/** All kinds, each about as often as the others. */
export const LOADS: Readonly<Record<string, Load>> = {
  async get(target) {
    const path = `/soak/${randomInt(1e9)}`
    const { status, body } = await ask(target, { path })
    check(status === 200 && body.toString() === path.replace('/soak', ''), `GET ${path}`, body)
    return ANSWERED
  },

  async upload(target) {
    const bytes = randomBytes(randomInt(300_000))
    const headers = randomInt(2) === 0 ? { 'content-length': bytes.length } : {}
    const path = randomInt(2) === 0 ? '/soak/hash' : '/stream/hash'
    const { status, body } = await ask(target, { path, method: 'PUT', headers }, bytes)
    check(status === 200 && body.toString() === sha256(bytes), 'an upload', body)
    return ANSWERED
  },

  async download(target) {
    const size = randomInt(BIG_BYTES)
    const { status, body } = await ask(target, { path: `/soak/bytes/${size}` })
    check(status === 200 && body.length === size, `a download of ${size}`, body.subarray(0, 100))
    return ANSWERED
  },

  async pipelining(target) {
    const paths = Array.from({ length: 10 }, (_, index) => `/soak/${randomInt(1e9)}-${index}`)
    const text = await raw(target.port, (socket) => {
      socket.write(paths.map((path, index) => get(path, index === 9 ? CLOSE : '')).join(''))
    })
    const seen = [...text.matchAll(/\/\d+-\d/g)].map(([path]) => `/soak${path}`)
    check(seen.join() === paths.join(), 'pipelined requests', text)
    return { answered: paths.length, closed: 0 }
  },

  /** Goes away at any moment of a request or its answer. */
  async abort(target) {
    const request = `PUT /stream/hash HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`
    const end = randomInt(request.length)
    await raw(target.port, (socket) => {
      socket.write(request.slice(0, end), () => leave(socket))
    })
    await raw(target.port, (socket) => {
      socket.once('data', () => leave(socket))
      socket.write(get(`/soak/bytes/${BIG_BYTES}`))
    })
    return { answered: 0, closed: 2 }
  },

  /** Takes an answer in small bites. */
  async slowReader(target) {
    const text = await raw(target.port, (socket) => {
      socket.on('data', () => {
        socket.pause()
        setImmediate(() => socket.resume())
      })
      socket.write(get(`/soak/bytes/${BIG_BYTES}`, CLOSE))
    })
    check(text.split('\r\n\r\n', 2)[1]?.length === BIG_BYTES, 'a slow reader', text.slice(0, 300))
    return ANSWERED
  },

  async fault(target) {
    const kinds = Object.keys(FAULTS)
    const kind = kinds[randomInt(kinds.length)]!
    const text = await raw(
      target.port,
      (socket) => void socket.write(get(`/soak/fault/${kind}`, CLOSE)),
    )
    const isWhole = kind === 'surplus' ? text.endsWith('ok') : text.startsWith('HTTP/1.1 502 ')
    check(isWhole || kind === 'body' || kind === 'chunk', `a fault (${kind})`, text)
    return isWhole ? ANSWERED : CLOSED
  },

  async refused(target) {
    const text = await raw(
      target.port,
      (socket) => void socket.write('GET / HTTP/1.1\r\nBad Line\r\n\r\n'),
    )
    check(text.startsWith('HTTP/1.1 400 '), 'a bad request', text)
    return ANSWERED
  },

  async webSocket(target) {
    const message = randomBytes(randomInt(1, 20_000)).toString('hex')
    const text = await raw(target.port, (socket) => {
      let seen = ''
      socket.on('data', (bytes: Buffer) => {
        const isFirst = seen === ''
        seen += bytes.toString('latin1')
        if (isFirst) socket.write(message)
        else if (seen.endsWith(message)) leave(socket)
      })
      socket.write(
        get('/soak/ws', 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a\r\n'),
      )
    })
    check(
      text.startsWith('HTTP/1.1 101 ') && text.endsWith(message),
      'a WebSocket',
      text.slice(0, 300),
    )
    return ANSWERED
  },

  async http2(target) {
    return await session(target, async (client) => {
      const one = async (index: number): Promise<LoadOutcome> => {
        const path = `/soak/${randomInt(1e9)}`
        const stream = client.request({ ':path': path })
        if (index % 5 === 0) stream.close(http2.constants.NGHTTP2_CANCEL)
        const { body } = await streamed(stream)
        if (index % 5 === 0) return CLOSED
        check(body === path.replace('/soak', ''), `HTTP/2 ${path}`, body)
        return ANSWERED
      }
      return total(await Promise.all(Array.from({ length: 20 }, (_, index) => one(index))))
    })
  },

  async grpc(target) {
    return await session(target, async (client) => {
      const one = async (index: number): Promise<LoadOutcome> => {
        const message = randomBytes(randomInt(1, 50_000)).toString('hex')
        const stream = client.request(GRPC)
        stream.write(message.slice(0, message.length / 2))
        if (index % 5 === 0) setImmediate(() => stream.close(http2.constants.NGHTTP2_CANCEL))
        else stream.end(message.slice(message.length / 2))
        const { body, trailers } = await streamed(stream)
        if (index % 5 === 0) return CLOSED
        check(
          body === message && trailers['grpc-status'] === '0',
          'a gRPC call',
          body.slice(0, 300),
        )
        return ANSWERED
      }
      return total(await Promise.all(Array.from({ length: 10 }, (_, index) => one(index))))
    })
  },
}

const CLOSE = 'Connection: close\r\n'

function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function check(isRight: boolean, what: string, got: string | Buffer): void {
  if (!isRight)
    throw new Error(`Wrong answer to ${what}: ${JSON.stringify(got.toString('latin1'))}`)
}

/** In one of the ways in which clients leave. */
function leave(socket: net.Socket): void {
  if (randomInt(2) === 0) socket.resetAndDestroy()
  else socket.destroy()
}

function total(outcomes: readonly LoadOutcome[]): LoadOutcome {
  return {
    answered: outcomes.reduce((sum, { answered }) => sum + answered, 0),
    closed: outcomes.reduce((sum, { closed }) => sum + closed, 0),
  }
}

interface Answer {
  readonly status: number
  readonly body: Buffer
}

function ask(target: LoadTarget, options: http.RequestOptions, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, agent } = target
    const request = http.request({ host: '127.0.0.1', port, agent, ...options }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A connection that a unit drives itself. @returns all that came, once it has closed */
function raw(port: number, drive: (socket: net.Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' })
    const pieces: Buffer[] = []
    socket.on('data', (bytes: Buffer) => pieces.push(bytes))
    socket.on('error', () => {
      // Resets are part of what is tried; the close follows.
    })
    socket.on('close', () => resolve(Buffer.concat(pieces).toString('latin1')))
    socket.once('connect', () => drive(socket))
  })
}

async function session(
  target: LoadTarget,
  use: (client: http2.ClientHttp2Session) => Promise<LoadOutcome>,
): Promise<LoadOutcome> {
  const client = http2.connect(`http://127.0.0.1:${target.port}`)
  client.on('error', () => {
    // The streams hear of it.
  })
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}

function streamed(
  stream: http2.ClientHttp2Stream,
): Promise<{ readonly body: string; readonly trailers: http2.IncomingHttpHeaders }> {
  return new Promise((resolve) => {
    let body = ''
    let trailers: http2.IncomingHttpHeaders = {}
    stream.on('data', (bytes: Buffer) => (body += bytes.toString('latin1')))
    stream.on('trailers', (fields) => (trailers = fields))
    stream.on('error', () => {})
    stream.on('close', () => resolve({ body, trailers }))
  })
}
