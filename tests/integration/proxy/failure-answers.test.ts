import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

let upstream: TestUpstream
let gateway: TestGateway
let folder: string

function configOf(port: number): object {
  return {
    _format_version: '3.0',
    services: [
      { name: 'up', host: '127.0.0.1', port, routes: [{ name: 'up-route', paths: ['/up'] }] },
      { name: 'dead', url: 'http://127.0.0.1:1', routes: [{ name: 'dead', paths: ['/dead'] }] },
      { name: 'lost', url: 'http://lost.invalid', routes: [{ name: 'lost', paths: ['/lost'] }] },
      { name: 'none', host: 'empty', routes: [{ name: 'none', paths: ['/none'] }] },
      {
        name: 'tls',
        host: '127.0.0.1',
        port,
        routes: [
          { name: 'tls', paths: ['/tls'], protocols: ['https'] },
          {
            name: 'tls-308',
            paths: ['/308'],
            protocols: ['https'],
            https_redirect_status_code: 308,
          },
          { name: 'grpc', paths: ['/grpc'], protocols: ['grpc'], strip_path: false },
        ],
      },
    ],
    routes: [{ name: 'bare', paths: ['/bare'] }],
    upstreams: [{ name: 'empty' }],
  }
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-templates-'))
  upstream = await startUpstream()
  gateway = await startGateway(configOf(upstream.port), {
    allow_debug_header: 'on',
    nginx_worker_processes: '1',
  })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

async function ask(target: string, ...lines: readonly string[]): Promise<string> {
  return askAt(gateway, target, ...lines)
}

async function askAt(at: TestGateway, target: string, ...lines: readonly string[]) {
  using client = await connectRaw(at.port)
  const fields = ['Host: shop.test:81', 'Connection: close', ...lines].join('\r\n')
  const line = target.includes(' ') ? target : `GET ${target}`
  client.send(`${line} HTTP/1.1\r\n${fields}\r\n\r\n`)
  return await client.closes()
}

function parts(answer: string) {
  const [head = '', ...body] = answer.split('\r\n\r\n')
  const [status = '', ...fields] = head.split('\r\n')
  return {
    status: Number(status.split(' ')[1]),
    fields: fields.map((field) => field.replace(/[\da-f]{32}/, 'ID').replace(/: \d+$/, ': N')),
    body: body.join('\r\n\r\n').replaceAll(/[\da-f]{32}/g, 'ID'),
  }
}

const NO_ROUTE = 'no Route matched with those values'
const INVALID = 'An invalid response was received from the upstream server'

describe('an answer that the gateway makes itself', () => {
  it.each([
    ['/nowhere', 404, NO_ROUTE],
    ['/bare', 503, 'no Service found with those values'],
    ['/none', 503, 'failure to get a peer from the ring-balancer'],
    ['/lost', 503, 'name resolution failed'],
    ['/tls', 426, 'Please use HTTPS protocol'],
    ['/grpc', 415, 'Non-gRPC request matched gRPC route'],
  ])('is JSON for %s without Accept', async (target, status, message) => {
    const answer = parts(await ask(target))
    expect(answer).toMatchObject({
      status,
      body: `{\n  "message":"${message}",\n  "request_id":"ID"\n}`,
    })
    expect(answer.fields).toContain('Content-Type: application/json; charset=utf-8')
    expect(answer.fields).toContain('X-Kong-Response-Latency: N')
    expect(answer.fields).toContain('X-Kong-Request-Id: ID')
    expect(answer.fields.join()).not.toContain('Via')
  })

  it('is text for failures of the upstream without Accept, and counts as proxied', async () => {
    const answer = parts(await ask('/dead'))
    expect(answer).toMatchObject({ status: 502, body: `${INVALID}\nrequest_id: ID\n` })
    expect(answer.fields).toEqual(
      expect.arrayContaining([
        'Content-Type: text/plain; charset=utf-8',
        'X-Kong-Upstream-Latency: N',
        'X-Kong-Proxy-Latency: N',
        'Via: 1.1 kong/3.9.3',
      ]),
    )
    expect(answer.fields.join()).not.toContain('Response-Latency')
    // The type of the request stands in for what it accepts.
    expect(parts(await ask('/dead', 'Content-Type: application/xml')).body).toContain('<error>')
  })

  it.each([
    ['text/plain', `${NO_ROUTE}\nrequest_id: ID\n`],
    ['text/*', `${NO_ROUTE}\nrequest_id: ID\n`],
    ['*/*', `{\n  "message":"${NO_ROUTE}",\n  "request_id":"ID"\n}`],
    ['image/png', `{\n  "message":"${NO_ROUTE}",\n  "request_id":"ID"\n}`],
    ['application/json;q=0.1, text/plain;q=0.9', `${NO_ROUTE}\nrequest_id: ID\n`],
    ['text/html;q=0.1\r\nAccept: text/plain', `${NO_ROUTE}\nrequest_id: ID\n`],
    [
      'application/xml',
      `<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>${NO_ROUTE}</message>\n  <requestid>ID</requestid>\n</error>\n`,
    ],
    ['text/html', new RegExp(`<h1>Error</h1>\\s+<p>${NO_ROUTE}.</p>\\s+<p>request_id: ID</p>`)],
  ])('follows Accept: %s', async (accept, body) => {
    const answer = parts(await ask('/nowhere', `Accept: ${accept}`))
    if (typeof body === 'string') expect(answer.body).toBe(body)
    else expect(answer.body).toMatch(body)
  })

  it('is empty where gRPC is wanted outside of a call, and says the message alone for the server', async () => {
    const empty = parts(await ask('/nowhere', 'Accept: application/grpc'))
    expect(empty).toMatchObject({ status: 404, body: '' })
    expect(empty.fields.join()).not.toContain('Content-Type')
    expect(empty.fields).toContain('Content-Length: N')
    const bare = parts(await ask('/dead', 'Accept: application/grpc'))
    expect(bare).toMatchObject({ status: 502, body: `{"message":"${INVALID}"}` })
    expect(bare.fields).toContain('Content-Type: application/json; charset=utf-8')
    expect(parts(await ask('/dead', 'Accept: text/html;q=0.5, application/grpc')).body).toBe('')
  })

  it.each([
    ['a target that is none', '/%zz', 'Host: a\r\nAccept: text/html', 'text/plain'],
    ['a bad Host before Accept', '/up', 'Host: a b\r\nAccept: text/html', 'text/plain'],
    ['a bad Host behind Accept', '/up', 'Accept: text/html\r\nHost: a b', 'text/html'],
    ['two Hosts around Accept', '/up', 'Host: a\r\nAccept: text/html\r\nHost: a', 'text/html'],
    ['two Hosts before Accept', '/up', 'Host: a\r\nHost: a\r\nAccept: text/html', 'text/plain'],
    ['no Host', '/up', 'Accept: text/html', 'text/html'],
    ['a bad host in the target', 'http://a..b/up', 'Accept: text/html\r\nHost: a', 'text/plain'],
    [
      'a field repeated before Accept',
      '/up',
      'Host: a\r\nIf-Match: a\r\nIf-Match: b\r\nAccept: text/html',
      'text/plain',
    ],
  ])('follows what came before %s', async (_, target, lines, type) => {
    using client = await connectRaw(gateway.port)
    client.send(`GET ${target} HTTP/1.1\r\n${lines}\r\n\r\n`)
    const answer = parts(await client.closes())
    expect(answer.status).toBe(400)
    expect(answer.fields).toContain(`Content-Type: ${type}; charset=utf-8`)
  })

  it('asks for another protocol beside saying how the connection goes on', async () => {
    expect(parts(await ask('/tls')).fields).toEqual(
      expect.arrayContaining([
        'Connection: close',
        'Connection: Upgrade',
        'Upgrade: TLS/1.2, HTTP/1.1',
      ]),
    )
    const grpc = parts(
      await ask('POST /grpc', 'Content-Type: application/grpc', 'Content-Length: 0'),
    )
    expect(grpc).toMatchObject({ status: 426 })
    expect(grpc.fields).toContain('Upgrade: HTTP/2')
    expect(grpc.body).toContain('Please use HTTP2 protocol')
  })

  it('redirects to TLS with the host but not the port', async () => {
    const { status, fields } = parts(await ask('/308/a%20b?c'))
    expect(status).toBe(308)
    expect(fields).toContain('Location: https://shop.test/308/a%20b?c')
  })

  it('has no body for HEAD', async () => {
    expect(parts(await ask('HEAD /nowhere'))).toMatchObject({ status: 404, body: '' })
  })
})

describe('headers of answers', () => {
  it('name route and service to clients that ask, where that is allowed', async () => {
    const { fields } = parts(await ask('/up', 'Kong-Debug: 1'))
    expect(fields).toEqual(
      expect.arrayContaining(['Kong-Route-Name: up-route', 'Kong-Service-Name: up']),
    )
    expect((await ask('/up')).toLowerCase()).not.toContain('kong-route')
    await using closed = await startGateway(configOf(upstream.port))
    expect((await askAt(closed, '/up', 'Kong-Debug: 1')).toLowerCase()).not.toContain('kong-route')
  })

  it('are only those that `headers` lists, and texts those of the templates', async () => {
    const template = path.join(folder, 'error.json')
    writeFileSync(template, '{"error":"%s","id":"%s"}')
    await using terse = await startGateway(configOf(upstream.port), {
      headers: 'X-Kong-Upstream-Status',
      error_template_json: template,
    })
    const proxied = parts(await askAt(terse, '/up'))
    expect(proxied.fields.filter((field) => /kong|via|server/i.test(field))).toEqual([
      'X-Kong-Upstream-Status: N',
    ])
    const own = parts(await askAt(terse, '/nowhere'))
    expect(own.body).toBe(`{"error":"${NO_ROUTE}","id":"ID"}`)
    expect(own.fields.filter((field) => /kong|via|server/i.test(field))).toEqual([])
  })

  it('have the type of `error_default_type` where the request says nothing', async () => {
    await using typed = await startGateway(configOf(upstream.port), {
      error_default_type: 'application/xml',
    })
    const failed = parts(await askAt(typed, '/dead'))
    expect(failed.fields).toContain('Content-Type: application/xml; charset=utf-8')
    expect(failed.body).toContain(`<message>${INVALID}</message>`)
    expect(parts(await askAt(typed, '/dead', 'Accept: text/plain')).body).toContain(`${INVALID}\n`)
    // Answers of routing do not go by it, as in Kong.
    expect(parts(await askAt(typed, '/nowhere')).body).toMatch(/^\{/)
  })

  it('carry the id, as requests do, where `headers` and `headers_upstream` list it', async () => {
    const seen: (string | undefined)[] = []
    await using listener = await startUpstream((request, response) => {
      seen.push(request.headers['x-kong-request-id']?.toString())
      response.end()
    })
    await using told = await startGateway(configOf(listener.port))
    const { fields } = parts(await askAt(told, '/up', 'X-Kong-Request-Id: forged'))
    expect(fields).toContain('X-Kong-Request-Id: ID')
    expect(seen[0]).toMatch(/^[\da-f]{32}$/)
    await using silent = await startGateway(configOf(listener.port), {
      headers: 'off',
      headers_upstream: 'off',
    })
    expect(parts(await askAt(silent, '/up')).fields.join()).not.toMatch(/kong/i)
    expect(seen[1]).toBeUndefined()
  })
})
