import http2 from 'node:http2'
import type net from 'node:net'
import {
  Client,
  credentials,
  Metadata,
  status,
  type ClientReadableStream,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import type { ProxyExchange } from '../../../src/proxy/exchange.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { reply, startRawUpstream } from '../../support/raw-upstream.ts'
import {
  ECHO_SERVICE,
  startGrpcUpstream,
  type GrpcUpstream,
} from '../../support/start-grpc-upstream.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'

type Proxy = Awaited<ReturnType<typeof startProxy>>

const { unary, upload, download, chat } = ECHO_SERVICE

/** What the gRPC server saw of its calls. */
const seen: { metadata: Metadata; path: string }[] = []
let cancelled: Promise<void>
let onCancelled: () => void = () => {}

const ECHO = {
  unary(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    seen.push({ metadata: call.metadata, path: call.getPath() })
    const wanted = call.request.toString()
    if (wanted.startsWith('fail ')) {
      const metadata = new Metadata()
      metadata.set('x-why', 'asked')
      done({ code: Number(wanted.slice(5)), details: 'as asked: ünd 100%', metadata })
      return
    }
    const leading = new Metadata()
    leading.set('x-leading', 'first')
    call.sendMetadata(leading)
    const trailing = new Metadata()
    trailing.set('x-trailing', 'last')
    trailing.set('digest-bin', Buffer.from([1, 2, 255]))
    done(null, call.request, trailing)
  },
  upload(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    let bytes = 0
    call.on('data', (message: Buffer) => (bytes += message.length))
    call.on('end', () => done(null, Buffer.from(String(bytes))))
  },
  download(call: ServerWritableStream<Buffer, Buffer>) {
    const count = Number(call.request.toString())
    let sent = 0
    call.on('cancelled', () => onCancelled())
    const more = (): void => {
      while (sent < count) {
        sent += 1
        if (!call.write(Buffer.alloc(1000, sent % 256))) {
          call.once('drain', more)
          return
        }
      }
      call.end()
    }
    more()
  },
  chat(call: ServerDuplexStream<Buffer, Buffer>) {
    call.on('data', (message: Buffer) => call.write(Buffer.from(`> ${message.toString()}`)))
    call.on('end', () => call.end())
    call.on('cancelled', () => onCancelled())
  },
}

interface Outcome {
  readonly error: ServiceError | undefined
  readonly value: string | undefined
  readonly leading: Metadata
  readonly status: StatusObject
}

function callUnary(client: Client, message: string, path = unary.path): Promise<Outcome> {
  return new Promise((resolve) => {
    let leading = new Metadata()
    let end: StatusObject | undefined
    let answer: { error: ServiceError | null; value: Buffer | undefined } | undefined
    const finish = (): void => {
      if (end === undefined || answer === undefined) return
      const { error, value } = answer
      resolve({ error: error ?? undefined, value: value?.toString(), leading, status: end })
    }
    client
      .makeUnaryRequest(
        path,
        unary.requestSerialize,
        unary.responseDeserialize,
        Buffer.from(message),
        (error, value) => {
          answer = { error, value }
          finish()
        },
      )
      .on('metadata', (metadata) => (leading = metadata))
      .on('status', (received) => {
        end = received
        finish()
      })
  })
}

function collect(call: ClientReadableStream<Buffer>): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    call.on('data', (message: Buffer) => (bytes += message.length))
    call.on('end', () => resolve(bytes))
    call.on('error', reject)
  })
}

const GRPC_ROUTE = { protocols: ['grpc', 'grpcs'], strip_path: false, paths: ['/test.Echo/'] }

