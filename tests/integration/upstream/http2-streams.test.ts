import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UpstreamSession } from '../../../src/proxy/http2-upstream/upstream-session.ts'
import { UpstreamStream } from '../../../src/proxy/http2-upstream/upstream-stream.ts'
import { Flag, frame, FrameType, literal, type Frame } from '../../support/http2-frames.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { settings, startFrameUpstream, windowUpdate } from '../../support/start-frame-upstream.ts'
import { route, service, startProxy, type ProxySetup } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

/** Of a service: longer than any test, which moves the clock by less unless that is what it is about. */
const LONG_MS = 1_000_000

interface Setup extends Partial<ProxySetup> {
  readonly service?: object
  readonly route?: object
}

async function gatewayTo(port: number, setup: Setup = {}) {
  const times = { connect_timeout: LONG_MS, read_timeout: LONG_MS, write_timeout: LONG_MS }
  return startProxy({
    entities: {
      services: [service('s', port, { retries: 0, ...times, ...setup.service })],
      routes: [route('s', 's', setup.route)],
    },
    speaksHttp2: true,
    ...setup,
  })
}

/** A head that says no more than that all is well. */
const ok = (stream: number, flags = Flag.endHeaders | Flag.endStream): Buffer =>
  frame({ type: FrameType.headers, flags, stream, payload: Buffer.from([0x88]) })

/** RST_STREAM of what the upstream has done nothing about. */
const refusal = (stream: number): Buffer =>
  frame({ type: FrameType.rstStream, stream, payload: Buffer.from([0, 0, 0, 7]) })

const get = (path = '/s') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const post = (bytes: number) =>
  `POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`

const isEnd = ({ type, flags }: Frame): boolean =>
  type === FrameType.data && ((flags ?? 0) & Flag.endStream) !== 0
const dataBytes = (frames: readonly Required<Frame>[]): number =>
  frames
    .filter(({ type }) => type === FrameType.data)
    .reduce((bytes, { payload }) => bytes + payload.length, 0)

const INITIAL_WINDOW = 4
/** A flag of DATA. */
const PADDED = 8
const MOST_STREAMS = 3
const LARGEST_WINDOW = 0x7fffffff
/** No window holds anything back: whoever does not read fills the connection. */
const WIDE_OPEN = [
  settings([INITIAL_WINDOW, LARGEST_WINDOW]),
  windowUpdate(0, LARGEST_WINDOW - 65_535),
]
/** More than the system takes for a connection that is not read. */
const LARGE_BYTES = 32 * 1024 * 1024

/** Waits until a session cannot hand over what it has to send. */
function untilCongested(): () => Promise<void> {
  const asked = vi.spyOn(UpstreamSession.prototype, 'isCongested', 'get')
  return () => until(() => asked.mock.results.some(({ value }) => value === true))
}

afterEach(() => vi.restoreAllMocks())

describe('streams of one session to an upstream', () => {
  it('begin in the order of their ids, also where one has a body in a file', async () => {
    await using upstream = await startFrameUpstream((peer, stream) => peer.send([ok(stream)]), {
      opening: () => [],
    })
    await using proxy = await gatewayTo(upstream.port)
    using first = await connectRaw(proxy.port)
    using second = await connectRaw(proxy.port)
    // Both wait for the session, and are sent in one turn when the upstream has said its settings.
    first.send(post(100_000))
    await until(() => upstream.peers.length === 1)
    second.send(get())
    await until(() => proxy.context.counters.requests === 2)
    upstream.peers[0]!.send([settings()])
    await first.sees('HTTP/1.1 200')
    await second.sees('HTTP/1.1 200')
    expect(upstream.peers[0]!.streams).toEqual([1, 3])
    expect(upstream.peers).toHaveLength(1)
    expect(upstream.endings).not.toContain('goaway 1')
  })

  it('leave no connection behind where the upstream reads nothing any more', async () => {
    const congested = untilCongested()
    const closed = vi.spyOn(UpstreamSession.prototype, 'onClosed')
    await using upstream = await startFrameUpstream(() => {}, { opening: () => WIDE_OPEN })
    await using proxy = await gatewayTo(upstream.port, {
      limits: { bufferedBodyBytes: LARGE_BYTES },
      service: { write_timeout: 10_000 },
    })
    using waiting = await connectRaw(proxy.port)
    waiting.send(get())
    await until(() => upstream.peers[0]?.streams.length === 1)
    upstream.peers[0]!.socket.pause()
    using sending = await connectRaw(proxy.port)
    sending.send(post(LARGE_BYTES))
    await congested()
    waiting.socket.destroy()
    proxy.context.wheel.advance(Date.now() + 11_000)
    await sending.sees('HTTP/1.1 504')
    await until(() => closed.mock.calls.length === 1)
  })
})

