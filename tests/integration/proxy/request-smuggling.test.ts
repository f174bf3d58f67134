import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { reply, startRawUpstream } from '../../support/raw-upstream.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'

const SMUGGLED = 'GET /api/smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST /api/first HTTP/1.1\r\nHost: a\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n'

/** Messages whose end two readers could see in two places. */
const AMBIGUOUS: readonly (readonly [name: string, bytes: string])[] = [
  ['a length before a coding', `${POST}Content-Length: 4\r\n${CHUNKED}\r\n0\r\n\r\n${SMUGGLED}`],
  ['a coding before a length', `${POST}${CHUNKED}Content-Length: 4\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  [
    'a length of 0 beside a coding',
    `${POST}Content-Length: 0\r\n${CHUNKED}\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  ['two lengths', `${POST}Content-Length: 0\r\nContent-Length: 40\r\n\r\n${SMUGGLED}`],
  ['two equal lengths', `${POST}Content-Length: 40\r\nContent-Length: 40\r\n\r\n${SMUGGLED}`],
  ['a list of lengths', `${POST}Content-Length: 40, 40\r\n\r\n${SMUGGLED}`],
  ['a signed length', `${POST}Content-Length: +40\r\n\r\n${SMUGGLED}`],
  ['a negative length', `${POST}Content-Length: -1\r\n\r\n${SMUGGLED}`],
  ['a length with a point', `${POST}Content-Length: 4.0\r\n\r\n${SMUGGLED}`],
  ['a length in hex', `${POST}Content-Length: 0x28\r\n\r\n${SMUGGLED}`],
  ['a length with an underscore', `${POST}Content-Length: 4_0\r\n\r\n${SMUGGLED}`],
  ['a length with a space in it', `${POST}Content-Length: 4 0\r\n\r\n${SMUGGLED}`],
  ['an empty length', `${POST}Content-Length:\r\n\r\n${SMUGGLED}`],
  ['a length beyond all numbers', `${POST}Content-Length: 18446744073709551656\r\n\r\n${SMUGGLED}`],
  ['a length behind a vertical tab', `${POST}Content-Length: \v40\r\n\r\n${SMUGGLED}`],
  ['two codings', `${POST}${CHUNKED}${CHUNKED}\r\n0\r\n\r\n${SMUGGLED}`],
  [
    'a coding and identity',
    `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  ['identity alone', `${POST}Transfer-Encoding: identity\r\n\r\n${SMUGGLED}`],
  ['a quoted coding', `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  [
    'a coding with a parameter',
    `${POST}Transfer-Encoding: chunked;a=1\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  [
    'a coding behind a vertical tab',
    `${POST}Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  [
    'a coding with a letter before it',
    `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  ['an empty coding', `${POST}Transfer-Encoding:\r\n\r\n${SMUGGLED}`],
  ['a coding without a colon', `${POST}Transfer-Encoding\r\n\r\n${SMUGGLED}`],
  [
    'a coding in HTTP/1.0',
    `POST /api/first HTTP/1.0\r\nHost: a\r\n${CHUNKED}\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  ['a space before the colon', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  ['a tab before the colon', `${POST}Content-Length\t: 40\r\n\r\n${SMUGGLED}`],
  ['a folded coding', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  ['a folded field before', `${POST}X: a\r\n Content-Length: 40\r\n\r\n${SMUGGLED}`],
  [
    'a bare line feed in the head',
    `POST /api/first HTTP/1.1\r\nHost: a\nContent-Length: 40\r\n\r\n${SMUGGLED}`,
  ],
  [
    'a bare carriage return',
    `POST /api/first HTTP/1.1\r\nHost: a\rContent-Length: 40\r\n\r\n${SMUGGLED}`,
  ],
  ['a null in a name', `${POST}Content\0-Length: 40\r\n\r\n${SMUGGLED}`],
  ['a null in a value', `${POST}Content-Length: 4\x000\r\n\r\n${SMUGGLED}`],
  ['a field before the name of which is nothing', `${POST}: 40\r\n\r\n${SMUGGLED}`],
  [
    'a space before the first field',
    `POST /api/first HTTP/1.1\r\n Content-Length: 40\r\nHost: a\r\n\r\n${SMUGGLED}`,
  ],
  ['a chunk size with a sign', `${POST}${CHUNKED}\r\n+0\r\n\r\n${SMUGGLED}`],
  ['a chunk size in C', `${POST}${CHUNKED}\r\n0x0\r\n\r\n${SMUGGLED}`],
  ['a chunk size behind a space', `${POST}${CHUNKED}\r\n 0\r\n\r\n${SMUGGLED}`],
  ['a chunk size before a space', `${POST}${CHUNKED}\r\n0 \r\n\r\n${SMUGGLED}`],
  ['a chunk size that wraps around', `${POST}${CHUNKED}\r\n10000000000000000\r\n\r\n${SMUGGLED}`],
  ['an empty chunk size', `${POST}${CHUNKED}\r\n\r\n\r\n${SMUGGLED}`],
  ['a chunk that ends in a bare line feed', `${POST}${CHUNKED}\r\n1\r\na\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk size that ends in a bare line feed', `${POST}${CHUNKED}\r\n0\n\n${SMUGGLED}`],
  ['a line feed in a chunk extension', `${POST}${CHUNKED}\r\n0;a\nb\r\n\r\n${SMUGGLED}`],
  ['a chunk longer than its size', `${POST}${CHUNKED}\r\n1\r\nabc\r\n0\r\n\r\n${SMUGGLED}`],
  ['a trailer that ends in a bare line feed', `${POST}${CHUNKED}\r\n0\r\nX: a\n\r\n${SMUGGLED}`],
]

describe.each(['public', 'fast'] as const)('request smuggling, %s transport', (transport) => {
  it.each(AMBIGUOUS)('refuses %s, and what follows is no request', async (_, bytes) => {
    await using upstream = await startRawUpstream(() => reply('ok'))
    await using proxy = await startProxy({
      entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
      transport,
    })
    using client = await connectRaw(proxy.port)
    client.send(bytes)
    const answers = await client.closes()
    expect(answers).toMatch(/^HTTP\/1\.1 (?:400|501) /)
    expect(answers.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(answers).toContain('\r\nConnection: close\r\n')
    expect(upstream.requests).toEqual([])
  })

  it('frames what it passes on anew, and one message stays one', async () => {
    await using upstream = await startRawUpstream(() => reply('ok'))
    await using proxy = await startProxy({
      entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
      transport,
    })
    using client = await connectRaw(proxy.port)
    const body = `29;ext="0"\r\n${SMUGGLED.padEnd(41)}\r\n0\r\nTrailer: GET / HTTP/1.1\r\n\r\n`
    client.send(`${POST}tRANSFER-eNCODING: cHUNKED\r\n\r\n${body}${SMUGGLED}`)
    await client.sees(/ok[^]*HTTP[^]*ok/)
    expect(upstream.requests.map(({ line }) => line)).toEqual([
      'POST /first HTTP/1.1',
      'GET /smuggled HTTP/1.1',
    ])
    const [first] = upstream.requests
    expect(first!.header('content-length')).toBe('41')
    expect(first!.head).not.toMatch(/transfer-encoding|trailer/i)
    expect(first!.body).toBe(SMUGGLED.padEnd(41))
  })

  it('does not let Connection take away what frames the message', async () => {
    await using upstream = await startRawUpstream(() => reply('ok'))
    await using proxy = await startProxy({
      entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
      transport,
    })
    using client = await connectRaw(proxy.port)
    client.send(
      `${POST}Connection: keep-alive, Content-Length, Host, X-Forwarded-For, X-Drop\r\nX-Drop: 1\r\nContent-Length: 5\r\n\r\nhello`,
    )
    await client.sees('ok')
    const [request] = upstream.requests
    expect(request!.header('content-length')).toBe('5')
    expect(request!.header('x-forwarded-for')).toBe('127.0.0.1')
    expect(request!.header('x-drop')).toBeUndefined()
    expect(request!.body).toBe('hello')
  })
})
