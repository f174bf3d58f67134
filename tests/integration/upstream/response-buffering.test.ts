import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Peer } from '../../../src/balancer/peer.ts'
import { SpoolMemory } from '../../../src/proxy/spool/spool-room.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { reply, startRawUpstream } from '../../support/raw-upstream.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { until } from '../../support/until.ts'

const SHORT = 'GET /api HTTP/1.1\r\nHost: a\r\n\r\n'
/** More than the system holds for a client that does not read, and no two parts of it alike. */
const BODY = Array.from({ length: 3_000_000 }, (_, index) => `${index},`).join('')
const WITH_LENGTH = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n`
const UNBUFFERED = `${WITH_LENGTH}X-Accel-Buffering: no\r\n\r\n${BODY}`
const FRAMINGS = [
  ['of a known length', `${WITH_LENGTH}\r\n${BODY}`],
  [
    'in chunks',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  ],
] as const

interface Setup {
  readonly answer?: string
  readonly memory?: SpoolMemory
  readonly folder?: string
}

describe.each(['public', 'fast'] as const)('answers with the %s transport', (transport) => {
  /** A gateway before an upstream that gives its long answer first, and short ones from then on. */
  async function start(setup: Setup = {}) {
    const { answer = FRAMINGS[0][1] } = setup
    const upstream = await startRawUpstream(({ line }) => {
      if (line.includes('/unbuffered')) return UNBUFFERED
      return line.includes('/long') ? answer : reply('done')
    })
    const home = mkdtempSync(path.join(tmpdir(), 'portunus-spool-'))
    const folder = setup.folder ?? path.join(home, 'proxy_temp')
    const finished: { status: number; bytes: number }[] = []
    const proxy = await startProxy({
      entities: {
        services: [service('api', upstream.port)],
        routes: [route('api', 'api'), route('as-it-comes', 'api', { response_buffering: false })],
      },
      transport,
      listen: { http2: true },
      context: {
        spool: { requests: folder, responses: folder, memory: setup.memory ?? new SpoolMemory() },
      },
      onFinished: ({ response: { status, bodyBytes: bytes } }) =>
        void finished.push({ status, bytes }),
    })
    return {
      upstream,
      proxy,
      finished,
      port: proxy.port,
      /** The upstream has got rid of all it had to say to the first request for a path. */
      isDone: (path = '/long') =>
        upstream.requests.find(({ line }) => line.includes(path))?.socket.writableLength === 0,
      /** A connection to the upstream waits for its next request. */
      isIdle() {
        const waiting = proxy.pool.take({ ip: '127.0.0.1', port: upstream.port } as Peer, undefined)
        if (waiting !== undefined) proxy.pool.give(waiting)
        return waiting !== undefined
      },
      openFiles: () => openFilesBelow(folder),
      async [Symbol.asyncDispose]() {
        await until(() => proxy.context.counters.writing === 0)
        // Nothing is left of any answer, however its exchange ended.
        await until(() => openFilesBelow(folder).length === 0)
        await proxy[Symbol.asyncDispose]()
        await upstream[Symbol.asyncDispose]()
        rmSync(home, { recursive: true, force: true })
      },
    }
  }

  it.each(FRAMINGS)(
    '%s do not keep the upstream until a slow client has them',
    async (_, answer) => {
      await using gateway = await start({ answer })
      using client = await slowClient(gateway.port)
      await until(() => gateway.isDone())
      expect(gateway.openFiles().length).toBe(1)
      expect(gateway.finished).toEqual([])
      // Its connection serves others meanwhile.
      await until(() => gateway.isIdle())
      using other = await connectRaw(gateway.port)
      other.send(SHORT)
      await other.sees('done')
      expect(gateway.upstream.connections.length).toBe(1)
      const text = await client.readsUntil((received) => received.includes(LAST))
      expect(digest(unframed(text))).toBe(digest(BODY))
      await until(() => gateway.finished.length === 2)
      expect(gateway.finished[1]).toEqual({ status: 200, bytes: BODY.length })
      expect(gateway.proxy.log).toEqual([])
      // And its own connection goes on.
      client.socket.write(SHORT)
      await client.readsUntil((received) => received.endsWith('done'))
    },
  )

  it('over HTTP/2 do not keep it either', async () => {
    await using gateway = await start()
    const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
    const stream = session.request({ ':path': '/api/long' })
    stream.pause()
    await until(() => gateway.isDone())
    let text = ''
    for await (const piece of stream.setEncoding('latin1')) text += String(piece)
    session.destroy()
    expect(digest(text)).toBe(digest(BODY))
  })

  it.each([
    ['where the route says so', '/as-it-comes/long', '/long'],
    ['where the upstream says so', '/api/unbuffered', '/unbuffered'],
  ])('go on as the client takes them %s', async (_, target, asked) => {
    await using gateway = await start()
    using client = await slowClient(gateway.port, target)
    await until(() => gateway.upstream.requests.length === 1)
    // One that came later, and is read ahead, is done sooner.
    using buffered = await slowClient(gateway.port, '/api/long?buffered')
    await until(() => gateway.isDone('/long?buffered'))
    expect(gateway.isDone(asked)).toBe(false)
    expect(gateway.openFiles().length).toBe(1)
    const text = await client.readsUntil((received) => received.includes(LAST))
    expect(digest(unframed(text))).toBe(digest(BODY))
    expect(gateway.isDone(asked)).toBe(true)
    await buffered.readsUntil((received) => received.includes(LAST))
  })

  it('that wait are dropped when their client goes away', async () => {
    await using gateway = await start()
    using client = await slowClient(gateway.port)
    await until(() => gateway.isDone())
    client.socket.resetAndDestroy()
    await until(() => gateway.finished.length === 1)
    const [{ status, bytes } = { status: 0, bytes: 0 }] = gateway.finished
    expect(status).toBe(200)
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(BODY.length)
  })

  it('that the upstream breaks off do not pass for whole', async () => {
    await using gateway = await start({
      answer: `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length + 1}\r\n\r\n${BODY}`,
    })
    using client = await slowClient(gateway.port)
    await until(() => gateway.isDone())
    gateway.upstream.connections[0]!.end()
    await until(() => gateway.finished.length === 1)
    client.socket.resume()
    await until(() => client.socket.destroyed)
    expect(client.text().length).toBeLessThan(BODY.length)
  })

  it('are whole though there is no room for them on the disk', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'portunus-no-spool-')), 'a-file')
    writeFileSync(file, '')
    await using gateway = await start({ folder: path.join(file, 'proxy_temp') })
    using client = await slowClient(gateway.port)
    await until(() => gateway.proxy.log.length > 0)
    expect(gateway.proxy.log).toEqual([
      expect.stringMatching(/^error Cannot write the answer of exchange \w+ to its file: ENOTDIR/),
    ])
    const text = await client.readsUntil((received) => received.includes(LAST))
    expect(digest(unframed(text))).toBe(digest(BODY))
    expect(gateway.proxy.log.length).toBe(1)
    rmSync(path.dirname(file), { recursive: true })
  })

  it('are whole though others take up the memory', async () => {
    await using gateway = await start({ memory: new SpoolMemory(1) })
    using client = await slowClient(gateway.port)
    await until(() => gateway.isDone())
    const text = await client.readsUntil((received) => received.includes(LAST))
    expect(digest(unframed(text))).toBe(digest(BODY))
  })
})

/** How the body ends. */
const LAST = ',2999998,2999999,'

/** A client that asks and does not read until it is told to. */
async function slowClient(port: number, target = '/api/long') {
  const socket = net.connect({ port, host: '127.0.0.1' })
  await new Promise((resolve) => void socket.once('connect', resolve))
  socket.pause()
  const pieces: string[] = []
  socket.on('data', (bytes) => void pieces.push(bytes.toString('latin1')))
  socket.on('error', () => {
    // Tests break connections on purpose.
  })
  socket.pause()
  socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
  return {
    socket,
    text: () => pieces.join(''),
    [Symbol.dispose]: () => void socket.destroy(),
    async readsUntil(isEnough: (lately: string) => boolean): Promise<string> {
      socket.resume()
      await until(() => isEnough(pieces.slice(-2).join('').slice(-200)), 30_000)
      return pieces.join('')
    },
  }
}

/** The body of a response that came whole, its chunks put together. */
function unframed(text: string): string {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  if (!/^transfer-encoding: chunked\r$/im.test(text.slice(0, 1000))) return body
  let whole = ''
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.slice(at, end), 16)
    if (!(size > 0)) return whole
    whole += body.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
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
