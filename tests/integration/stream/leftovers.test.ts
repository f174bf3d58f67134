import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'
import { connectTcp, connectTls, startTcpServer, streamConfig, type StreamClient } from './peers.ts'

/** What a client does to its connection, and what the server does: all pairs are tried. */
const CLIENTS: readonly ((client: StreamClient) => void)[] = [
  ({ socket }) => void socket.end('all'),
  ({ socket }) => void socket.end(),
  ({ socket }) => void socket.destroy(),
  ({ socket }) => void socket.write('half', () => socket.destroy()),
  ({ socket }) => void socket.write('x'.repeat(300_000), () => socket.end()),
]
const SERVERS = ['echo', 'end', 'reset', 'reset after a byte', 'silence'] as const

describe.each(['fast', 'public'])('streams over the %s transport', (transport) => {
  it.each(['127.0.0.1:0', '127.0.0.1:0 ssl'])(
    'leave nothing behind, however both sides end (%s)',
    async (listen) => {
      let turn = 0
      await using server = await startTcpServer((socket) => {
        switch (SERVERS[turn++ % SERVERS.length]!) {
          case 'echo':
            socket.pipe(socket)
            break
          case 'end':
            socket.end('bye')
            socket.resume()
            break
          case 'reset':
            socket.resetAndDestroy()
            break
          case 'reset after a byte':
            socket.once('data', () => socket.resetAndDestroy())
            break
          case 'silence':
            socket.resume()
            socket.on('end', () => socket.end())
        }
      })
      const isTls = listen.endsWith('ssl')
      const config = streamConfig({
        port: server.port,
        service: { read_timeout: 3000 },
        route: { protocols: [isTls ? 'tls' : 'tcp'] },
      })
      await using gateway = await startGateway(config, {
        transport,
        stream_listen: listen,
        nginx_worker_processes: '1',
      })
      const [port] = gateway.streamPorts
      const count = 150
      for (let at = 0; at < count; at += 1) {
        const client = isTls ? await connectTls(port!, 'a.example') : connectTcp(port!)
        client.socket.on('error', () => undefined)
        if (!isTls) await once(client.socket, 'connect')
        CLIENTS[Math.floor(at / SERVERS.length) % CLIENTS.length]!(client)
        if (at % 10 === 9) await new Promise((resolve) => setImmediate(resolve))
      }
      const active = async (): Promise<string | undefined> => {
        const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
        return /subsystem="stream",state="active"\} (\d+)/.exec(metrics)?.[1]
      }
      await until(async () => (await active()) === '0', 30_000)
      const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
      expect(metrics).toContain(`subsystem="stream",state="accepted"} ${count}`)
      await until(() => server.sockets.every((socket) => socket.destroyed || socket.readableEnded))
    },
  )
})
