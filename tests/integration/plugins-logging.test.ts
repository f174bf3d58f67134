import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { testGateway } from '../../src/plugin-kit/testing/test-plugin.ts'
import { fileLog } from '../../src/plugins/file-log/plugin.ts'
import { httpLog } from '../../src/plugins/http-log/plugin.ts'
import { statsd } from '../../src/plugins/statsd/plugin.ts'
import { tcpLog } from '../../src/plugins/tcp-log/plugin.ts'
import { udpLog } from '../../src/plugins/udp-log/plugin.ts'

interface Received {
  readonly request: IncomingMessage
  readonly body: string
}

/** A log server that keeps what it gets; it answers with the given statuses, then with 200. */
async function logServer(statuses: number[] = []) {
  const received: Received[] = []
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ request, body: Buffer.concat(chunks).toString() })
      response.writeHead(statuses.shift() ?? 200).end('ignored')
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

describe('http-log', () => {
  it('sends an entry as its own request', async () => {
    await using server = await logServer()
    const config = {
      http_endpoint: `${server.url}/in?dropped=1`,
      headers: { 'X-Log': '1' },
      custom_fields_by_lua: { mine: 'return 42' },
    }
    await testGateway([[httpLog, config]]).send({ path: '/a' })
    await until(() => server.received.length === 1)
    const { request, body } = server.received[0]!
    expect([request.method, request.url]).toEqual(['POST', '/in'])
    expect(Object.keys(request.headers).toSorted()).toEqual([
      'content-length',
      'content-type',
      'host',
      'user-agent',
      'x-log',
    ])
    expect(JSON.parse(body)).toMatchObject({ mine: 42, request: { uri: '/a' } })
  })

  it('sends batches as lists, over one connection, with who it is', async () => {
    await using server = await logServer()
    const config = {
      http_endpoint: server.url.replace('//', '//user:p%40ss@'),
      method: 'PUT',
      queue: { max_batch_size: 2, max_coalescing_delay: 0.01 },
    }
    const gateway = testGateway([[httpLog, config]])
    for (const path of ['/1', '/2', '/3']) await gateway.send({ path })
    await until(() => server.received.length === 2)
    const [first, second] = server.received
    expect(JSON.parse(first!.body)).toHaveLength(2)
    expect(JSON.parse(second!.body)).toHaveLength(1)
    expect(first!.request.headers.authorization).toBe(
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    )
    expect(second!.request.socket.remotePort).toBe(first!.request.socket.remotePort)
  })

  it('tries again until the server accepts', async () => {
    await using server = await logServer([500, 503])
    const config = { http_endpoint: server.url, queue: { initial_retry_delay: 0.001 } }
    const logged: string[] = []
    await testGateway([[httpLog, config]], { logged }).send()
    await until(() => server.received.length === 3)
    expect(logged.map((line) => /answered \d+/.exec(line)?.[0])).toEqual([
      'answered 500',
      'answered 503',
    ])
  })
})

describe('file-log', () => {
  it('appends lines, and to a new file once the old one was moved away', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'file-log-'))
    const path = join(folder, 'a.log')
    const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => '')
    try {
      const gateway = testGateway([[fileLog, { path, reopen: true }]])
      await gateway.send({ path: '/1' })
      await expect.poll(() => read('a.log')).toContain('"/1"')
      await rename(path, join(folder, 'b.log'))
      await gateway.send({ path: '/2' })
      await expect.poll(() => read('a.log')).toContain('"/2"')
      expect(
        (await read('b.log'))
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toHaveLength(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('reports a file that cannot be written', async () => {
    const logged: string[] = []
    await testGateway([[fileLog, { path: '/no/such/folder/a.log' }]], { logged }).send()
    await until(() => logged.length === 1)
    expect(logged[0]).toContain('cannot write')
  })
})

describe('tcp-log', () => {
  it('sends lines over a connection that is used again', async () => {
    let text = ''
    let connections = 0
    const server = createTcpServer((socket) => {
      connections += 1
      socket.on('data', (chunk) => (text += chunk.toString()))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const gateway = testGateway([[tcpLog, { host: '127.0.0.1', port }]])
    await gateway.send({ path: '/1' })
    await until(() => text.endsWith('\n'))
    await gateway.send({ path: '/2' })
    await until(() => text.split('\n').length === 3)
    expect(connections).toBe(1)
    gateway.handlers[0]?.dispose?.()
    await new Promise((resolve) => server.close(resolve))
  })

  it('reports a server that is not there', async () => {
    const logged: string[] = []
    await testGateway([[tcpLog, { host: '127.0.0.1', port: 1 }]], { logged }).send()
    await until(() => logged.length === 1)
  })
})

describe('udp-log and statsd', () => {
  it('send datagrams', async () => {
    const received: string[] = []
    const socket = createSocket('udp4')
    socket.on('message', (message) => received.push(message.toString()))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    const metrics = [{ name: 'request_count', stat_type: 'counter', sample_rate: 1 }]
    const gateway = testGateway([
      [udpLog, { host: '127.0.0.1', port }],
      [statsd, { host: '127.0.0.1', port, metrics }],
    ])
    await gateway.send()
    await until(() => received.length === 2)
    expect(received).toContain('kong.global.unmatched.request.count:1|c')
    expect(received.some((text) => text.startsWith('{"request"'))).toBe(true)
    socket.close()
  })
})
