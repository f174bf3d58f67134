import http from 'node:http'
import http2 from 'node:http2'
import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { startUpstream } from '../../support/start-upstream.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
/** SETTINGS of nothing: what must follow the preface. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
const SETTINGS_SEEN = '\x00\x00\x00\x04\x01\x00\x00\x00\x00'

/** A proxy before an upstream that sends back what it is sent. */
async function start(more: Partial<ProxySetup> = {}) {
  const upstream = await startUpstream((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      response.setHeader(
        'x-saw',
        `${request.headers['via']} ${request.headers['x-forwarded-proto']}`,
      )
      response.end(Buffer.concat(pieces))
    })
  })
  const proxy = await startProxy({
    entities: {
      services: [service('api', upstream.port)],
      routes: [route('api', 'api')],
    },
    listen: { http2: true },
    ...more,
  })
  return {
    ...proxy,
    upstream,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

function post(session: http2.ClientHttp2Session, body: Buffer) {
  return new Promise<{ status: number; saw: string; body: Buffer }>((resolve, reject) => {
    const stream = session.request({ ':path': '/api', ':method': 'POST' })
    const pieces: Buffer[] = []
    let head: http2.IncomingHttpHeaders = {}
    stream.on('response', (received) => (head = received))
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('error', reject)
    stream.on('end', () =>
      resolve({
        status: Number(head[':status']),
        saw: String(head['x-saw']),
        body: Buffer.concat(pieces),
      }),
    )
    stream.end(body)
  })
}

describe.each(['fast', 'public'] as const)('HTTP/2 without TLS, transport %s', (transport) => {
  it('serves clients that know it is spoken', async () => {
    await using proxy = await start({ transport })
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const small = await post(session, Buffer.from('hello'))
    expect(small).toMatchObject({ status: 200, saw: '2 kong/3.9.3 http' })
    const large = Buffer.alloc(2 * 1024 * 1024, 'x')
    const answers = await Promise.all(Array.from({ length: 4 }, () => post(session, large)))
    for (const { body } of answers) expect(body.equals(large)).toBe(true)
    expect(proxy.context.counters).toMatchObject({ accepted: 1, active: 1 })
    session.destroy()
  })

  it('takes a preface in pieces', async () => {
    await using proxy = await start({ transport })
    using client = await connectRaw(proxy.port)
    for (const byte of PREFACE) {
      client.send(byte)
      await new Promise(setImmediate)
    }
    client.send(SETTINGS)
    await client.sees(SETTINGS_SEEN)
  })

  it('serves HTTP/1.1 on the same port', async () => {
    await using proxy = await start({ transport })
    const status = await new Promise((resolve, reject) => {
      http
        .get(`http://127.0.0.1:${proxy.port}/api`, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        .on('error', reject)
    })
    expect(status).toBe(200)
  })

  it('is not taken for it in the middle of a connection, or when it is cut off', async () => {
    await using proxy = await start({ transport })
    using later = await connectRaw(proxy.port)
    later.send(`GET /api HTTP/1.1\r\nHost: a\r\n\r\n`)
    await later.sees('\r\n\r\n')
    later.send(PREFACE)
    expect(await later.closes()).toContain('HTTP/1.1 400')
    using odd = await connectRaw(proxy.port)
    odd.send('PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n')
    expect(await odd.closes()).toMatch(/^HTTP\/1\.1 400/)
  })

  it('is refused where it is not spoken', async () => {
    await using proxy = await start({ transport, listen: {} })
    using client = await connectRaw(proxy.port)
    client.send(PREFACE)
    expect(await client.closes()).toMatch(/^HTTP\/1\.1 400/)
  })

  it('ends with the proxy, after its streams have', async () => {
    await using proxy = await start({ transport })
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    await post(session, Buffer.from('x'))
    const closed = new Promise((resolve) => session.once('close', resolve))
    await proxy.listener.drain(10_000)
    await closed
    expect(proxy.context.counters.active).toBe(0)
  })
})
