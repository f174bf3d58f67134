import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

/** An upstream that opens tunnels and sends back what comes in them, in capital letters. */
const upstream = http.createServer((_, response) => void response.end('no tunnel'))
const tunnels: { readonly request: http.IncomingMessage; readonly socket: Socket }[] = []
upstream.on('upgrade', (request, socket: Socket) => {
  if (request.url === '/ignored') {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    return
  }
  if (request.url === '/refused') {
    socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno')
    return
  }
  tunnels.push({ request, socket })
  socket.on('error', () => {})
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Accept: whatever\r\nSec-WebSocket-Protocol: chat\r\n\r\nhello',
  )
  socket.on('data', (bytes) => socket.write(bytes.toString('latin1').toUpperCase(), 'latin1'))
  socket.on('end', () => socket.end('bye'))
})

let proxy: Awaited<ReturnType<typeof startProxy>>
let session: http2.ClientHttp2Session
/** Of exchanges that are over. */
const statuses: number[] = []

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    upstream.listen(0, '127.0.0.1', resolve)
  })
  const { port } = upstream.address() as AddressInfo
  proxy = await startProxy({
    entities: { services: [service('api', port)], routes: [route('api', 'api')] },
    listen: { http2: true },
    onFinished: ({ response }) => statuses.push(response.status),
  })
  session = http2.connect(`http://127.0.0.1:${proxy.port}`)
  await new Promise((resolve) => session.once('remoteSettings', resolve))
})

afterAll(async () => {
  session.destroy()
  await proxy[Symbol.asyncDispose]()
  upstream.closeAllConnections()
  upstream.close()
})

interface Tunnel {
  readonly stream: http2.ClientHttp2Stream
  readonly head: http2.IncomingHttpHeaders
  readonly text: () => string
}

async function open(more: http2.OutgoingHttpHeaders = {}): Promise<Tunnel> {
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':path': '/api/chat',
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'chat',
    ...more,
  })
  let text = ''
  stream.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  stream.on('error', () => {})
  const head = await new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
    stream.once('response', resolve)
    stream.once('close', () => reject(new Error('No answer')))
  })
  return { stream, head, text: () => text }
}

describe('a WebSocket over HTTP/2', () => {
  it('is a stream with status 200, and an upgrade for the upstream', async () => {
    const { stream, head, text } = await open()
    expect(head[':status']).toBe(200)
    expect(head['sec-websocket-protocol']).toBe('chat')
    expect(head['sec-websocket-accept']).toBeUndefined()
    expect(head['upgrade']).toBeUndefined()
    await until(() => text() === 'hello')
    const { request } = tunnels.at(-1)!
    expect(request).toMatchObject({ method: 'GET', url: '/chat' })
    expect(request.headers).toMatchObject({
      upgrade: 'websocket',
      connection: 'keep-alive, Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': expect.stringMatching(/^[\w+/]{22}==$/),
    })
    expect(request.headers['content-length']).toBeUndefined()
    stream.write('ping')
    await until(() => text() === 'helloPING')
    stream.close()
  })

  it('is not open where the upstream answers as if nobody had asked for it', async () => {
    const { stream, head, text } = await open({ ':path': '/api/ignored' })
    expect(head[':status']).toBe(502)
    await until(() => stream.closed && text() === 'ok')
  })

  it('carries much, both ways, beside other streams', async () => {
    const { stream, text } = await open()
    const sent = 'abcdefgh'.repeat(64 * 1024)
    stream.write(sent)
    const other = session.request({ ':path': '/api' })
    let body = ''
    for await (const piece of other) body += String(piece)
    expect(body).toBe('no tunnel')
    await until(() => text().length === 'hello'.length + sent.length)
    expect(text() === `hello${sent.toUpperCase()}`).toBe(true)
    stream.close()
  })

  it('is closed from one side and the other', async () => {
    const byClient = await open()
    const closed = new Promise((resolve) => byClient.stream.once('close', resolve))
    byClient.stream.end()
    await closed
    expect(byClient.text()).toBe('hellobye')
    expect(byClient.stream.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR)

    const byUpstream = await open()
    const ended = new Promise((resolve) => byUpstream.stream.once('end', resolve))
    tunnels.at(-1)!.socket.end('last')
    await ended
    expect(byUpstream.text()).toBe('hellolast')
    byUpstream.stream.end()
  })

  it('is broken off for the upstream when the client resets it', async () => {
    const { stream } = await open()
    const { socket } = tunnels.at(-1)!
    const closed = new Promise((resolve) => socket.once('close', resolve))
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await closed
  })

  it('passes on a refusal', async () => {
    const { stream, head, text } = await open({ ':path': '/api/refused' })
    expect(head[':status']).toBe(426)
    await new Promise((resolve) => stream.once('close', resolve))
    expect(text()).toBe('no')
  })

  it.each([
    ['another protocol', { ':protocol': 'connect-udp' }, 501],
    ['a body', { 'content-length': '5' }, 400],
    ['a path without a route', { ':path': '/nowhere' }, 404],
  ])('is refused with %s', async (_, more, status) => {
    const { head, stream } = await open(more)
    expect(head[':status']).toBe(status)
    stream.close()
  })

  it('is refused without CONNECT', async () => {
    await expect(open({ ':method': 'GET' })).rejects.toThrow('No answer')
  })

  it('is logged once, when it is over', async () => {
    const before = statuses.length
    const { stream } = await open()
    expect(statuses.length).toBe(before)
    stream.close()
    await until(() => statuses.length === before + 1)
    expect(statuses.at(-1)).toBe(101)
    await until(() => proxy.context.counters.writing === 0)
  })
})
