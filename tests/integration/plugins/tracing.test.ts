import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { testGateway } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { readLogs, readTraces } from '../../../src/plugins/opentelemetry/testing/read-export.ts'
import { zipkin } from '../../../src/plugins/zipkin/plugin.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

interface Received {
  readonly request: IncomingMessage
  readonly body: Buffer
}

/** A collector that keeps what it gets; it answers with the given statuses, then with 200. */
async function startCollector(statuses: number[] = []) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ request, body: Buffer.concat(chunks) })
      response.writeHead(statuses.shift() ?? 200).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    received,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  await expect.poll(isTrue, { interval: 5 }).toBe(true)
}

describe('zipkin', () => {
  it('tells of tries, phases and names what it handed on, in one batch', async () => {
    await using collector = await startCollector()
    let seen: IncomingMessage['headers'] = {}
    await using upstream = await startUpstream((request, response) => {
      seen = request.headers
      response.end('hello')
    })
    await using gateway = await startGateway({
      _format_version: '3.0',
      services: [
        {
          name: 'hello',
          url: upstream.url,
          routes: [{ name: 'traced', paths: ['/traced'] }],
          plugins: [
            {
              name: 'zipkin',
              config: {
                http_endpoint: `${collector.url}/api/v2/spans`,
                sample_ratio: 1,
                queue: { max_batch_size: 3, max_coalescing_delay: 60 },
              },
            },
          ],
        },
      ],
    })
    expect(await (await fetch(`${gateway.url}/traced?a=1`)).text()).toBe('hello')
    await until(() => collector.received.length === 1)
    const { request, body } = collector.received[0]!
    expect([request.method, request.url, request.headers['content-type']]).toEqual([
      'POST',
      '/api/v2/spans',
      'application/json',
    ])
    const spans = JSON.parse(body.toString()) as Record<string, never>[]
    const [attempt, proxy, server] = spans
    expect(spans.map(({ name }) => name)).toEqual(['GET (balancer try 1)', 'GET (proxy)', 'GET'])
    expect(seen['x-b3-traceid']).toBe(server!['traceId'])
    expect(seen['x-b3-spanid']).toBe(proxy!['id'])
    expect(seen['x-b3-parentspanid']).toBe(server!['id'])
    expect(attempt).toMatchObject({
      parentId: server!['id'],
      remoteEndpoint: { ipv4: '127.0.0.1', port: upstream.port, serviceName: 'hello' },
      tags: { 'kong.balancer.try': '1', 'kong.route_name': 'traced' },
    })
    expect(proxy!['tags']).toMatchObject({ 'peer.hostname': '127.0.0.1' })
    expect(server!['tags']).toMatchObject({ 'http.path': '/traced', 'http.status_code': '200' })
  })

  it('tries again when the server is in trouble', async () => {
    await using collector = await startCollector([503])
    const logged: string[] = []
    const config = {
      http_endpoint: collector.url,
      sample_ratio: 1,
      queue: { max_batch_size: 2 },
    }
    await testGateway([[zipkin, config]], { logged }).send({ path: '/' })
    await until(() => collector.received.length === 2)
    const [first, second] = collector.received.map(({ body }) => body.toString())
    expect(second).toBe(first)
    expect(logged).toEqual([expect.stringContaining('The Zipkin server answered 503')])
  })
})

describe('opentelemetry', () => {
  it('sends spans of phases and tries, and lines of the log', async () => {
    await using collector = await startCollector([503])
    let seen: IncomingMessage['headers'] = {}
    await using upstream = await startUpstream((request, response) => {
      seen = request.headers
      response.end('hello')
    })
    await using gateway = await startGateway(
      {
        _format_version: '3.0',
        services: [
          {
            name: 'hello',
            url: upstream.url,
            routes: [{ name: 'traced', paths: ['/traced'] }],
            plugins: [
              { name: 'correlation-id', config: { echo_downstream: true } },
              { name: 'pre-function', config: { log: ['kong.log.warn("careful")'] } },
            ],
          },
        ],
        plugins: [
          {
            name: 'opentelemetry',
            config: {
              traces_endpoint: `${collector.url}/v1/traces`,
              logs_endpoint: `${collector.url}/v1/logs`,
              headers: { 'X-Key': 'secret' },
              queue: { max_batch_size: 100, max_coalescing_delay: 0.1 },
            },
          },
        ],
      },
      { tracing_instrumentations: 'all', tracing_sampling_rate: '1', nginx_worker_processes: '1' },
    )
    expect(await (await fetch(`${gateway.url}/traced?a=1`)).text()).toBe('hello')
    const sent = (path: string) => collector.received.filter(({ request }) => request.url === path)
    // The first of all is refused, so there are three at least.
    await until(() => sent('/v1/logs').length > 0 && sent('/v1/traces').length > 0)
    await until(() => collector.received.length > 2)
    const { request, body } = sent('/v1/traces').at(-1)!
    expect(request.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-key': 'secret',
    })
    const spans = readTraces(body)
    expect(spans.map(({ name }) => name)).toEqual([
      'kong',
      'kong.router',
      'kong.access.plugin.correlation-id',
      'kong.access.plugin.opentelemetry',
      'kong.header_filter.plugin.correlation-id',
      'kong.balancer',
    ])
    const [root] = spans
    const attempt = spans.at(-1)!
    expect(seen['traceparent']).toBe(`00-${root!.traceId}-${attempt.spanId}-01`)
    for (const { start, end } of spans) expect(end).toBeGreaterThanOrEqual(start)
    const records = sent('/v1/logs').flatMap((each) => readLogs(each.body))
    expect(records.map((record) => record.body)).toContainEqual(expect.stringContaining('careful'))
  })
})
