import fc from 'fast-check'
import http2 from 'node:http2'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  Flag,
  frame,
  FrameType,
  literal,
  OPENING,
  readFrames,
  requestFields,
} from '../../support/http2-frames.ts'
import { connectRaw, type RawClient } from '../../support/raw-client.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const LARGE_BYTES = 300_000

/** A proxy before an upstream that says what it was sent; `/api/large` is answered with many bytes. */
async function start(more: Partial<ProxySetup> = {}) {
  const upstream = await startUpstream((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('error', () => {})
    request.on('end', () => {
      if (request.url === '/held') return
      if (request.url === '/large') response.end(Buffer.alloc(LARGE_BYTES, 'z'))
      else response.end(`${request.method} ${Buffer.concat(pieces).toString('latin1')}`)
    })
  })
  const finished: number[] = []
  const proxy = await startProxy({
    entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
    listen: { http2: true },
    onFinished: ({ response }) => finished.push(response.status),
    ...more,
  })
  return {
    ...proxy,
    upstream,
    finished,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const { endStream, endHeaders } = Flag
const framesOf = (client: RawClient) => readFrames(Buffer.from(client.text, 'latin1'))
const of = (client: RawClient, type: number, stream: number) =>
  framesOf(client).filter((each) => each.type === type && each.stream === stream)
const dataOf = (client: RawClient, stream: number) =>
  Buffer.concat(of(client, FrameType.data, stream).map(({ payload }) => payload)).toString('latin1')
const codeOf = (bytes: Buffer, at: number) => bytes.readUInt32BE(at)
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const setting = (id: number, value: number) =>
  frame({ type: FrameType.settings, payload: Buffer.concat([Buffer.of(0, id), uint32(value)]) })
const window = (stream: number, increment: number) =>
  frame({ type: FrameType.windowUpdate, stream, payload: uint32(increment) })
const data = (stream: number, text: string, flags = 0) =>
  frame({ type: FrameType.data, stream, flags, payload: Buffer.from(text, 'latin1') })
const head = (stream: number, payload: Buffer, flags: number = endStream | endHeaders) =>
  frame({ type: FrameType.headers, stream, flags, payload })
const get = (stream: number, path = '/api') => head(stream, requestFields(path))
const post = (stream: number, ...more: readonly Buffer[]) =>
  head(stream, Buffer.concat([requestFields('/api', 'POST'), ...more]), endHeaders)
const reset = (stream: number, code = 8) =>
  frame({ type: FrameType.rstStream, stream, payload: uint32(code) })
const ping = (text: string) => frame({ type: FrameType.ping, payload: Buffer.from(text) })

let pings = 0

/** Sends frames, and waits until the proxy has read them and what came before. */
async function sendAndSettle(client: RawClient, frames: readonly Buffer[]): Promise<void> {
  const mark = String((pings += 1)).padStart(8, '-')
  client.send(Buffer.concat([...frames, ping(mark)]))
  await until(() => client.isClosed || client.text.includes(mark))
}

const Code = {
  none: 0,
  protocolError: 1,
  flowControlError: 3,
  streamClosed: 5,
  compressionError: 9,
  refusedStream: 7,
  internalError: 2,
}

describe('HTTP/2 against its rules', () => {
  const ended = [get(1), data(1, 'x')]

  it.each([
    ['HEADERS of an even stream', [get(2)], Code.protocolError],
    ['HEADERS of a stream that is over', [get(1), reset(1), get(1)], Code.streamClosed],
    ['HEADERS of a stream that was passed over', [get(3), get(1)], Code.streamClosed],
    ['DATA of a stream that has not begun', [data(1, 'x')], Code.protocolError],
    ['RST_STREAM of a stream that has not begun', [reset(1)], Code.protocolError],
    ['WINDOW_UPDATE of a stream that has not begun', [window(1, 1)], Code.protocolError],
    ['WINDOW_UPDATE of nothing', [window(0, 0)], Code.protocolError],
    ['a window beyond 2^31-1', [window(0, 0x7fffffff)], Code.flowControlError],
    [
      'SETTINGS that make a window of a stream larger than that',
      [get(1, '/api/held'), window(1, 0x7fff0000), setting(4, 0x7fffffff)],
      Code.flowControlError,
    ],
    ['a head that HPACK cannot read', [head(1, Buffer.of(0xff))], Code.compressionError],
    ['one that is passed over', [...ended, head(1, Buffer.of(0xff))], Code.compressionError],
    [
      'fields behind a body that HPACK cannot read',
      [post(1), head(1, Buffer.of(0xff))],
      Code.compressionError,
    ],
  ] as readonly [string, readonly Buffer[], number][])(
    'ends the connection for %s',
    async (_, frames, code) => {
      await using proxy = await start()
      using client = await connectRaw(proxy.port)
      client.send(Buffer.concat([OPENING, ...frames]))
      await client.closes()
      const last = framesOf(client).at(-1)!
      expect({ type: last.type, code: codeOf(last.payload, 4) }).toEqual({
        type: FrameType.goaway,
        code,
      })
      expect(proxy.log).toEqual([])
      await until(() => proxy.context.counters.active === 0)
      expect(proxy.context.counters.writing).toBe(0)
    },
  )

  const LENGTH_3 = literal('content-length', '3')
  it.each([
    ['DATA after its end', [get(1, '/api/held'), data(1, 'x')], Code.streamClosed],
    ['HEADERS after its end', [get(1, '/api/held'), get(1)], Code.streamClosed],
    ['DATA beyond its length', [post(1, LENGTH_3), data(1, 'four')], Code.protocolError],
    ['an end before its length', [post(1, LENGTH_3), data(1, 'x', endStream)], Code.protocolError],
    [
      'an end in place of its length',
      [head(1, Buffer.concat([requestFields('/api'), LENGTH_3]))],
      Code.protocolError,
    ],
    ['WINDOW_UPDATE of nothing', [get(1, '/api/held'), window(1, 0)], Code.protocolError],
    ['a window beyond 2^31-1', [get(1, '/api/held'), window(1, 0x7fffffff)], Code.flowControlError],
    ['a field in capital letters', [post(1, literal('X', 'y'))], Code.protocolError],
    ['a field about the connection', [post(1, literal('connection', 'x'))], Code.protocolError],
    ['a pseudo-field out of place', [post(1, literal('x', 'y'), literal(':path', '/'))], 1],
    ['a line break in a field', [post(1, literal('x', 'a\r\nb: c'))], Code.protocolError],
    [
      'fields behind a body that do not end it',
      [post(1), head(1, literal('x', 'y'), endHeaders)],
      Code.protocolError,
    ],
    ['pseudo-fields behind a body', [post(1), head(1, literal(':path', '/'))], Code.protocolError],
  ] as readonly [string, readonly Buffer[], number][])(
    'resets the stream alone for %s',
    async (_, frames, code) => {
      await using proxy = await start({ limits: { bufferedBodyBytes: 1 } })
      using client = await connectRaw(proxy.port)
      await sendAndSettle(client, [OPENING, ...frames])
      const resets = of(client, FrameType.rstStream, 1)
      expect(resets.map(({ payload }) => codeOf(payload, 0))).toEqual([code])
      expect(of(client, FrameType.headers, 1)).toEqual([])
      // The others go on, and so does the table of fields.
      client.send(get(3))
      await until(() => dataOf(client, 3) === 'GET ')
      await until(() => proxy.context.counters.writing === 0)
    },
  )

  it('answers what it could read and will not serve', async () => {
    await using proxy = await start({ limits: { head: { lineBytes: 100, headBytes: 300 } } })
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const statusOf = (headers: http2.OutgoingHttpHeaders) =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers)
        stream.once('response', (received) => resolve(received[':status']))
        stream.once('error', reject)
        stream.resume()
      })
    expect(await statusOf({ ':path': `/api/${'x'.repeat(200)}` })).toBe(414)
    expect(await statusOf({ ':path': `/api/${'x'.repeat(2000)}` })).toBe(414)
    expect(await statusOf({ ':path': '/api', a: 'x'.repeat(200) })).toBe(400)
    expect(
      await statusOf({ ':path': '/api', a: 'x'.repeat(90), b: 'x'.repeat(90), c: 'x'.repeat(90) }),
    ).toBe(400)
    expect(await statusOf({ ':method': 'CONNECT', ':authority': 'a:1' })).toBe(400)
    expect(await statusOf({ ':path': '/api' })).toBe(200)
    session.destroy()
  })
})

