import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import { startUdpServer, streamConfig, udpClient } from './peers.ts'

const SETTINGS = {
  stream_listen: '127.0.0.1:0 udp',
  nginx_worker_processes: '1',
  proxy_stream_access_log: 'logs/streams.log basic',
}
const route = { protocols: ['udp'] }
const service = { protocol: 'udp' }
const echo = (message: Buffer): string => `echo ${message.toString()}`

describe('streams of UDP', () => {
  it('keeps several clients apart, and each on one socket towards the upstream', async () => {
    await using server = await startUdpServer(echo)
    const config = streamConfig({ port: server.port, service, route })
    await using gateway = await startGateway(config, SETTINGS)
    const [port] = gateway.streamPorts
    using one = await udpClient(port!)
    using two = await udpClient(port!)
    using three = await udpClient(port!)
    const clients = [one, two, three]
    for (const turn of ['first', 'second'])
      expect(
        await Promise.all(clients.map((client, index) => client.ask(`${turn} ${index}`))),
      ).toEqual([0, 1, 2].map((index) => `echo ${turn} ${index}`))
    expect(server.clients.size).toBe(3)
  })

  it('shares a port among several workers, and keeps a client with one of them', async () => {
    await using server = await startUdpServer(echo)
    const config = streamConfig({ port: server.port, service, route })
    await using gateway = await startGateway(config, { ...SETTINGS, nginx_worker_processes: '3' })
    const clients = await Promise.all(
      Array.from({ length: 12 }, () => udpClient(gateway.streamPorts[0]!)),
    )
    for (const turn of [1, 2, 3])
      for (const client of clients) expect(await client.ask(String(turn))).toBe(`echo ${turn}`)
    expect(server.clients.size).toBe(12)
    for (const client of clients) client[Symbol.dispose]()
  })

  it('passes on every answer, however many there are', async () => {
    await using server = await startUdpServer(echo)
    const config = streamConfig({ port: server.port, service, route })
    await using gateway = await startGateway(config, SETTINGS)
    using client = await udpClient(gateway.streamPorts[0]!)
    const large = 'x'.repeat(8000)
    expect(await client.ask(large)).toBe(`echo ${large}`)
    expect(await client.ask('again')).toBe('echo again')
  })

  it('outlives a service with a port that nothing can be sent to', async () => {
    const config = streamConfig({ port: 0, service, route })
    await using gateway = await startGateway(config, SETTINGS)
    using client = await udpClient(gateway.streamPorts[0]!)
    client.send('anybody?')
    await until(() => gateway.errorLog().includes('Cannot send to 127.0.0.1:0 for a session'))
    expect(gateway.errorLog()).not.toContain('is gone')
  })

  it('drops datagrams that no route takes', async () => {
    await using server = await startUdpServer(echo)
    const config = streamConfig({
      port: server.port,
      service,
      route: { ...route, sources: [{ ip: '10.0.0.1' }] },
    })
    await using gateway = await startGateway(config, SETTINGS)
    using client = await udpClient(gateway.streamPorts[0]!)
    client.send('hello')
    await until(() => accessLog(gateway.prefix).includes(' UDP 500 0 5 '))
    expect(server.clients.size).toBe(0)
  })

  it('takes a datagram to the next target when nobody listens at the first', async () => {
    await using server = await startUdpServer(echo)
    const gone = await startUdpServer(echo)
    await gone[Symbol.asyncDispose]()
    const config = streamConfig({
      port: 1,
      service: { ...service, host: 'pool' },
      route,
      upstreams: [
        {
          name: 'pool',
          healthchecks: { passive: { type: 'tcp', unhealthy: { tcp_failures: 1 } } },
          targets: [{ target: `127.0.0.1:${gone.port}` }, { target: `127.0.0.1:${server.port}` }],
        },
      ],
    })
    await using gateway = await startGateway(config, SETTINGS)
    for (let turn = 0; turn < 4; turn += 1) {
      using client = await udpClient(gateway.streamPorts[0]!)
      expect(await client.ask(String(turn))).toBe(`echo ${turn}`)
    }
    await until(() => gateway.errorLog().includes('ECONNREFUSED'))
    expect(gateway.errorLog().split('ECONNREFUSED')).toHaveLength(2)
  })

  it('ends a session when nothing came for the read timeout, and begins another', async () => {
    await using server = await startUdpServer(echo)
    const config = streamConfig({
      port: server.port,
      service: { ...service, read_timeout: 1000 },
      route,
    })
    await using gateway = await startGateway(config, SETTINGS)
    using client = await udpClient(gateway.streamPorts[0]!)
    expect(await client.ask('one')).toBe('echo one')
    await until(() => accessLog(gateway.prefix).includes(' UDP 200 8 3 '))
    expect(await client.ask('two')).toBe('echo two')
    expect(server.clients.size).toBe(2)
  })

  it('holds no more sessions than it may, and says so once', async () => {
    await using server = await startUdpServer(echo)
    const config = streamConfig({ port: server.port, service, route })
    await using gateway = await startGateway(config, { ...SETTINGS, stream_udp_sessions: '1' })
    const [port] = gateway.streamPorts
    using first = await udpClient(port!)
    using second = await udpClient(port!)
    expect(await first.ask('one')).toBe('echo one')
    second.send('two')
    second.send('three')
    await until(() => gateway.errorLog().includes('there are 1 sessions already'))
    expect(await first.ask('four')).toBe('echo four')
    expect(gateway.errorLog().split('sessions already')).toHaveLength(2)
    expect(server.clients.size).toBe(1)
  })

  it('leaves room for others beside a client with many sessions', async () => {
    await using server = await startUdpServer(echo)
    const config = streamConfig({ port: server.port, service, route })
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_udp_sessions: '8',
      trusted_ips: '127.0.0.3',
    })
    const [port] = gateway.streamPorts
    using first = await udpClient(port!)
    using second = await udpClient(port!)
    expect(await first.ask('one')).toBe('echo one')
    expect(await second.ask('two')).toBe('echo two')
    using third = await udpClient(port!)
    third.send('three')
    await until(() => gateway.errorLog().includes('127.0.0.1, which has 2 sessions: its share'))
    using other = await udpClient(port!, '127.0.0.2')
    expect(await other.ask('four')).toBe('echo four')
    // One that is trusted speaks for many.
    for (const text of ['five', 'six', 'seven']) {
      using trusted = await udpClient(port!, '127.0.0.3')
      expect(await trusted.ask(text)).toBe(`echo ${text}`)
    }
    expect(server.clients.size).toBe(6)
  })

  it('waits for open answers when it ends gracefully', async () => {
    const asked = Promise.withResolvers<void>()
    await using server = await startUdpServer((message) => {
      if (message.toString() !== 'late') return echo(message)
      asked.resolve()
      return undefined
    })
    const config = streamConfig({ port: server.port, service, route })
    await using gateway = await startGateway(config, SETTINGS)
    using client = await udpClient(gateway.streamPorts[0]!)
    client.send('late')
    await asked.promise
    gateway.signal('SIGQUIT')
    await until(async () => !(await isReachable(gateway.adminUrl)))
    expect(await client.ask('in time')).toBe('echo in time')
    expect(await gateway.ended).toBe(0)
  })
})

async function isReachable(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  )
}

function accessLog(prefix: string): string {
  return readFileSync(path.join(prefix, 'logs', 'streams.log'), 'utf8')
}
