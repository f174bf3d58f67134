import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type net from 'node:net'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import { connectTcp, named, startTcpServer, streamConfig } from './peers.ts'

const SETTINGS = { stream_listen: '127.0.0.1:0', nginx_worker_processes: '1' }

describe.each(['fast', 'public'])('streams of TCP over the %s transport', (transport) => {
  const settings = { ...SETTINGS, transport }

  it('passes bytes both ways', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(streamConfig({ port: server.port }), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write('one ')
    expect(await client.received(4)).toBe('one ')
    client.socket.write('two')
    expect(await client.received(7)).toBe('one two')
  })

  it('lets the server speak first', async () => {
    await using server = await startTcpServer(named('welcome'))
    await using gateway = await startGateway(streamConfig({ port: server.port }), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    expect(await client.received(7)).toBe('welcome')
  })

  it('passes on that a client has no more to send, and what comes after that', async () => {
    await using server = await startTcpServer((socket) => {
      let text = ''
      socket.on('data', (bytes) => (text += bytes.toString()))
      socket.on('end', () => socket.end(`all of ${text}`))
    })
    await using gateway = await startGateway(streamConfig({ port: server.port }), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.end('this')
    expect(await client.ended).toEqual({ text: 'all of this', isBroken: false })
  })

  it('passes on that a server has no more to send, and what the client sends after that', async () => {
    let text = ''
    await using server = await startTcpServer((socket) => {
      socket.end('bye')
      socket.on('data', (bytes) => (text += bytes.toString()))
    })
    await using gateway = await startGateway(streamConfig({ port: server.port }), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    expect(await client.ended).toEqual({ text: 'bye', isBroken: false })
    client.socket.end('after all')
    await until(() => text === 'after all')
  })

  it('carries much both ways at once, byte for byte, at the pace of slow readers', async () => {
    const size = 24 * 1024 * 1024
    const up = randomBytes(size)
    const down = randomBytes(size)
    const got = { up: createHash('sha256'), down: createHash('sha256') }
    const readSlowly = async (socket: net.Socket, hash: typeof got.up): Promise<void> => {
      let turns = 0
      socket.on('data', (chunk: Buffer) => {
        hash.update(chunk)
        turns += 1
        if (turns % 16 !== 0) return
        socket.pause()
        setTimeout(() => socket.resume(), 1)
      })
      await once(socket, 'end')
    }
    const serverDone = Promise.withResolvers<void>()
    await using server = await startTcpServer((socket) => {
      socket.end(down)
      readSlowly(socket, got.up).then(serverDone.resolve, serverDone.reject)
    })
    await using gateway = await startGateway(streamConfig({ port: server.port }), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    const { socket } = client
    socket.removeAllListeners('data')
    socket.end(up)
    await Promise.all([readSlowly(socket, got.down), serverDone.promise])
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
    expect(got.up.digest('hex')).toBe(digest(up))
    expect(got.down.digest('hex')).toBe(digest(down))
  })

  it('stops reading from a client whose server does not read', async () => {
    await using server = await startTcpServer((socket) => void socket.pause())
    await using gateway = await startGateway(streamConfig({ port: server.port }), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    const chunk = Buffer.alloc(1024 * 1024)
    // What is not held up would take all of it; the buffers of the system take a few MiB.
    let sent = 0
    let isHeldUp = false
    while (!isHeldUp && sent < 256) {
      sent += 1
      const isTaken = client.socket.write(chunk) || once(client.socket, 'drain')
      isHeldUp = await Promise.race([
        Promise.resolve(isTaken).then(() => false),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1000)),
      ])
    }
    expect(isHeldUp).toBe(true)
  })

  it('breaks off one side when the other one broke', async () => {
    await using server = await startTcpServer((socket) => {
      socket.write('part')
      socket.once('data', () => socket.resetAndDestroy())
    })
    await using gateway = await startGateway(streamConfig({ port: server.port }), settings)
    using client = connectTcp(gateway.streamPorts[0]!)
    await client.received(4)
    client.socket.write('go')
    expect(await client.ended).toEqual({ text: 'part', isBroken: true })
  })
})

describe('streams of TCP', () => {
  it('closes connections that no route takes, without a word', async () => {
    await using server = await startTcpServer(named('secret'))
    const config = streamConfig({ port: server.port, route: { sources: [{ ip: '10.0.0.1' }] } })
    await using gateway = await startGateway(config, SETTINGS)
    using client = connectTcp(gateway.streamPorts[0]!)
    expect((await client.ended).text).toBe('')
    expect(server.sockets).toEqual([])
    await until(() => gateway.errorLog().includes('no Route found for tcp connection'))
  })

  it('finds routes by where clients come from and what they connect to', async () => {
    await using one = await startTcpServer(named('one'))
    await using two = await startTcpServer(named('two'))
    const [first, second] = [await freePort(), await freePort()]
    const config = {
      _format_version: '3.0',
      services: [
        { name: 'one', host: '127.0.0.1', port: one.port, protocol: 'tcp' },
        { name: 'two', host: '127.0.0.1', port: two.port, protocol: 'tcp' },
      ],
      routes: [
        { protocols: ['tcp'], destinations: [{ port: first }], service: 'one' },
        { protocols: ['tcp'], destinations: [{ port: second }], service: 'two' },
        { protocols: ['tcp'], sources: [{ ip: '127.0.0.9' }], service: 'two' },
      ],
    }
    const listen = `127.0.0.1:${first}, 127.0.0.1:${second}`
    await using gateway = await startGateway(config, { ...SETTINGS, stream_listen: listen })
    using toFirst = connectTcp(first)
    using toSecond = connectTcp(second)
    using fromElsewhere = connectTcp(first, '127.0.0.9')
    expect(await toFirst.received(3)).toBe('one')
    expect(await toSecond.received(3)).toBe('two')
    expect(await fromElsewhere.received(3)).toBe('two')
    expect(gateway.streamPorts).toEqual([first, second])
  })

  it('closes connections of a route without a service', async () => {
    const config = {
      _format_version: '3.0',
      routes: [{ protocols: ['tcp'], sources: [{ ip: '127.0.0.1' }] }],
    }
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      proxy_stream_access_log: 'logs/streams.log basic',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    expect((await client.ended).text).toBe('')
    await until(() => accessLog(gateway.prefix).includes(' TCP 503 0 0 '))
  })

  it('closes the connection when nobody listens at the service, after all tries', async () => {
    const config = streamConfig({ port: await freePort(), service: { retries: 1 } })
    await using gateway = await startGateway(config, SETTINGS)
    using client = connectTcp(gateway.streamPorts[0]!)
    expect((await client.ended).text).toBe('')
    await until(() => gateway.errorLog().split('ECONNREFUSED').length > 2)
    expect(gateway.errorLog().split('ECONNREFUSED')).toHaveLength(3)
  })

  it('goes on to the next target, and leaves out the one that failed', async () => {
    await using server = await startTcpServer(named('alive'))
    const dead = await freePort()
    const config = streamConfig({
      port: 1,
      service: { host: 'pool' },
      upstreams: [
        {
          name: 'pool',
          healthchecks: { passive: { type: 'tcp', unhealthy: { tcp_failures: 1 } } },
          targets: [{ target: `127.0.0.1:${dead}` }, { target: `127.0.0.1:${server.port}` }],
        },
      ],
    })
    await using gateway = await startGateway(config, SETTINGS)
    for (let turn = 0; turn < 6; turn += 1) {
      using client = connectTcp(gateway.streamPorts[0]!)
      expect(await client.received(5)).toBe('alive')
    }
    const health = await fetch(`${gateway.adminUrl}/upstreams/pool/health`)
    const { data } = (await health.json()) as {
      data: readonly { target: string; health: string }[]
    }
    expect(data.find(({ target }) => target.endsWith(`:${dead}`))?.health).toBe('UNHEALTHY')
    await until(() => gateway.errorLog().includes('ECONNREFUSED'))
    expect(gateway.errorLog().split('ECONNREFUSED')).toHaveLength(2)
  })

  it('closes a session in which nothing moves for the read timeout', async () => {
    await using server = await startTcpServer()
    const config = streamConfig({ port: server.port, service: { read_timeout: 1000 } })
    await using gateway = await startGateway(config, SETTINGS)
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.write('x')
    expect((await client.ended).text).toBe('x')
    await until(() => gateway.errorLog().includes('nothing moved in time'))
  })

  it('writes a line of Kong’s form for each session', async () => {
    await using server = await startTcpServer()
    await using gateway = await startGateway(streamConfig({ port: server.port }), {
      ...SETTINGS,
      proxy_stream_access_log: 'logs/streams.log basic',
    })
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.end('hello')
    await client.ended
    await until(() => accessLog(gateway.prefix) !== '')
    expect(accessLog(gateway.prefix)).toMatch(
      /^127\.0\.0\.1 \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] TCP 200 5 5 \d+\.\d{3}\n$/,
    )
  })
})

function accessLog(prefix: string): string {
  return readFileSync(path.join(prefix, 'logs', 'streams.log'), 'utf8')
}
