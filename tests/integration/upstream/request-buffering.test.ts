import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ProxyLimits } from '../../../src/proxy/context.ts'
import { SpoolMemory } from '../../../src/proxy/spool/spool-room.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { reply, startRawUpstream, type RawRequest } from '../../support/raw-upstream.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

const GET = 'GET /api HTTP/1.1\r\nHost: a\r\n\r\n'
/** More than is held of a body, and no two parts of it alike. */
const BODY = Array.from({ length: 150_000 }, (_, index) => `${index},`).join('')

interface Setup {
  readonly answer?: (request: RawRequest) => string | undefined
  readonly route?: object
  readonly limits?: Partial<ProxyLimits>
  readonly memory?: SpoolMemory
  /** Instead of a folder that does not exist yet. */
  readonly folder?: string
}

/** A try that is too slow would be made again. */
const PATIENT = { connect_timeout: 60_000, write_timeout: 60_000, read_timeout: 60_000 }

function put(body: string): string {
  return `PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

describe.each(['public', 'fast'] as const)('request bodies with the %s transport', (transport) => {
  async function start(setup: Setup = {}) {
    const { answer = () => reply('done') } = setup
    const upstream = await startRawUpstream(answer)
    const home = mkdtempSync(path.join(tmpdir(), 'portunus-spool-'))
    const folder = setup.folder ?? path.join(home, 'client_body_temp')
    const finished: number[] = []
    const proxy = await startProxy({
      entities: {
        services: [service('api', upstream.port, PATIENT)],
        routes: [route('api', 'api', setup.route)],
      },
      transport,
      listen: { http2: true },
      limits: { bufferedBodyBytes: 100_000, ...setup.limits },
      context: {
        spool: { requests: folder, responses: folder, memory: setup.memory ?? new SpoolMemory() },
      },
      onFinished: ({ response }) => void finished.push(response.status),
    })
    expect(proxy.context.sockets.kind).toBe(transport)
    return {
      upstream,
      proxy,
      folder,
      finished,
      port: proxy.port,
      /** Files of this gateway that are open and have no name any more. */
      openFiles: () => openFilesBelow(folder),
      async [Symbol.asyncDispose]() {
        await until(() => proxy.context.counters.writing === 0)
        // Nothing is left of any body, however its exchange ended.
        await until(() => openFilesBelow(folder).length === 0)
        await proxy[Symbol.asyncDispose]()
        await upstream[Symbol.asyncDispose]()
        rmSync(home, { recursive: true, force: true })
      },
    }
  }

  it('wait here until they are whole, and go on as they came', async () => {
    await using gateway = await start()
    using client = await connectRaw(gateway.port)
    const request = put(BODY)
    client.send(request.slice(0, -1))
    await until(() => gateway.openFiles().length === 1)
    expect(gateway.upstream.connections.length).toBe(0)
    expect(readdirSync(gateway.folder)).toEqual([])
    client.send(request.slice(-1))
    await client.sees('done')
    const [asked] = gateway.upstream.requests
    expect(asked!.header('content-length')).toBe(String(BODY.length))
    expect(asked!.body).toBe(BODY)
    expect(gateway.proxy.log).toEqual([])
  })

  it('that come in chunks get their length', async () => {
    await using gateway = await start()
    using client = await connectRaw(gateway.port)
    client.send('PUT /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    client.send(`${BODY.length.toString(16)}\r\n${BODY}\r\n`)
    await until(() => gateway.openFiles().length === 1)
    expect(gateway.upstream.connections.length).toBe(0)
    client.send('0\r\n\r\n')
    await client.sees('done')
    const [asked] = gateway.upstream.requests
    expect(asked!.header('transfer-encoding')).toBe(undefined)
    expect(asked!.header('content-length')).toBe(String(BODY.length))
    expect(asked!.body).toBe(BODY)
  })

  it('that come over HTTP/2 wait as well', async () => {
    await using gateway = await start()
    const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
    const stream = session.request({ ':path': '/api', ':method': 'PUT' })
    stream.write(BODY)
    await until(() => gateway.openFiles().length === 1)
    expect(gateway.upstream.connections.length).toBe(0)
    stream.end()
    let text = ''
    for await (const piece of stream) text += String(piece)
    session.destroy()
    expect(text).toBe('done')
    expect(gateway.upstream.requests[0]!.body).toBe(BODY)
  })

  it('go to the next peer whole when one fails', async () => {
    await using gateway = await start({
      answer({ connection, socket }) {
        if (connection > 1) return reply('done')
        socket.resetAndDestroy()
        return undefined
      },
    })
    using client = await connectRaw(gateway.port)
    client.send(put(BODY))
    await client.sees('done')
    expect(gateway.upstream.requests.map(({ body }) => body === BODY)).toEqual([true, true, true])
  })

  it('follow one another on a connection', async () => {
    await using gateway = await start()
    using client = await connectRaw(gateway.port)
    client.send(put(BODY) + put(`${BODY}again`) + GET)
    await client.sees(/done[^]*done[^]*done/)
    expect(gateway.upstream.requests.map(({ body }) => body)).toEqual([BODY, `${BODY}again`, ''])
  })

  it('are asked for where the client waits to be', async () => {
    await using gateway = await start()
    using client = await connectRaw(gateway.port)
    const [head = '', body = ''] = put(BODY).split('\r\n\r\n')
    client.send(`${head}\r\nExpect: 100-continue\r\n\r\n`)
    await client.sees('100 Continue')
    client.send(body)
    await client.sees('done')
  })

  it('stream where the route does not buffer', async () => {
    await using gateway = await start({ route: { request_buffering: false } })
    using client = await connectRaw(gateway.port)
    const request = put(BODY)
    client.send(request.slice(0, -1))
    await until(() => gateway.upstream.connections.length === 1)
    expect(gateway.openFiles()).toEqual([])
    client.send(request.slice(-1))
    await client.sees('done')
  })

  it('stream on without end where the upstream is behind, one request after the other', async () => {
    const length = 16_000_000
    await using upstream = await slowUpstream(length)
    await using proxy = await startProxy({
      entities: {
        services: [service('api', upstream.port, PATIENT)],
        routes: [route('api', 'api', { request_buffering: false })],
      },
      transport,
    })
    using client = await connectRaw(proxy.port)
    const request = `PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`
    for (const answers of [1, 2, 3]) {
      client.send(request)
      client.send(Buffer.alloc(length, 'x'))
      await client.sees(new RegExp(`(?:HTTP/1.1 200[^]*){${answers}}`))
    }
  })

  it('that follow one another in the same memory are not mixed up', async () => {
    const letters = 'abcdefghijkl'.split('')
    const received: string[] = []
    await using gateway = await start({
      answer({ body }) {
        received.push(body)
        return reply('done')
      },
      limits: { bufferedBodyBytes: 1024 * 1024 },
    })
    const lengths = 700_000
    await Promise.all(
      [0, 1, 2].map(async (lane) => {
        using client = await connectRaw(gateway.port)
        const own = letters.filter((_, index) => index % 3 === lane)
        for (const [turn, letter] of own.entries()) {
          const request = put(letter.repeat(lengths))
          // In two parts, so that it is held.
          client.send(request.slice(0, 1000))
          await until(() => gateway.proxy.context.counters.writing > 0)
          client.send(request.slice(1000))
          await client.sees(new RegExp(`(?:done[^]*){${turn + 1}}`))
        }
      }),
    )
    expect(gateway.openFiles()).toEqual([])
    expect(received.toSorted()).toEqual(letters.map((letter) => letter.repeat(lengths)))
  })

  it('go to a file sooner when others take up the memory', async () => {
    const memory = new SpoolMemory(100_000)
    await using gateway = await start({ memory })
    const request = put(BODY.slice(0, 90_000))
    using first = await connectRaw(gateway.port)
    first.send(request.slice(0, -1))
    await until(() => gateway.proxy.context.counters.writing === 1)
    using second = await connectRaw(gateway.port)
    second.send(request.slice(0, -1))
    await until(() => gateway.openFiles().length === 1)
    expect(gateway.openFiles().length).toBe(1)
    first.send(request.slice(-1))
    await first.sees('done')
    second.send(request.slice(-1))
    await second.sees('done')
    expect(gateway.upstream.requests.map(({ body }) => body === BODY.slice(0, 90_000))).toEqual([
      true,
      true,
    ])
    await until(() => memory.take(100_000))
  })

  it('leave nothing behind when the client goes away', async () => {
    await using gateway = await start()
    using client = await connectRaw(gateway.port)
    client.send(put(BODY).slice(0, -1))
    await until(() => gateway.openFiles().length === 1)
    client.socket.destroy()
    await until(() => gateway.finished.length === 1)
    expect(gateway.finished).toEqual([499])
    expect(gateway.upstream.connections.length).toBe(0)
  })

  it('beyond the most a body may have are refused, though they wait', async () => {
    await using gateway = await start({ limits: { bodyBytes: BODY.length - 1 } })
    using client = await connectRaw(gateway.port)
    client.send('PUT /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    client.send(`${(BODY.length - 1).toString(16)}\r\n${BODY.slice(1)}\r\n`)
    await until(() => gateway.openFiles().length === 1)
    client.send('1\r\nx\r\n')
    expect(await client.closes()).toMatch(/^HTTP\/1\.1 413 /)
    expect(gateway.upstream.connections.length).toBe(0)
  })

  it('that come too slowly are refused, though they wait', async () => {
    await using gateway = await start({ limits: { bodyTimeoutMs: 60_000 } })
    using client = await connectRaw(gateway.port)
    client.send(put(BODY).slice(0, -1))
    await until(() => gateway.openFiles().length === 1)
    gateway.proxy.context.wheel.advance(Date.now() + 120_000)
    expect(await client.closes()).toMatch(/^HTTP\/1\.1 408 /)
    expect(gateway.upstream.connections.length).toBe(0)
  })

  it('that cannot be kept are answered 500', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'portunus-no-spool-')), 'a-file')
    writeFileSync(file, '')
    await using gateway = await start({ folder: path.join(file, 'client_body_temp') })
    using client = await connectRaw(gateway.port)
    client.send(put(BODY))
    const text = await client.sees(/request_id: \w+/)
    expect(text).toMatch(/^HTTP\/1\.1 500 /)
    expect(text).toContain('An unexpected error occurred')
    expect(gateway.upstream.connections.length).toBe(0)
    expect(gateway.proxy.log).toEqual([
      expect.stringMatching(/^error Cannot keep the request body of exchange \w+: ENOTDIR/),
    ])
    // The rest was read away, and the connection goes on.
    client.send(GET)
    await client.sees('done')
    rmSync(path.dirname(file), { recursive: true })
  })
})

/** Takes bodies a piece at a time, each when the system's buffers are full, and answers them. */
async function slowUpstream(length: number) {
  const server = net.createServer((socket) => {
    let rest = 0
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const head = rest === 0 ? bytes.indexOf('\r\n\r\n') + 4 : 0
      rest = (rest === 0 ? length : rest) - (bytes.length - head)
      if (rest === 0) socket.write(reply('done'))
      socket.pause()
      setImmediate(() => socket.resume())
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

/** What this process has open below a folder, without a name any more. */
function openFilesBelow(folder: string): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`)
      return file.startsWith(folder) && file.endsWith(' (deleted)') ? [file] : []
    } catch {
      // It was closed while they were listed.
      return []
    }
  })
}
