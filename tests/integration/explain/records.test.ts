import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { startUpstream } from '../../support/start-upstream.ts'

const SECRET = 'hush-hush-hush-hush-hush-hush-hush'
const API_KEY = 'a-very-secret-api-key'

function config(upstream: string) {
  return {
    _format_version: '3.0',
    services: [
      {
        name: 'orders',
        url: upstream,
        routes: [
          {
            name: 'read',
            paths: ['/orders'],
            methods: ['GET'],
            plugins: [
              { name: 'jwt', config: { key_claim_name: 'kid', claims_to_verify: ['exp'] } },
              { name: 'acl', config: { allow: ['staff'] } },
            ],
          },
          { name: 'write', paths: ['/orders'], methods: ['POST'], headers: { 'x-kind': ['new'] } },
          { name: 'keyed', paths: ['/keyed'], plugins: [{ name: 'key-auth' }] },
          {
            name: 'closed',
            paths: ['/closed'],
            plugins: [{ name: 'request-termination', config: { status_code: 403 } }],
          },
        ],
      },
      {
        name: 'gone',
        url: 'http://127.0.0.1:1',
        retries: 0,
        routes: [{ name: 'away', paths: ['/away'] }],
      },
    ],
    consumers: [
      {
        username: 'login_server_issuer',
        jwt_secrets: [{ key: 'login_server', secret: SECRET }],
        keyauth_credentials: [{ key: API_KEY }],
      },
    ],
  }
}

function token(claims: object, secret = SECRET): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

const FUTURE = 4_000_000_000

interface Sent {
  readonly id: string
  readonly status: number
  readonly body: string
  readonly headers: string
}

async function send(
  gateway: TestGateway,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Sent> {
  const response = await fetch(gateway.url + path, { headers })
  return {
    id: response.headers.get('x-kong-request-id')!,
    status: response.status,
    body: await response.text(),
    headers: JSON.stringify([...response.headers]),
  }
}

/** What tests look into; the rest is compared as it is. */
interface Answered {
  readonly [name: string]: unknown
  readonly data: readonly { readonly id: string }[]
  readonly next: string | null
  readonly timings: { readonly total_ms: number }
}

async function ask(gateway: TestGateway, path: string) {
  const response = await fetch(gateway.adminUrl + path)
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as Answered }
}

