import https from 'node:https'
import type net from 'node:net'
import type tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, type MadeCertificate } from '../../support/make-certificates.ts'
import { MOST_TLS_ENDPOINTS } from '../../../src/proxy/endpoint-table.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

/** What the upstream saw of a request. */
interface Seen {
  readonly serverName: string | false
  readonly client: string | undefined
  readonly isResumed: boolean
  readonly connection: number
}

let root: MadeCertificate
let middle: MadeCertificate
let client: MadeCertificate
let server: https.Server
let port: number
const connections: tls.TLSSocket[] = []

beforeAll(async () => {
  root = await makeAuthority('root')
  middle = await root.sign('middle', { isAuthority: true })
  const leaf = await middle.sign('a.test')
  client = await root.sign('the gateway')
  server = https.createServer(
    {
      cert: leaf.certificate + middle.certificate,
      key: leaf.key,
      ca: root.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const socket = request.socket as tls.TLSSocket & { readonly servername: string | false }
      const seen: Seen = {
        serverName: socket.servername,
        client: socket.getPeerCertificate().subject?.CN as string | undefined,
        isResumed: socket.isSessionReused(),
        connection: connections.indexOf(socket),
      }
      if (request.url === '/close') response.setHeader('connection', 'close')
      response.end(JSON.stringify(seen))
    },
  )
  // Whether idle connections stay is up to the gateway.
  server.keepAliveTimeout = 0
  server.on('secureConnection', (socket) => void connections.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as net.AddressInfo).port
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
})

async function start(more: object) {
  const proxy = await startProxy({
    entities: {
      services: [service('s', port, { protocol: 'https', retries: 0, ...more })],
      routes: [route('s', 's', { preserve_host: true })],
      ca_certificates: [
        { id: 'root', cert: root.certificate },
        { id: 'other', cert: client.certificate },
      ],
      certificates: [{ id: 'client', cert: client.certificate, key: client.key }],
    },
  })
  return {
    async ask(host = 'a.test', path = ''): Promise<{ status: number; seen: Seen }> {
      using connection = await connectRaw(proxy.port)
      connection.send(`GET /s${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      const text = await connection.closes()
      const body = text.slice(text.indexOf('\r\n\r\n') + 4)
      const status = Number(text.slice(9, 12))
      return { status, seen: (status === 200 ? JSON.parse(body) : {}) as Seen }
    },
    pool: proxy.pool,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}

describe('TLS to an upstream', () => {
  it('names the host of the request, and checks nothing unless it is told to', async () => {
    await using proxy = await start({})
    const { status, seen } = await proxy.ask('other.test:8080')
    expect([status, seen.serverName, seen.client]).toEqual([200, 'other.test', undefined])
    // An address is no name.
    expect((await proxy.ask('127.0.0.1')).seen.serverName).toBe(false)
  })

  it.each([
    ['the authority', { ca_certificates: ['root'] }, 'a.test', 200],
    ['another name', { ca_certificates: ['root'] }, 'b.test', 502],
    ['another authority', { ca_certificates: ['other'] }, 'a.test', 502],
    ['no authority', {}, 'a.test', 502],
    ['too short a chain', { ca_certificates: ['root'], tls_verify_depth: 0 }, 'a.test', 502],
    ['a long chain', { ca_certificates: ['root'], tls_verify_depth: 5 }, 'a.test', 200],
  ])('checks the certificate: %s', async (_, more, host, status) => {
    await using proxy = await start({ tls_verify: true, ...more })
    expect((await proxy.ask(host)).status).toBe(status)
  })

  it('shows the certificate of the service', async () => {
    await using proxy = await start({ client_certificate: { id: 'client' } })
    expect((await proxy.ask()).seen.client).toBe('the gateway')
  })

  it('keeps connections for each name', async () => {
    await using proxy = await start({})
    const first = (await proxy.ask('a.test')).seen.connection
    const other = (await proxy.ask('b.test')).seen.connection
    const again = (await proxy.ask('a.test')).seen.connection
    expect(other).not.toBe(first)
    expect(again).toBe(first)
  })

  it('goes on with the session of the last connection', async () => {
    await using proxy = await start({})
    expect((await proxy.ask('a.test', '/close')).seen.isResumed).toBe(false)
    expect((await proxy.ask('a.test', '/close')).seen.isResumed).toBe(true)
  })

  it('keeps connections for so many names only, and nothing of names without connections', async () => {
    await using proxy = await start({})
    const first = (await proxy.ask('a.test')).seen.connection
    const names = Array.from({ length: MOST_TLS_ENDPOINTS }, (_, index) => `tenant-${index}.test`)
    for (let at = 0; at < names.length; at += 8) {
      const answers = await Promise.all(names.slice(at, at + 8).map((name) => proxy.ask(name)))
      expect(answers.every(({ status }) => status === 200)).toBe(true)
    }
    expect(proxy.pool.endpoints).toBe(MOST_TLS_ENDPOINTS)
    // The name that came first has lost its connection, and not its session.
    const { seen } = await proxy.ask('a.test')
    expect(seen.connection).not.toBe(first)
    expect(seen.isResumed).toBe(true)
    server.closeIdleConnections()
    await until(() => proxy.pool.endpoints === 0)
  })
})