describe('HTTP/2 with windows', () => {
  const dataBytes = (client: RawClient, stream: number) => dataOf(client, stream).length
  const isEnded = (client: RawClient, stream: number) =>
    of(client, FrameType.data, stream).some(({ flags }) => (flags & endStream) !== 0)

  it('sends so much on a stream, and more when it may', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, setting(4, 10), get(1, '/api/large'), get(3)]))
    await until(() => dataBytes(client, 1) === 10 && isEnded(client, 3))
    await sendAndSettle(client, [window(1, 5)])
    expect(dataBytes(client, 1)).toBe(15)
    await sendAndSettle(client, [window(0, 5)])
    expect(dataBytes(client, 1)).toBe(15)
    client.send(Buffer.concat([window(1, LARGE_BYTES), window(0, LARGE_BYTES)]))
    await until(() => isEnded(client, 1))
    expect(dataBytes(client, 1)).toBe(LARGE_BYTES)
    const lengths = of(client, FrameType.data, 1).map(({ payload }) => payload.length)
    expect(Math.max(...lengths)).toBe(16_384)
  })

  it('sends so much on the connection, in turn on its streams', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, setting(4, 1_000_000)]))
    client.send(Buffer.concat([get(1, '/api/large'), get(3, '/api/large')]))
    await until(() => dataBytes(client, 1) + dataBytes(client, 3) === 65_535)
    client.send(window(0, 200_000))
    await until(() => dataBytes(client, 1) + dataBytes(client, 3) === 265_535)
    expect(dataBytes(client, 1)).toBeGreaterThan(65_535)
    expect(dataBytes(client, 3)).toBeGreaterThan(65_535)
    client.send(window(0, 2 * LARGE_BYTES))
    await until(() => isEnded(client, 1) && isEnded(client, 3))
    expect(dataOf(client, 1)).toBe('z'.repeat(LARGE_BYTES))
    expect(dataOf(client, 3)).toBe('z'.repeat(LARGE_BYTES))
  })

  it('owes what it has sent already when a window is made smaller', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, get(1, '/api/large')]))
    await until(() => dataBytes(client, 1) === 65_535)
    await sendAndSettle(client, [setting(4, 0), window(0, 100_000), window(1, 65_535)])
    expect(dataBytes(client, 1)).toBe(65_535)
    await sendAndSettle(client, [window(1, 7)])
    expect(dataBytes(client, 1)).toBe(65_542)
  })

  /** An upstream that takes connections and reads nothing until it is told to. */
  async function startDeaf() {
    const sockets: net.Socket[] = []
    const server = net.createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {})
      sockets.push(socket)
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return {
      port: (server.address() as net.AddressInfo).port,
      sockets,
      [Symbol.asyncDispose]: async () => {
        for (const socket of sockets) socket.destroy()
        await new Promise((resolve) => {
          server.close(resolve)
        })
      },
    }
  }

  const before = (port: number) =>
    startProxy({
      entities: {
        services: [service('api', port, { write_timeout: 9e6, read_timeout: 9e6 })],
        routes: [route('api', 'api', { request_buffering: false })],
      },
      listen: { http2: true },
    })

  it('lets a client send no more than the upstream takes, and then all of it', async () => {
    await using upstream = await startDeaf()
    await using proxy = await before(upstream.port)
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const stream = session.request({ ':path': '/api', ':method': 'POST' })
    const total = 40 * 1024 * 1024
    stream.end(Buffer.alloc(total, 'x'))
    const answered = () => new Promise((resolve) => session.ping(resolve))
    // It has come to a stop when nothing goes out but what asks whether it has.
    await until(async () => {
      const sent = session.socket.bytesWritten
      await answered()
      await answered()
      return sent > 0 && session.socket.bytesWritten === sent + 2 * 17
    })
    expect(session.socket.bytesWritten).toBeLessThan(total / 2)
    let received = 0
    upstream.sockets[0]!.on('data', (bytes) => (received += bytes.length)).resume()
    await until(() => received > total)
    session.destroy()
  })

  it('resets a stream that sends more than it may', async () => {
    await using upstream = await startDeaf()
    await using proxy = await before(upstream.port)
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, post(1)]))
    const piece = Buffer.concat(Array.from({ length: 16 }, () => data(1, 'x'.repeat(16_000))))
    await until(async () => {
      await new Promise((resolve) => client.socket.write(piece, resolve))
      return of(client, FrameType.rstStream, 1).length > 0
    })
    expect(codeOf(of(client, FrameType.rstStream, 1)[0]!.payload, 0)).toBe(Code.flowControlError)
    expect(client.isClosed).toBe(false)
  })
})