describe('the window of a stream to an upstream', () => {
  it('is given back also where nothing but padding has used it', async () => {
    await using upstream = await startFrameUpstream((peer, stream) => {
      const padding = frame({
        type: FrameType.data,
        flags: PADDED,
        stream,
        payload: Buffer.from([255, ...Buffer.alloc(255)]),
      })
      // Half of what it may send.
      peer.send([ok(stream, Flag.endHeaders), ...Array.from({ length: 512 }, () => padding)])
    })
    await using proxy = await gatewayTo(upstream.port)
    using client = await connectRaw(proxy.port)
    client.send(get())
    await until(() =>
      upstream.peers.some(({ frames }) =>
        frames.some(({ type, stream }) => type === FrameType.windowUpdate && stream === 1),
      ),
    )
  })
})

describe('how many streams an upstream takes at once', () => {
  it('is what the session itself has said, whatever another has', async () => {
    await using upstream = await startFrameUpstream((peer, stream) => peer.send([ok(stream)]), {
      opening: (connection) => [connection === 0 ? settings([MOST_STREAMS, 0]) : settings()],
    })
    await using proxy = await gatewayTo(upstream.port)
    using refused = await connectRaw(proxy.port)
    refused.send(get())
    await refused.sees('HTTP/1.1 502')
    using client = await connectRaw(proxy.port)
    client.send(get())
    await client.sees('HTTP/1.1 200')
    client.send(get())
    await client.sees(/HTTP.1.1 200[^]*HTTP.1.1 200/)
    expect(upstream.peers.map(({ streams }) => streams)).toEqual([[], [1, 3]])
  })

  it('is what it has when it refuses another, which is asked for over a further session', async () => {
    await using upstream = await startFrameUpstream((peer, stream) => {
      const isFirst = peer === upstream.peers[0]
      if (isFirst && stream > 1) peer.send([refusal(stream)])
      else if (!isFirst) peer.send([ok(stream)])
    })
    await using proxy = await gatewayTo(upstream.port)
    using holding = await connectRaw(proxy.port)
    holding.send(get())
    await until(() => upstream.peers[0]?.streams.length === 1)
    using client = await connectRaw(proxy.port)
    client.send(get())
    await client.sees('HTTP/1.1 200')
    expect(upstream.peers.map(({ streams }) => streams)).toEqual([[1, 3], [1]])
    upstream.peers[0]!.send([ok(1)])
    await holding.sees('HTTP/1.1 200')
  })
})

