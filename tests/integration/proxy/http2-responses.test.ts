import http2 from 'node:http2'
import { describe, expect, it } from 'vitest'
import { startRawUpstream } from '../../support/raw-upstream.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'

interface Seen {
  readonly status: number
  readonly headers: http2.IncomingHttpHeaders
  readonly raw: readonly string[]
  readonly trailers: readonly string[]
  readonly body: string
}

/** Asks over HTTP/2 for what an upstream answers in so many words of HTTP/1.1. */
async function seenOf(answer: string): Promise<Seen> {
  await using upstream = await startRawUpstream(() => answer)
  await using proxy = await startProxy({
    entities: { services: [service('api', upstream.port)], routes: [route('api', 'api')] },
    listen: { http2: true },
  })
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
  try {
    return await new Promise<Seen>((resolve, reject) => {
      const stream = session.request({ ':path': '/api', te: 'trailers' })
      let headers: http2.IncomingHttpHeaders = {}
      let raw: readonly string[] = []
      let trailers: readonly string[] = []
      let body = ''
      stream.on('response', (received, _flags, lines) => {
        headers = received
        raw = lines
      })
      stream.on('trailers', (_received, _flags, lines) => {
        trailers = lines
      })
      stream.setEncoding('latin1')
      stream.on('data', (piece: string) => (body += piece))
      stream.on('error', reject)
      stream.on('end', () =>
        resolve({ status: Number(headers[':status']), headers, raw, trailers, body }),
      )
    })
  } finally {
    session.destroy()
  }
}

const ok = (fields: string, status = '200 OK') =>
  `HTTP/1.1 ${status}\r\nContent-Length: 2\r\n${fields}\r\nhi`
const withTrailers = (trailers: string) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n${trailers}\r\n`

const valuesOf = (raw: readonly string[], name: string) =>
  raw.filter((_, index) => index % 2 === 1 && raw[index - 1] === name)

describe('answers of upstreams over HTTP/2', () => {
  it.each(['ETag', 'Content-Type', 'Location', 'Access-Control-Allow-Credentials'])(
    'passes on a repeated %s as over HTTP/1.1',
    async (name) => {
      const { status, raw, body } = await seenOf(ok(`${name}: a\r\n${name}: b\r\n`))
      expect({ status, body }).toEqual({ status: 200, body: 'hi' })
      expect(valuesOf(raw, name.toLowerCase())).toEqual(['a', 'b'])
    },
  )

  it.each(['TE: gzip', 'HTTP2-Settings: AAM', 'Upgrade: h2c', 'Proxy-Connection: close'])(
    'leaves out %s, which is about the connection to the upstream',
    async (line) => {
      const { status, headers, body } = await seenOf(ok(`${line}\r\n`))
      expect({ status, body }).toEqual({ status: 200, body: 'hi' })
      expect(Object.keys(headers)).not.toContain(line.split(':')[0]!.toLowerCase())
    },
  )

  it('says 502 for a status that HTTP/2 has no class for', async () => {
    const { status, headers, body } = await seenOf(ok('X-Kept: 1\r\n', '999 Denied'))
    expect({ status, body, kept: headers['x-kept'] }).toEqual({
      status: 502,
      body: 'hi',
      kept: '1',
    })
  })

  it('passes on repeated trailers, and none about the connection', async () => {
    const { trailers, body } = await seenOf(
      withTrailers('ETag: a\r\nHTTP2-Settings: AAM\r\nETag: b\r\n'),
    )
    expect(body).toBe('hi')
    expect(trailers).toEqual(['etag', 'a', 'etag', 'b'])
  })

  it('says no length for a status that has no body', async () => {
    const { status, headers, body } = await seenOf(
      'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    )
    expect([status, headers['content-length'], body]).toEqual([204, undefined, ''])
  })
})
