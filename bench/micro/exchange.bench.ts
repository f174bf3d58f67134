/**
 * What one request costs in the gateway's own code, from the bytes of a client to those of its answer,
 * over connections without sockets: what the system does for a read or a write is not in it.
 */
import { beginTurn } from '../../src/base/turn-clock.ts'
import { readByWords } from '../../src/http/byte-words.ts'
import { ClientConnectionFacts } from '../../src/proxy/connection-facts.ts'
import type { ConnectionHome } from '../../src/proxy/connection-home.ts'
import { Http1Connection } from '../../src/proxy/http1-connection.ts'
import { NOBODY, type Dialer, type Sockets } from '../../src/proxy/transport/sockets.ts'
import type { Transport, TransportOwner } from '../../src/proxy/transport/transport.ts'
import { UpstreamPool } from '../../src/proxy/upstream-pool.ts'
import { route, service, startProxy } from '../../tests/support/start-proxy.ts'
import { cost } from './cost.ts'

const CLIENTS = 64
const read = Buffer.alloc(65_536)
const written = Buffer.alloc(65_536)
readByWords(read)

/** Ends in memory what a system would send. */
class NoTransport implements Transport {
  owner: TransportOwner = NOBODY
  readonly isCongested = false
  readonly isClosed = false
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort = 40_000
  readonly localAddress = '127.0.0.1'
  readonly localPort = 8000
  writeText(text: string): void {
    written.latin1Write(text)
  }
  writeBytes(): void {}
  setBulk(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  close(): void {}
  destroy(): void {}
  reset(): void {}
  setKeepAlive(): void {}
  toSocket(): never {
    throw new Error('There is no socket')
  }
}

/** A gateway with clients, and what it has dialled so far. */
async function gateway(speaksHttp2: boolean) {
  const upstreams: NoTransport[] = []
  const sockets: Sockets = {
    kind: 'fast',
    connect(_ip: string, _port: number, dialer: Dialer) {
      const transport = new NoTransport()
      upstreams.push(transport)
      queueMicrotask(() => dialer.onConnected(transport))
      return () => {}
    },
    accept() {},
  }
  const proxy = await startProxy({
    entities: {
      services: [service('upstream', 3000)],
      routes: [route('plain', 'upstream')],
    },
    speaksHttp2,
  })
  const pool = new UpstreamPool({ ...proxy.pool.options, sockets, requestsPerConnection: Infinity })
  const limits = { ...proxy.context.limits, requestsPerConnection: Infinity }
  const home: ConnectionHome = {
    context: { ...proxy.context, pool, limits },
    isDraining: false,
    takesHttp2: false,
    onConnectionClosed() {},
    onHttp2() {},
  }
  const listener = { scheme: 'http', port: 8000, isUnix: false, isTrusted: () => false } as const
  const clients = Array.from({ length: CLIENTS }, () => {
    const transport = new NoTransport()
    new Http1Connection(home, transport, new ClientConnectionFacts(transport, listener)).start()
    return transport
  })
  return { clients, upstreams }
}

const { clients, upstreams } = await gateway(false)

const answer = `HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 28 Nov 2026 05:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\nHello world!`
const short = 'GET /plain/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n'
const long = `GET /plain/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer ${'x'.repeat(400)}\r\n\r\n`

/** All clients ask, then all are answered. */
async function settle(request: string): Promise<void> {
  for (const client of clients) receive(client, request)
  await new Promise(setImmediate)
  for (const upstream of upstreams) receive(upstream, answer)
}

function receive(transport: NoTransport, text: string): void {
  const length = read.latin1Write(text)
  beginTurn()
  transport.owner.onBytes(read, length)
}

let turn = 0
function exchange(request: string): unknown {
  turn = (turn + 1) % CLIENTS
  receive(clients[turn]!, request)
  receive(upstreams.at(-1)!, answer)
  return written
}

await settle(short)
cost('place the bytes of both messages', () => {
  read.latin1Write(short)
  beginTurn()
  read.latin1Write(answer)
  beginTurn()
  return read
})
for (const [name, request] of [
  ['a short request that repeats', short],
  ['a long request that repeats', long],
] as const)
  cost(name, () => exchange(request))

const bearers = Array.from({ length: 1000 }, (_, index) =>
  long.replace('Bearer xxxx', `Bearer ${String(index).padStart(4, '0')}`),
)
let next = 0
cost('a long request, one of a thousand', () => exchange(bearers[(next = (next + 1) % 1000)]!))

const BATCH = 32
const http2 = await gateway(true)
/** As nginx encodes it: all fields are added to the table, and none is taken from it. */
const block = ['\x88', field(54, 'nginx'), field(31, 'text/plain'), field(28, '12')].join('')
let nextStream = 1

function field(name: number, value: string): string {
  return String.fromCharCode(64 + name, value.length) + value
}

function frame(type: number, flags: number, stream: number, payload: string): string {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return head.latin1Slice() + payload
}

function answers(count: number): string {
  let text = ''
  for (let stream = 0; stream < count; stream += 1) {
    text += frame(1, 4, nextStream, block) + frame(0, 1, nextStream, 'Hello world!')
    nextStream += 2
  }
  return text
}

receive(http2.clients[0]!, short)
await new Promise(setImmediate)
receive(http2.upstreams[0]!, frame(4, 0, 0, ''))
receive(http2.upstreams[0]!, answers(1))
function roundOverHttp2(): void {
  for (let turn = 0; turn < BATCH; turn += 1) receive(http2.clients[turn]!, short)
  receive(http2.upstreams[0]!, answers(BATCH))
}

// What came before has shaped the code that both share.
for (let time = 0; time < 5000; time += 1) roundOverHttp2()
cost(`${BATCH} short requests that repeat, over HTTP/1.1`, () => {
  for (let turn = 0; turn < BATCH; turn += 1) exchange(short)
  return written
})
cost(`${BATCH} short requests that repeat, over HTTP/2`, () => {
  roundOverHttp2()
  return written
})
cost(`what ${BATCH} answers take to be made`, () => {
  const text = answers(BATCH)
  nextStream -= 2 * BATCH
  return text
})
process.exit(0)
