import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, type MadeCertificate } from '../../support/make-certificates.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const MANY_BYTES = 5 * 1024 * 1024
const body = Buffer.alloc(MANY_BYTES, 'portunus keeps the door ')
const BODY_HASH = hashOf(body)

let certificate: MadeCertificate
let other: MadeCertificate
let upstream: Awaited<ReturnType<typeof startUpstream>>
beforeAll(async () => {
  certificate = await makeAuthority('first.example')
  other = await makeAuthority('other.example')
  upstream = await startUpstream((request, response) => {
    if (request.url === '/many') response.end(body)
    else if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': MANY_BYTES })
      response.write('some', () => response.destroy())
    } else if (request.method === 'POST') {
      const hash = createHash('sha256')
      request.on('data', (piece: Buffer) => hash.update(piece))
      request.on('end', () => response.end(hash.digest('hex')))
    } else response.end('hello')
  })
})
afterAll(() => upstream[Symbol.asyncDispose]())

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

type Proxy = Awaited<ReturnType<typeof startProxy>>

function start(
  transport: 'public' | 'fast',
  contextFor: (
    name: string,
  ) => tls.SecureContext | undefined | Promise<tls.SecureContext | undefined>,
  limits: ProxySetup['limits'] = {},
): Promise<Proxy> {
  return startProxy({
    transport,
    limits,
    entities: {
      services: [service('upstream', Number(new URL(upstream.url).port), { read_timeout: 60_000 })],
      routes: [route('all', 'upstream', { paths: ['/'], strip_path: false })],
    },
    listen: {
      http2: true,
      tls: { options: { cert: certificate.certificate, key: certificate.key }, contextFor },
    },
  })
}

function connect(proxy: Proxy, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  return tls.connect({
    port: proxy.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    servername: 'first.example',
    ...options,
  })
}

const none = (): undefined => undefined

/** Also of a connection that breaks. */
function closed(socket: net.Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve))
}

