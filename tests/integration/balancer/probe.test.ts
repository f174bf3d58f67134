import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import {
  createSecureServer as createHttp2SecureServer,
  createServer as createHttp2Server,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createProbe } from '../../../src/balancer/probe.ts'
import type { ProbeRequest } from '../../../src/balancer/probe.ts'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'

const { certificate: cert, key } = await selfSignedCertificate('ecdsa')

function probeOf(port: number, fields: Partial<ProbeRequest> = {}): ProbeRequest {
  return {
    type: 'http',
    ip: '127.0.0.1',
    port,
    hostHeader: 'svc.test',
    path: '/status?deep=1',
    headers: {},
    serverName: 'localhost',
    verifiesCertificate: true,
    clientCertificate: undefined,
    timeoutMs: 30_000,
    ...fields,
  }
}

async function listening(server: Server): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function closedPort(): Promise<number> {
  const server = await listening(createTcpServer())
  await server[Symbol.asyncDispose]()
  return server.port
}

describe('createProbe()', () => {
  it('asks by HTTP and tells the status', async () => {
    const seen: IncomingMessage[] = []
    await using server = await listening(
      createHttpServer((request, response) => {
        seen.push(request)
        response.writeHead(418).end('body that nobody reads')
      }),
    )
    const headers = { 'X-Probe': ['1', '2'] }
    expect(await createProbe()(probeOf(server.port, { headers }))).toEqual({
      kind: 'ok',
      status: 418,
    })
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/status?deep=1' })
    expect(seen[0]!.headers).toMatchObject({ host: 'svc.test', 'x-probe': '1, 2' })
  })

  it.each(['tcp', 'http', 'https', 'grpc', 'grpcs'] as const)(
    'tells that a connection is refused (%s)',
    async (type) => {
      const port = await closedPort()
      expect(await createProbe()(probeOf(port, { type }))).toEqual({ kind: 'connect-failed' })
    },
  )

  it.each(['http', 'https', 'grpc', 'grpcs'] as const)(
    'tells that no answer came in time (%s)',
    async (type) => {
      await using server = await listening(createTcpServer())
      const probe = probeOf(server.port, { type, timeoutMs: 100 })
      expect(await createProbe()(probe)).toEqual({ kind: 'timed-out' })
    },
  )

  it('tells that a connection was closed, or that the answer was not HTTP', async () => {
    for (const answer of [undefined, 'hello\r\n\r\n']) {
      await using server = await listening(
        createTcpServer((socket) => {
          socket.once('data', () => (answer === undefined ? socket.destroy() : socket.end(answer)))
        }),
      )
      expect(await createProbe()(probeOf(server.port))).toEqual({ kind: 'broken' })
    }
  })

  it('is content with a connection when the type is tcp', async () => {
    await using server = await listening(createTcpServer())
    expect(await createProbe()(probeOf(server.port, { type: 'tcp' }))).toEqual({ kind: 'ok' })
  })

  it('checks certificates, unless told not to', async () => {
    await using server = await listening(
      createHttpsServer({ cert, key }, (_, response) => response.end()),
    )
    const probe = probeOf(server.port, { type: 'https' })
    expect((await createProbe()(probe)).kind).not.toBe('ok')
    expect(await createProbe([cert])(probe)).toEqual({ kind: 'ok', status: 200 })
    const other = { ...probe, serverName: 'other.test' }
    expect((await createProbe([cert])(other)).kind).not.toBe('ok')
    const lax = { ...probe, verifiesCertificate: false }
    expect(await createProbe()(lax)).toEqual({ kind: 'ok', status: 200 })
  })

  it('shows a client certificate', async () => {
    await using server = await listening(
      createHttpsServer({ cert, key, ca: cert, requestCert: true }, (_, response) =>
        response.end(),
      ),
    )
    const probe = probeOf(server.port, { type: 'https', clientCertificate: { cert, key } })
    expect(await createProbe([cert])(probe)).toEqual({ kind: 'ok', status: 200 })
    const bare = { ...probe, clientCertificate: undefined }
    expect((await createProbe([cert])(bare)).kind).not.toBe('ok')
  })

  it('asks a gRPC server whether it speaks HTTP/2', async () => {
    await using plain = await listening(createHttp2Server())
    await using secure = await listening(createHttp2SecureServer({ cert, key }))
    await using other = await listening(createHttpServer())
    const probe = createProbe([cert])
    expect(await probe(probeOf(plain.port, { type: 'grpc' }))).toEqual({ kind: 'ok' })
    expect(await probe(probeOf(secure.port, { type: 'grpcs' }))).toEqual({ kind: 'ok' })
    expect((await probe(probeOf(other.port, { type: 'grpc' }))).kind).not.toBe('ok')
  })
})
