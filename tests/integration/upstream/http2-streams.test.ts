import { describe, expect, it } from 'vitest'
import { Flag, frame, FrameType } from '../../support/http2-frames.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { settings, startFrameUpstream } from '../../support/start-frame-upstream.ts'
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

const get = (path = '/s') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const post = (bytes: number) =>
  `POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`

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
})
