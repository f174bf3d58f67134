import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

/** Sends fields and tells which ones the upstream got, by lower-case name. */
async function forwarding(
  settings: Readonly<Record<string, string>>,
): Promise<
  { ask(...lines: readonly string[]): Promise<Readonly<Record<string, string>>> } & AsyncDisposable
> {
  const upstream = await startUpstream((request, response) =>
    response.end(JSON.stringify(request.headers)),
  )
  const config = {
    _format_version: '3.0',
    services: [{ name: 's', url: upstream.url, routes: [{ name: 'r', paths: ['/a'] }] }],
  }
  const gateway = await startGateway(config, { ...settings, nginx_worker_processes: '1' })
  return {
    async ask(...lines) {
      using client = await connectRaw(gateway.port)
      const fields = ['Host: Shop.test:81', 'Connection: close', ...lines].join('\r\n')
      client.send(`GET /a/b?c=d HTTP/1.1\r\n${fields}\r\n\r\n`)
      const answer = await client.closes()
      return JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1))
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const CLAIMS = [
  'X-Forwarded-For: 203.0.113.9, 198.51.100.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: outer.test',
  'X-Forwarded-Port: 444',
  'X-Forwarded-Path: /outer',
  'X-Forwarded-Prefix: /pre',
  'X-Real-IP: 203.0.113.77',
] as const

describe('what an upstream learns of the client', () => {
  it('is the gateway’s own, where the peer is not trusted; X-Forwarded-For is added to', async () => {
    await using gateway = await forwarding({})
    expect(await gateway.ask(...CLAIMS)).toMatchObject({
      'x-forwarded-for': '203.0.113.9, 198.51.100.7, 127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-port': expect.stringMatching(/^\d+$/),
      'x-forwarded-path': '/a/b',
      'x-forwarded-prefix': '/a',
      'x-real-ip': '127.0.0.1',
    })
  })

  it('is what a trusted peer says, as far as it says something', async () => {
    await using gateway = await forwarding({ trusted_ips: '127.0.0.0/8' })
    expect(await gateway.ask(...CLAIMS)).toMatchObject({
      'x-forwarded-for': '203.0.113.9, 198.51.100.7, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'outer.test',
      'x-forwarded-port': '444',
      'x-forwarded-path': '/outer',
      'x-forwarded-prefix': '/pre',
      'x-real-ip': '203.0.113.77',
    })
    const silent = await gateway.ask()
    expect(silent).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-path': '/a/b',
      'x-real-ip': '127.0.0.1',
    })
  })

  it.each([
    ['off', '198.51.100.7'],
    ['on', '203.0.113.9'],
  ])('is taken from a list: real_ip_recursive = %s', async (recursive, ip) => {
    await using gateway = await forwarding({
      trusted_ips: '127.0.0.1,198.51.100.0/24',
      real_ip_header: 'X-Forwarded-For',
      real_ip_recursive: recursive,
    })
    expect(await gateway.ask(...CLAIMS)).toMatchObject({ 'x-real-ip': ip })
    expect(await gateway.ask('X-Forwarded-For: nonsense, 198.51.100.7:4711')).toMatchObject({
      'x-real-ip': '198.51.100.7',
    })
  })

  it('has no field of the client’s own connection, nor one that Connection names', async () => {
    await using gateway = await forwarding({})
    const seen = await gateway.ask(
      'Connection: X-Private',
      'X-Private: 1',
      'Keep-Alive: timeout=5',
      'Proxy: evil',
      'Proxy-Connection: keep-alive',
      'TE: trailers, gzip',
      'Upgrade: h2c',
      'Via: 1.0 outer',
      'Proxy-Authorization: kept',
      'X_Under: kept',
    )
    expect(seen).toMatchObject({
      connection: 'keep-alive',
      te: 'trailers',
      via: '1.0 outer, 1.1 kong/3.9.3',
      'proxy-authorization': 'kept',
      x_under: 'kept',
      'x-kong-request-id': expect.stringMatching(/^[\da-f]{32}$/),
    })
    for (const name of ['x-private', 'keep-alive', 'proxy', 'proxy-connection', 'upgrade'])
      expect(seen).not.toHaveProperty(name)
  })

  it.each([
    ['gzip, Trailers', 'trailers'],
    ['trailers;q=0.5', undefined],
    ['gzip trailers', undefined],
  ])('has TE: %s only as the word trailers', async (sent, te) => {
    await using gateway = await forwarding({})
    expect((await gateway.ask(`TE: ${sent}`))['te']).toBe(te)
  })
})
