import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import type net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import { freePort } from '../../support/free-port.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { reply, startRawUpstream } from '../../support/raw-upstream.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void

interface Http2Upstream extends AsyncDisposable {
  readonly port: number
  readonly sessions: http2.ServerHttp2Session[]
}

async function startHttp2Upstream(
  onStream: OnStream,
  { tls, ...options }: http2.ServerOptions & { tls?: { key: string; certificate: string } } = {},
): Promise<Http2Upstream> {
  const server =
    tls === undefined
      ? http2.createServer(options)
      : http2.createSecureServer({ ...options, key: tls.key, cert: tls.certificate })
  const sessions: http2.ServerHttp2Session[] = []
  server.on('session', (session) => void sessions.push(session))
  server.on('stream', (stream, headers) => {
    // Tests break streams on purpose.
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

interface Setup extends Partial<ProxySetup> {
  readonly service?: object
  readonly route?: object
}

/** A gateway that speaks HTTP/2 to whatever listens on a port. Its route is `/s`. */
async function gatewayTo(port: number, setup: Setup = {}) {
  const finished: { readonly status: number; readonly tries: number }[] = []
  const proxy = await startProxy({
    entities: {
      services: [
        service('s', port, { read_timeout: 20_000, connect_timeout: 20_000, ...setup.service }),
      ],
      routes: [route('s', 's', setup.route)],
    },
    speaksHttp2: true,
    onFinished: ({ response, tries }) =>
      void finished.push({ status: response.status, tries: tries.length }),
    ...setup,
  })
  return { ...proxy, finished }
}

interface Answer {
  readonly status: number | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: Buffer
  readonly complete: boolean
}

interface Asked extends http.RequestOptions {
  readonly body?: Buffer | Readable
}

/** One request over HTTP/1.1. */
async function ask(port: number, asked: Asked = {}): Promise<Answer> {
  const { body, ...options } = asked
  const request = http.request({ port, path: '/s', agent: false, ...options })
  if (body === undefined || Buffer.isBuffer(body)) request.end(body)
  else body.pipe(request)
  // What comes after a response has begun is seen by its not being complete.
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve) => response.once('close', resolve).on('error', () => {}))
  return {
    status: response.statusCode,
    headers: response.headers,
    trailers: response.trailers,
    body: Buffer.concat(chunks),
    complete: response.complete,
  }
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const echo: OnStream = (stream, headers) => {
  stream.respond({ ':status': 200, 'x-length': headers['content-length'] ?? 'none' })
  stream.pipe(stream)
}

describe('a service that speaks HTTP/2', () => {
  it('is sent what was asked, and nothing about a connection of HTTP/1.1', async () => {
    const seen: http2.IncomingHttpHeaders[] = []
    await using upstream = await startHttp2Upstream((stream, headers) => {
      seen.push(headers)
      stream.respond({ ':status': 201, 'content-type': 'text/plain', 'x-a': ['1', '2'] })
      stream.end('hello')
    })
    await using proxy = await gatewayTo(upstream.port)
    // From the third on what repeats is known on both ways.
    for (let time = 0; time < 5; time += 1) {
      const { status, headers, body } = await ask(proxy.port, {
        path: '/s/x?a=1',
        headers: { 'x-b': 'b', connection: 'keep-alive, x-c', 'x-c': 'c', cookie: 'd=1' },
      })
      expect(status).toBe(201)
      expect(body.toString()).toBe('hello')
      expect(headers['x-a']).toBe('1, 2')
      expect(headers['via']).toBe('2 kong/3.9.3')
      expect(headers['x-kong-request-id']).toBe(seen[time]!['x-kong-request-id'])
    }
    expect(new Set(seen.map((headers) => headers['x-kong-request-id'])).size).toBe(5)
    for (const headers of seen) {
      expect(headers).toMatchObject({
        ':method': 'GET',
        ':scheme': 'http',
        ':path': '/x?a=1',
        ':authority': `127.0.0.1:${upstream.port}`,
        'x-b': 'b',
        cookie: 'd=1',
        'x-forwarded-proto': 'http',
      })
      for (const name of ['connection', 'host', 'x-c', 'keep-alive', 'te', 'transfer-encoding'])
        expect(headers).not.toHaveProperty(name)
    }
    expect(upstream.sessions).toHaveLength(1)
  })

  it('is asked over TLS by the name of its protocol', async () => {
    const tls = await selfSignedCertificate('ecdsa')
    const schemes: unknown[] = []
    const upstreamOf = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      schemes.push(headers[':scheme'])
      stream.respond()
      stream.end('secret')
    }
    await using upstream = await startHttp2Upstream(upstreamOf, { tls })
    await using proxy = await gatewayTo(upstream.port, { service: { protocol: 'https' } })
    expect((await ask(proxy.port)).body.toString()).toBe('secret')
    expect(schemes).toEqual(['https'])
    expect((upstream.sessions[0]!.socket as { alpnProtocol?: string }).alpnProtocol).toBe('h2')
  })

  it('keeps nothing of the names that clients choose once its sessions have ended', async () => {
    const tls = await selfSignedCertificate('ecdsa')
    await using upstream = await startHttp2Upstream(
      (stream) => {
        stream.respond()
        stream.end()
      },
      { tls },
    )
    await using proxy = await gatewayTo(upstream.port, {
      service: { protocol: 'https' },
      route: { preserve_host: true },
    })
    const endpoints = () => proxy.pool.sessions.endpoints
    for (let index = 0; index < 50; index += 1)
      await ask(proxy.port, { headers: { host: `tenant-${index}.test` } })
    expect([endpoints(), upstream.sessions.length]).toEqual([50, 50])
    for (const session of upstream.sessions) session.close()
    await until(() => endpoints() === 0)
    await ask(proxy.port, { headers: { host: 'tenant-0.test' } })
    expect(endpoints()).toBe(1)
    const socket = upstream.sessions.at(-1)!.socket as { isSessionReused?(): boolean }
    expect(socket.isSessionReused?.()).toBe(true)
  })

  it('answers many at once over one session', async () => {
    await using upstream = await startHttp2Upstream((stream, headers) => {
      stream.respond()
      stream.end(headers[':path'])
    })
    await using proxy = await gatewayTo(upstream.port)
    const paths = Array.from({ length: 100 }, (_, index) => `/${index}`)
    const answers = await Promise.all(paths.map((to) => ask(proxy.port, { path: `/s${to}` })))
    expect(answers.map(({ body }) => body.toString())).toEqual(paths)
    expect(upstream.sessions).toHaveLength(1)
  })

  it('is never asked more at once than it takes, and gets further sessions instead', async () => {
    const held: http2.ServerHttp2Stream[] = []
    const counts = new Map<unknown, number>()
    const onStream: OnStream = (stream) => {
      counts.set(stream.session, (counts.get(stream.session) ?? 0) + 1)
      held.push(stream)
      if (held.length < 35) return
      for (const each of held) {
        each.respond()
        each.end('x')
      }
    }
    await using upstream = await startHttp2Upstream(onStream, {
      settings: { maxConcurrentStreams: 10 },
    })
    await using proxy = await gatewayTo(upstream.port)
    const answers = await Promise.all(Array.from({ length: 35 }, () => ask(proxy.port)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect([...counts.values()].toSorted((a, b) => b - a)).toEqual([10, 10, 10, 5])
    expect(proxy.finished.every(({ tries }) => tries === 1)).toBe(true)
  })

  it('that takes no streams at all is an upstream that failed', async () => {
    await using upstream = await startHttp2Upstream(echo, { settings: { maxConcurrentStreams: 0 } })
    await using proxy = await gatewayTo(upstream.port, { service: { retries: 1 } })
    expect((await ask(proxy.port)).status).toBe(502)
    expect(proxy.log.join('\n')).toContain('takes no requests over HTTP/2')
  })

  it.each([
    ['held in memory', 5000, {}],
    ['held in memory, larger than any window', 200_000, { bufferedBodyBytes: 1_000_000 }],
    ['kept in a file', 3_000_000, {}],
  ])('gets a body %s', async (_, bytes, limits) => {
    await using upstream = await startHttp2Upstream(echo)
    await using proxy = await gatewayTo(upstream.port, {
      limits: { bufferedBodyBytes: 8192, ...limits },
    })
    const body = randomBytes(bytes)
    const answer = await ask(proxy.port, { method: 'POST', body })
    expect(answer.headers['x-length']).toBe(String(bytes))
    expect(digest(answer.body)).toBe(digest(body))
  })

  it.each(['with a length', 'in chunks'])('gets a body %s as it comes', async (how) => {
    await using upstream = await startHttp2Upstream(echo)
    await using proxy = await gatewayTo(upstream.port, { route: { request_buffering: false } })
    const body = randomBytes(3_000_000)
    const headers =
      how === 'in chunks' ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length }
    const answer = await ask(proxy.port, { method: 'POST', headers, body })
    expect(answer.headers['x-length']).toBe(how === 'in chunks' ? 'none' : String(body.length))
    expect(digest(answer.body)).toBe(digest(body))
  })

  it('holds back for a client that does not read, and serves others meanwhile', async () => {
    const whole = randomBytes(16 * 1024 * 1024)
    let writtenBytes = 0
    await using upstream = await startHttp2Upstream((stream, headers) => {
      // A request that Node's server has not read to its end may have it reset the stream.
      stream.resume()
      stream.respond({ ':status': 200 })
      if (headers[':path'] !== '/large') {
        stream.end('small')
        return
      }
      const more = (): void => {
        while (writtenBytes < whole.length) {
          const piece = whole.subarray(writtenBytes, writtenBytes + 65_536)
          writtenBytes += piece.length
          if (!stream.write(piece)) {
            stream.once('drain', more)
            return
          }
        }
        stream.end()
      }
      more()
    })
    await using proxy = await gatewayTo(upstream.port, { route: { response_buffering: false } })
    const request = http.get({ port: proxy.port, path: '/s/large', agent: false })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.pause()
    for (let turn = 0; turn < 50; turn += 1)
      expect((await ask(proxy.port)).body.toString()).toBe('small')
    expect(upstream.sessions).toHaveLength(1)
    expect(writtenBytes).toBeLessThan(whole.length)
    expect(digest(await buffer(response))).toBe(digest(whole))
  })

  it('is read on for a slow client where the route says so, which gets all of it', async () => {
    const whole = randomBytes(8 * 1024 * 1024)
    let isSent = false
    await using upstream = await startHttp2Upstream((stream) => {
      stream.resume()
      stream.respond({ 'content-length': whole.length })
      stream.end(whole, () => (isSent = true))
    })
    await using proxy = await gatewayTo(upstream.port)
    const request = http.get({ port: proxy.port, path: '/s', agent: false })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.pause()
    await until(() => isSent)
    expect(digest(await buffer(response))).toBe(digest(whole))
  })

  it('may say fields after the body, for those who take them', async () => {
    await using upstream = await startHttp2Upstream((stream) => {
      stream.respond({ 'content-length': 4 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-after': 'a' }))
      stream.end('body')
    })
    await using proxy = await gatewayTo(upstream.port)
    const taking = await ask(proxy.port, { headers: { te: 'trailers' } })
    expect([taking.body.toString(), taking.trailers]).toEqual(['body', { 'x-after': 'a' }])
    const other = await ask(proxy.port)
    expect([other.body.toString(), other.trailers]).toEqual(['body', {}])
    expect(other.headers['content-length']).toBe('4')
  })

  it.each([
    ['HEAD', { ':status': 200, 'content-length': 7 }, '7'],
    ['GET', { ':status': 204 }, undefined],
    ['GET', { ':status': 304 }, undefined],
    ['GET', { ':status': 200 }, '0'],
  ])('answers %s %o without a body', async (method, headers, length) => {
    await using upstream = await startHttp2Upstream((stream) =>
      stream.respond(headers, { endStream: true }),
    )
    await using proxy = await gatewayTo(upstream.port)
    using client = await connectRaw(proxy.port)
    for (let time = 0; time < 3; time += 1) {
      client.send(`${method} /s HTTP/1.1\r\nHost: a\r\n\r\n`)
      await until(() => client.text.split('\r\n\r\n').length === time + 2)
    }
    const [first] = client.text.split('\r\n\r\n')
    expect(/^content-length: (\d+)/im.exec(first!)?.[1]).toBe(length)
  })

  it('may send early hints, and other heads before its answer', async () => {
    await using upstream = await startHttp2Upstream((stream) => {
      stream.additionalHeaders({ ':status': 102 })
      stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload' })
      stream.respond()
      stream.end('body')
    })
    await using proxy = await gatewayTo(upstream.port)
    expect((await ask(proxy.port)).body.toString()).toBe('body')
  })

  it('is left when the client leaves', async () => {
    const codes: unknown[] = []
    await using upstream = await startHttp2Upstream((stream, headers) => {
      stream.once('close', () => codes.push(stream.rstCode))
      if (headers[':path'] === '/next') {
        stream.respond()
        stream.end('next')
      }
    })
    await using proxy = await gatewayTo(upstream.port)
    using client = await connectRaw(proxy.port)
    client.send('GET /s HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => upstream.sessions.length === 1)
    client.socket.destroy()
    await until(() => codes.length === 1)
    expect(codes).toEqual([http2.constants.NGHTTP2_CANCEL])
    expect(proxy.finished).toEqual([{ status: 499, tries: 1 }])
    expect((await ask(proxy.port, { path: '/s/next' })).body.toString()).toBe('next')
    expect(upstream.sessions).toHaveLength(1)
  })

  it('may answer before the request is whole', async () => {
    await using upstream = await startHttp2Upstream((stream) => {
      stream.respond({ ':status': 413 })
      stream.end('too much')
    })
    await using proxy = await gatewayTo(upstream.port, { route: { request_buffering: false } })
    using client = await connectRaw(proxy.port)
    client.send('POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegin')
    expect(await client.sees('too much')).toContain('HTTP/1.1 413')
    client.send('x'.repeat(95))
    client.send('GET /s HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.sees(/too much[^]*too much/)
  })

  it('is asked again for what it has refused, whatever the method', async () => {
    let asked = 0
    await using upstream = await startHttp2Upstream((stream) => {
      asked += 1
      if (asked < 3) {
        stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
        return
      }
      stream.respond()
      stream.pipe(stream)
    })
    await using proxy = await gatewayTo(upstream.port, { service: { retries: 0 } })
    const { body } = await ask(proxy.port, { method: 'POST', body: Buffer.from('once') })
    expect([body.toString(), asked]).toEqual(['once', 3])
    expect(proxy.finished).toEqual([{ status: 200, tries: 3 }])
  })

  it('that refuses everything is not asked for ever', async () => {
    let asked = 0
    await using upstream = await startHttp2Upstream((stream) => {
      asked += 1
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
    })
    await using proxy = await gatewayTo(upstream.port, { service: { retries: 2 } })
    expect((await ask(proxy.port)).status).toBe(502)
    // Three that are forgiven, the first that is not, two retries.
    expect(asked).toBe(6)
  })

  it('is not asked again where it may have worked', async () => {
    let asked = 0
    await using upstream = await startHttp2Upstream((stream) => {
      asked += 1
      stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)
    })
    await using proxy = await gatewayTo(upstream.port, { service: { retries: 2 } })
    const { status } = await ask(proxy.port, { method: 'POST', body: Buffer.from('x') })
    expect([status, asked]).toEqual([502, 1])
    expect((await ask(proxy.port)).status).toBe(502)
    expect(asked).toBe(4)
  })

  it('that wants no more requests on a session is asked over another', async () => {
    await using upstream = await startHttp2Upstream((stream) => {
      stream.respond()
      stream.end('x')
      stream.session!.goaway()
    })
    await using proxy = await gatewayTo(upstream.port)
    for (let time = 0; time < 4; time += 1) expect((await ask(proxy.port)).status).toBe(200)
    expect(upstream.sessions).toHaveLength(4)
  })

  it('that does not answer in time is given up', async () => {
    await using upstream = await startHttp2Upstream(() => {})
    await using proxy = await gatewayTo(upstream.port, {
      service: { read_timeout: 100, retries: 0 },
    })
    expect((await ask(proxy.port)).status).toBe(504)
  })

  it('that takes none of a body is given up', async () => {
    await using upstream = await startHttp2Upstream((stream) => stream.pause())
    await using proxy = await gatewayTo(upstream.port, {
      service: { write_timeout: 100, retries: 0 },
      limits: { bufferedBodyBytes: 2_000_000 },
    })
    const body = Buffer.alloc(1_000_000)
    expect((await ask(proxy.port, { method: 'POST', body })).status).toBe(504)
  })

  it('whose body is not as long as it said breaks off, and the client sees that', async () => {
    await using upstream = await startHttp2Upstream((stream, headers) => {
      stream.respond({ 'content-length': 10 })
      stream.end(headers[':path'] === '/short' ? 'short' : 'much longer than that')
    })
    await using proxy = await gatewayTo(upstream.port)
    for (const to of ['/short', '/long']) {
      const answer = await ask(proxy.port, { path: `/s${to}` }).catch(() => undefined)
      expect(answer?.complete ?? false).toBe(false)
      expect(answer?.body.length ?? 0).toBeLessThanOrEqual(10)
    }
  })

  it('is not spoken to over HTTP/2 about another protocol', async () => {
    await using upstream = await startRawUpstream(
      () => 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
    )
    await using proxy = await gatewayTo(upstream.port)
    using client = await connectRaw(proxy.port)
    client.send('GET /s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await client.sees('HTTP/1.1 101')
    expect(upstream.requests[0]!.header('upgrade')).toBe('websocket')
  })

  it('that speaks HTTP/1.1 is an upstream that failed, and the log says why', async () => {
    await using upstream = await startRawUpstream(() => reply('no'), {
      onConnection: (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    })
    await using proxy = await gatewayTo(upstream.port, { service: { retries: 0 } })
    expect((await ask(proxy.port)).status).toBe(502)
    expect(proxy.log.join('\n')).toContain(
      `Upstream 127.0.0.1:${upstream.port} speaks HTTP/1.1 where HTTP/2 is expected`,
    )
  })

  it('that is not there is an upstream that failed', async () => {
    await using proxy = await gatewayTo(await freePort(), { service: { retries: 1 } })
    expect((await ask(proxy.port)).status).toBe(502)
    expect(proxy.finished).toEqual([{ status: 502, tries: 2 }])
  })
})

const NGINX = 'nginx'
const hasNginx = spawnSync(NGINX, ['-v']).error === undefined
if (!hasNginx) console.warn('skipped: a test with nginx, not installed here')

describe.skipIf(!hasNginx)('nginx behind the gateway', () => {
  it('answers over HTTP/2, thousands of times over sessions it ends now and then', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'portunus-nginx-'))
    const port = await freePort()
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    writeFileSync(
      path.join(home, 'nginx.conf'),
      `daemon off; pid ${home}/pid; error_log ${home}/error.log; events {}
      http {
        access_log off; keepalive_requests 50;
        ${temporary.map((name) => `${name}_temp_path ${home}/${name};`).join(' ')}
        server { listen 127.0.0.1:${port} http2; location / { return 200 "$request_uri $server_protocol"; } }
      }`,
    )
    const nginx = spawn(NGINX, ['-c', path.join(home, 'nginx.conf'), '-p', home], {
      stdio: 'ignore',
    })
    try {
      await until(() => isListening(port))
      await using proxy = await gatewayTo(port)
      const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
      const asked = Array.from({ length: 2000 }, (_, index) => `/${index}`)
      const answers = await Promise.all(
        asked.map((to) => ask(proxy.port, { path: `/s${to}`, agent })),
      )
      agent.destroy()
      expect(answers.map(({ body }) => body.toString())).toEqual(
        asked.map((to) => `${to} HTTP/2.0`),
      )
    } finally {
      const ended = once(nginx, 'exit')
      nginx.kill()
      await ended
      rmSync(home, { recursive: true })
    }
  })
})

async function isListening(port: number): Promise<boolean> {
  try {
    const { socket } = await connectRaw(port)
    socket.destroy()
    return true
  } catch {
    return false
  }
}
