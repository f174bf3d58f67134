import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

async function statusOf(
  gateway: TestGateway,
  line: string,
  ...fields: readonly string[]
): Promise<number> {
  using client = await connectRaw(gateway.port)
  const lines = [`${line} HTTP/1.1`, 'Host: x.test', 'Connection: close', ...fields]
  client.send(`${lines.join('\r\n')}\r\n\r\n`)
  return Number((await client.closes()).split(' ')[1])
}

describe('a gateway of flavour expressions', () => {
  it('routes by expressions before fields, by priority, with captures and upstream paths', async () => {
    await using upstream = await startUpstream((request, response) =>
      response.end(`${request.url} ${request.headers['x-group']}`),
    )
    const expression = (text: string, priority: number, more: object = {}) => ({
      name: `r${priority}`,
      expression: text,
      priority,
      ...more,
    })
    await using gateway = await startGateway(
      {
        _format_version: '3.0',
        services: [
          {
            name: 's',
            url: `${upstream.url}/base`,
            routes: [
              expression('http.path ~ r#"^/item/(?<id>[0-9]+)"#', 10, {
                strip_path: false,
                plugins: [
                  {
                    name: 'request-transformer',
                    config: { add: { headers: ['x-group:$(uri_captures["id"])'] } },
                  },
                ],
              }),
              expression('http.path ^= "/item"', 5),
              expression('http.method == "DELETE" && http.path == "/only"', 20),
              expression('any(http.headers.x_kind) == "b" || net.src.ip in 10.0.0.0/8', 1),
              { name: 'fields', paths: ['/item', '/plain'], methods: ['GET'] },
            ],
          },
        ],
      },
      { router_flavor: 'expressions' },
    )
    const ask = async (target: string, init: RequestInit = {}) =>
      (await fetch(gateway.url + target, init)).text()
    expect(await ask('/item/42/x?y')).toBe('/base/item/42/x?y 42')
    expect(await ask('/item/none')).toBe('/base/none undefined')
    expect(await ask('/plain/z')).toBe('/base/z undefined')
    expect(await ask('/only', { method: 'DELETE' })).toBe('/base undefined')
    expect(await statusOf(gateway, 'GET /only')).toBe(404)
    expect(await statusOf(gateway, 'GET /else', 'X-Kind: a', 'X-Kind: b')).toBe(200)
    expect(await statusOf(gateway, 'GET /else', 'X-Kind: a')).toBe(404)
  })

  it('refuses an expression with the place of what is wrong', async () => {
    await using gateway = await startGateway(
      { _format_version: '3.0' },
      { router_flavor: 'expressions' },
    )
    const load = async (text: string) => {
      const response = await fetch(`${gateway.adminUrl}/config`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          _format_version: '3.0',
          routes: [{ name: 'r', expression: text, priority: 1 }],
        }),
      })
      return { status: response.status, text: await response.text() }
    }
    const refused = await load('http.path == "/" &&')
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('--> 1:20')
    expect((await load('http.path == "/"')).status).toBe(201)
  })
})

describe('a gateway of flavour traditional', () => {
  it('joins paths as each route says', async () => {
    await using upstream = await startUpstream((request, response) => response.end(request.url))
    await using gateway = await startGateway(
      {
        _format_version: '3.0',
        services: [
          {
            name: 's',
            url: `${upstream.url}/service`,
            routes: [
              { name: 'v0', paths: ['/zero'], path_handling: 'v0' },
              { name: 'v1', paths: ['/one'], path_handling: 'v1' },
            ],
          },
        ],
      },
      { router_flavor: 'traditional' },
    )
    const ask = async (target: string) => (await fetch(gateway.url + target)).text()
    expect(await ask('/zero/x')).toBe('/service/x')
    expect(await ask('/zerox')).toBe('/service/x')
    expect(await ask('/onex')).toBe('/servicex')
  })
})