describe('HTTP/2, the life of streams', () => {
  it('takes bytes one by one', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    const talk = Buffer.concat([
      OPENING,
      post(1),
      data(1, 'one '),
      frame({ type: FrameType.data, stream: 1, flags: 8, payload: Buffer.from('\x02two  ') }),
      data(1, 'three', endStream),
    ])
    for (const byte of talk) {
      client.send(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    await until(() => dataOf(client, 1) === 'POST one twothree')
  })

  it('ends a body with fields behind it, which do not go on', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, post(1), data(1, 'x'), head(1, literal('a', 'b'))]))
    await until(() => dataOf(client, 1) === 'POST x')
  })

  it('answers before a body is whole, and does not want the rest', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    const unwanted = head(1, requestFields('/nowhere', 'POST'), endHeaders)
    client.send(Buffer.concat([OPENING, unwanted]))
    await until(() => of(client, FrameType.rstStream, 1).length === 1)
    const frames = framesOf(client).filter(({ stream }) => stream === 1)
    expect(frames.map(({ type }) => type)).toEqual([
      FrameType.headers,
      FrameType.data,
      FrameType.rstStream,
    ])
    expect(frames[1]!.flags & endStream).toBe(endStream)
    expect(codeOf(frames[2]!.payload, 0)).toBe(Code.none)
    // What was on its way is passed over without a word.
    await sendAndSettle(client, [data(1, 'rest'), data(1, '', endStream), get(3)])
    await until(() => dataOf(client, 3) === 'GET ')
    expect(of(client, FrameType.rstStream, 1)).toHaveLength(1)
  })

  it('gives back what is sent on streams that are over', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, head(1, requestFields('/nowhere', 'POST'), endHeaders)]))
    await until(() => of(client, FrameType.rstStream, 1).length === 1)
    const rest = Array.from({ length: 40 }, () => data(1, 'x'.repeat(16_000)))
    await sendAndSettle(client, rest)
    const given = of(client, FrameType.windowUpdate, 0).map(({ payload }) => codeOf(payload, 0))
    // The first is said at the beginning.
    expect(given.slice(1).reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(512 * 1024)
  })

  it('holds no more of a tunnel that is not open than its window', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    const wish = [
      [':method', 'CONNECT'],
      [':protocol', 'websocket'],
      [':scheme', 'http'],
      [':path', '/api/held'],
      [':authority', 'a'],
    ] as const
    const fields = Buffer.concat(wish.map(([name, value]) => literal(name, value)))
    client.send(Buffer.concat([OPENING, head(1, fields, endHeaders)]))
    const piece = data(1, 'x'.repeat(16_000))
    await sendAndSettle(client, [piece, piece, piece, piece])
    expect(of(client, FrameType.rstStream, 1)).toEqual([])
    await sendAndSettle(client, [piece])
    const [reset] = of(client, FrameType.rstStream, 1)
    expect(codeOf(reset!.payload, 0)).toBe(Code.flowControlError)
    expect(of(client, FrameType.windowUpdate, 1)).toEqual([])
    await until(() => proxy.context.counters.writing === 0)
  })

  it('logs 499 for a stream that the client resets, and stops asking', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, get(1, '/api/held')]))
    await until(() => proxy.upstream.requests.length === 1)
    client.send(reset(1))
    await until(() => proxy.finished.length === 1)
    expect(proxy.finished).toEqual([499])
    expect(proxy.context.counters.writing).toBe(0)
  })

  it('refuses streams beyond the most, and those after it has said goodbye', async () => {
    await using proxy = await start({ limits: { streamsPerConnection: 2 } })
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, get(1, '/api/held'), get(3, '/api/held'), get(5)]))
    await until(() => of(client, FrameType.rstStream, 5).length === 1)
    expect(codeOf(of(client, FrameType.rstStream, 5)[0]!.payload, 0)).toBe(Code.refusedStream)
    const drained = proxy.listener.drain(60_000)
    await until(() => of(client, FrameType.goaway, 0).length === 1)
    expect(codeOf(of(client, FrameType.goaway, 0)[0]!.payload, 0)).toBe(5)
    client.send(Buffer.concat([reset(1), get(7)]))
    await until(() => of(client, FrameType.rstStream, 7).length === 1)
    client.send(reset(3))
    await client.closes()
    await drained
  })

  it('finishes what a client waits for that says goodbye', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    const goodbye = frame({ type: FrameType.goaway, payload: Buffer.alloc(8) })
    client.send(Buffer.concat([OPENING, post(1), goodbye]))
    await until(() => of(client, FrameType.goaway, 0).length === 1)
    client.send(data(1, 'last', endStream))
    await client.closes()
    expect(dataOf(client, 1)).toBe('POST last')
  })

  it('says that it keeps no table, to a client that makes it smaller', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, setting(1, 100), get(1), get(3)]))
    await until(() => dataOf(client, 1) !== '' && dataOf(client, 3) !== '')
    const [first, second] = framesOf(client).filter(({ type }) => type === FrameType.headers)
    expect(first!.payload.subarray(0, 2)).toEqual(Buffer.of(0x20, 0x88))
    expect(second!.payload[0]).toBe(0x88)
  })

  it('does not read a client that reads nothing', async () => {
    await using proxy = await start({ limits: { sendTimeoutMs: 10_000 } })
    using client = await connectRaw(proxy.port)
    client.socket.pause()
    client.send(Buffer.concat([OPENING, setting(4, 0x7fffffff), window(0, 0x7fff0000 - 65_535)]))
    // What is sent on the first stream is read for as long as the answers to the others are taken.
    client.send(head(1, requestFields('/api/held', 'POST'), endHeaders))
    const asked = Array.from({ length: 100 }, (_, index) => get(3 + 2 * index, '/api/large'))
    client.send(Buffer.concat(asked))
    const body = Buffer.concat(Array.from({ length: 60 }, () => data(1, 'x'.repeat(16_000))))
    await until(() => {
      client.send(body)
      return client.socket.writableLength > 20_000_000
    })
    expect(proxy.context.counters.active).toBe(1)
    proxy.context.wheel.advance(Date.now() + 11_000)
    await until(() => proxy.context.counters.active === 0)
    expect(proxy.context.counters.writing).toBe(0)
  })
})

