import http from 'node:http'
import net from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Flag, frame, FrameType, literal } from '../../support/http2-frames.ts'
import { settings, startFrameUpstream, windowUpdate } from '../../support/start-frame-upstream.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

const STATUS_200 = Buffer.from([0x88])
const PUSH_PROMISE = 5

const headers = (stream: number, block: Buffer, flags = Flag.endHeaders | Flag.endStream) =>
  frame({ type: FrameType.headers, flags, stream, payload: block })
const data = (stream: number, payload: Buffer, flags = 0) =>
  frame({ type: FrameType.data, flags, stream, payload })

async function gatewayTo(port: number) {
  return startProxy({
    entities: {
      services: [service('s', port, { retries: 0, read_timeout: 20_000, connect_timeout: 20_000 })],
      routes: [route('s', 's')],
    },
    speaksHttp2: true,
  })
}

async function ask(port: number) {
  const request = http.get({ port, path: '/s', agent: false })
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const body = await text(response).catch(() => 'broken off')
  return { status: response.statusCode, fields: response.rawHeaders.join('\n'), body }
}

const PROTOCOL_ERROR = 1
const FLOW_CONTROL_ERROR = 3
const STREAM_CLOSED = 5
const COMPRESSION_ERROR = 9
const ENHANCE_YOUR_CALM = 11
const BOMB = Buffer.concat([literal('x-bomb', 'b'.repeat(100))])

