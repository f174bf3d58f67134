import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const HEADER_V1 = 'PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n'
/** 203.0.113.9 port 4660, with an extension of two bytes. */
const HEADER_V2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
  Buffer.from([0x21, 0x11, 0, 17, 203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x34, 1, 187, 4, 0, 2, 0, 0]),
])
const LOCAL_V2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
  Buffer.from([0x20, 0, 0, 0]),
])
const GET = 'GET /api HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/** A proxy that trusts this machine, before an upstream that answers with who it thinks asked. */
async function start(more: Partial<ProxySetup> = {}) {
  const upstream = await startUpstream((request, response) => {
    response.end(
      `client=${request.headers['x-real-ip']} port=${request.headers['x-forwarded-port']}`,
    )
  })
  const ports: number[] = []
  const proxy = await startProxy({
    entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
    onFinished: ({ request }) => ports.push(request.clientPort),
    ...more,
    listen: { proxyProtocol: true, http2: true, ...more.listen },
    context: {
      realIp: {
        header: 'proxy_protocol',
        isRecursive: false,
        isTrusted: (ip) => ip === '127.0.0.1',
      },
      ...more.context,
    },
  })
  return {
    ...proxy,
    upstream,
    ports,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe.each(['fast', 'public'] as const)('PROXY protocol, transport %s', (transport) => {
  it.each([
    ['version 1', HEADER_V1, '203.0.113.7', 56_324],
    ['version 2', HEADER_V2, '203.0.113.9', 4660],
  ])('tells who the client is: %s', async (_, header, ip, port) => {
    await using proxy = await start({ transport })
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([Buffer.from(header as Buffer), Buffer.from(GET)]))
    expect(await client.closes()).toContain(`client=${ip} `)
    expect(proxy.ports).toEqual([port])
  })

  it.each([
    ['a balancer of its own', LOCAL_V2],
    ['a client it cannot name', 'PROXY UNKNOWN\r\n'],
  ])('leaves the peer as the client for %s', async (_, header) => {
    await using proxy = await start({ transport })
    using client = await connectRaw(proxy.port)
    client.send(Buffer.concat([Buffer.from(header as Buffer), Buffer.from(GET)]))
    expect(await client.closes()).toContain('client=127.0.0.1 ')
  })

  it('may come byte by byte', async () => {
    await using proxy = await start({ transport })
    using client = await connectRaw(proxy.port)
    for (const byte of HEADER_V2) {
      client.send(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    client.send(GET)
    expect(await client.closes()).toContain('client=203.0.113.9 ')
  })

  it('is believed of trusted peers only', async () => {
    const isTrusted = () => false
    const realIp = { header: 'proxy_protocol', isRecursive: false, isTrusted }
    await using proxy = await start({ transport, context: { realIp } })
    using client = await connectRaw(proxy.port)
    client.send(HEADER_V1 + GET)
    expect(await client.closes()).toContain('client=127.0.0.1 ')
  })

  it('changes nothing where another header names the client', async () => {
    const realIp = { header: 'x-real-ip', isRecursive: false, isTrusted: () => true }
    await using proxy = await start({ transport, context: { realIp } })
    using client = await connectRaw(proxy.port)
    client.send(HEADER_V1 + GET.replace('\r\n\r\n', '\r\nX-Real-IP: 198.51.100.1\r\n\r\n'))
    expect(await client.closes()).toContain('client=198.51.100.1 ')
  })

  it.each([
    ['none at all', GET],
    ['a broken one', 'PROXY TCP4 203.0.113.7\r\n'],
    ['one that never ends', `PROXY TCP4 ${'1'.repeat(200)}`],
  ])('closes connections with another beginning, and says so: %s', async (_, bytes) => {
    await using proxy = await start({ transport })
    using client = await connectRaw(proxy.port)
    client.send(bytes)
    expect(await client.closes()).toBe('')
    expect(proxy.log).toEqual([
      expect.stringMatching(
        /^warn Closed connection of 127\.0\.0\.1:\d+: PROXY protocol: broken header: "/,
      ),
    ])
    expect(proxy.upstream.requests).toEqual([])
  })

  it('says nothing about balancers that only look whether the port is open', async () => {
    await using proxy = await start({ transport })
    using client = await connectRaw(proxy.port)
    client.socket.end()
    await client.closes()
    expect(proxy.log).toEqual([])
  })

  it('does not wait for ever', async () => {
    await using proxy = await start({ transport, limits: { headTimeoutMs: 60 } })
    using client = await connectRaw(proxy.port)
    client.send('PROXY')
    expect(await client.closes()).toBe('')
    expect(proxy.log[0]).toContain('PROXY protocol: no header in time')
  })

  it('comes before HTTP/2', async () => {
    await using proxy = await start({ transport })
    const socket = net.connect(proxy.port, '127.0.0.1')
    socket.write(HEADER_V1)
    const session = http2.connect('http://a', { createConnection: () => socket })
    const stream = session.request({ ':path': '/api' })
    let body = ''
    for await (const piece of stream) body += String(piece)
    expect(body).toContain('client=203.0.113.7 ')
    session.destroy()
  })

  it('comes before TLS', async () => {
    const { certificate, key } = await selfSignedCertificate('ecdsa')
    const options = { cert: certificate, key }
    await using proxy = await start({
      transport,
      listen: { tls: { options, contextFor: () => undefined } },
    })
    const overTls = async (header: string | Buffer) => {
      const raw = net.connect(proxy.port, '127.0.0.1')
      raw.write(header)
      const socket = tls.connect({ socket: raw, rejectUnauthorized: false })
      socket.write(GET)
      let text = ''
      for await (const piece of socket) text += String(piece)
      return text
    }
    const answers = await Promise.all([overTls(HEADER_V1), overTls(HEADER_V2), overTls(LOCAL_V2)])
    expect(answers.map((answer) => /client=(\S+)/.exec(answer)?.[1])).toEqual([
      '203.0.113.7',
      '203.0.113.9',
      '127.0.0.1',
    ])
    expect(proxy.log).toEqual([])
  })
})

it('leaves listeners without the flag alone', async () => {
  await using proxy = await start({ listen: { proxyProtocol: false } })
  using client = await connectRaw(proxy.port)
  client.send(HEADER_V1 + GET)
  expect(await client.closes()).toMatch(/^HTTP\/1\.1 400/)
  const status = await new Promise((resolve, reject) => {
    http
      .get(`http://127.0.0.1:${proxy.port}/api`, (response) =>
        resolve(response.resume().statusCode),
      )
      .on('error', reject)
  })
  expect(status).toBe(200)
  await until(() => proxy.ports.length === 2)
})
