import { once } from 'node:events'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import {
  clientOver,
  connectTcp,
  makePair,
  named,
  startTcpServer,
  streamConfig,
  type StreamClient,
} from './peers.ts'

const SETTINGS = { nginx_worker_processes: '1' }

describe('stream listeners', () => {
  it('take connections over IPv6', async () => {
    await using server = await startTcpServer()
    const config = streamConfig({ port: server.port, route: { sources: [{ ip: '::1' }] } })
    await using gateway = await startGateway(config, { ...SETTINGS, stream_listen: '[::1]:0' })
    using client = clientOver(net.connect(gateway.streamPorts[0]!, '::1'))
    client.socket.write('hello')
    expect(await client.received(5)).toBe('hello')
  })

  it('see clients of IPv4 as such where one socket serves both', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(streamConfig({ port: server.port }), {
      ...SETTINGS,
      stream_listen: '[::]:0 ipv6only=off so_keepalive=on backlog=16',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write('hello')
    expect(await client.received(5)).toBe('hello')
  })

  it('take connections over a unix socket', async () => {
    await using server = await startTcpServer(named('hello'))
    const config = streamConfig({
      port: server.port,
      route: { protocols: ['tls'], sources: null, snis: ['db.example'] },
    })
    const socketPath = path.join(os.tmpdir(), `portunus-streams-${process.pid}.sock`)
    await using gateway = await startGateway(config, {
      nginx_worker_processes: '2',
      stream_listen: `unix:${socketPath} ssl`,
    })
    const socket = net.connect(socketPath)
    const secure = tls.connect({ socket, servername: 'db.example', rejectUnauthorized: false })
    using client = clientOver(secure)
    expect(await client.received(5)).toBe('hello')
    expect(gateway.streamPorts).toEqual([0])
  })

  it('know clients by the port that is mapped to theirs', async () => {
    await using server = await startTcpServer()
    const config = streamConfig({
      port: server.port,
      route: { sources: null, destinations: [{ port: 25 }] },
    })
    const spare = net.createServer().listen(0, '127.0.0.1')
    await once(spare, 'listening')
    const { port } = spare.address() as net.AddressInfo
    await new Promise((resolve) => spare.close(resolve))
    await using _gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: `127.0.0.1:${port}`,
      port_maps: `25:${port}`,
    })
    using client = connectTcp(port)
    client.socket.write('hello')
    expect(await client.received(5)).toBe('hello')
  })

  it.each(['fast', 'public'])(
    'read the PROXY protocol before TLS, over the %s transport',
    async (transport) => {
      const pair = await makePair()
      await using server = await startTcpServer(named('hello'))
      const config = streamConfig({
        port: server.port,
        route: { protocols: ['tls'], sources: [{ ip: '192.0.2.7' }], snis: ['db.example'] },
        certificates: [{ cert: pair.certificate, key: pair.key, snis: [{ name: 'db.example' }] }],
      })
      await using gateway = await startGateway(config, {
        ...SETTINGS,
        transport,
        stream_listen: '127.0.0.1:0 ssl proxy_protocol',
        trusted_ips: '127.0.0.1',
      })
      using client = await connectProxied(gateway.streamPorts[0]!, 'db.example')
      expect(await client.received(5)).toBe('hello')
    },
  )

  it('find routes by expressions', async () => {
    await using server = await startTcpServer(named('hello'))
    const config = {
      _format_version: '3.0',
      services: [{ name: 'echo', protocol: 'tcp', host: '127.0.0.1', port: server.port }],
      routes: [
        {
          protocols: ['tcp'],
          expression: 'net.src.ip in 127.0.0.0/8 && net.protocol == "tcp"',
          priority: 1,
          service: 'echo',
        },
      ],
    }
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: '127.0.0.1:0',
      router_flavor: 'expressions',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    expect(await client.received(5)).toBe('hello')
  })

  it('close connections of a client beyond the most it may have', async () => {
    await using server = await startTcpServer(named('hello'))
    const config = streamConfig({ port: server.port })
    await using gateway = await startGateway(config, {
      nginx_worker_processes: '2',
      stream_listen: '127.0.0.1:0',
      max_connections_per_client: '2',
      max_connections: '3',
    })
    const [port] = gateway.streamPorts
    using first = connectTcp(port!)
    using second = connectTcp(port!)
    expect(await first.received(5)).toBe('hello')
    expect(await second.received(5)).toBe('hello')
    using third = connectTcp(port!)
    expect((await third.ended).text).toBe('')
    await until(() => gateway.errorLog().includes('beyond the most there may be from 127.0.0.1'))
    using other = connectTcp(port!, '127.0.0.2')
    expect(await other.received(5)).toBe('hello')
    // That is all there may be of anybody.
    using another = connectTcp(port!, '127.0.0.3')
    expect((await another.ended).text).toBe('')
    // Whoever leaves makes room.
    first.socket.destroy()
    await until(async () => {
      using again = connectTcp(port!)
      return (await Promise.race([again.ended, again.received(5)])) === 'hello'
    })
  })

  it('count the clients that a trusted peer names, and not the peer', async () => {
    await using server = await startTcpServer(named('hello'))
    const config = streamConfig({
      port: server.port,
      route: { sources: [{ ip: '203.0.113.0/24' }] },
    })
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: '127.0.0.1:0 proxy_protocol',
      trusted_ips: '127.0.0.1',
      max_connections_per_client: '1',
    })
    const connect = (name: string): StreamClient => {
      const client = connectTcp(gateway.streamPorts[0]!)
      client.socket.write(`PROXY TCP4 ${name} 192.0.2.1 56324 443\r\n`)
      return client
    }
    using first = connect('203.0.113.7')
    expect(await first.received(5)).toBe('hello')
    using second = connect('203.0.113.8')
    expect(await second.received(5)).toBe('hello')
    using third = connect('203.0.113.7')
    expect((await third.ended).text).toBe('')
  })

  it('share a port among workers', async () => {
    await using server = await startTcpServer(named('hello'))
    await using gateway = await startGateway(streamConfig({ port: server.port }), {
      stream_listen: '127.0.0.1:0',
      nginx_worker_processes: '3',
    })
    const clients = Array.from({ length: 20 }, () => connectTcp(gateway.streamPorts[0]!))
    for (const client of clients) expect(await client.received(5)).toBe('hello')
    for (const client of clients) client[Symbol.dispose]()
    await until(() => server.sockets.every((socket) => socket.destroyed || socket.readableEnded))
  })
})

async function connectProxied(port: number, servername: string): Promise<StreamClient> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write('PROXY TCP4 192.0.2.7 127.0.0.1 4711 9000\r\n')
  const secure = tls.connect({ socket, servername, rejectUnauthorized: false })
  const client = clientOver(secure)
  await once(secure, 'secureConnect')
  return client
}
