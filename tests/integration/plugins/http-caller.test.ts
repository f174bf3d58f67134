import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import { httpCaller } from '../../../src/plugin-kit/http-caller.ts'

async function listening(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const echo: RequestListener = (request, response) => {
  response.end(`${request.method} ${request.url} of ${request.headers.host}`)
}

function shownTo({ headers }: IncomingMessage): string {
  const shown = headers['proxy-authorization']
  return shown === undefined ? '' : ` as ${shown}`
}

/** A forward proxy: it tells what it was asked, and opens tunnels where it is allowed to. */
function forwardProxy(allowsTunnels = true) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}${shownTo(request)}`)
    response.end('from the proxy')
  })
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}${shownTo(request)}`)
    if (!allowsTunnels) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const port = Number(request.url!.split(':')[1])
    const other = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      other.pipe(socket).pipe(other)
    })
    other.on('close', () => socket.destroy())
    socket.on('close', () => other.destroy())
  })
  return { asked, server }
}

const PLAIN = { timeoutMs: 10_000, verifiesTls: false }
const get = (url: string) => ({ url: new URL(url), method: 'GET', headers: {} })

describe('httpCaller()', () => {
  let tls: { readonly cert: string; readonly key: string }
  beforeAll(async () => {
    const { certificate, key } = await selfSignedCertificate('rsa')
    tls = { cert: certificate, key }
  })

  it('keeps connections for calls to come', async () => {
    const ports = new Set<number | undefined>()
    await using server = await listening(
      createServer((request, response) => {
        ports.add(request.socket.remotePort)
        response.end()
      }),
    )
    const caller = httpCaller({ ...PLAIN, keepAliveMs: 10_000 })
    for (const path of ['a', 'b', 'c'])
      await caller.call(get(`http://127.0.0.1:${server.port}/${path}`))
    caller.dispose()
    expect(ports.size).toBe(1)
  })

  it('looks at certificates only where it is told to', async () => {
    await using server = await listening(createTlsServer(tls, echo))
    const url = `https://127.0.0.1:${server.port}/x?y`
    const reply = await httpCaller(PLAIN).call(get(url))
    expect(reply.body.toString()).toBe(`GET /x?y of 127.0.0.1:${server.port}`)
    await expect(httpCaller({ ...PLAIN, verifiesTls: true }).call(get(url))).rejects.toThrow(
      /self-signed certificate/,
    )
  })

  it('asks a proxy by the whole URL, for calls without TLS', async () => {
    const { asked, server } = forwardProxy()
    await using proxy = await listening(server)
    const httpProxy = { host: '127.0.0.1', port: proxy.port }
    const { body } = await httpCaller({ ...PLAIN, httpProxy }).call(get('http://llm.test:81/a?b#c'))
    expect(body.toString()).toBe('from the proxy')
    expect(asked).toEqual(['GET http://llm.test:81/a?b'])
  })

  it('goes through a tunnel of a proxy, for calls over TLS', async () => {
    const { asked, server } = forwardProxy()
    await using proxy = await listening(server)
    await using far = await listening(createTlsServer(tls, echo))
    const httpsProxy = { host: '127.0.0.1', port: proxy.port }
    const { body } = await httpCaller({ ...PLAIN, httpsProxy }).call(
      get(`https://localhost:${far.port}/a`),
    )
    expect(body.toString()).toBe(`GET /a of localhost:${far.port}`)
    expect(asked).toEqual([`CONNECT localhost:${far.port}`])
  })

  it('proves to a proxy who it is, and tells the other side nothing of it', async () => {
    const { asked, server } = forwardProxy()
    await using proxy = await listening(server)
    const shown: unknown[] = []
    await using far = await listening(
      createTlsServer(tls, (request, response) => {
        shown.push(request.headers['proxy-authorization'])
        response.end()
      }),
    )
    const way = { host: '127.0.0.1', port: proxy.port, authorization: 'Basic YTpi' }
    const caller = httpCaller({ ...PLAIN, httpProxy: way, httpsProxy: way })
    await caller.call(get('http://llm.test/a'))
    await caller.call(get(`https://localhost:${far.port}/a`))
    caller.dispose()
    expect(asked).toEqual([
      'GET http://llm.test/a as Basic YTpi',
      `CONNECT localhost:${far.port} as Basic YTpi`,
    ])
    expect(shown).toEqual([undefined])
  })

  it('goes past a proxy where it is told to', async () => {
    const { asked, server } = forwardProxy()
    await using proxy = await listening(server)
    await using near = await listening(createServer(echo))
    await using far = await listening(createTlsServer(tls, echo))
    const way = { host: '127.0.0.1', port: proxy.port }
    const caller = httpCaller({
      ...PLAIN,
      httpProxy: way,
      httpsProxy: way,
      bypassesProxies: ({ hostname }) => hostname === 'localhost',
    })
    for (const url of [`http://localhost:${near.port}/a`, `https://localhost:${far.port}/a`])
      expect((await caller.call(get(url))).body.toString()).toContain('GET /a of localhost:')
    caller.dispose()
    expect(asked).toEqual([])
  })

  it('fails when a proxy refuses', async () => {
    const { server } = forwardProxy(false)
    await using proxy = await listening(server)
    const httpsProxy = { host: '127.0.0.1', port: proxy.port }
    await expect(
      httpCaller({ ...PLAIN, httpsProxy }).call(get('https://llm.test/')),
    ).rejects.toThrow(`The proxy 127.0.0.1:${proxy.port} answered 403`)
  })

  it('fails when nothing comes for too long', async () => {
    await using server = await listening(createServer(() => undefined))
    await expect(
      httpCaller({ ...PLAIN, timeoutMs: 20 }).call(get(`http://127.0.0.1:${server.port}/`)),
    ).rejects.toThrow('No answer within 20 ms')
  })

  it('fails when an answer breaks off', async () => {
    await using server = await listening(
      createServer((_request, response) => {
        response.writeHead(200, { 'Content-Length': 10 }).write('half')
        setImmediate(() => response.destroy())
      }),
    )
    await expect(httpCaller(PLAIN).call(get(`http://127.0.0.1:${server.port}/`))).rejects.toThrow(
      /aborted|hang up/,
    )
  })
})
