import http from 'node:http'
import http2 from 'node:http2'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { oneRoute } from './configs.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-listen-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Reply {
  readonly status: number | undefined
  readonly body: string
}

function get(options: http.RequestOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    http
      .get({ path: '/', ...options }, (response) => {
        let body = ''
        response.on('data', (piece: Buffer) => (body += piece.toString()))
        response.on('end', () => resolve({ status: response.statusCode, body }))
      })
      .on('error', reject)
  })
}

/** Answers with who the gateway says the client is. */
const clientUpstream = () =>
  startUpstream((request, response) => void response.end(String(request.headers['x-real-ip'])))

describe('a unix socket', () => {
  it('serves beside ports, however many workers there are', async () => {
    await using upstream = await clientUpstream()
    const socketPath = path.join(folder, 'a.sock')
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: `127.0.0.1:0, unix:${socketPath}`,
      nginx_worker_processes: '2',
    })
    expect(await get({ socketPath })).toEqual({ status: 200, body: 'unix:' })
    expect((await get({ port: gateway.port })).body).toBe('127.0.0.1')
    expect(statSync(socketPath).mode & 0o666).toBe(0o666)
    gateway.signal('SIGTERM')
    await gateway.ended
    expect(existsSync(socketPath)).toBe(false)
  })

  it('is believed about clients when trusted_ips says unix:', async () => {
    await using upstream = await clientUpstream()
    const socketPath = path.join(folder, 'b.sock')
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: `127.0.0.1:0, unix:${socketPath}`,
      trusted_ips: 'unix:',
    })
    const headers = { 'X-Real-IP': '203.0.113.7' }
    expect((await get({ socketPath, headers })).body).toBe('203.0.113.7')
    expect((await get({ port: gateway.port, headers })).body).toBe('127.0.0.1')
  })

  it('takes the place of one whose process was killed', async () => {
    await using upstream = await clientUpstream()
    const socketPath = path.join(folder, 'c.sock')
    const settings = { proxy_listen: `unix:${socketPath}` }
    {
      await using killed = await startGateway(oneRoute(upstream.url), settings)
      killed.signal('SIGKILL')
      await killed.ended
    }
    expect(existsSync(socketPath)).toBe(true)
    await using gateway = await startGateway(oneRoute(upstream.url), settings)
    expect(gateway.port).toBe(0)
    expect((await get({ socketPath })).status).toBe(200)
  })

  it('takes no place that is taken', async () => {
    const socketPath = path.join(folder, 'd.sock')
    const settings = { proxy_listen: `unix:${socketPath}` }
    await using other = await startGateway(oneRoute('http://localhost:1'), settings)
    await expect(startGateway(oneRoute('http://localhost:1'), settings)).rejects.toThrow(
      `bind() to unix:${socketPath} failed: somebody listens there`,
    )
    expect(other.process.exitCode).toBe(null)
    const file = path.join(folder, 'file')
    writeFileSync(file, 'precious')
    await expect(
      startGateway(oneRoute('http://localhost:1'), { proxy_listen: `unix:${file}` }),
    ).rejects.toThrow('failed')
    expect(readFileSync(file, 'utf8')).toBe('precious')
  })

  it('keeps its flags over a reload', async () => {
    await using upstream = await clientUpstream()
    const socketPath = path.join(folder, 'e.sock')
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: `unix:${socketPath}`,
    })
    gateway.writeSettings({ proxy_listen: `unix:${socketPath} proxy_protocol` })
    gateway.signal('SIGHUP')
    await until(() => gateway.errorLog().includes('cannot change its flags'))
    expect((await get({ socketPath })).status).toBe(200)
  })
})

describe('listen flags', () => {
  it('serve IPv6 and, where asked for, IPv4 on the same socket', async () => {
    await using upstream = await clientUpstream()
    await using both = await startGateway(oneRoute(upstream.url), {
      proxy_listen: '[::]:0 ipv6only=off',
    })
    expect((await get({ host: '::1', port: both.port })).body).toBe('::1')
    expect((await get({ host: '127.0.0.1', port: both.port })).body).toBe('127.0.0.1')
    await using only = await startGateway(oneRoute(upstream.url), { proxy_listen: '[::]:0' })
    expect((await get({ host: '::1', port: only.port })).body).toBe('::1')
    await expect(get({ host: '127.0.0.1', port: only.port })).rejects.toThrow('ECONNREFUSED')
  })

  it.runIf(process.platform === 'linux').each([
    ['fast', ''],
    ['public', ''],
    ['fast', ' ssl'],
  ])('so_keepalive reaches the system, transport %s%s', async (transport, more) => {
    await using upstream = await clientUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: `127.0.0.1:0 so_keepalive=1h:5:3${more}`,
      transport,
    })
    const client = net.connect(gateway.port, '127.0.0.1')
    await until(() => (keepAliveTimer(gateway.port) ?? 0) > 3000 * 100)
    expect(keepAliveTimer(gateway.port)).toBeLessThanOrEqual(3600 * 100)
    client.destroy()
  })

  it('proxy_protocol names the client in front of workers', async () => {
    await using upstream = await clientUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_listen: '127.0.0.1:0 proxy_protocol',
      real_ip_header: 'proxy_protocol',
      trusted_ips: '127.0.0.0/8',
    })
    const answer = await new Promise<string>((resolve) => {
      const socket = net.connect(gateway.port, '127.0.0.1')
      let text = ''
      socket.on('data', (piece) => (text += piece.toString()))
      socket.on('close', () => resolve(text))
      socket.write('PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n')
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    })
    expect(answer).toMatch(/203\.0\.113\.7$/)
    const refused = net.connect(gateway.port, '127.0.0.1')
    refused.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => refused.once('close', resolve).once('error', () => {}))
    await until(() => gateway.errorLog().includes('PROXY protocol: broken header: "GET'))
  })
})

it('connections are capped for all workers together', async () => {
  await using upstream = await clientUpstream()
  await using gateway = await startGateway(oneRoute(upstream.url), {
    nginx_worker_processes: '2',
    max_connections_per_client: '3',
  })
  const agent = new http.Agent({ keepAlive: true })
  const ask = () => get({ port: gateway.port, agent }).then(({ status }) => status)
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, ask))
  const answered = outcomes.filter(({ status }) => status === 'fulfilled')
  expect(answered).toHaveLength(3)
  await until(() => /closed \d+ connections beyond the most/.test(gateway.errorLog()))
  agent.destroy()
  await until(() =>
    ask().then(
      (status) => status === 200,
      () => false,
    ),
  )
})

/** What is left of the timer of an accepted connection, in hundredths of a second, as Linux tells it. */
function keepAliveTimer(port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const KEEP_ALIVE = '02'
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, from = '', , state, , timer = ''] = line.trim().split(/\s+/)
    const [kind, when = ''] = timer.split(':')
    if (from.endsWith(local) && state === '01' && kind === KEEP_ALIVE)
      return Number.parseInt(when, 16)
  }
  return undefined
}

it('a client of HTTP/2 is told how many requests may be open', async () => {
  await using gateway = await startGateway(oneRoute('http://localhost:1'), {
    proxy_listen: '127.0.0.1:0 http2',
    nginx_proxy_http2_max_concurrent_streams: '7',
  })
  const session = http2.connect(gateway.url)
  const settings = await new Promise<http2.Settings>((resolve) => {
    session.once('remoteSettings', resolve)
  })
  expect(settings.maxConcurrentStreams).toBe(7)
  session.destroy()
})