describe('an upstream that does not keep to HTTP/2', () => {
  it.each<[what: string, answer: (stream: number) => Buffer[], ending: string]>([
    [
      'a value that ends its line',
      (stream) => [
        headers(stream, Buffer.concat([STATUS_200, literal('x-a', '1\r\nx-stolen: 2')])),
      ],
      `reset ${PROTOCOL_ERROR}`,
    ],
    [
      'a name with a line in it',
      (stream) => [
        headers(stream, Buffer.concat([STATUS_200, literal('x-a: 1\r\nx-stolen', '2')])),
      ],
      `reset ${PROTOCOL_ERROR}`,
    ],
    ['no status', (stream) => [headers(stream, literal('x-a', '1'))], `reset ${PROTOCOL_ERROR}`],
    [
      'another protocol',
      (stream) => [headers(stream, literal(':status', '101'), Flag.endHeaders)],
      `reset ${PROTOCOL_ERROR}`,
    ],
    [
      'an interim head as the last one',
      (stream) => [headers(stream, literal(':status', '103'))],
      `reset ${PROTOCOL_ERROR}`,
    ],
    [
      'two lengths',
      (stream) => [
        headers(
          stream,
          Buffer.concat([
            STATUS_200,
            literal('content-length', '1'),
            literal('content-length', '2'),
          ]),
        ),
      ],
      `reset ${PROTOCOL_ERROR}`,
    ],
    [
      'a body before a head',
      (stream) => [data(stream, Buffer.from('x'))],
      `reset ${PROTOCOL_ERROR}`,
    ],
    [
      'a length that is not kept',
      (stream) => [headers(stream, Buffer.concat([STATUS_200, literal('content-length', '5')]))],
      'reset 8',
    ],
    [
      'more fields than there may be',
      (stream) => [
        headers(stream, STATUS_200, 0),
        ...Array.from({ length: 6 }, (_, index) =>
          frame({
            type: FrameType.continuation,
            flags: index === 5 ? Flag.endHeaders : 0,
            stream,
            payload: Buffer.concat(Array.from({ length: 110 }, () => BOMB)),
          }),
        ),
      ],
      `reset ${PROTOCOL_ERROR}`,
    ],
    [
      'few bytes that say very much',
      (stream) => [
        headers(
          stream,
          Buffer.concat([
            STATUS_200,
            Buffer.from([
              0x40,
              3,
              ...Buffer.from('x-a'),
              127,
              128 + ((3000 - 127) % 128),
              (3000 - 127) >> 7,
            ]),
            Buffer.alloc(3000, 'b'),
            Buffer.alloc(10_000, 0xbe),
          ]),
        ),
      ],
      `reset ${PROTOCOL_ERROR}`,
    ],
    [
      'a head that cannot be decoded',
      (stream) => [headers(stream, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]))],
      `goaway ${COMPRESSION_ERROR}`,
    ],
    [
      'a body of a stream that nobody opened',
      (stream) => [data(stream + 2, Buffer.from('x'))],
      `goaway ${PROTOCOL_ERROR}`,
    ],
    ['a head of a stream of its own', () => [headers(2, STATUS_200)], `goaway ${PROTOCOL_ERROR}`],
    [
      'a promise to push',
      (stream) => [
        frame({
          type: PUSH_PROMISE,
          flags: Flag.endHeaders,
          stream,
          payload: Buffer.from([0, 0, 0, 2, 0x82]),
        }),
      ],
      `goaway ${PROTOCOL_ERROR}`,
    ],
    ['that it can be pushed to', () => [settings([2, 1])], `goaway ${PROTOCOL_ERROR}`],
    ['a window of nothing', () => [windowUpdate(0, 0)], `goaway ${PROTOCOL_ERROR}`],
    ['too large a window', () => [windowUpdate(0, 0x7fffffff)], `goaway ${FLOW_CONTROL_ERROR}`],
    ['too large a first window', () => [settings([4, 0x80000000])], `goaway ${FLOW_CONTROL_ERROR}`],
    [
      'too large a window of a stream',
      (stream) => [windowUpdate(stream, 0x7fffffff)],
      `reset ${FLOW_CONTROL_ERROR}`,
    ],
    [
      'a reset of a stream that nobody opened',
      () => [frame({ type: FrameType.rstStream, stream: 9, payload: Buffer.alloc(4) })],
      `goaway ${PROTOCOL_ERROR}`,
    ],
    [
      'CONTINUATION without end',
      (stream) => [
        headers(stream, STATUS_200, 0),
        ...Array.from({ length: 50 }, () => frame({ type: FrameType.continuation, stream })),
      ],
      `goaway ${ENHANCE_YOUR_CALM}`,
    ],
    [
      'more settings than there are',
      () => [settings(...Array.from({ length: 40 }, () => [3, 100] as const))],
      `goaway ${ENHANCE_YOUR_CALM}`,
    ],
  ])('says %s, and is an upstream that failed', async (_, answer, ending) => {
    await using upstream = await startFrameUpstream((peer, stream) => peer.send(answer(stream)))
    await using proxy = await gatewayTo(upstream.port)
    const { status, fields } = await ask(proxy.port)
    expect(status).toBe(502)
    expect(fields).not.toMatch(/stolen|bomb/)
    await until(() => upstream.endings.length > 0)
    expect(upstream.endings).toEqual([ending])
  })

  it.each<[what: string, flood: Buffer]>([
    ['SETTINGS', settings()],
    ['PING', frame({ type: FrameType.ping, payload: Buffer.alloc(8) })],
  ])('is left when it says nothing but %s', async (_, flood) => {
    await using upstream = await startFrameUpstream((peer) =>
      peer.send(Array.from({ length: 300_000 }, () => flood)),
    )
    await using proxy = await gatewayTo(upstream.port)
    expect((await ask(proxy.port)).status).toBe(502)
    expect(proxy.log).toContain(
      `warn Upstream 127.0.0.1:${upstream.port} floods the gateway with frames`,
    )
  })

  it('may not send more than it was let', async () => {
    await using upstream = await startFrameUpstream((peer, stream) => {
      peer.send([headers(stream, STATUS_200, Flag.endHeaders)])
      const piece = data(stream, Buffer.alloc(16_384, 'x'))
      // A client that does not read holds back the stream, whatever the upstream makes of it.
      for (let sent = 0; sent < 256; sent += 1) peer.send([piece, piece, piece, piece])
    })
    await using proxy = await gatewayTo(upstream.port)
    const socket = net.connect(proxy.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write('GET /s HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => upstream.endings.length > 0)
    // What has come besides is on a stream that is no more.
    expect(upstream.endings[0]).toBe(`reset ${FLOW_CONTROL_ERROR}`)
    socket.destroy()
  })

  it('may send what was on its way when a stream was reset, and not more', async () => {
    let late: (bytes: number) => void = () => {}
    await using upstream = await startFrameUpstream((peer, stream) => {
      if (peer.streams.length > 1) {
        peer.send([headers(stream, STATUS_200)])
        return
      }
      late = (pieces) => {
        for (let sent = 0; sent < pieces; sent += 1)
          peer.send([data(stream, Buffer.alloc(16_384, 'x'))])
      }
    })
    await using proxy = await gatewayTo(upstream.port)
    const leaving = net.connect(proxy.port, '127.0.0.1')
    leaving.write('GET /s HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => upstream.peers.length === 1)
    await until(() => proxy.context.counters.writing === 1)
    leaving.destroy()
    await until(() => upstream.endings.length === 1)
    late(16)
    expect((await ask(proxy.port)).status).toBe(200)
    late(1)
    await until(() => upstream.endings.length === 2)
    expect(upstream.endings).toEqual(['reset 8', `goaway ${STREAM_CLOSED}`])
    expect(upstream.peers).toHaveLength(1)
  })

  it('is asked over another session once it has broken one', async () => {
    let turn = 0
    await using upstream = await startFrameUpstream((peer, stream) => {
      turn += 1
      peer.send([turn === 1 ? windowUpdate(0, 0) : headers(stream, STATUS_200)])
    })
    await using proxy = await gatewayTo(upstream.port)
    expect((await ask(proxy.port)).status).toBe(502)
    expect((await ask(proxy.port)).status).toBe(200)
    expect(upstream.peers).toHaveLength(2)
  })

  it('may pad, ask for an answer to PING, say what nobody knows, and cut its bytes anywhere', async () => {
    await using upstream = await startFrameUpstream((peer, stream) => {
      const all = Buffer.concat([
        frame({ type: 0xbe, stream, payload: Buffer.from('unknown') }),
        frame({ type: FrameType.ping, payload: Buffer.from('12345678') }),
        settings([1, 0], [4, 100_000]),
        headers(stream, Buffer.concat([STATUS_200, literal('x-a', '1')]), Flag.endHeaders),
        frame({
          type: FrameType.data,
          flags: 8 | Flag.endStream,
          stream,
          payload: Buffer.from('\x03body\0\0\0'),
        }),
      ])
      let at = 0
      const next = (): void => {
        if (at === all.length) return
        peer.socket.write(all.subarray(at, at + 1))
        at += 1
        setImmediate(next)
      }
      next()
    })
    await using proxy = await gatewayTo(upstream.port)
    for (let time = 0; time < 4; time += 1)
      expect(await ask(proxy.port)).toMatchObject({ status: 200, body: 'body' })
    expect(upstream.endings).toEqual([])
  })
})
