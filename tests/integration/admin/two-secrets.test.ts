import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

/** A kind of credential of which two with one name cannot be, and how one comes with it. */
interface SecretKind {
  readonly kind: string
  readonly name: string
  readonly field: string
  readonly firstSecret: string
  statusWith(gateway: TestGateway, secret: string): Promise<number>
}

const KINDS: readonly SecretKind[] = [
  {
    kind: 'basicauth_credentials',
    name: 'ann',
    field: 'password',
    firstSecret: 'first-password',
    statusWith: (gateway, password) =>
      statusOf(`${gateway.url}/basic`, {
        headers: { authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` },
      }),
  },
  {
    kind: 'hmacauth_credentials',
    name: 'ann-hmac',
    field: 'secret',
    firstSecret: 'first-hmac-secret',
    statusWith(gateway, secret) {
      const date = new Date().toUTCString()
      const signature = createHmac('sha256', secret).update(`x-date: ${date}`).digest('base64')
      const authorization = `hmac username="ann-hmac", algorithm="hmac-sha256", headers="x-date", signature="${signature}"`
      return statusOf(`${gateway.url}/hmac`, { headers: { 'x-date': date, authorization } })
    },
  },
  ...['plain', 'hashed'].map((name): SecretKind => ({
    kind: 'oauth2_credentials',
    name,
    field: 'client_secret',
    firstSecret: `first-${name}-secret`,
    statusWith: (gateway, secret) =>
      statusOf(`${gateway.url}/oauth2/oauth2/token`, {
        method: 'POST',
        headers: { 'x-forwarded-proto': 'https' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: name,
          client_secret: secret,
        }),
      }),
  })),
]

async function statusOf(url: string, init: RequestInit): Promise<number> {
  const headers = { ...(init.headers as Record<string, string>), connection: 'close' }
  const response = await fetch(url, { ...init, headers })
  await response.text()
  return response.status
}

async function serving(settings: Readonly<Record<string, string>> = {}) {
  const upstream = await startUpstream((_request, response) => response.end('ok'))
  const route = (name: string, plugin: string, config: object = {}) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: plugin, config }],
  })
  const oauth2 = { enable_client_credentials: true, accept_http_if_already_terminated: true }
  const gateway = await startGateway(
    {
      _format_version: '3.0',
      services: [
        {
          url: upstream.url,
          routes: [
            route('basic', 'basic-auth'),
            route('hmac', 'hmac-auth'),
            route('oauth2', 'oauth2', oauth2),
          ],
        },
      ],
      consumers: [
        {
          username: 'ann-consumer',
          basicauth_credentials: [{ username: 'ann', password: 'first-password' }],
          hmacauth_credentials: [{ username: 'ann-hmac', secret: 'first-hmac-secret' }],
          oauth2_credentials: [
            { name: 'a', client_id: 'plain', client_secret: 'first-plain-secret' },
            {
              name: 'b',
              client_id: 'hashed',
              client_secret: 'first-hashed-secret',
              hash_secret: true,
            },
            { name: 'c', client_id: 'open', client_type: 'public' },
          ],
        },
      ],
    },
    {
      declarative_config_writable: 'on',
      nginx_worker_processes: '2',
      trusted_ips: '127.0.0.1',
      log_level: 'debug',
      admin_access_log: 'logs/admin.log',
      ...settings,
    },
  )
  return {
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

async function admin(gateway: TestGateway, method: string, where: string, body?: object) {
  const response = await fetch(gateway.adminUrl + where, {
    method,
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await response.text()
  return { status: response.status, text, body: text === '' ? {} : JSON.parse(text) }
}

async function listed(gateway: TestGateway, { kind, name }: SecretKind) {
  const { body } = await admin(gateway, 'GET', '/credentials?size=100')
  return body.data.find(
    (each: Record<string, unknown>) => each['kind'] === kind && each['name'] === name,
  )
}

describe.each(KINDS)('rotating $kind "$name"', (kind) => {
  const { name, field, firstSecret } = kind

  it('makes a new secret, beside which the one before is taken until it ends', async () => {
    await using place = await serving()
    const { gateway } = place
    const statuses = (secrets: readonly string[]) =>
      Promise.all(secrets.map((secret) => kind.statusWith(gateway, secret)))
    expect(await statuses([firstSecret, firstSecret])).toEqual([200, 200])
    const rotated = await admin(gateway, 'POST', `/credentials/${name}/rotate`, { overlap: 3600 })
    expect(rotated.status).toBe(201)
    const secret = rotated.body.issued[field]
    expect(secret).toMatch(/^\w{32}$/)
    expect(rotated.body.replaced.retires_at - Date.now() / 1000).toBeGreaterThan(3500)
    expect(await statuses([firstSecret, secret])).toEqual([200, 200])
    for (const wrong of ['wrong', '', rotated.body.credential[`previous_${field}`] as string])
      if (wrong !== firstSecret) expect(await kind.statusWith(gateway, wrong)).not.toBe(200)

    // A third takes the place of the second, and the first is over.
    const again = await admin(gateway, 'POST', `/credentials/${name}/rotate`, { [field]: 'third' })
    expect(again.body.issued[field]).toBe('third')
    expect(await statuses([secret, 'third'])).toEqual([200, 200])
    expect(await kind.statusWith(gateway, firstSecret)).not.toBe(200)

    const unclear = await admin(gateway, 'POST', `/credentials/${name}/retire`)
    expect([unclear.status, unclear.body.message]).toEqual([
      409,
      expect.stringContaining('"previous" or "all"'),
    ])
    const which = { which: 'previous' }
    expect((await admin(gateway, 'POST', `/credentials/${name}/retire`, which)).status).toBe(204)
    expect((await admin(gateway, 'POST', `/credentials/${name}/retire`, which)).status).toBe(404)
    expect(await kind.statusWith(gateway, secret)).not.toBe(200)
    expect(await kind.statusWith(gateway, 'third')).toBe(200)
    expect((await admin(gateway, 'POST', `/credentials/${name}/retire`)).status).toBe(204)
    expect(await kind.statusWith(gateway, 'third')).not.toBe(200)
  })

  it('ends the one before at once without an overlap, and when its time has come', async () => {
    await using place = await serving()
    const { gateway } = place
    const now = await admin(gateway, 'POST', `/credentials/${name}/rotate`, { overlap: 0 })
    expect(now.body.replaced.is_retired).toBe(true)
    expect(now.body.credential).not.toHaveProperty(`previous_${field}`)
    expect(await kind.statusWith(gateway, firstSecret)).not.toBe(200)
    const second = now.body.issued[field]
    await admin(gateway, 'POST', `/credentials/${name}/rotate`, { overlap: 3600 })
    expect(await kind.statusWith(gateway, second)).toBe(200)
    const { id, kind: kindName } = await listed(gateway, kind)
    const paths: Record<string, string> = {
      basicauth_credentials: 'basic-auths',
      hmacauth_credentials: 'hmac-auths',
      oauth2_credentials: 'oauth2',
    }
    const over = { previous_retires_at: Math.floor(Date.now() / 1000) - 1 }
    expect((await admin(gateway, 'PATCH', `/${paths[kindName]}/${id}`, over)).status).toBe(200)
    expect(await kind.statusWith(gateway, second)).not.toBe(200)
    expect((await listed(gateway, kind)).previous).toBeNull()
  })

  it('tells when each of the two was last used, and shows and logs neither', async () => {
    await using place = await serving()
    const { gateway } = place
    expect(await listed(gateway, kind)).toMatchObject({ last_used_at: null, previous: null })
    await kind.statusWith(gateway, 'wrong')
    expect(await listed(gateway, kind)).toMatchObject({ last_used_at: null })
    await kind.statusWith(gateway, firstSecret)
    expect(await listed(gateway, kind)).toMatchObject({ last_used_at: expect.any(Number) })
    const { body } = await admin(gateway, 'POST', `/credentials/${name}/rotate`)
    const secret: string = body.issued[field]
    expect((await listed(gateway, kind)).previous).toMatchObject({ last_used_at: null })
    await kind.statusWith(gateway, firstSecret)
    expect((await listed(gateway, kind)).previous).toMatchObject({
      last_used_at: expect.any(Number),
      retires_at: expect.any(Number),
    })
    await kind.statusWith(gateway, secret)
    const list = await admin(gateway, 'GET', '/credentials')
    const logs = ['error.log', 'admin.log'].map((file) =>
      readFileSync(path.join(gateway.prefix, 'logs', file), 'utf8'),
    )
    for (const text of [list.text, ...logs])
      for (const hidden of [firstSecret, secret]) expect(text).not.toContain(hidden)
  })
})

describe('two secrets of a credential', () => {
  it('are written into the file so that whoever starts with it takes both, as long as they are', async () => {
    await using place = await serving()
    const { gateway } = place
    const secrets = new Map<SecretKind, string>()
    for (const kind of KINDS) {
      const { body } = await admin(gateway, 'POST', `/credentials/${kind.name}/rotate`)
      secrets.set(kind, body.issued[kind.field])
    }
    const text = readFileSync(path.join(gateway.prefix, 'kong.yml'), 'utf8')
    for (const hashed of ['first-password', 'first-hashed-secret'])
      expect(text).not.toContain(hashed)
    await using other = await startGateway(text, { trusted_ips: '127.0.0.1' })
    for (const kind of KINDS)
      for (const secret of [kind.firstSecret, secrets.get(kind)!])
        expect([kind.name, await kind.statusWith(other, secret)]).toEqual([kind.name, 200])
  })

  it('are not for public clients, which have none', async () => {
    await using place = await serving()
    const { gateway } = place
    const { status, body } = await admin(gateway, 'POST', '/credentials/open/rotate')
    expect([status, body.message]).toEqual([400, expect.stringContaining('public clients')])
  })

  it('are unknown to whoever knows Kong alone', async () => {
    await using place = await serving()
    const { gateway } = place
    for (const where of ['/basic-auths/ann', '/hmac-auths/ann-hmac', '/oauth2/plain'])
      expect((await admin(gateway, 'GET', where)).text).not.toContain('previous')
    for (const kind of ['basicauth', 'hmacauth', 'oauth2'])
      expect((await admin(gateway, 'GET', `/schemas/${kind}_credentials`)).text).not.toContain(
        'previous',
      )
  })
})