describe('the time of a stream to an upstream', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  /** Lets time pass, at whose end all that is due by then is over. */
  const pass = (proxy: Awaited<ReturnType<typeof gatewayTo>>, ms: number): void => {
    vi.setSystemTime(Date.now() + ms)
    proxy.context.wheel.advance(Date.now())
  }

  it('to answer is not renewed by what another stream has sent', async () => {
    const congested = untilCongested()
    await using upstream = await startFrameUpstream(() => {}, { opening: () => WIDE_OPEN })
    await using proxy = await gatewayTo(upstream.port, {
      limits: { bufferedBodyBytes: LARGE_BYTES },
      service: { read_timeout: 10_000 },
    })
    using waiting = await connectRaw(proxy.port)
    using sending = await connectRaw(proxy.port)
    waiting.send(get())
    await until(() => upstream.peers[0]?.streams.length === 1)
    const [peer] = upstream.peers
    peer!.socket.pause()
    sending.send(post(LARGE_BYTES))
    await congested()
    pass(proxy, 8000)
    peer!.socket.resume()
    await until(() => peer!.frames.some(isEnd))
    peer!.send([ok(3)])
    await sending.sees('HTTP/1.1 200')
    pass(proxy, 4000)
    await waiting.sees('HTTP/1.1 504')
  })

  it('to take more begins anew with each part that it has taken', async () => {
    await using upstream = await startFrameUpstream(() => {}, {
      opening: () => [settings([INITIAL_WINDOW, 0])],
    })
    await using proxy = await gatewayTo(upstream.port, { service: { write_timeout: 10_000 } })
    using client = await connectRaw(proxy.port)
    client.send(post(100))
    await until(() => upstream.peers[0]?.streams.length === 1)
    const [peer] = upstream.peers
    for (const sentBytes of [30, 60, 90]) {
      pass(proxy, 8000)
      peer!.send([windowUpdate(1, 30)])
      await until(() => dataBytes(peer!.frames) === sentBytes)
    }
    pass(proxy, 12_000)
    await client.sees('HTTP/1.1 504')
  })

  it('is that to answer, once it has taken the last of a request that had to wait', async () => {
    await using upstream = await startFrameUpstream(() => {}, {
      opening: () => [settings([INITIAL_WINDOW, 0])],
    })
    await using proxy = await gatewayTo(upstream.port, { service: { write_timeout: 10_000 } })
    using client = await connectRaw(proxy.port)
    client.send(post(100))
    await until(() => upstream.peers[0]?.streams.length === 1)
    const [peer] = upstream.peers
    peer!.send([windowUpdate(1, 100)])
    await until(() => peer!.frames.some(isEnd))
    pass(proxy, 20_000)
    peer!.send([ok(1)])
    await client.sees('HTTP/1.1 200')
  })
  it('does not pass while it is held back for its client, whatever of the request goes out', async () => {
    const held = vi.spyOn(UpstreamStream.prototype, 'pause')
    await using upstream = await startFrameUpstream(
      (peer, stream) => peer.send([ok(stream, Flag.endHeaders)]),
      { opening: () => [settings([INITIAL_WINDOW, 0])] },
    )
    await using proxy = await gatewayTo(upstream.port, {
      service: { read_timeout: 10_000, write_timeout: 10_000 },
      route: { response_buffering: false },
    })
    using client = await connectRaw(proxy.port)
    client.socket.pause()
    client.send(post(100))
    await until(() => upstream.peers[0]?.streams.length === 1)
    const [peer] = upstream.peers
    const piece = frame({ type: FrameType.data, stream: 1, payload: Buffer.alloc(16_384, 'y') })
    let sentPieces = 0
    await until(() => {
      // Half of the first window, and as much again each time that it is given back.
      const given = peer!.frames.filter(
        ({ type, stream }) => type === FrameType.windowUpdate && stream === 1,
      )
      for (; sentPieces < (given.length + 1) * 8; sentPieces += 1) peer!.send([piece])
      return held.mock.calls.length > 0
    })
    peer!.send([windowUpdate(1, 100)])
    await until(() => peer!.frames.some(isEnd))
    pass(proxy, 20_000)
    peer!.send([frame({ type: FrameType.data, flags: Flag.endStream, stream: 1 })])
    client.socket.resume()
    const answer = await client.sees(/\r\n0\r\n\r\n$/)
    const body = answer.slice(answer.indexOf('\r\n\r\n'))
    expect(body.split('y').length - 1).toBe(sentPieces * 16_384)
    expect(upstream.endings).toEqual([])
  })

  it('to answer begins anew with each head before the answer', async () => {
    await using upstream = await startFrameUpstream(() => {})
    await using proxy = await gatewayTo(upstream.port, { service: { read_timeout: 10_000 } })
    using client = await connectRaw(proxy.port)
    client.send(get())
    await until(() => upstream.peers[0]?.streams.length === 1)
    const [peer] = upstream.peers
    const acknowledged = () => peer!.frames.filter(({ type }) => type === FrameType.ping).length
    for (const times of [1, 2, 3]) {
      pass(proxy, 8000)
      peer!.send([
        frame({
          type: FrameType.headers,
          flags: Flag.endHeaders,
          stream: 1,
          payload: literal(':status', '102'),
        }),
        frame({ type: FrameType.ping, payload: Buffer.alloc(8) }),
      ])
      await until(() => acknowledged() === times)
    }
    pass(proxy, 8000)
    peer!.send([ok(1)])
    await client.sees('HTTP/1.1 200')
  })
})