describe('HTTP/2, what peers of all kinds say', () => {
  /** A proxy before an upstream that sends back the fields it got. */
  async function startEcho() {
    const upstream = await startUpstream((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const body = Buffer.concat(pieces).toString('latin1')
        response.end(JSON.stringify([request.method, request.url, request.rawHeaders, body]))
      })
    })
    const proxy = await startProxy({
      entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
      listen: { http2: true },
    })
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const ask = (headers: http2.OutgoingHttpHeaders, body?: string) =>
      new Promise<readonly [string, string, readonly string[], string]>((resolve, reject) => {
        const stream = session.request(headers, { endStream: body === undefined })
        let text = ''
        stream.setEncoding('utf8')
        stream.on('data', (piece: string) => (text += piece))
        stream.on('error', reject)
        stream.on('end', () => resolve(JSON.parse(text)))
        if (body !== undefined) stream.end(body, 'latin1')
      })
    return {
      ask,
      async [Symbol.asyncDispose]() {
        session.destroy()
        await proxy[Symbol.asyncDispose]()
        await upstream[Symbol.asyncDispose]()
      },
    }
  }

  it('arrives byte by byte as it was said, coded or not', async () => {
    await using echo = await startEcho()
    for (let byte = 33; byte < 256; byte += 1) {
      if (byte === 127) continue
      // Among letters of short codes even a long code makes the whole shorter.
      const value = `${'a'.repeat(40)}${String.fromCharCode(byte)}${'e'.repeat(40)}`
      const [, , raw] = await echo.ask({
        ':path': '/api',
        'x-value': Buffer.from(value, 'latin1').toString('latin1'),
      })
      expect(raw[raw.indexOf('x-value') + 1]).toBe(value)
    }
  })

  const name = fc.constantFrom('x-a', 'x-b', 'accept', 'user-agent', 'x-long-name-of-a-field')
  const value = fc.oneof(
    fc.constantFrom('1', 'two', 'text/html', 'x'.repeat(3000)),
    fc.stringMatching(/^[!-~]{1,40}$/),
  )
  const request = fc.record({
    path: fc.constantFrom('/api/', '/api/a', '/api/b?c=d'),
    fields: fc.uniqueArray(fc.tuple(name, value), { selector: ([each]) => each, maxLength: 4 }),
    body: fc.option(fc.string({ unit: fc.constantFrom('a', 'ÿ', '\n'), maxLength: 300 }), {
      nil: undefined,
    }),
    times: fc.integer({ min: 1, max: 4 }),
  })

  it('is each request as it was made, however they repeat on a connection', async () => {
    await using echo = await startEcho()
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 6 }), async (requests) => {
        for (const { path, fields, body, times } of requests)
          for (let time = 0; time < times; time += 1) {
            const method = body === undefined ? 'GET' : 'POST'
            const sent = { ':path': path, ':method': method, ...Object.fromEntries(fields) }
            const [gotMethod, url, raw, gotBody] = await echo.ask(sent, body)
            expect([gotMethod, url, gotBody]).toEqual([method, path.slice(4), body ?? ''])
            for (const [each, text] of fields) expect(raw[raw.indexOf(each) + 1]).toBe(text)
            const names = raw.filter((_, index) => index % 2 === 0)
            const own = ['x-a', 'x-b', 'accept', 'user-agent', 'x-long-name-of-a-field']
            const known = names.filter((each) => own.includes(each))
            expect(known.sort()).toEqual(fields.map(([each]) => each).sort())
          }
      }),
      { numRuns: 40 },
    )
  })

  it('ends no more than one connection, whatever frames come', async () => {
    await using proxy = await start()
    const payload = fc.oneof(
      fc.constant(requestFields('/api')),
      fc.constant(requestFields('/api/held')),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.integer({ min: 0, max: 70_000 }).map(uint32),
    )
    const anyFrame = fc
      .record({ type: fc.nat(10), flags: fc.nat(255), stream: fc.nat(7), payload })
      .map((made) => frame(made))
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { maxLength: 12 }), async (frames) => {
        using client = await connectRaw(proxy.port)
        client.send(OPENING)
        await sendAndSettle(client, frames)
      }),
      { numRuns: 150 },
    )
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([OPENING, get(1)]))
    await until(() => dataOf(client, 1) === 'GET ')
    expect(proxy.log.filter((line) => line.startsWith('error'))).toEqual([])
    await until(() => proxy.context.counters.active === 1)
    expect(proxy.context.counters.writing).toBe(0)
  })
})
