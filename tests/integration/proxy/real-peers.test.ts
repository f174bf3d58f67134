import { execFile, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

/** Clients that other people wrote. A machine without one of them skips its tests; CI has them all. */
const MISSING = ['curl', 'nghttp', 'h2load'].filter(
  (program) => spawnSync(program, ['--version']).error !== undefined,
)
if (MISSING.length > 0)
  console.warn(`skipped: tests with ${MISSING.join(', ')}, not installed here`)
const itWith = (program: string) => it.skipIf(MISSING.includes(program))

interface Ended {
  readonly code: number | null
  readonly stdout: string
}

function run(program: string, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, words, { timeout: 120_000 }, (_, stdout) =>
      resolve({ code: child.exitCode, stdout }),
    )
  })
}

let upstream: TestUpstream
let clear: TestGateway
let secure: TestGateway
let proxied: TestGateway

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const client = String(request.headers['x-real-ip'])
      response.end(`${request.method} ${Buffer.concat(pieces).length} from ${client}`)
    })
  })
  const config = {
    _format_version: '3.0',
    services: [{ name: 'api', url: upstream.url, routes: [{ name: 'all', paths: ['/'] }] }],
  }
  clear = await startGateway(config, { proxy_listen: '127.0.0.1:0 http2' })
  secure = await startGateway(config, { proxy_listen: '127.0.0.1:0 http2 ssl' })
  proxied = await startGateway(config, {
    proxy_listen: '127.0.0.1:0 proxy_protocol',
    real_ip_header: 'proxy_protocol',
    trusted_ips: '127.0.0.1',
  })
})

afterAll(async () => {
  for (const gateway of [clear, secure, proxied]) await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const SAID = ['-sk', '-w', ' %{http_code} HTTP/%{http_version}']

describe('curl', () => {
  const hasHttp2 = spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout?.includes('HTTP2')
  const itOverHttp2 = it.skipIf(MISSING.includes('curl') || !hasHttp2)

  itOverHttp2('speaks HTTP/2 without TLS, knowing that it may', async () => {
    const { stdout } = await run('curl', [...SAID, '--http2-prior-knowledge', clear.url])
    expect(stdout).toBe('GET 0 from 127.0.0.1 200 HTTP/2')
  })

  itOverHttp2(
    'stays with HTTP/1.1 when it asks for HTTP/2 by an upgrade, as with nginx',
    async () => {
      const { stdout } = await run('curl', [...SAID, '--http2', clear.url])
      expect(stdout).toBe('GET 0 from 127.0.0.1 200 HTTP/1.1')
    },
  )

  itOverHttp2('chooses HTTP/2 in the handshake, and sends bodies', async () => {
    const url = `https://127.0.0.1:${secure.port}/`
    const body = 'x'.repeat(100_000)
    const { stdout } = await run('curl', [...SAID, '--http2', '-d', body, url])
    expect(stdout).toBe('POST 100000 from 127.0.0.1 200 HTTP/2')
  })

  itWith('curl')('begins with a header of the PROXY protocol', async () => {
    const { stdout } = await run('curl', [...SAID, '--haproxy-protocol', proxied.url])
    expect(stdout).toBe('GET 0 from 127.0.0.1 200 HTTP/1.1')
    const { code } = await run('curl', [...SAID, proxied.url])
    expect(code).not.toBe(0)
  })
})

describe('nghttp2', () => {
  itWith('nghttp')('gets many streams over one connection', async () => {
    const urls = Array.from({ length: 20 }, (_, index) => `${clear.url}/${index}`)
    const { code, stdout } = await run('nghttp', ['--stat', '--null-out', ...urls])
    expect(code).toBe(0)
    expect(stdout.match(/ 200 +\d+ \/\d+/g)).toHaveLength(20)
  })

  itWith('nghttp')('agrees with what it is sent over TLS', async () => {
    const { stdout } = await run('nghttp', ['-v', '--no-dep', `https://127.0.0.1:${secure.port}/`])
    expect(stdout).toContain('SETTINGS_MAX_CONCURRENT_STREAMS(0x03):128')
    expect(stdout).toContain('SETTINGS_ENABLE_CONNECT_PROTOCOL(0x08):1')
    expect(stdout).toContain(':status: 200')
    expect(stdout).not.toContain('RST_STREAM')
  })

  itWith('h2load').each([
    ['clear', () => clear.url],
    ['TLS', () => `https://127.0.0.1:${secure.port}`],
  ])('h2load has all its requests answered: %s', async (_, url) => {
    const words = ['-n', '2000', '-c', '8', '-m', '32', url()]
    const { stdout } = await run('h2load', words)
    expect(stdout).toContain('2000 succeeded, 0 failed, 0 errored, 0 timeout')
    expect(stdout).toContain('status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx')
  })
})
