import http2 from 'node:http2'
import { describe, expect, it } from 'vitest'
import {
  Flag,
  frame,
  FrameType,
  literal,
  OPENING,
  readFrames,
  requestFields,
  type Frame,
} from '../../support/http2-frames.ts'
import { connectRaw, type RawClient } from '../../support/raw-client.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

async function start() {
  const upstream = await startUpstream((request, response) => {
    request.resume()
    // What is held is never answered.
    if (request.url !== '/held') request.on('end', () => response.end('fine'))
  })
  const proxy = await startProxy({
    entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
    listen: { http2: true },
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

/** Sends frame after frame as fast as they are taken, until the connection ends or none is left. */
async function flood(client: RawClient, makeFrame: (index: number) => Buffer, count: number) {
  const PER_WRITE = 200
  for (let index = 0; index < count && !client.isClosed; index += PER_WRITE) {
    const frames = Array.from({ length: PER_WRITE }, (_, offset) => makeFrame(index + offset))
    const isTaken = client.socket.write(Buffer.concat(frames))
    await new Promise<void>((resolve) => {
      if (isTaken) setImmediate(resolve)
      else client.socket.once('drain', resolve).once('close', resolve)
    })
  }
}

const framesOf = (client: RawClient) => readFrames(Buffer.from(client.text, 'latin1'))
const byCode = (code: number) => Buffer.from([0, 0, 0, code])
const streamOf = (index: number) => 1 + 2 * index
const headers = (index: number, path = '/api', flags: number = Flag.endStream | Flag.endHeaders) =>
  frame({
    type: FrameType.headers,
    flags,
    stream: streamOf(index),
    payload: requestFields(path),
  })
const always = (made: Frame) => () => frame(made)

/** What clients may do once and not for ever; each ends the connection before all of it is sent. */
const FLOODS: readonly (readonly [name: string, makeFrame: (index: number) => Buffer])[] = [
  ['PING', always({ type: FrameType.ping, payload: Buffer.alloc(8) })],
  ['empty SETTINGS', always({ type: FrameType.settings })],
  ['SETTINGS', always({ type: FrameType.settings, payload: Buffer.from([0, 4, 0, 0, 255, 255]) })],
  [
    'PRIORITY',
    (index) =>
      frame({
        type: FrameType.priority,
        stream: streamOf(index % 1000),
        payload: Buffer.from([0, 0, 0, 0, 1]),
      }),
  ],
  ['frames of no known type', always({ type: 0xbb, payload: Buffer.of(0) })],
  [
    'requests that are reset at once',
    (index) =>
      Buffer.concat([
        headers(index),
        frame({ type: FrameType.rstStream, stream: streamOf(index), payload: byCode(8) }),
      ]),
  ],
  [
    'requests that have the gateway reset them',
    (index) =>
      Buffer.concat([
        headers(index, '/api/held', Flag.endHeaders),
        frame({ type: FrameType.windowUpdate, stream: streamOf(index), payload: byCode(0) }),
      ]),
  ],
  [
    'CONTINUATION',
    (index) =>
      index === 0
        ? headers(0, '/api', Flag.endStream)
        : frame({ type: FrameType.continuation, stream: 1, payload: literal(`x${index}`, 'y') }),
  ],
  [
    'empty CONTINUATION',
    (index) =>
      index === 0
        ? headers(0, '/api', Flag.endStream)
        : frame({ type: FrameType.continuation, stream: 1 }),
  ],
  [
    'empty DATA',
    (index) =>
      index === 0
        ? headers(0, '/api/held', Flag.endHeaders)
        : frame({ type: FrameType.data, stream: 1 }),
  ],
  ['more requests than may be open', (index) => headers(index, '/api/held')],
]

describe('HTTP/2 from hostile clients', () => {
  it.each(FLOODS)('ends a flood of %s, and serves others', async (_, makeFrame) => {
    await using proxy = await start()
    const other = http2.connect(`http://127.0.0.1:${proxy.port}`)
    using client = await connectRaw(proxy.port)
    client.send(OPENING)
    await flood(client, makeFrame, 400_000)
    await client.closes()
    const stream = other.request({ ':path': '/api' })
    let body = ''
    for await (const piece of stream) body += String(piece)
    expect(body).toBe('fine')
    other.destroy()
  })

  it.each([Flag.endHeaders, Flag.endHeaders | Flag.endStream])(
    'does not answer a request that was reset before it was looked at (flags %i)',
    async (flags) => {
      await using proxy = await start()
      using client = await connectRaw(proxy.port)
      // With the code of a good end the stream is closed then, but not destroyed yet.
      const reset = frame({ type: FrameType.rstStream, stream: streamOf(0), payload: byCode(0) })
      client.send(Buffer.concat([OPENING, headers(0, '/nowhere', flags), reset, headers(1)]))
      await until(() => framesOf(client).some(({ type, stream }) => type === 0 && stream === 3))
      expect(framesOf(client).filter(({ stream }) => stream === streamOf(0))).toEqual([])
      expect(proxy.log).toEqual([])
    },
  )

  it('ends a flood of WINDOW_UPDATE when it is next looked at', async () => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(OPENING)
    await flood(client, always({ type: FrameType.windowUpdate, payload: byCode(1) }), 200_000)
    // An answer to this PING tells that all before it has been read.
    client.send(frame({ type: FrameType.ping, payload: Buffer.alloc(8, 'z') }))
    await client.closes()
    expect(proxy.log).toEqual(['warn Closed HTTP/2 connection of 127.0.0.1: flooded with frames'])
  })

  it('leaves a connection alone whose frames are many and whose payload is as well', async () => {
    await using proxy = await start()
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    await new Promise((resolve) => session.once('connect', resolve))
    for (let round = 0; round < 50; round += 1) {
      const stream = session.request({ ':path': '/api', ':method': 'POST' })
      const answered = new Promise((resolve) => stream.resume().once('close', resolve))
      stream.end(Buffer.alloc(10_000))
      await new Promise((resolve, reject) => {
        session.ping((error) => (error ? reject(error) : resolve(undefined)))
      })
      await answered
    }
    expect(session.closed).toBe(false)
    session.destroy()
  })

  it('says how many streams may be open, and that WebSockets may be among them', async () => {
    await using proxy = await start()
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const settings = await new Promise<http2.Settings>((resolve) => {
      session.once('remoteSettings', resolve)
    })
    expect(settings).toMatchObject({ maxConcurrentStreams: 128, enableConnectProtocol: true })
    session.destroy()
  })

  it.each([
    [
      'one large field that is named again and again',
      Buffer.concat([
        // Kept in the table of HPACK, then taken from it by one byte a time.
        Buffer.from([0x40, 1, 'x'.charCodeAt(0), 0x7f, 0xe1, 0x1e]),
        Buffer.alloc(4000, 'y'),
        Buffer.alloc(4000, 0xbe),
      ]),
    ],
    [
      'more fields than any request has',
      Buffer.concat(Array.from({ length: 1500 }, () => literal('x', 'y'))),
    ],
  ])('refuses %s', async (_, bomb) => {
    await using proxy = await start()
    using client = await connectRaw(proxy.port)
    client.send(OPENING)
    const payload = Buffer.concat([requestFields('/api'), bomb])
    client.send(
      frame({
        type: FrameType.headers,
        flags: Flag.endStream | Flag.endHeaders,
        stream: 1,
        payload,
      }),
    )
    client.send(headers(1))
    // The next request on the connection is served, or the connection is at its end.
    await until(() => client.isClosed || client.text.includes('fine'))
    const answers = framesOf(client).filter(({ type, stream }) => {
      return type === FrameType.headers && stream === 1
    })
    expect(proxy.upstream.requests.length).toBeLessThanOrEqual(1)
    for (const { payload: answer } of answers) expect(answer[0]).not.toBe(0x88)
  })
})
