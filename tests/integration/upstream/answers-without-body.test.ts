import { describe, expect, it } from 'vitest'
import { responseRateLimiting } from '../../../src/plugins/response-ratelimiting/plugin.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { reply, startRawUpstream } from '../../support/raw-upstream.ts'
import { plugin, route, service, startProxy } from '../../support/start-proxy.ts'

const GET = 'GET /api HTTP/1.1\r\nHost: a\r\n\r\n'

describe.each(['public', 'fast'] as const)('answers with the %s transport', (transport) => {
  it('of status 204 say no length, whatever the upstream says', async () => {
    await using upstream = await startRawUpstream(({ turn }) =>
      turn === 0
        ? 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nX-Kept: 1\r\n\r\n'
        : reply('next'),
    )
    await using proxy = await startProxy({
      entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
      transport,
    })
    using client = await connectRaw(proxy.port)
    client.send(GET)
    const head = await client.sees('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 204 No Content\r\n/)
    expect(head).toContain('X-Kept: 1\r\n')
    expect(head).not.toMatch(/content-length/i)
    client.send(GET)
    expect(await client.sees('next')).toMatch(/\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })

  it('that a plugin empties say so by their length', async () => {
    const answers = [
      reply('hello', 'X-Kong-Limit: video=1\r\n'),
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kong-Limit: video=1\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'HTTP/1.1 204 No Content\r\nX-Kong-Limit: video=1\r\n\r\n',
    ]
    let asked = 0
    await using upstream = await startRawUpstream(
      () => [reply('used up', 'X-Kong-Limit: video=1\r\n'), ...answers][asked++],
    )
    await using proxy = await startProxy({
      entities: {
        services: [service('api', upstream.port)],
        routes: [route('api', 'api')],
        plugins: [plugin('response-ratelimiting', CONFIG)],
      },
      plugins: [responseRateLimiting],
      transport,
    })
    using client = await connectRaw(proxy.port)
    client.send(GET)
    await client.sees('used up')
    for (const [index] of answers.entries()) {
      const before = client.text.length
      client.send(GET)
      await client.sees(new RegExp(`^[^]{${before}}[^]*\r\n\r\n$`))
      const answer = client.text.slice(before)
      expect([index, answer]).toEqual([index, expect.stringMatching(/^HTTP\/1\.1 429 /)])
      expect(answer).toContain('Content-Length: 0\r\n')
      expect(answer).not.toMatch(/transfer-encoding/i)
    }
  })
})

const CONFIG = { limits: { video: { minute: 1 } }, policy: 'local', limit_by: 'ip' }
