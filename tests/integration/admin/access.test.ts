import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import tls from 'node:tls'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createAdminServer,
  createStatusServer,
  type AdminServer,
} from '../../../src/admin/create-admin-server.ts'
import { selfSignedCertificate } from '../../../src/gateway/self-signed-certificate.ts'
import { adminContextForTest } from '../../support/admin-context.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import { adminClient } from './admin-client.ts'

const TOKEN = 'a-token-of-sixteen-letters'
const CONFIG = { _format_version: '3.0' }
/** A reload takes its time on a busy machine. */
const PATIENCE = { timeout: 20_000 }

/** One under which this machine is a stranger to itself; a machine without a network has none. */
const OWN_ADDRESS = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address

/** Fetch says itself which host it asks. */
async function statusUnder(url: string, host: string): Promise<number | undefined> {
  const request = http.get(`${url}/services`, { headers: { host } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

describe('an Admin API with a token', () => {
  const admin = adminClient({ changes: { access: () => ({ token: TOKEN }) } })

  it('says how to send it, also to pages of other origins', async () => {
    const { status, headers, body } = await admin.send('GET', '/services', { origin: 'http://a' })
    expect(status).toBe(401)
    expect(headers).toMatchObject({
      'www-authenticate': 'Bearer realm="admin"',
      'access-control-allow-origin': 'http://a',
      'access-control-allow-credentials': 'true',
    })
    expect(body).toEqual({
      message: 'the Admin API asks for its token, as "Authorization: Bearer <admin_token>"',
    })
  })

  it('refuses before it reads a body', async () => {
    const huge = Buffer.alloc(11 * 1024 * 1024, 'a')
    const { status } = await admin.send('POST', '/services', {}, huge)
    expect(status).toBe(401)
  })

  it('answers who sends it, and preflights', async () => {
    const authorization = `Bearer ${TOKEN}`
    expect((await admin.send('GET', '/services', { authorization })).status).toBe(200)
    expect((await admin.send('OPTIONS', '/services', {})).status).toBe(204)
  })

  it('leaves the Status API open', async () => {
    const status = adminClient({ isStatus: true, changes: { access: () => ({ token: TOKEN }) } })
    expect((await status.call('GET', '/status')).status).toBe(200)
  })
})

describe('an Admin API that other machines reach, without a token', () => {
  const thisMachineOnly = { hosts: [] }
  const { app } = createAdminServer({
    ...adminContextForTest(),
    access: () => ({ thisMachineOnly }),
  })
  const ask = (method: 'GET' | 'OPTIONS', headers: object) =>
    app.inject({ method, url: '/services', remoteAddress: '10.9.8.7', headers: { ...headers } })

  it('tells strangers what to set, also in the pages of Kong Manager', async () => {
    const origin = 'http://10.9.8.6:8002'
    const preflight = { origin, 'access-control-request-headers': 'content-type' }
    const { statusCode, headers } = await ask('OPTIONS', preflight)
    expect([statusCode, headers['access-control-allow-headers']]).toEqual([204, 'content-type'])
    const refused = await ask('GET', { origin })
    expect(refused.statusCode).toBe(403)
    expect(refused.headers['access-control-allow-origin']).toBe(origin)
    expect(refused.json()).toEqual({ message: expect.stringContaining('set admin_token') })
  })

  it('leaves the Status API to everybody', async () => {
    const context = { ...adminContextForTest(), access: () => ({ thisMachineOnly }) }
    const { app: status } = createStatusServer(context, { reach: 'network' })
    const answer = await status.inject({ url: '/status', remoteAddress: '10.9.8.7' })
    expect(answer.statusCode).toBe(200)
  })
})

describe('an Admin API that is asked under two names', () => {
  it.each(['Host: localhost\r\nHost: evil.test', 'Host: localhost\r\nhost: localhost'])(
    'refuses: %j',
    async (hosts) => {
      const server = createAdminServer(adminContextForTest())
      const port = await server.listen({ host: '127.0.0.1', port: 0 })
      const socket = net.connect(port, '127.0.0.1')
      socket.write(`GET /services HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`)
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 .*"Bad request"/s)
      await server.close()
    },
  )
})

describe('an Admin API of HTTP/2 that is asked under two names', () => {
  it.each([
    ['evil.test', 400],
    ['localhost', 200],
    [undefined, 200],
  ])('takes them when they are one: localhost and %s', async (host, status) => {
    const { key, certificate: cert } = await selfSignedCertificate('ecdsa')
    const options = { tls: { key, cert }, http2: true }
    const server = createAdminServer(adminContextForTest(), options)
    const port = await server.listen({ host: '127.0.0.1', port: 0 })
    const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    const stream = session.request({
      ':path': '/services',
      ':authority': 'localhost',
      ...(host !== undefined && { host }),
    })
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    expect(headers[':status']).toBe(status)
    session.destroy()
    await server.close()
  })
})

describe('an Admin API that asks for client certificates', () => {
  let server: AdminServer | undefined
  afterEach(() => server?.close())

  it.each([false, true])('lets those with one of its authorities; http2: %s', async (http2) => {
    const own = await selfSignedCertificate('ecdsa')
    const client = await selfSignedCertificate('ecdsa')
    const stranger = await selfSignedCertificate('ecdsa')
    server = createAdminServer(
      { ...adminContextForTest(), access: () => ({ clientCertificate: 'on' }) },
      { tls: { key: own.key, cert: own.certificate, clientCa: client.certificate }, http2 },
    )
    const port = await server.listen({ host: '127.0.0.1', port: 0 })
    const ask = async (pair?: { readonly certificate: string; readonly key: string }) => {
      const request = https.request({
        port,
        path: '/services',
        agent: false,
        rejectUnauthorized: false,
        ...(pair && { cert: pair.certificate, key: pair.key }),
      })
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return `${response.statusCode} ${await text(response)}`
    }
    expect(await ask(client)).toMatch(/^200 \{"data"/)
    expect(await ask()).toMatch(/^400 .*No required SSL certificate was sent/s)
    expect(await ask(stranger)).toMatch(/^400 .*The SSL certificate error/s)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is not taken in by a session of %s that began without one',
    async (version) => {
      const own = await selfSignedCertificate('ecdsa')
      server = createAdminServer(
        { ...adminContextForTest(), access: () => ({ clientCertificate: 'on' }) },
        { tls: { key: own.key, cert: own.certificate, clientCa: own.certificate } },
      )
      const port = await server.listen({ host: '127.0.0.1', port: 0 })
      let session: Buffer | undefined
      for (const isResumed of [false, true]) {
        const socket = tls.connect({
          port,
          rejectUnauthorized: false,
          minVersion: version,
          maxVersion: version,
          ...(session && { session }),
        })
        socket.on('session', (given) => (session = given))
        await once(socket, 'secureConnect')
        expect(socket.isSessionReused()).toBe(isResumed)
        socket.write('GET /services HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        expect(await text(socket)).toMatch(
          /^HTTP\/1\.1 400 .*No required SSL certificate was sent/s,
        )
      }
    },
  )
})

describe('a gateway', () => {
  it('does not start with an open Admin API where that is not allowed', async () => {
    const settings = { admin_listen: '0.0.0.0:0', admin_guard: 'required' }
    await expect(startGateway(CONFIG, settings)).rejects.toThrow(
      'admin_listen: whoever reaches 0.0.0.0:0 would control the gateway: set admin_token, or admin_guard = off',
    )
  })

  it('starts with one as Kong does, answers its machine, and says in its log what to set', async () => {
    await using gateway = await startGateway(CONFIG, { admin_listen: '0.0.0.0:0' })
    const warnings = () =>
      gateway.errorLog().match(/\[warn\].*The Admin API listens on 0\.0\.0\.0:0 .*/g) ?? []
    // Logs are written in batches.
    await until(() => warnings().length > 0)
    const lines = warnings()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/set admin_token, or admin_guard = off/)
    expect((await fetch(`${gateway.adminUrl}/status`)).status).toBe(200)
    expect(await statusUnder(gateway.adminUrl, 'evil.test')).toBe(403)
  })

  it.skipIf(OWN_ADDRESS === undefined)('answers others when it is told to', async () => {
    const settings = { admin_listen: '0.0.0.0:0' }
    await using gateway = await startGateway(CONFIG, settings)
    const { port } = new URL(gateway.adminUrl)
    const ask = () => fetch(`http://${OWN_ADDRESS}:${port}/services`)
    const statusNow = async () => (await ask()).status
    const refused = await ask()
    expect(refused.status).toBe(403)
    expect(await refused.text()).toMatch(/admin_token.*admin_guard = off/)
    gateway.writeSettings({ ...settings, admin_guard: 'off' })
    gateway.signal('SIGHUP')
    await expect.poll(statusNow, PATIENCE).toBe(200)
    gateway.writeSettings({ ...settings, admin_token: TOKEN })
    gateway.signal('SIGHUP')
    await expect.poll(statusNow, PATIENCE).toBe(401)
  })

  it('asks for its token, which it shows nobody, and knows its pages', async () => {
    const settings = { admin_listen: '0.0.0.0:0', admin_guard: 'required', admin_token: TOKEN }
    await using gateway = await startGateway(CONFIG, settings)
    const ask = async (token: string, headers = {}) => {
      const authorization = `Bearer ${token}`
      const response = await fetch(`${gateway.adminUrl}/`, {
        headers: { authorization, ...headers },
      })
      return { status: response.status, body: await response.text() }
    }
    expect((await ask('wrong')).status).toBe(401)
    const { status, body } = await ask(TOKEN)
    expect(status).toBe(200)
    expect(body).not.toContain(TOKEN)
    expect((await ask(TOKEN, { origin: 'https://evil.test' })).status).toBe(403)
  })
})