async function servingOrders(settings: Readonly<Record<string, string>> = {}) {
  const upstream = await startUpstream((_request, response) => response.end('ok'))
  const gateway = await startGateway(config(upstream.url), settings)
  return {
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe('GET /explain/{request_id}', () => {
  it('tells why a token was refused: the checks, the nearest key, the fix, the answer', async () => {
    await using serving = await servingOrders()
    const { gateway } = serving
    const bad = token({ kid: 'login', exp: FUTURE, sub: 'ann', colour: 'blue-as-the-sea' })
    const sent = await send(gateway, '/orders/7?page=2', { authorization: `Bearer ${bad}` })
    expect(sent.status).toBe(401)
    const { status, body } = await ask(gateway, `/explain/${sent.id}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id: sent.id,
      status: 401,
      answered_by: 'jwt',
      code: 'credential-unknown',
      body: sent.body,
      request: { method: 'GET', path: '/orders/7', query: ['page'] },
      route: { name: 'read' },
      service: { name: 'orders' },
      consumer: null,
      checks: [
        { name: 'route', verdict: 'ok' },
        { name: 'token', found: 'Authorization: Bearer', verdict: 'ok' },
        { name: 'format', found: 'HS256, kid none', verdict: 'ok' },
        {
          name: 'key',
          found: 'claim kid = "login"',
          verdict: 'no credential with this key',
          hint: 'nearest: "login_server" of consumer login_server_issuer',
        },
      ],
      fix: 'sign with kid=login_server, or give the credential the key "login"',
      decisions: [
        {
          plugin: 'jwt',
          verdict: 'refused',
          facts: {
            header: { alg: 'HS256' },
            claims: { kid: 'login', sub: 'ann' },
            other_claims: ['colour'],
          },
        },
      ],
      other_routes: [{ route: { name: 'write' }, failed: 'methods: GET is not one of POST' }],
      configuration_changed: false,
    })
    expect(body.timings.total_ms).toBeGreaterThanOrEqual(0)
  })

  it('names plugins, routes and upstreams that refused, each with a code', async () => {
    await using serving = await servingOrders()
    const { gateway } = serving
    const good = { authorization: `Bearer ${token({ kid: 'login_server', exp: FUTURE })}` }
    const old = { authorization: `Bearer ${token({ kid: 'login_server', exp: 1 })}` }
    const found = async (path: string, headers?: Record<string, string>) => {
      const { id } = await send(gateway, path, headers)
      const { body } = await ask(gateway, `/explain/${id}`)
      if (body['code'] !== 'refused') expect(body['fix']).toEqual(expect.any(String))
      return [body['status'], body['answered_by'], body['code']]
    }
    expect(await found('/nowhere')).toEqual([404, 'gateway', 'no-route-matched'])
    expect(await found('/away')).toEqual([502, 'gateway', 'upstream-refused'])
    expect(await found('/orders')).toEqual([401, 'jwt', 'token-missing'])
    expect(await found('/orders', old)).toEqual([401, 'jwt', 'token-expired'])
    expect(await found('/orders', good)).toEqual([403, 'acl', 'groups-refused-403'])
    expect(await found('/keyed')).toEqual([401, 'key-auth', 'key-missing'])
    expect(await found('/closed')).toEqual([403, 'request-termination', 'refused'])
  })

  it('takes the beginning of an id, and says when there is nothing or something else', async () => {
    await using serving = await servingOrders({ nginx_worker_processes: '1' })
    const { gateway } = serving
    const { id } = await send(gateway, '/nowhere')
    expect((await ask(gateway, `/explain/${id.slice(0, 4)}`)).body['id']).toBe(id)
    expect((await ask(gateway, `/explain/${'f'.repeat(32)}`)).status).toBe(404)
    expect((await ask(gateway, '/explain/zz')).status).toBe(400)
  })

  it('says that the configuration is another one by now', async () => {
    await using serving = await servingOrders()
    const { gateway } = serving
    const { id } = await send(gateway, '/nowhere')
    await fetch(`${gateway.adminUrl}/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        _format_version: '3.0',
        services: [{ url: 'http://127.0.0.1:1', routes: [{ name: 'new', paths: ['/nowhere'] }] }],
      }),
    })
    expect((await ask(gateway, `/explain/${id}`)).body).toMatchObject({
      route: null,
      configuration_changed: true,
      other_routes: [{ route: { name: 'new' } }],
    })
  })
})

describe('GET /explain', () => {
  it('lists what all workers refused, by status, newest first, page by page', async () => {
    await using serving = await servingOrders({ nginx_worker_processes: '2' })
    const { gateway } = serving
    const unauthorized: string[] = []
    for (let count = 0; count < 7; count += 1) {
      unauthorized.push((await send(gateway, '/keyed', { connection: 'close' })).id)
      await send(gateway, '/nowhere', { connection: 'close' })
    }
    const ids: string[] = []
    let next: string | null = '/explain?status=401&size=3'
    const sizes: number[] = []
    while (next !== null) {
      const { body }: { body: Answered } = await ask(gateway, next)
      sizes.push(body.data.length)
      ids.push(...body.data.map(({ id }) => id))
      next = body.next
    }
    expect(sizes).toEqual([3, 3, 1])
    expect(ids.toSorted()).toEqual(unauthorized.toSorted())
    expect((await ask(gateway, '/explain?status=4xx')).body.data).toHaveLength(14)
    expect((await ask(gateway, '/explain?status=wrong')).status).toBe(400)
    expect((await ask(gateway, '/explain?offset=wrong')).status).toBe(400)
    expect((await ask(gateway, '/explain?size=0')).status).toBe(400)
  })

  it('keeps what passed only for the sample, then with all that plugins found', async () => {
    await using none = await servingOrders({ decision_records_sample: '0' })
    const key = { apikey: API_KEY }
    await send(none.gateway, '/keyed', key)
    expect((await ask(none.gateway, '/explain')).body.data).toEqual([])
    await using all = await servingOrders({ decision_records_sample: '1' })
    const { id } = await send(all.gateway, '/keyed', key)
    expect((await ask(all.gateway, `/explain/${id}`)).body).toMatchObject({
      status: 200,
      answered_by: 'upstream',
      consumer: { name: 'login_server_issuer' },
      decisions: [{ plugin: 'key-auth', verdict: 'passed' }],
    })
  })

  it('says so where nothing is recorded', async () => {
    await using serving = await servingOrders({ decision_records: '0' })
    const { gateway } = serving
    const { id } = await send(gateway, '/nowhere')
    for (const path of ['/explain', `/explain/${id}`])
      expect((await ask(gateway, path)).body['message']).toContain('decision_records is 0')
  })
})