describe.each(['in clear text', 'over TLS'])('gRPC %s', (how) => {
  let upstream: GrpcUpstream
  let proxy: Proxy
  let client: Client
  const finished: { status: number; tries: number }[] = []

  beforeAll(async () => {
    const pair = how === 'over TLS' ? await selfSignedCertificate('ecdsa') : undefined
    upstream = await startGrpcUpstream(ECHO_SERVICE, ECHO, pair)
    proxy = await startProxy({
      entities: {
        services: [
          service('echo', upstream.port, {
            protocol: pair ? 'grpcs' : 'grpc',
            connect_timeout: 20_000,
            read_timeout: 20_000,
          }),
          service('nobody', 1, { protocol: 'grpc', retries: 1 }),
        ],
        routes: [
          route('echo', 'echo', GRPC_ROUTE),
          route('nobody', 'nobody', { ...GRPC_ROUTE, paths: ['/test.Nobody/'] }),
          route('http', 'echo', { paths: ['/http'], strip_path: true }),
        ],
      },
      listen: {
        http2: true,
        ...(pair && {
          tls: {
            options: { key: pair.key, cert: pair.certificate },
            contextFor: () => undefined,
          },
        }),
      },
      onFinished: ({ response, tries }: ProxyExchange) =>
        void finished.push({ status: response.status, tries: tries.length }),
    })
    const secure = credentials.createSsl(null, null, null, { rejectUnauthorized: false })
    client = new Client(
      `127.0.0.1:${proxy.port}`,
      pair === undefined ? credentials.createInsecure() : secure,
      // Node 26 takes no address as the name of a server.
      { 'grpc.ssl_target_name_override': 'localhost' },
    )
  })

  afterAll(async () => {
    client.close()
    await proxy[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  it('passes a call on, with metadata before and after the answer', async () => {
    const { error, value, leading, status: end } = await callUnary(client, 'hello')
    expect(error).toBeUndefined()
    expect(value).toBe('hello')
    expect(leading.get('x-leading')).toEqual(['first'])
    expect(leading.get('via')).toEqual(['2 kong/3.9.3'])
    expect(end.metadata.get('x-trailing')).toEqual(['last'])
    expect(end.metadata.get('digest-bin')).toEqual([Buffer.from([1, 2, 255])])
    const { metadata, path } = seen.at(-1)!
    expect(path).toBe('/test.Echo/Unary')
    expect(metadata.get('via')).toEqual(['2 kong/3.9.3'])
    expect(metadata.get('x-forwarded-path')).toEqual(['/test.Echo/Unary'])
  })

  it('passes on what the server says of a failed call', async () => {
    const { error } = await callUnary(client, 'fail 9')
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, details: 'as asked: ünd 100%' })
    expect(error?.metadata.get('x-why')).toEqual(['asked'])
  })

  it('streams to the server and from it, with more than any buffer takes', async () => {
    const sent = await new Promise<string>((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        upload.path,
        upload.requestSerialize,
        upload.responseDeserialize,
        (error, value) => (error ? reject(error) : resolve(value!.toString())),
      )
      for (let index = 0; index < 3000; index += 1) call.write(Buffer.alloc(1000))
      call.end()
    })
    expect(sent).toBe('3000000')
    const received = await collect(
      client.makeServerStreamRequest(
        download.path,
        download.requestSerialize,
        download.responseDeserialize,
        Buffer.from('3000'),
      ),
    )
    expect(received).toBe(3_000_000)
  })

  it('lets both sides talk in turn', async () => {
    const call = client.makeBidiStreamRequest(
      chat.path,
      chat.requestSerialize,
      chat.responseDeserialize,
    )
    const answers: string[] = []
    await new Promise<void>((resolve, reject) => {
      call.on('data', (message: Buffer) => {
        answers.push(message.toString())
        // Each word is said only after the last one was answered.
        if (answers.length < 5) call.write(Buffer.from(`word ${answers.length}`))
        else call.end()
      })
      call.on('end', resolve)
      call.on('error', reject)
      call.write(Buffer.from('word 0'))
    })
    expect(answers).toEqual(['> word 0', '> word 1', '> word 2', '> word 3', '> word 4'])
  })

  it('tells the server that the client has given up', async () => {
    cancelled = new Promise((resolve) => (onCancelled = resolve))
    const call = client.makeBidiStreamRequest(
      chat.path,
      chat.requestSerialize,
      chat.responseDeserialize,
    )
    const gone = new Promise<ServiceError>((resolve) => call.on('error', resolve))
    call.on('data', () => call.cancel())
    call.write(Buffer.from('hello'))
    expect((await gone).code).toBe(status.CANCELLED)
    await cancelled
  })

  it('carries many calls at once over one connection to the server', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 80 }, (_, index) => callUnary(client, `call ${index}`)),
    )
    expect(outcomes.map(({ value }) => value)).toEqual(
      Array.from({ length: 80 }, (_, index) => `call ${index}`),
    )
  })

  it('answers for a server that is not there with a status of gRPC', async () => {
    finished.length = 0
    const { error } = await callUnary(client, 'x', '/test.Nobody/Unary')
    expect(error).toMatchObject({
      code: status.INTERNAL,
      details: 'An invalid response was received from the upstream server',
    })
    expect(finished).toEqual([{ status: 502, tries: 2 }])
  })

  it('says that there is no route as gRPC does', async () => {
    const { error } = await callUnary(client, 'x', '/test.Other/Unary')
    expect(error).toMatchObject({
      code: status.NOT_FOUND,
      details: 'no Route matched with those values',
    })
  })
})

