import http2 from 'node:http2'
import type net from 'node:net'
import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { reply, startRawUpstream, type RawRequest } from '../../support/raw-upstream.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

const GET = 'GET /api HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'

type Answer = (request: RawRequest) => string | Buffer | undefined

interface Setup {
  readonly answer?: Answer
  readonly onConnection?: (socket: net.Socket, connection: number) => void
  readonly service?: object
  readonly route?: object
  readonly proxy?: Partial<ProxySetup>
}

describe.each(['public', 'fast'] as const)('with the %s transport', (transport) => {
  /** A gateway before an upstream that misbehaves as it is told. */
  async function start(setup: Setup = {}) {
    const { answer = () => undefined, onConnection } = setup
    const upstream = await startRawUpstream(answer, onConnection ? { onConnection } : {})
    const finished: { status: number; tries: number; bytes: number }[] = []
    const proxy = await startProxy({
      entities: {
        services: [service('api', upstream.port, setup.service)],
        routes: [route('api', 'api', setup.route)],
      },
      transport,
      listen: { http2: true },
      onFinished: ({ response, tries }) =>
        void finished.push({
          status: response.status,
          tries: tries.length,
          bytes: response.bodyBytes,
        }),
      ...setup.proxy,
    })
    expect(proxy.context.sockets.kind).toBe(transport)
    return {
      upstream,
      finished,
      port: proxy.port,
      proxy,
      /** Sends one request and reads until the connection closes or the answer has a given end. */
      async ask(request: string, end?: string | RegExp): Promise<string> {
        using client = await connectRaw(proxy.port)
        client.send(request)
        return await (end === undefined ? client.closes() : client.sees(end))
      },
      async [Symbol.asyncDispose]() {
        // Whatever happened, nothing is left behind.
        await until(() => proxy.context.counters.writing === 0)
        expect(proxy.log).toEqual([])
        await proxy[Symbol.asyncDispose]()
        await upstream[Symbol.asyncDispose]()
      },
    }
  }

  describe('an upstream that ends the connection', () => {
    const ENDS = [
      ['with a reset', (socket: net.Socket) => socket.resetAndDestroy()],
      ['in order', (socket: net.Socket) => socket.end()],
    ] as const

    it.each(ENDS)('%s when it has accepted is asked again', async (_, end) => {
      await using gateway = await start({ onConnection: end })
      expect(await gateway.ask(GET, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 502 /)
      expect(gateway.upstream.connections.length).toBe(6)
      expect(gateway.finished).toMatchObject([{ status: 502, tries: 6 }])
    })

    it('in order when it has accepted is not sent a POST again', async () => {
      await using gateway = await start({ onConnection: (socket) => void socket.end() })
      expect(await gateway.ask(POST, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 502 /)
      expect(gateway.upstream.connections.length).toBe(1)
    })

    it.each(ENDS)('%s after the request is asked again, but not for a POST', async (_, end) => {
      await using gateway = await start({ answer: ({ socket }) => void end(socket) })
      expect(await gateway.ask(GET, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 502 /)
      expect(gateway.upstream.requests.length).toBe(6)
      expect(await gateway.ask(POST, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 502 /)
      expect(gateway.upstream.requests.length).toBe(7)
    })

    it.each(ENDS)(
      '%s within its head is asked again, and the client sees one answer',
      async (_, end) => {
        await using gateway = await start({
          answer({ socket, connection }) {
            if (connection === 2) return reply('whole')
            socket.write('HTTP/1.1 200 OK\r\nX-Broken: 1\r\nContent-Le', () => end(socket))
            return undefined
          },
        })
        const text = await gateway.ask(GET, 'whole')
        expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
        expect(text).not.toContain('X-Broken')
        expect(gateway.upstream.requests.length).toBe(3)
      },
    )

    const PARTS = [
      ['after its head', 'Content-Length: 10\r\n\r\n', ''],
      ['within its body', 'Content-Length: 10\r\n\r\nhalf', 'half'],
      ['between chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', 'half'],
      ['within a chunk size', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n1', 'half'],
      ['within a chunk', 'Transfer-Encoding: chunked\r\n\r\n8\r\nhalf', 'half'],
      ['behind a chunk', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r', 'half'],
      ['before the last line', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n', 'half'],
    ] as const

    it.each(PARTS.flatMap((part) => ENDS.map((end) => [...part, ...end] as const)))(
      '%s (%j, %j) %s breaks off the answer to clients of both versions',
      async (_, rest, body, _how, end) => {
        await using gateway = await start({
          answer({ socket }) {
            socket.write(`HTTP/1.1 200 OK\r\n${rest}`, () => end(socket))
            return undefined
          },
        })
        const text = await gateway.ask(GET)
        expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
        expect(text.split('\r\n\r\n', 2)[1]).not.toContain('0\r\n')
        expect(text).toContain(body)
        const stream = await askHttp2(gateway.port)
        expect(stream).toMatchObject({
          status: 200,
          body,
          code: http2.constants.NGHTTP2_INTERNAL_ERROR,
        })
        expect(gateway.upstream.requests.length).toBe(2)
        expect(gateway.finished.map(({ status }) => status)).toEqual([200, 200])
      },
    )

    it('in order ends a body that has no other end', async () => {
      await using gateway = await start({
        answer({ socket }) {
          socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')
          return undefined
        },
      })
      expect(await gateway.ask(GET, '\r\n0\r\n\r\n')).toMatch(/d\r\nuntil the end\r\n0\r\n\r\n$/)
      expect(await gateway.ask('GET /api HTTP/1.0\r\nHost: a\r\n\r\n')).toMatch(
        /\r\n\r\nuntil the end$/,
      )
    })

    it('with a reset cuts off a body that has no other end', async () => {
      await using gateway = await start({
        answer({ socket }) {
          socket.write('HTTP/1.1 200 OK\r\n\r\nuntil the end', () => socket.resetAndDestroy())
          return undefined
        },
      })
      expect(await gateway.ask(GET)).not.toContain('\r\n0\r\n\r\n')
      expect((await askHttp2(gateway.port)).code).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR)
    })
  })

  describe('an upstream that is not there', () => {
    it.each([GET, POST])('is tried as often as the service says: %j', async (request) => {
      const upstream = await startRawUpstream(() => undefined)
      await upstream[Symbol.asyncDispose]()
      await using gateway = await start({ service: { port: upstream.port, retries: 2 } })
      expect(await gateway.ask(request, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 502 /)
      expect(gateway.finished).toMatchObject([{ status: 502, tries: 3 }])
    })
  })

  describe('an upstream that is slow', () => {
    it('is waited for byte by byte', async () => {
      await using gateway = await start({
        answer({ socket }) {
          const bytes = reply('slow but whole')
          let at = 0
          const next = (): void => {
            if (at === bytes.length) return
            socket.write(bytes[at++]!, () => setImmediate(next))
          }
          next()
          return undefined
        },
      })
      expect(await gateway.ask(GET, 'slow but whole')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    })

    it('is asked again when it says nothing at all, but not for a POST', async () => {
      await using gateway = await start({ service: { read_timeout: 60, retries: 1 } })
      expect(await gateway.ask(GET, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 504 /)
      expect(await gateway.ask(POST, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 504 /)
      expect(gateway.upstream.requests.length).toBe(3)
    })

    it('breaks off its answer when it falls silent within it', async () => {
      await using gateway = await start({
        service: { read_timeout: 500 },
        answer: () => 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
      })
      expect(await gateway.ask(GET)).toMatch(/half$/)
      expect(gateway.upstream.requests.length).toBe(1)
    })

    it('to take a body is given up after the write timeout', async () => {
      const body = Buffer.alloc(64 * 1024 * 1024)
      await using gateway = await start({
        service: { write_timeout: 60 },
        route: { request_buffering: false },
        onConnection: (socket) => void setImmediate(() => socket.pause()),
      })
      using client = await connectRaw(gateway.port)
      client.send(`PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`)
      client.send(body)
      expect(await client.sees(/request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 504 /)
    })
  })

  describe('an upstream that talks nonsense', () => {
    it.each([
      ['a head that is too long', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
      ['a field with a null', 'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n'],
      ['a bare line feed', 'HTTP/1.1 200 OK\nX: a\n\n'],
      ['a folded field', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n'],
      ['a space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx'],
      ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n'],
      ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
      ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
      ['a coding nobody knows', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n'],
      [
        'a length beside a coding',
        'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['a change of protocol nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
      ['interim heads without end', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3000)],
    ])('such as %s is answered for, once', async (_, text) => {
      await using gateway = await start({ answer: () => text })
      expect(await gateway.ask(GET, /request_id: \w+\n$/)).toMatch(/^HTTP\/1\.1 502 /)
      expect(gateway.upstream.requests.length).toBe(1)
    })

    it.each([
      ['a chunk size', 'zz\r\n'],
      ['a chunk end', '1\r\naXX'],
      ['a trailer section that is too long', `0\r\n${'X: y\r\n'.repeat(4000)}`],
    ])('such as %s after its head breaks off the answer', async (_, rest) => {
      let upstream: net.Socket | undefined
      await using gateway = await start({
        answer({ socket }) {
          upstream = socket
          return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'
        },
      })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await client.sees('half')
      upstream!.write(rest)
      const text = await client.closes()
      expect(text).not.toContain('\r\n0\r\n\r\n')
    })

    it('after its answer is not heard, and its connection not used again', async () => {
      await using gateway = await start({
        answer: ({ turn, connection }) =>
          `${reply(`answer ${connection}.${turn}`)}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`,
      })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await client.sees('answer 0.0')
      client.send(GET)
      await client.sees('answer 1.0')
      expect(client.text).not.toContain('poison')
    })

    it('on an idle connection loses it', async () => {
      let first: net.Socket | undefined
      const closed = Promise.withResolvers<void>()
      await using gateway = await start({
        onConnection(socket) {
          first ??= socket
          socket.on('close', () => closed.resolve())
        },
        answer: ({ connection }) => reply(`answer ${connection}`),
      })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await client.sees('answer 0')
      first!.write(reply('poison'))
      await closed.promise
      client.send(GET)
      await client.sees('answer 1')
      expect(client.text).not.toContain('poison')
    })
  })

  describe('an upstream that sends interim answers', () => {
    it('is waited for until the final one', async () => {
      await using gateway = await start({
        answer: () =>
          `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${reply('final')}`,
      })
      const text = await gateway.ask(GET, 'final')
      expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    })

    it('gives its early hints to clients of HTTP/2, and to no others', async () => {
      const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Other: 1\r\n\r\n'
      await using gateway = await start({ answer: () => `${hints}${reply('final')}` })
      expect(await gateway.ask(GET, 'final')).toMatch(/^HTTP\/1\.1 200 /)
      const { interim, body } = await askHttp2(gateway.port)
      expect(interim).toMatchObject([{ ':status': 103, link: '</a.css>; rel=preload' }])
      expect(interim[0]!['x-other']).toBeUndefined()
      expect(body).toBe('final')
    })
  })

  describe('a kept connection', () => {
    /** Answers the first request of each connection, and ends it on the second. */
    const onceEach =
      (end: (socket: net.Socket) => void): Answer =>
      ({ turn, socket, connection }) => {
        if (turn === 0) return reply(`connection ${connection}`)
        end(socket)
        return undefined
      }

    it.each([
      ['is reset', (socket: net.Socket) => socket.resetAndDestroy()],
      ['ends', (socket: net.Socket) => socket.end()],
    ] as const)('that %s under the next request leads to a new one', async (_, end) => {
      await using gateway = await start({ answer: onceEach(end), service: { retries: 0 } })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await client.sees('connection 0')
      client.send(GET)
      await client.sees('connection 1')
      // What may have been carried out is not sent twice.
      client.send(POST)
      expect(await client.sees(/request_id: \w+\n$/)).toMatch(/HTTP\/1\.1 502 /)
      expect(gateway.upstream.requests.length).toBe(4)
    })

    it('that is dead counts as a try', async () => {
      await using gateway = await start({
        answer({ turn, connection, socket }) {
          if (connection === 0 && turn === 0) return reply('kept')
          socket.end()
          return undefined
        },
      })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await client.sees('kept')
      client.send(GET)
      expect(await client.sees(/request_id: \w+\n$/)).toMatch(/HTTP\/1\.1 502 /)
      expect(gateway.upstream.requests.length).toBe(1 + 6)
      await until(() => gateway.finished.length === 2)
      expect(gateway.finished[1]).toMatchObject({ status: 502, tries: 6 })
    })

    it('is one of many dead ones, and the second try does not take another of them', async () => {
      const waiting: net.Socket[] = []
      let phase: 'filling' | 'dying' = 'filling'
      await using gateway = await start({
        service: { retries: 0 },
        answer({ socket, turn }) {
          if (phase === 'dying' && turn > 0) {
            socket.end()
            return undefined
          }
          if (phase === 'dying') return reply('fresh')
          waiting.push(socket)
          if (waiting.length === 5) for (const each of waiting) each.write(reply('filled'))
          return undefined
        },
      })
      await Promise.all(Array.from({ length: 5 }, () => gateway.ask(GET, 'filled')))
      phase = 'dying'
      await gateway.ask(GET, 'fresh')
      expect(gateway.upstream.connections.length).toBe(6)
    })

    it('is closed by the upstream while idle, and not taken', async () => {
      const seen = Promise.withResolvers<void>()
      await using gateway = await start({
        answer({ connection, socket }) {
          if (connection === 0) socket.on('close', () => seen.resolve())
          return reply(`connection ${connection}`)
        },
      })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await client.sees('connection 0')
      gateway.upstream.connections[0]!.end()
      await seen.promise
      client.send(POST)
      await client.sees('connection 1')
    })

    it('is closed when it has been idle for too long', async () => {
      const closed = Promise.withResolvers<void>()
      await using gateway = await start({
        answer({ connection, socket }) {
          socket.on('close', () => closed.resolve())
          return reply(`connection ${connection}`)
        },
      })
      await gateway.ask(GET, 'connection 0')
      const { wheel, pool } = gateway.proxy.context
      wheel.advance(Date.now() + pool.options.idleTimeoutMs + 1000)
      await closed.promise
    })

    it('serves so many requests as it may', async () => {
      await using gateway = await start({
        answer: ({ connection, turn }) => reply(`${connection}.${turn};`),
        proxy: { pool: { requestsPerConnection: 2 } },
      })
      using client = await connectRaw(gateway.port)
      for (const wanted of ['0.0;', '0.1;', '1.0;', '1.1;', '2.0;']) {
        client.send(GET)
        await client.sees(wanted)
      }
    })

    it('is not kept where none are, or where the upstream does not want it', async () => {
      await using gateway = await start({
        answer: ({ connection }) => reply(`c${connection};`),
        proxy: { pool: { size: 0 } },
      })
      await gateway.ask(GET, 'c0;')
      await gateway.ask(GET, 'c1;')
      await using closing = await start({
        answer: ({ connection }) => reply(`c${connection};`, 'Connection: close\r\n'),
      })
      await closing.ask(GET, 'c0;')
      await closing.ask(GET, 'c1;')
    })
  })

  describe('an answer before the request is whole', () => {
    it('reaches the client', async () => {
      await using gateway = await start({
        route: { request_buffering: false },
        onConnection(socket) {
          socket.once('data', () => socket.write(reply('too much', '', '413 Content Too Large')))
        },
      })
      using client = await connectRaw(gateway.port)
      client.send('PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nthe beginning')
      const text = await client.sees('too much')
      expect(text).toMatch(/^HTTP\/1\.1 413 /)
      expect(gateway.finished).toMatchObject([{ status: 413, tries: 1 }])
      // The rest is read away, and the connection goes on.
      client.send(`${'x'.repeat(1000 - 'the beginning'.length)}${GET}`)
      await client.sees(/too much[^]*too much/)
      expect(gateway.upstream.connections.length).toBe(2)
    })

    it('reaches the client though the upstream resets what it did not read', async () => {
      await using gateway = await start({
        route: { request_buffering: false },
        onConnection(socket) {
          socket.once('data', () => {
            socket.pause()
            socket.end(reply('no', 'Connection: close\r\n', '403 Forbidden'), () =>
              setImmediate(() => socket.resetAndDestroy()),
            )
          })
        },
      })
      using client = await connectRaw(gateway.port)
      client.send('PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nthe beginning')
      expect(await client.sees('\r\n\r\nno')).toMatch(/^HTTP\/1\.1 403 /)
    })
  })

  describe('a client that goes away', () => {
    const WAYS = [
      ['with a reset', (socket: net.Socket) => void socket.resetAndDestroy()],
      ['in order', (socket: net.Socket) => void socket.end()],
    ] as const

    it.each(WAYS)('%s within its head leaves nothing behind', async (_, leave) => {
      await using gateway = await start()
      using client = await connectRaw(gateway.port)
      client.send('GET /api HTTP/1.1\r\nHo')
      await until(() => gateway.proxy.context.counters.active === 1)
      leave(client.socket)
      await until(() => gateway.proxy.context.counters.active === 0)
      expect(gateway.upstream.connections.length).toBe(0)
    })

    it.each(WAYS)('%s within a held body does not reach the upstream', async (_, leave) => {
      await using gateway = await start()
      using client = await connectRaw(gateway.port)
      client.send('PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf')
      await until(() => gateway.proxy.context.counters.writing === 1)
      leave(client.socket)
      await until(() => gateway.finished.length === 1)
      expect(gateway.finished).toMatchObject([{ status: 499, tries: 0 }])
      expect(gateway.upstream.connections.length).toBe(0)
    })

    it.each(WAYS)('%s within a streamed body takes the upstream along', async (_, leave) => {
      const arrived = Promise.withResolvers<void>()
      const left = Promise.withResolvers<void>()
      let text = ''
      await using gateway = await start({
        route: { request_buffering: false },
        onConnection(socket) {
          socket.on('data', (bytes) => {
            text += bytes.toString('latin1')
            if (text.includes('half')) arrived.resolve()
          })
          socket.on('close', () => left.resolve())
        },
      })
      using client = await connectRaw(gateway.port)
      client.send('PUT /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
      await arrived.promise
      leave(client.socket)
      await left.promise
      // The upstream must not take it for whole.
      expect(text).toMatch(/4\r\nhalf\r\n$/)
      expect(gateway.finished).toMatchObject([{ status: 499, tries: 1 }])
    })

    it.each(WAYS)('%s before the answer takes the upstream along', async (_, leave) => {
      const arrived = Promise.withResolvers<void>()
      const left = Promise.withResolvers<void>()
      await using gateway = await start({
        answer({ socket }) {
          socket.on('close', () => left.resolve())
          arrived.resolve()
          return undefined
        },
      })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await arrived.promise
      leave(client.socket)
      await left.promise
      expect(gateway.finished).toMatchObject([{ status: 499, tries: 1 }])
    })

    it.each(WAYS)('%s within the answer takes the upstream along', async (_, leave) => {
      const left = Promise.withResolvers<void>()
      await using gateway = await start({
        answer({ socket }) {
          socket.on('close', () => left.resolve())
          return 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'
        },
      })
      using client = await connectRaw(gateway.port)
      client.send(GET)
      await client.sees('half')
      leave(client.socket)
      await left.promise
      expect(gateway.finished).toMatchObject([{ status: 200, tries: 1, bytes: 4 }])
    })

    it('over HTTP/2 by a reset of its stream takes the upstream along', async () => {
      const arrived = Promise.withResolvers<void>()
      const left = Promise.withResolvers<void>()
      await using gateway = await start({
        answer({ socket }) {
          socket.on('close', () => left.resolve())
          arrived.resolve()
          return undefined
        },
      })
      const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
      const stream = session.request({ ':path': '/api' })
      stream.on('error', () => {})
      await arrived.promise
      stream.close(http2.constants.NGHTTP2_CANCEL)
      await left.promise
      session.destroy()
      expect(gateway.finished).toMatchObject([{ status: 499, tries: 1 }])
    })
  })

  describe('bodies', () => {
    it('that are held get a length, those that are streamed keep their chunks', async () => {
      const CHUNKED =
        'PUT /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n'
      const send = async (gateway: Awaited<ReturnType<typeof start>>, hasBegun: () => boolean) => {
        using client = await connectRaw(gateway.port)
        client.send(CHUNKED)
        await until(hasBegun)
        client.send('0\r\nX-Trailer: 1\r\n\r\n')
        await client.sees('done')
        return gateway.upstream.requests[0]!
      }
      await using holding = await start({ answer: () => reply('done') })
      const held = await send(holding, () => holding.proxy.context.counters.writing === 1)
      expect([held.header('content-length'), held.header('transfer-encoding'), held.body]).toEqual([
        '6',
        undefined,
        'onetwo',
      ])
      await using streaming = await start({
        answer: () => reply('done'),
        route: { request_buffering: false },
      })
      const streamed = await send(streaming, () => {
        const [connection] = streaming.upstream.connections
        return (connection?.bytesRead ?? 0) > 0
      })
      expect(streamed.header('transfer-encoding')).toBe('chunked')
      // A trailer could say what no check of the head has seen.
      expect(streamed.body).toMatch(/two\r\n0\r\n\r\n$/)
    })

    it('that are streamed reach the upstream while the client is still sending', async () => {
      const arrived = Promise.withResolvers<void>()
      await using gateway = await start({
        answer: () => reply('done'),
        route: { request_buffering: false },
        onConnection(socket) {
          socket.on('data', (bytes) => {
            if (bytes.includes('first')) arrived.resolve()
          })
        },
      })
      using client = await connectRaw(gateway.port)
      client.send('PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst')
      await arrived.promise
      client.send('other')
      await client.sees('done')
    })

    it('that are held are sent whole to the next peer', async () => {
      const body = 'x'.repeat(100_000)
      await using gateway = await start({
        answer({ connection, socket }) {
          if (connection > 0) return reply('done')
          socket.resetAndDestroy()
          return undefined
        },
        proxy: { limits: { bufferedBodyBytes: 200_000 } },
      })
      const request = `PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      await gateway.ask(request, 'done')
      expect(gateway.upstream.requests.map((each) => each.body.length)).toEqual([100_000, 100_000])
    })

    it('of answers go on as they come, however the route buffers', async () => {
      for (const response_buffering of [true, false]) {
        let upstream: net.Socket | undefined
        await using gateway = await start({
          route: { response_buffering },
          answer({ socket }) {
            upstream = socket
            return 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst'
          },
        })
        using client = await connectRaw(gateway.port)
        client.send(GET)
        await client.sees('first')
        upstream!.write('other')
        await client.sees('firstother')
      }
    })
  })

  describe('trailers', () => {
    const ANSWER =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n\r\n' +
      '4\r\nbody\r\n0\r\nDigest: abc\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n'

    it('of an answer reach clients that take them, without what may not come late', async () => {
      await using gateway = await start({ answer: () => ANSWER })
      const taken = await gateway.ask(
        'GET /api HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
        /0\r\nDigest[^]*\r\n\r\n$/,
      )
      expect(taken).toContain('Trailer: Digest\r\n')
      expect(taken).toMatch(/4\r\nbody\r\n0\r\nDigest: abc\r\n\r\n$/)
      const plain = await gateway.ask(GET, '0\r\n\r\n')
      expect(plain).not.toContain('Digest')
      const stream = await askHttp2(gateway.port, { te: 'trailers' })
      expect(stream).toMatchObject({ body: 'body', trailers: { digest: 'abc' }, code: 0 })
      expect(Object.keys(stream.trailers!)).toEqual(['digest'])
    })
  })
})

async function askHttp2(port: number, headers: http2.OutgoingHttpHeaders = {}) {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  try {
    return await new Promise<{
      status: number
      body: string
      code: number
      trailers?: http2.IncomingHttpHeaders
      interim: readonly http2.IncomingHttpHeaders[]
    }>((resolve) => {
      let status = 0
      let body = ''
      let trailers: http2.IncomingHttpHeaders | undefined
      const stream = session.request({ ':path': '/api', ...headers })
      stream.on('response', (head) => (status = Number(head[':status'])))
      const interim: http2.IncomingHttpHeaders[] = []
      stream.on('headers', (fields) => void interim.push(fields))
      stream.on('trailers', (fields) => (trailers = fields))
      stream.on('data', (piece: Buffer) => (body += piece.toString()))
      stream.on('error', () => {})
      stream.on('close', () =>
        resolve({
          status,
          body,
          interim,
          code: stream.rstCode ?? 0,
          ...(trailers && { trailers }),
        }),
      )
    })
  } finally {
    session.destroy()
  }
}
