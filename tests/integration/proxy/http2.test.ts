import type http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

let upstream: TestUpstream
let gateway: TestGateway
let session: http2.ClientHttp2Session

beforeAll(async () => {
  upstream = await startUpstream(echo)
  gateway = await startGateway(
    {
      _format_version: '3.0',
      services: [
        {
          name: 'api',
          url: upstream.url,
          routes: [
            { name: 'open', paths: ['/open'] },
            { name: 'guarded', paths: ['/guarded'], plugins: [{ name: 'key-auth' }] },
          ],
        },
      ],
    },
    { proxy_listen: '127.0.0.1:0 ssl http2' },
  )
  session = http2.connect(gateway.url.replace('http:', 'https:'), { rejectUnauthorized: false })
})

afterAll(async () => {
  session.destroy()
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

/** Answers with what was asked; `/open/big` with a mebibyte. */
function echo(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.url === '/big') {
    response.end(Buffer.alloc(1024 * 1024, 'z'))
    return
  }
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    response.setHeader('x-via', request.headers['via'] ?? '')
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    const body = Buffer.concat(pieces).toString()
    response.end(`${request.method} ${request.headers['cookie'] ?? '-'} ${body}`)
  })
}

interface Answer {
  readonly status: number
  readonly headers: http2.IncomingHttpHeaders
  readonly body: Buffer
}

function send(headers: http2.OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined })
    const pieces: Buffer[] = []
    let head: http2.IncomingHttpHeaders = {}
    stream.on('response', (received) => (head = received))
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('error', reject)
    stream.on('end', () =>
      resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(pieces) }),
    )
    if (body !== undefined) stream.end(body)
  })
}

describe('HTTP/2', () => {
  it('proxies streams, joins cookies and says its version in Via', async () => {
    const answer = await send(
      { ':path': '/open', ':method': 'POST', cookie: ['a=1', 'b=2'] },
      'the body',
    )
    expect(answer.status).toBe(200)
    expect(answer.body.toString()).toBe('POST a=1; b=2 the body')
    expect(answer.headers['x-via']).toBe('2 kong/3.9.3')
    expect(answer.headers['via']).toBe('1.1 kong/3.9.3')
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(answer.headers['connection']).toBeUndefined()
  })

  it('runs plugins as over HTTP/1.1', async () => {
    const answer = await send({ ':path': '/guarded' })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Key')
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      message: 'No API key found in request',
    })
  })

  it('carries many streams at once, each with its own answer', async () => {
    const bodies = Array.from({ length: 100 }, (_, index) => `body ${index}`)
    const answers = await Promise.all(
      bodies.map((body) => send({ ':path': '/open', ':method': 'PUT' }, body)),
    )
    expect(answers.map(({ body }) => body.toString())).toEqual(
      bodies.map((body) => `PUT - ${body}`),
    )
  })

  it('streams large bodies both ways', async () => {
    const upload = Buffer.alloc(3 * 1024 * 1024, 'y')
    const echoed = await send({ ':path': '/open', ':method': 'POST' }, upload)
    expect(echoed.body.length).toBe(upload.length + 'POST - '.length)
    const large = await send({ ':path': '/open/big' })
    expect(large.body.equals(Buffer.alloc(1024 * 1024, 'z'))).toBe(true)
  })

  it('refuses a Host that differs from the authority', async () => {
    const answer = await send({ ':path': '/open', ':authority': 'a.example', host: 'b.example' })
    expect(answer.status).toBe(400)
  })

  it('lives on when clients reset their streams', async () => {
    for (let round = 0; round < 20; round += 1) {
      const stream = session.request({ ':path': '/open/big' })
      stream.on('error', () => {})
      stream.close(http2.constants.NGHTTP2_CANCEL)
    }
    expect((await send({ ':path': '/open' })).status).toBe(200)
  })

  it('leaves HTTP/1.1 to clients that choose it', async () => {
    const version = await new Promise<string>((resolve, reject) => {
      const url = `https://127.0.0.1:${gateway.port}/open`
      https
        .get(url, { rejectUnauthorized: false }, (response) => {
          response.resume()
          resolve(response.httpVersion)
        })
        .on('error', reject)
    })
    expect(version).toBe('1.1')
  })
})