/** Whatever it is asked over HTTP/2, a test decides. */
async function startHttp2Upstream(
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
) {
  const server = http2.createServer()
  const sessions: http2.ServerHttp2Session[] = []
  server.on('session', (session) => void sessions.push(session))
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    onStream(stream, headers)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

interface Answer {
  readonly headers: http2.IncomingHttpHeaders
  readonly trailers: http2.IncomingHttpHeaders
  readonly body: string
  readonly code: number
  readonly endedByHead: boolean
}

/** Sends one request over clear-text HTTP/2. */
async function ask(
  port: number,
  headers: http2.OutgoingHttpHeaders,
  body?: string,
): Promise<Answer> {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  try {
    return await new Promise((resolve, reject) => {
      const stream = session.request(headers, { endStream: body === undefined })
      const got = { headers: {}, trailers: {}, body: '', endedByHead: false }
      session.on('error', reject)
      stream.on('response', (head, flags) => {
        got.headers = head
        got.endedByHead = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0
      })
      stream.on('trailers', (trailers) => (got.trailers = trailers))
      stream.on('data', (piece: Buffer) => (got.body += piece.toString()))
      stream.on('error', () => {})
      stream.on('close', () => resolve({ ...got, code: stream.rstCode ?? 0 }))
      if (body !== undefined) stream.end(body)
    })
  } finally {
    session.destroy()
  }
}

const GRPC = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }

