import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { oneRoute } from './configs.ts'

async function listening<Server extends net.Server>(server: Server): Promise<[Server, number]> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return [server, (server.address() as AddressInfo).port]
}

/** Takes what is posted to it. */
async function startCollector() {
  const posted: object[] = []
  const [server, port] = await listening(
    http.createServer((request, response) => {
      void text(request).then((body) => {
        posted.push(...(JSON.parse(body) as object[]))
        response.end()
      })
    }),
  )
  return { posted, port, [Symbol.asyncDispose]: async () => void server.close() }
}

/** Takes lines. */
async function startListener() {
  let received = ''
  const [server, port] = await listening(
    net.createServer((socket) => {
      socket.setEncoding('utf8').on('data', (more: string) => (received += more))
    }),
  )
  const lines = () => received.split('\n').slice(0, -1)
  return { lines, port, [Symbol.asyncDispose]: async () => void server.close() }
}

describe('a gateway that ends', () => {
  it.each(['SIGTERM', 'SIGQUIT'] as const)('loses no line of a log: %s', async (signal) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-test-'))
    const file = path.join(folder, 'log.json')
    await using upstream = await startUpstream()
    await using collector = await startCollector()
    await using listener = await startListener()
    await using gateway = await startGateway({
      ...oneRoute(upstream.url),
      plugins: [
        { name: 'file-log', config: { path: file } },
        { name: 'tcp-log', config: { host: '127.0.0.1', port: listener.port } },
        {
          name: 'http-log',
          config: {
            http_endpoint: `http://127.0.0.1:${collector.port}`,
            // More than there will be: they go out because the gateway ends.
            queue: { max_batch_size: 1000, max_coalescing_delay: 3600 },
          },
        },
      ],
    })
    const requests = Array.from({ length: 20 }, async () => (await fetch(gateway.url)).text())
    await Promise.all(requests)
    gateway.signal(signal)
    expect(await gateway.ended).toBe(0)
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(requests.length + 1)
    expect(collector.posted).toHaveLength(requests.length)
    await until(() => listener.lines().length === requests.length)
    rmSync(folder, { recursive: true })
  })
})
