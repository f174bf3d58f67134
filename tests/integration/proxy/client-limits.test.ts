import http2 from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import { ConnectionCaps } from '../../../src/proxy/connection-caps.ts'
import type { ProxyLimits } from '../../../src/proxy/context.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const LARGE_BYTES = 32 * 1024 * 1024

/** Only clients are short of time here. */
const PATIENT = { connect_timeout: 9e6, write_timeout: 9e6, read_timeout: 9e6 }

/** A proxy before an upstream that counts bytes; `/api/large` is answered with many. */
async function start(more: Partial<ProxySetup> = {}) {
  const upstream = await startUpstream((request, response) => {
    if (request.url === '/large') {
      response.end(Buffer.alloc(LARGE_BYTES))
      return
    }
    let bytes = 0
    request.on('data', (piece: Buffer) => (bytes += piece.length))
    request.on('end', () => response.end(`${bytes} bytes`))
    request.on('error', () => {})
  })
  const proxy = await startProxy({
    entities: {
      services: [service('api', upstream.port, PATIENT)],
      routes: [route('api', 'api')],
    },
    ...more,
    listen: { http2: true, ...more.listen },
  })
  return {
    ...proxy,
    upstream,
    /** Has so much time go by, as far as timeouts are concerned. */
    pass: (seconds: number) => proxy.context.wheel.advance(Date.now() + seconds * 1000),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const transports = ['fast', 'public'] as const
const POST = 'POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'

describe.each(transports)('a slow client of HTTP/1.1, transport %s', (transport) => {
  it('has so long for a head, counted from its first byte', async () => {
    await using proxy = await start({ transport, limits: { headTimeoutMs: 10_000 } })
    using client = await connectRaw(proxy.port)
    // Both came together, so what was answered tells that the rest was read.
    client.send('GET /api HTTP/1.1\r\nHost: a\r\n\r\nGET /api HTT')
    await client.sees('0 bytes')
    await until(() => proxy.context.counters.writing === 0)
    proxy.pass(11)
    expect(await client.closes()).toContain('0 bytesHTTP/1.1 408 Request Time-out\r\n')
  })

  it('has so long for the next part of a body', async () => {
    await using proxy = await start({ transport, limits: { bodyTimeoutMs: 10_000 } })
    using client = await connectRaw(proxy.port)
    client.send(`${POST}begun`)
    await until(() => proxy.context.counters.writing === 1)
    proxy.pass(11)
    expect(await client.closes()).toMatch(/^HTTP\/1\.1 408 Request Time-out\r\n/)
  })

  it('keeps the least pace with the body as a whole', async () => {
    await using proxy = await start({ transport, limits: { minBodyBytesPerSecond: 100 } })
    using slow = await connectRaw(proxy.port)
    using quick = await connectRaw(proxy.port)
    slow.send(`${POST}${'x'.repeat(100)}`)
    quick.send(`${POST}${'x'.repeat(900)}`)
    await until(() => proxy.context.counters.writing === 2)
    proxy.pass(8)
    expect(await slow.closes()).toMatch(/^HTTP\/1\.1 408 Request Time-out\r\n/)
    quick.send('x'.repeat(100))
    expect(await quick.sees('1000 bytes')).toMatch(/^HTTP\/1\.1 200/)
  })

  it('is let go when it is idle, before a request and after one', async () => {
    await using proxy = await start({ transport, limits: { idleTimeoutMs: 10_000 } })
    using fresh = await connectRaw(proxy.port)
    using used = await connectRaw(proxy.port)
    used.send('GET /api HTTP/1.1\r\nHost: a\r\n\r\n')
    await used.sees('0 bytes')
    await until(() => proxy.context.counters.active === 2 && proxy.context.counters.writing === 0)
    proxy.pass(61)
    expect(await fresh.closes()).toBe('')
    expect(await used.closes()).toContain('0 bytes')
  })

  it('is cut off when it does not take its answer', async () => {
    await using proxy = await start({ transport })
    using client = await connectRaw(proxy.port)
    client.send('GET /api/large HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.sees('\r\n\r\n')
    client.socket.pause()
    // Full buffers do not empty, so the time is up sooner or later.
    await until(() => {
      proxy.pass(61)
      return proxy.context.counters.active === 0
    })
  })

  it('is served so many requests on one connection', async () => {
    await using proxy = await start({ transport, limits: { requestsPerConnection: 2 } })
    using client = await connectRaw(proxy.port)
    client.send('GET /api HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3))
    const text = await client.closes()
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(text.match(/Connection: close/g)).toHaveLength(1)
  })

  it('is told when a body is too large', async () => {
    await using proxy = await start({ transport, limits: { bodyBytes: 999 } })
    using announced = await connectRaw(proxy.port)
    announced.send(POST)
    expect(await announced.sees('\r\n\r\n')).toMatch(/^HTTP\/1\.1 413/)
    using chunked = await connectRaw(proxy.port)
    chunked.send(
      `POST /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n${'x'.repeat(1000)}\r\n0\r\n\r\n`,
    )
    expect(await chunked.sees('\r\n\r\n')).toMatch(/^HTTP\/1\.1 413/)
  })
})

describe.each(transports)('a slow client of HTTP/2, transport %s', (transport) => {
  const connect = (port: number) => {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    return session
  }
  const ask = (session: http2.ClientHttp2Session, path: string, more: object = {}) => {
    const stream = session.request({ ':path': path, ...more })
    stream.on('error', () => {})
    return stream
  }
  const statusOf = (stream: http2.ClientHttp2Stream) =>
    new Promise<number>((resolve, reject) => {
      stream.once('response', (headers) => resolve(Number(headers[':status'])))
      stream.once('close', () => reject(new Error('The stream ended without an answer')))
    })

  it.each([
    ['for the next part of a body', { bodyTimeoutMs: 10_000 }, 11],
    ['at the least pace', { minBodyBytesPerSecond: 100 }, 8],
  ] as readonly [string, Partial<ProxyLimits>, number][])(
    'has so long %s',
    async (_, limits, seconds) => {
      await using proxy = await start({ transport, limits })
      const session = connect(proxy.port)
      const stream = ask(session, '/api', { ':method': 'POST' })
      stream.write('begun')
      await until(() => proxy.context.counters.writing === 1)
      const status = statusOf(stream)
      proxy.pass(seconds)
      expect(await status).toBe(408)
      session.destroy()
    },
  )

  it('loses a stream whose answer it does not take, and keeps the others', async () => {
    await using proxy = await start({ transport })
    const session = connect(proxy.port)
    const stalled = ask(session, '/api/large')
    const closed = new Promise((resolve) => stalled.once('close', resolve))
    expect(await statusOf(stalled)).toBe(200)
    await until(() => {
      proxy.pass(61)
      return proxy.context.counters.writing === 0
    })
    stalled.resume()
    await closed
    expect(stalled.rstCode).not.toBe(0)
    expect(await statusOf(ask(session, '/api'))).toBe(200)
    session.destroy()
  })

  it('is let go when it is idle, before a request and after one', async () => {
    await using proxy = await start({ transport, limits: { headTimeoutMs: 10_000 } })
    const [fresh, used] = [connect(proxy.port), connect(proxy.port)]
    const ends = [fresh, used].map(
      (session) => new Promise((resolve) => session.once('close', resolve)),
    )
    const stream = ask(used, '/api')
    await statusOf(stream)
    stream.resume()
    await new Promise((resolve) => stream.once('close', resolve))
    await until(() => proxy.context.counters.active === 2 && proxy.context.counters.writing === 0)
    proxy.pass(11)
    await ends[0]
    expect(used.closed).toBe(false)
    proxy.pass(90)
    await ends[1]
    await until(() => proxy.context.counters.active === 0)
  })

  it('is served so many requests on one connection', async () => {
    await using proxy = await start({ transport, limits: { requestsPerConnection: 2 } })
    const session = connect(proxy.port)
    const goaway = new Promise((resolve) => session.once('goaway', resolve))
    for (const status of await Promise.all(
      [ask(session, '/api'), ask(session, '/api')].map(statusOf),
    ))
      expect(status).toBe(200)
    expect(await goaway).toBe(http2.constants.NGHTTP2_NO_ERROR)
    session.destroy()
  })
})

describe('caps on connections', () => {
  const GET = 'GET /api HTTP/1.1\r\nHost: a\r\n\r\n'

  function caps(log: string[], limits: { connections?: number; connectionsPerClient?: number }) {
    const counts = new Map<string, number>()
    return {
      counts,
      caps: new ConnectionCaps({
        name: 'here',
        limits: () => ({ connections: 0, connectionsPerClient: 0, ...limits }),
        count: {
          era: 0,
          add: (key, by) => {
            const count = (counts.get(key) ?? 0) + by
            counts.set(key, count)
            return count
          },
        },
        warn: (message) => log.push(message),
      }),
    }
  }

  it.each(transports)('close those beyond the most of a listener: %s', async (transport) => {
    const log: string[] = []
    const { counts, caps: connectionCaps } = caps(log, { connections: 2 })
    await using proxy = await start({ transport, listen: { caps: connectionCaps } })
    using first = await connectRaw(proxy.port)
    using second = await connectRaw(proxy.port)
    for (const client of [first, second]) {
      client.send(GET)
      await client.sees('0 bytes')
    }
    using third = await connectRaw(proxy.port)
    expect(await third.closes()).toBe('')
    expect(log).toEqual([expect.stringMatching(/^here: closed 1 connections beyond the most/)])
    first.socket.destroy()
    await until(() => counts.get('0 here ') === 1)
    using fourth = await connectRaw(proxy.port)
    fourth.send(GET)
    await fourth.sees('0 bytes')
  })

  it('count each client for itself, also the one that a trusted balancer names', async () => {
    const log: string[] = []
    const { counts, caps: connectionCaps } = caps(log, { connectionsPerClient: 1 })
    await using proxy = await start({
      listen: { caps: connectionCaps, proxyProtocol: true },
      context: {
        realIp: { header: 'proxy_protocol', isRecursive: false, isTrusted: () => true },
      },
    })
    const from = async (ip: string) => {
      const client = await connectRaw(proxy.port)
      client.send(`PROXY TCP${ip.includes(':') ? 6 : 4} ${ip} ${ip} 1 2\r\n${GET}`)
      return client
    }
    using one = await from('203.0.113.1')
    await one.sees('0 bytes')
    using other = await from('203.0.113.2')
    await other.sees('0 bytes')
    using again = await from('203.0.113.1')
    expect(await again.closes()).toBe('')
    using six = await from('2001:db8::1')
    await six.sees('0 bytes')
    using neighbour = await from('2001:db8:0:0:ffff::2')
    expect(await neighbour.closes()).toBe('')
    using balancer = await connectRaw(proxy.port)
    balancer.send(`PROXY UNKNOWN\r\n${GET}`)
    await balancer.sees('0 bytes')
    for (const client of [one, other, six]) client.socket.destroy()
    await until(() => [...counts.values()].every((count) => count === 0))
  })

  it('hold for TLS and HTTP/2, and give places back', async () => {
    const { certificate, key } = await selfSignedCertificate('ecdsa')
    const { counts, caps: connectionCaps } = caps([], { connectionsPerClient: 1 })
    await using secure = await start({
      listen: {
        caps: connectionCaps,
        tls: { options: { cert: certificate, key }, contextFor: () => undefined },
      },
    })
    const socket = tls.connect({ port: secure.port, host: '127.0.0.1', rejectUnauthorized: false })
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    const refused = net.connect(secure.port, '127.0.0.1')
    await new Promise((resolve) => refused.once('close', resolve).once('error', () => {}))
    socket.destroy()
    await until(() => counts.get('0 here 127.0.0.1') === 0)

    const clear = caps([], { connections: 1 })
    await using proxy = await start({ listen: { caps: clear.caps } })
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    await new Promise((resolve) => session.once('remoteSettings', resolve))
    using late = await connectRaw(proxy.port)
    await late.closes()
    session.destroy()
    await until(() => clear.counts.get('0 here ') === 0)
  })
})