describe.each(['public', 'fast'] as const)('TLS on the %s transport', (transport) => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'answers many requests in one piece, %s',
    async (version) => {
      await using proxy = await start(transport, none)
      const socket = connect(proxy, { minVersion: version, maxVersion: version })
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50))
      let text = ''
      socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
      await until(() => text.split('hello').length === 51)
      expect(text.split('HTTP/1.1 200 OK\r\n')).toHaveLength(51)
      socket.end()
      await closed(socket)
      await until(() => proxy.context.counters.active === 0)
    },
  )

  it('keeps an answer whole for a client that reads slowly', async () => {
    await using proxy = await start(transport, none)
    const socket = connect(proxy)
    socket.write('GET /many HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const pieces: Buffer[] = []
    for await (const piece of socket) {
      pieces.push(piece as Buffer)
      if (pieces.length % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const received = Buffer.concat(pieces)
    expect(hashOf(received.subarray(received.indexOf('\r\n\r\n') + 4))).toBe(BODY_HASH)
  })

  it('passes on a long body, with a pause before and after each piece', async () => {
    await using proxy = await start(transport, none)
    const socket = connect(proxy)
    socket.write(`POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${MANY_BYTES}\r\n\r\n`)
    for (let at = 0; at < MANY_BYTES; at += 333_333)
      if (!socket.write(body.subarray(at, at + 333_333))) await once(socket, 'drain')
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
    await until(() => text.includes(BODY_HASH))
    socket.destroy()
  })

  it('cuts off an answer that its upstream has cut off, and lives on', async () => {
    await using proxy = await start(transport, none)
    const socket = connect(proxy).on('error', none)
    socket.write('GET /cut HTTP/1.1\r\nHost: a\r\n\r\n')
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
    await closed(socket)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(await statusOf(proxy)).toBe(200)
    expect(proxy.log).toEqual([])
  })

  it('serves many streams of HTTP/2 at once', async () => {
    await using proxy = await start(transport, none)
    const session = http2.connect(`https://127.0.0.1:${proxy.port}`, { rejectUnauthorized: false })
    const hashes = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const pieces: Buffer[] = []
        for await (const piece of session.request({ ':path': '/many' }))
          pieces.push(piece as Buffer)
        return hashOf(Buffer.concat(pieces))
      }),
    )
    expect(new Set(hashes)).toEqual(new Set([BODY_HASH]))
    session.close()
    await once(session, 'close')
  })

  it('shows the certificate of the name, found at once or later', async () => {
    const context = tls.createSecureContext({ cert: other.certificate, key: other.key })
    await using proxy = await start(transport, (name) => {
      if (name === 'now.example') return context
      return name === 'later.example' ? Promise.resolve(context) : undefined
    })
    const shown = async (servername: string): Promise<string> => {
      const socket = connect(proxy, { servername })
      await once(socket, 'secureConnect')
      const { subject } = socket.getPeerCertificate()
      socket.destroy()
      return String(subject.CN)
    }
    expect(await shown('now.example')).toBe('other.example')
    expect(await shown('later.example')).toBe('other.example')
    expect(await shown('first.example')).toBe('first.example')
  })

  it.each([
    ['fails', () => Promise.reject(new Error('no store'))],
    [
      'throws',
      () => {
        throw new Error('no store')
      },
    ],
  ])('ends a handshake whose certificate %s to be found, and no other', async (_, fail) => {
    await using proxy = await start(transport, (name) =>
      name === 'bad.example' ? fail() : undefined,
    )
    const socket = connect(proxy, { servername: 'bad.example' })
    await expect(once(socket, 'secureConnect')).rejects.toThrow(/./)
    expect(await statusOf(proxy)).toBe(200)
  })

  it('tells a client without TLS what is wrong', async () => {
    await using proxy = await start(transport, none)
    const socket = net.connect(proxy.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    let text = ''
    for await (const piece of socket.setEncoding('latin1')) text += piece as string
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text).toContain('plain HTTP request was sent to HTTPS port')
  })

  it.each([
    ['garbage', '\u0016\u0003\u0001\u0000\u0005hello'],
    ['nothing', ''],
  ])('lets go of a client that sends %s and leaves', async (_, text) => {
    await using proxy = await start(transport, none)
    const socket = net.connect(proxy.port, '127.0.0.1').on('error', none)
    socket.end(text, 'latin1')
    socket.resume()
    await closed(socket)
    expect(await statusOf(proxy)).toBe(200)
  })

  it('ends a handshake that takes too long', async () => {
    await using proxy = await start(transport, none, { headTimeoutMs: 100 })
    const socket = net.connect(proxy.port, '127.0.0.1').on('error', none)
    socket.resume()
    await closed(socket)
  })

  it('ends handshakes under way when it closes', async () => {
    let isAsked = false
    const proxy = await start(transport, () => {
      isAsked = true
      return new Promise(none)
    })
    const socket = connect(proxy).on('error', none)
    await until(() => isAsked)
    await proxy[Symbol.asyncDispose]()
    await closed(socket)
  })

  it('lives on when clients leave at any moment', async () => {
    await using proxy = await start(transport, none)
    for (let turn = 0; turn < 30; turn += 1) {
      const socket = connect(proxy).on('error', none)
      await once(socket, 'secureConnect')
      socket.write('GET /many HTTP/1.1\r\nHost: a\r\n\r\n')
      if (turn % 3 > 0) await once(socket, 'data')
      if (turn % 2 === 0) socket.destroy()
      else socket.end()
    }
    await until(() => proxy.context.counters.active === 0)
    expect(await statusOf(proxy)).toBe(200)
    expect(proxy.log).toEqual([])
  })
})

it('begins no handshake anew on the fast transport', async () => {
  await using proxy = await start('fast', none)
  const socket = connect(proxy, { maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] })
  socket.on('error', none)
  await once(socket, 'secureConnect')
  socket.renegotiate({}, none)
  await closed(socket)
  expect(await statusOf(proxy)).toBe(200)
})

function statusOf(proxy: Proxy): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    https
      .get(
        { port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false, agent: false },
        (response) => response.resume().on('end', () => resolve(response.statusCode)),
      )
      .on('error', reject)
  })
}