describe('records of decisions', () => {
  it('hold no secret of a client, and clients get nothing of them', async () => {
    await using serving = await servingOrders({ decision_records_sample: '1' })
    const { gateway } = serving
    const good = token({ kid: 'login_server', exp: FUTURE, mail: 'ann@private.test' })
    const forged = token({ kid: 'login_server', exp: FUTURE }, 'another-secret-altogether')
    const basic = Buffer.from('ann:open-sesame').toString('base64')
    const requests: [string, Record<string, string>][] = [
      ['/orders', { authorization: `Bearer ${good}`, cookie: 'session=my-cookie-value' }],
      ['/orders', { authorization: `Bearer ${forged}` }],
      [`/orders?jwt=${forged}`, {}],
      ['/orders', { authorization: `Basic ${basic}` }],
      ['/keyed?apikey=wrong-but-nearly-right-key', {}],
      ['/keyed', { apikey: API_KEY }],
      [`/nowhere?${API_KEY}`, { apikey: API_KEY, 'x-kind': 'seen-by-routes' }],
    ]
    const sent = []
    for (const [path, headers] of requests) sent.push(await send(gateway, path, headers))
    const texts = [(await ask(gateway, '/explain?size=100')).text]
    for (const { id } of sent) texts.push((await ask(gateway, `/explain/${id}`)).text)
    const kept = texts.join('\n')
    const secrets = [
      SECRET,
      API_KEY,
      good.split('.')[2]!,
      forged.split('.')[2]!,
      basic,
      'open-sesame',
      'my-cookie-value',
      'wrong-but-nearly-right-key',
      'ann@private.test',
    ]
    for (const secret of secrets) expect(kept).not.toContain(secret)
    expect(kept).toContain('seen-by-routes')
    const told = sent.map(({ body, headers }) => body + headers).join('\n')
    for (const word of ['nearest', 'did not make', 'credential-', 'login_server'])
      expect(told).not.toContain(word)
    expect(gateway.errorLog()).not.toContain('nearest')
  })

  it('are bounded: tokens that are as long as may be go without their claims', async () => {
    await using serving = await servingOrders()
    const { gateway } = serving
    const long = token({ kid: 'x'.repeat(5000), iss: 'y'.repeat(800) })
    const { id } = await send(gateway, '/orders', { authorization: `Bearer ${long}` })
    const { body, text } = await ask(gateway, `/explain/${id}`)
    expect(body).toMatchObject({ status: 401, code: 'credential-unknown' })
    expect(text.length).toBeLessThan(8192 + 2048)
  })
})

describe('requests that cannot be read', () => {
  it.each([
    ['GET /orders HTTP/1.1\r\nHost: a\r\nbad header\x01: x\r\n\r\n', 400],
    ['GET /orders HTTP/1.1\r\n\r\n', 400],
    ['NONSENSE\r\n\r\n', 400],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 400],
    ['GET /orders HTTP/3.0\r\nHost: a\r\n\r\n', 505],
  ])('are recorded as far as they could be: %j', async (bytes, status) => {
    await using serving = await servingOrders()
    const { gateway } = serving
    using client = await connectRaw(gateway.port)
    client.send(bytes)
    expect(await client.closes()).toContain(` ${status} `)
    const { body } = await ask(gateway, '/explain')
    expect(body.data).toMatchObject([{ status, answered_by: 'gateway', route: null }])
  })
})