async function withUpstream(
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  more: {
    readonly service?: object
    readonly route?: object
    readonly pool?: { readonly size: number }
  } = {},
) {
  const upstream = await startHttp2Upstream(onStream)
  const finished: { status: number; tries: number }[] = []
  let notify: () => void = () => {}
  const proxy = await startProxy({
    entities: {
      services: [service('s', upstream.port, { protocol: 'grpc', ...more.service })],
      routes: [route('s', 's', { strip_path: false, ...more.route })],
    },
    listen: { http2: true },
    ...(more.pool && { pool: more.pool }),
    onFinished: ({ response, tries }) => {
      finished.push({ status: response.status, tries: tries.length })
      notify()
    },
  })
  return {
    port: proxy.port,
    upstream,
    finished,
    whenFinished: () => new Promise<void>((resolve) => (notify = resolve)),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe('routes of gRPC', () => {
  const protocols = (list: readonly string[]) => ({ route: { protocols: list } })
  const never = () => {
    throw new Error('The upstream was asked')
  }

  it('refuse what is not gRPC', async () => {
    await using proxy = await withUpstream(never, protocols(['grpc']))
    const { headers } = await ask(proxy.port, { ':path': '/s' })
    expect(headers[':status']).toBe(415)
  })

  it('ask clients of HTTP/1 for HTTP/2', async () => {
    await using proxy = await withUpstream(never, protocols(['grpc']))
    using client = await connectRaw(proxy.port)
    client.send(
      'POST /s HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n',
    )
    const text = await client.sees('Please use HTTP2 protocol')
    expect(text).toMatch(/^HTTP\/1\.1 426 /)
    expect(text).toMatch(/^upgrade: http\/2\r$/im)
  })

  it('ask for TLS where they are for that alone', async () => {
    await using proxy = await withUpstream(never, protocols(['grpcs']))
    const { headers, endedByHead } = await ask(proxy.port, { ...GRPC, ':path': '/s' }, '')
    expect(headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': '1',
      'grpc-message': 'gRPC request matched gRPCs route',
    })
    expect(endedByHead).toBe(true)
  })
})

describe('an upstream of gRPC', () => {
  it('is sent the fields of the request as HTTP/2 has them', async () => {
    let got: http2.IncomingHttpHeaders = {}
    await using proxy = await withUpstream((stream, headers) => {
      got = headers
      stream.respond({ ':status': 200 })
      stream.end('x')
    })
    await ask(
      proxy.port,
      { ...GRPC, ':path': '/s/a?b=c', 'user-agent': 'me', 'x-a': ['1', '2'], 'grpc-timeout': '1S' },
      'body',
    )
    expect(got).toMatchObject({
      ':method': 'POST',
      ':path': '/s/a?b=c',
      ':scheme': 'http',
      ':authority': `127.0.0.1:${proxy.upstream.port}`,
      te: 'trailers',
      'user-agent': 'me',
      'x-a': '1, 2',
      'grpc-timeout': '1S',
      'x-forwarded-proto': 'http',
    })
    expect(got['connection']).toBeUndefined()
    expect(got['host']).toBeUndefined()
  })

  it('may end its answer with the head', async () => {
    await using proxy = await withUpstream((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true })
    })
    const answer = await ask(proxy.port, { ...GRPC, ':path': '/s' }, 'x')
    expect(answer.headers['grpc-status']).toBe('5')
    expect(answer.endedByHead).toBe(true)
  })

  it('is asked by clients of HTTP/1, who get trailers if they take them', async () => {
    await using proxy = await withUpstream((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': '0', 'set-cookie': 'a' }),
      )
      stream.end('answer')
    })
    using client = await connectRaw(proxy.port)
    client.send('GET /s HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n')
    const taken = await client.sees('grpc-status: 0\r\n\r\n')
    expect(taken).toMatch(/6\r\nanswer\r\n0\r\ngrpc-status: 0\r\n\r\n$/)
    using other = await connectRaw(proxy.port)
    other.send('GET /s HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await other.sees('0\r\n\r\n')).toMatch(/6\r\nanswer\r\n0\r\n\r\n$/)
    using old = await connectRaw(proxy.port)
    old.send('GET /s HTTP/1.0\r\nHost: a\r\n\r\n')
    expect(await old.closes()).toMatch(/\r\n\r\nanswer$/)
  })

  it('gives a client of HTTP/1 an empty answer that says its length', async () => {
    await using proxy = await withUpstream((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true })
    })
    using client = await connectRaw(proxy.port)
    client.send('GET /s HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await client.sees('\r\n\r\n')).toMatch(/^Content-Length: 0\r$/m)
  })

  it('is asked once more where it refused a stream, and not where it may have worked', async () => {
    let count = 0
    const codes: number[] = [http2.constants.NGHTTP2_REFUSED_STREAM]
    await using proxy = await withUpstream((stream) => {
      count += 1
      const code = codes.shift()
      if (code !== undefined) stream.close(code)
      else {
        stream.respond({ ':status': 200 })
        stream.end('done')
      }
    })
    // A request that is whole when it is sent can be sent again.
    const first = await ask(proxy.port, { ':path': '/s', ':method': 'POST' })
    expect([first.headers[':status'], first.body, count]).toEqual([200, 'done', 2])
    codes.push(http2.constants.NGHTTP2_INTERNAL_ERROR)
    const second = await ask(proxy.port, { ':path': '/s', ':method': 'POST' })
    expect([second.headers[':status'], count]).toEqual([502, 3])
    codes.push(http2.constants.NGHTTP2_INTERNAL_ERROR)
    const third = await ask(proxy.port, { ':path': '/s', ':method': 'GET' })
    expect([third.body, count]).toEqual(['done', 5])
  })

  it('breaks off its answer, and the client sees that', async () => {
    await using proxy = await withUpstream((stream) => {
      stream.respond({ ':status': 200 })
      stream.write('half', () => stream.destroy(new Error('as a test wants it')))
    })
    const answer = await ask(proxy.port, { ...GRPC, ':path': '/s' }, 'x')
    expect(answer.body).toBe('half')
    expect(answer.code).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR)
  })

  it('takes too long, and the client is told', async () => {
    await using proxy = await withUpstream(() => {}, { service: { read_timeout: 100, retries: 0 } })
    const { headers } = await ask(proxy.port, { ...GRPC, ':path': '/s' }, 'x')
    expect(headers).toMatchObject({ ':status': 504, 'grpc-status': '4' })
  })

  it('sees at most a hundred resets on a session before it gets another one', async () => {
    let arrived = Promise.withResolvers<void>()
    await using proxy = await withUpstream((stream, headers) => {
      arrived.resolve()
      if (headers['x-wait'] !== undefined) return
      stream.respond({ ':status': 200 })
      stream.end('ok')
    })
    const client = http2.connect(`http://127.0.0.1:${proxy.port}`)
    // This one is under way meanwhile, and must not be hit.
    const other = client.request({ ':path': '/s', 'x-wait': '1' })
    let isHit = false
    other.on('error', () => {})
    other.on('close', () => (isHit = true))
    await arrived.promise
    for (let round = 0; round < 100; round += 1) {
      arrived = Promise.withResolvers()
      const stream = client.request({ ':path': '/s', 'x-wait': '1' })
      stream.on('error', () => {})
      await arrived.promise
      const finished = proxy.whenFinished()
      stream.close(http2.constants.NGHTTP2_CANCEL)
      await finished
    }
    expect((await ask(proxy.port, { ':path': '/s' })).body).toBe('ok')
    expect(proxy.upstream.sessions.length).toBe(2)
    expect(isHit).toBe(false)
    client.destroy()
  })

  it('that fell silent is asked over another session the next time', async () => {
    let isSilent = true
    await using proxy = await withUpstream(
      (stream) => {
        if (isSilent) return
        stream.respond({ ':status': 200 })
        stream.end('ok')
      },
      { service: { read_timeout: 1000, retries: 0 } },
    )
    expect((await ask(proxy.port, { ':path': '/s' })).headers[':status']).toBe(504)
    isSilent = false
    expect((await ask(proxy.port, { ':path': '/s' })).body).toBe('ok')
    expect(proxy.upstream.sessions.length).toBe(2)
  })

  it('may answer before the request is whole; the rest is not wanted', async () => {
    await using proxy = await withUpstream((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '8' }, { endStream: true })
    })
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const stream = session.request({ ...GRPC, ':path': '/s' })
    stream.on('error', () => {})
    stream.write('the beginning')
    const head = await new Promise<http2.IncomingHttpHeaders>((resolve) =>
      stream.on('response', resolve),
    )
    expect(head['grpc-status']).toBe('8')
    await new Promise<void>((resolve) => {
      stream.on('close', resolve)
      stream.resume()
    })
    session.destroy()
    expect(proxy.finished).toEqual([{ status: 200, tries: 1 }])
  })

  it('is left when the client leaves, which the log calls 499', async () => {
    let wholeRequests = 0
    let isReset: () => void
    const reset = new Promise<void>((resolve) => (isReset = resolve))
    const arrived = Promise.withResolvers<void>()
    await using proxy = await withUpstream((stream) => {
      stream.on('close', () => {
        if (stream.rstCode === http2.constants.NGHTTP2_CANCEL) isReset()
      })
      stream.on('end', () => {
        // What the client did not finish must not look whole.
        if (stream.rstCode === http2.constants.NGHTTP2_NO_ERROR) wholeRequests += 1
      })
      stream.resume()
      arrived.resolve()
    })
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const stream = session.request({ ...GRPC, ':path': '/s' })
    stream.on('error', () => {})
    stream.write('x')
    await arrived.promise
    const finished = proxy.whenFinished()
    session.destroy()
    await finished
    await reset
    expect(proxy.finished).toEqual([{ status: 499, tries: 1 }])
    expect(wholeRequests).toBe(0)
  })

  it('ends its session, and the next request goes over another', async () => {
    await using proxy = await withUpstream((stream) => {
      stream.respond({ ':status': 200 })
      stream.end('ok')
      stream.session!.goaway(http2.constants.NGHTTP2_NO_ERROR)
    })
    for (let round = 0; round < 3; round += 1)
      expect((await ask(proxy.port, { ':path': '/s' })).body).toBe('ok')
    expect(proxy.upstream.sessions.length).toBe(3)
  })

  it('keeps its session for the next request, unless none are kept', async () => {
    const answer = (stream: http2.ServerHttp2Stream) => {
      stream.respond({ ':status': 200 })
      stream.end('ok')
    }
    await using kept = await withUpstream(answer)
    for (let round = 0; round < 3; round += 1) await ask(kept.port, { ':path': '/s' })
    expect(kept.upstream.sessions.length).toBe(1)
    await using left = await withUpstream(answer, { pool: { size: 0 } })
    for (let round = 0; round < 3; round += 1) await ask(left.port, { ':path': '/s' })
    expect(left.upstream.sessions.length).toBe(3)
  })

  it('takes only so many streams at once; the others go over further sessions', async () => {
    const waiting: http2.ServerHttp2Stream[] = []
    const upstream = await withUpstream((stream) => {
      waiting.push(stream)
      if (waiting.length < 150) return
      for (const each of waiting.splice(0)) {
        each.respond({ ':status': 200 })
        each.end('ok')
      }
    })
    const answers = await Promise.all(
      Array.from({ length: 150 }, () => ask(upstream.port, { ':path': '/s' })),
    )
    expect(answers.every(({ body }) => body === 'ok')).toBe(true)
    expect(upstream.upstream.sessions.length).toBe(2)
    await upstream[Symbol.asyncDispose]()
  })

  it('that speaks HTTP/1 is an upstream that failed', async () => {
    await using plain = await startRawUpstream(() => reply('no'), {
      onConnection: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    })
    await using proxy = await startProxy({
      entities: {
        services: [service('s', plain.port, { protocol: 'grpc' })],
        routes: [route('s', 's')],
      },
      listen: { http2: true },
    })
    const { headers } = await ask(proxy.port, { ...GRPC, ':path': '/s' }, 'x')
    expect(headers).toMatchObject({ ':status': 502, 'grpc-status': '13' })
  })
})
