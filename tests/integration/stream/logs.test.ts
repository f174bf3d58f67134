import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { connectTcp, connectTls, startTcpServer, startUdpServer, streamConfig } from './peers.ts'

const SETTINGS = { stream_listen: '127.0.0.1:0', nginx_worker_processes: '1' }

describe('log plugins on streams', () => {
  it('tell of each session in Kong’s form', async () => {
    await using server = await startTcpServer()
    const posted: string[] = []
    await using collector = await startUpstream((request, response) => {
      request.on('data', (bytes: Buffer) => posted.push(bytes.toString()))
      request.on('end', () => void response.end())
    })
    const sent: string[] = []
    await using udp = await startUdpServer((message) => {
      sent.push(message.toString())
      return undefined
    })
    const plugins = [
      { name: 'http-log', config: { http_endpoint: collector.url } },
      { name: 'udp-log', config: { host: '127.0.0.1', port: udp.port } },
      {
        name: 'statsd',
        config: { host: '127.0.0.1', port: udp.port, queue: { max_coalescing_delay: 0 } },
      },
    ].map((plugin) => ({ ...plugin, protocols: ['tcp', 'tls'] }))
    const config = streamConfig({ port: server.port, route: { protocols: ['tls'] }, plugins })
    await using gateway = await startGateway(config, {
      ...SETTINGS,
      stream_listen: '127.0.0.1:0 ssl',
    })
    const [port] = gateway.streamPorts
    using client = await connectTls(port!, 'db.example')
    client.socket.end('hello')
    await client.ended
    await until(() => posted.length > 0 && sent.some((text) => text.startsWith('{')))
    const entry = JSON.parse(posted[0]!) as Record<string, unknown>
    expect(entry).toMatchObject({
      session: {
        tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', client_verify: 'NONE' },
        received: 5,
        sent: 5,
        status: 200,
        server_port: port,
      },
      upstream: { received: 5, sent: 5 },
      latencies: { kong: expect.any(Number), session: expect.any(Number) },
      tries: [{ ip: '127.0.0.1', port: server.port }],
      client_ip: '127.0.0.1',
      started_at: expect.any(Number),
      route: { name: 'all', protocols: ['tls'] },
      service: { name: 'echo', host: '127.0.0.1' },
      workspace_name: 'default',
    })
    expect(Object.keys(entry)).not.toContain('request')
    await until(() => sent.some((text) => text.includes('kong.service.echo.request.count:1|c')))
    expect(sent.join('\n')).toContain('kong.service.echo.response.size:5|')
  })

  it('are asked for sessions that a plugin refused as well', async () => {
    await using server = await startTcpServer()
    const sent: string[] = []
    await using udp = await startUdpServer((message) => {
      sent.push(message.toString())
      return undefined
    })
    const config = streamConfig({
      port: server.port,
      plugins: [
        { name: 'ip-restriction', config: { deny: ['127.0.0.1'] } },
        { name: 'udp-log', protocols: ['tcp'], config: { host: '127.0.0.1', port: udp.port } },
      ],
    })
    await using gateway = await startGateway(config, SETTINGS)
    using client = connectTcp(gateway.streamPorts[0]!)
    await client.ended
    await until(() => sent.length > 0)
    expect(JSON.parse(sent[0]!)).toMatchObject({
      session: { received: 0, sent: 0, status: 403 },
      upstream: { received: 0, sent: 0 },
    })
  })

  it('lets Prometheus see sessions and connections of streams', async () => {
    await using server = await startTcpServer()
    const config = streamConfig({
      port: server.port,
      plugins: [
        {
          name: 'prometheus',
          protocols: ['tcp'],
          config: { status_code_metrics: true, bandwidth_metrics: true },
        },
      ],
    })
    await using gateway = await startGateway(config, SETTINGS)
    using client = connectTcp(gateway.streamPorts[0]!)
    client.socket.end('hello')
    await client.ended
    const metrics = async (): Promise<string> => (await fetch(`${gateway.adminUrl}/metrics`)).text()
    await until(async () => (await metrics()).includes('kong_stream_sessions_total'))
    const text = await metrics()
    expect(text).toContain(
      'kong_stream_sessions_total{service="echo",route="all",code="200",source="service",workspace="default"} 1',
    )
    expect(text).toMatch(
      /kong_nginx_connections_total\{[^}]*subsystem="stream",state="accepted"\} 1/,
    )
  })

  it('keeps an error log of its own where one is named', async () => {
    await using gateway = await startGateway(
      { _format_version: '3.0' },
      {
        ...SETTINGS,
        proxy_stream_error_log: 'logs/stream-errors.log',
      },
    )
    using client = connectTcp(gateway.streamPorts[0]!)
    await client.ended
    const file = path.join(gateway.prefix, 'logs', 'stream-errors.log')
    await until(() => readFileSync(file, 'utf8').includes('no Route found'))
    expect(gateway.errorLog()).not.toContain('no Route found')
  })
})
