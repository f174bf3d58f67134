import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import {
  connectTcp,
  named,
  startTcpServer,
  startUdpServer,
  streamConfig,
  udpClient,
} from './peers.ts'

const SETTINGS = { stream_listen: '127.0.0.1:0', nginx_worker_processes: '1' }

describe('streams over a reload', () => {
  it('leaves open connections with the service they have, and takes new ones to the new', async () => {
    await using before = await startTcpServer(named('before '))
    await using after = await startTcpServer(named('after '))
    await using gateway = await startGateway(streamConfig({ port: before.port }), SETTINGS)
    const [port] = gateway.streamPorts
    using open = connectTcp(port!)
    await open.received(7)
    gateway.writeConfig(streamConfig({ port: after.port }))
    gateway.signal('SIGHUP')
    await until(async () => {
      using client = connectTcp(port!)
      return (await client.received(6)).startsWith('after')
    })
    open.socket.end('still here')
    expect(await open.ended).toEqual({ text: 'before still here', isBroken: false })
  })

  it('opens new listeners, and keeps the connections of those that are gone', async () => {
    await using server = await startTcpServer()
    const [first, second] = [await freePort(), await freePort()]
    const config = streamConfig({ port: server.port })
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: `127.0.0.1:${first}`,
    })
    using open = connectTcp(first)
    open.socket.write('one')
    await open.received(3)
    gateway.writeSettings({ ...SETTINGS, stream_listen: `127.0.0.1:${second}` })
    gateway.signal('SIGHUP')
    await until(() => gateway.errorLog().includes('reloaded'))
    using later = connectTcp(second)
    later.socket.write('two')
    expect(await later.received(3)).toBe('two')
    open.socket.write('three')
    expect(await open.received(8)).toBe('onethree')
    using refused = connectTcp(first)
    expect((await refused.ended).isBroken).toBe(true)
  })

  it('goes on as before when a new address cannot be had', async () => {
    await using server = await startTcpServer()
    const config = streamConfig({ port: server.port })
    await using gateway = await startGateway(config, SETTINGS)
    gateway.writeSettings({ ...SETTINGS, stream_listen: `127.0.0.1:${server.port}` })
    gateway.signal('SIGHUP')
    await until(() => gateway.errorLog().includes('Address already in use'))
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write('hello')
    expect(await client.received(5)).toBe('hello')
  })
})

describe('streams at the start', () => {
  it('says who has a port of UDP that is taken', async () => {
    await using server = await startUdpServer(() => undefined)
    const starting = startGateway(
      { _format_version: '3.0' },
      {
        ...SETTINGS,
        stream_listen: `127.0.0.1:${server.port} udp`,
      },
    )
    await expect(starting).rejects.toThrow(
      new RegExp(
        `bind\\(\\) to 127.0.0.1:${server.port} failed .*the port is taken by .*\\(pid ${process.pid}\\)`,
      ),
    )
  })
})

describe('streams at the end', () => {
  it('takes no more connections when it quits, and waits for those that are open', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(streamConfig({ port: server.port }), SETTINGS)
    const [port] = gateway.streamPorts
    using open = connectTcp(port!)
    open.socket.write('one')
    await open.received(3)
    gateway.signal('SIGQUIT')
    await until(async () => {
      using client = connectTcp(port!)
      client.socket.write('x')
      return Promise.race([
        client.ended.then(() => true),
        client.received(1).then(
          () => false,
          () => true,
        ),
      ])
    })
    open.socket.end('two')
    expect(await open.ended).toEqual({ text: 'onetwo', isBroken: false })
    expect(await gateway.ended).toBe(0)
  })

  it('cuts connections off that do not end in time', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(streamConfig({ port: server.port }), {
      ...SETTINGS,
      graceful_timeout: '1',
    })
    using open = connectTcp(gateway.streamPorts[0]!)
    open.socket.write('one')
    await open.received(3)
    gateway.signal('SIGQUIT')
    expect(await gateway.ended).toBe(0)
    expect((await open.ended).text).toBe('one')
  })
})

describe('streams behind a proxy', () => {
  const config = (port: number) => streamConfig({ port, route: { sources: [{ ip: '192.0.2.7' }] } })
  const settings = { ...SETTINGS, stream_listen: '127.0.0.1:0 proxy_protocol' }
  const HEADER = 'PROXY TCP4 192.0.2.7 127.0.0.1 4711 9000\r\n'

  it('takes a trusted proxy’s word for where a client is', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(config(server.port), {
      ...settings,
      trusted_ips: '127.0.0.1',
      proxy_stream_access_log: 'logs/streams.log basic',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.end(`${HEADER}hello`)
    expect(await client.ended).toEqual({ text: 'hello', isBroken: false })
    await until(() => accessLog(gateway.prefix).startsWith('192.0.2.7 '))
  })

  it('does not take anybody else’s', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(config(server.port), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write(HEADER)
    expect((await client.ended).text).toBe('')
    await until(() => gateway.errorLog().includes('no Route found for tcp connection of 127.0.0.1'))
  })

  it('closes connections that do not begin with the header', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(config(server.port), {
      ...settings,
      trusted_ips: '127.0.0.1',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write('hello')
    expect((await client.ended).text).toBe('')
    expect(server.sockets).toEqual([])
  })
})

describe('plugins on streams', () => {
  it('lets ip-restriction close connections, and let others through', async () => {
    await using server = await startTcpServer(named('hello'))
    const configWith = (plugin: object) =>
      streamConfig({
        port: server.port,
        plugins: [{ name: 'ip-restriction', config: plugin }],
      })
    await using gateway = await startGateway(configWith({ deny: ['127.0.0.2'] }), {
      ...SETTINGS,
      proxy_stream_access_log: 'logs/streams.log basic',
    })
    const [port] = gateway.streamPorts
    using allowed = connectTcp(port!)
    using denied = connectTcp(port!, '127.0.0.2')
    expect(await allowed.received(5)).toBe('hello')
    expect((await denied.ended).text).toBe('')
    await until(() => /^127\.0\.0\.2 .* TCP 403 0 0 /m.test(accessLog(gateway.prefix)))
    expect(server.sockets).toHaveLength(1)
  })

  it('lets ip-restriction drop datagrams, where it is told to look at them', async () => {
    await using server = await startUdpServer(() => 'hello')
    const config = streamConfig({
      port: server.port,
      service: { protocol: 'udp' },
      route: { protocols: ['udp'] },
      plugins: [
        {
          name: 'ip-restriction',
          protocols: ['udp'],
          config: { deny: ['127.0.0.1'] },
        },
      ],
    })
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: '127.0.0.1:0 udp',
      proxy_stream_access_log: 'logs/streams.log basic',
    })
    using client = await udpClient(gateway.streamPorts[0]!)
    client.send('hello')
    await until(() => accessLog(gateway.prefix).includes(' UDP 403 0 5 '))
    expect(server.clients.size).toBe(0)
  })
})

function accessLog(prefix: string): string {
  return readFileSync(path.join(prefix, 'logs', 'streams.log'), 'utf8')
}
