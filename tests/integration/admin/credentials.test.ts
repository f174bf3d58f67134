import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'

const SECRET = 'hush-hush-hush-hush-hush-hush-hush'

async function serving(settings: Readonly<Record<string, string>> = {}) {
  const upstream = await startUpstream((_request, response) => response.end('ok'))
  const gateway = await startGateway(
    {
      _format_version: '3.0',
      services: [
        {
          url: upstream.url,
          routes: [
            { paths: ['/jwt'], plugins: [{ name: 'jwt' }] },
            { paths: ['/key'], plugins: [{ name: 'key-auth' }] },
          ],
        },
      ],
      consumers: [
        {
          username: 'ann',
          jwt_secrets: [{ key: 'old-key', secret: SECRET, tags: ['mobile'] }],
          keyauth_credentials: [{ key: 'an-api-key-that-is-secret' }],
        },
        {
          username: 'bob',
          basicauth_credentials: [{ username: 'bob', password: 'open-sesame' }],
        },
      ],
    },
    { declarative_config_writable: 'on', ...settings },
  )
  return {
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

interface Credential {
  readonly kind: string
  readonly id: string
  readonly name: string
  readonly last_used_at: number | null
  readonly retires_at: number | null
  readonly is_retired: boolean
}

interface Answered {
  readonly message: string
  readonly data: readonly Credential[]
  readonly next: string | null
  readonly uses_since: number
  readonly credential: { readonly key: string; readonly secret: string; readonly id: string }
  readonly replaced: Credential
}

async function admin(gateway: TestGateway, method: string, path: string, body?: object) {
  const response = await fetch(gateway.adminUrl + path, {
    method,
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await response.text()
  return {
    status: response.status,
    text,
    body: (text === '' ? {} : JSON.parse(text)) as Answered,
  }
}

function token(key: string, secret: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const content = `${encode({ alg: 'HS256' })}.${encode({ iss: key })}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

async function statusWith(gateway: TestGateway, headers: Record<string, string>, path = '/jwt') {
  return (await fetch(gateway.url + path, { headers: { ...headers, connection: 'close' } })).status
}

const bearer = (key: string, secret: string) => ({ authorization: `Bearer ${token(key, secret)}` })

describe('GET /credentials', () => {
  it('lists all kinds page by page, with names and ends but without any secret', async () => {
    await using place = await serving()
    const { gateway } = place
    const names: string[] = []
    let next: string | null = '/credentials?size=1'
    let texts = ''
    while (next !== null) {
      const { body, text }: { body: Answered; text: string } = await admin(gateway, 'GET', next)
      names.push(...body.data.map(({ kind, name }) => `${kind} ${name}`))
      texts += text
      next = body.next
    }
    expect(names.toSorted()).toEqual([
      'basicauth_credentials bob',
      'jwt_secrets old-key',
      'keyauth_credentials an-a… (25 characters)',
    ])
    for (const secret of [SECRET, 'an-api-key-that-is-secret', 'open-sesame'])
      expect(texts).not.toContain(secret)
    const ofBob = await admin(gateway, 'GET', '/credentials?consumer=bob')
    expect(ofBob.body.data).toMatchObject([{ name: 'bob', consumer: { name: 'bob' } }])
    expect((await admin(gateway, 'GET', '/credentials?consumer=eve')).status).toBe(404)
    expect((await admin(gateway, 'GET', '/credentials?offset=x')).status).toBe(400)
  })

  it('says when each was last used, whichever worker saw it', async () => {
    await using place = await serving({ nginx_worker_processes: '2' })
    const { gateway } = place
    const before = Math.trunc(Date.now() / 1000)
    for (let count = 0; count < 4; count += 1) {
      expect(await statusWith(gateway, bearer('old-key', SECRET))).toBe(200)
      expect(await statusWith(gateway, bearer('old-key', 'wrong'))).toBe(401)
    }
    const { body } = await admin(gateway, 'GET', '/credentials')
    const uses = Object.fromEntries(body.data.map(({ kind, last_used_at: at }) => [kind, at]))
    expect(uses['jwt_secrets']).toBeGreaterThanOrEqual(before)
    expect(uses['keyauth_credentials']).toBeNull()
    expect(body.uses_since).toBeLessThanOrEqual(before)
  })
})

describe('POST /credentials/{credential}/rotate', () => {
  it('makes a new credential beside the old one, which ends when the overlap is over', async () => {
    await using place = await serving()
    const { gateway } = place
    const rotated = await admin(gateway, 'POST', '/credentials/old-key/rotate', { overlap: 3600 })
    expect(rotated.status).toBe(201)
    const { credential, replaced } = rotated.body
    expect(credential).toMatchObject({ tags: ['mobile'], algorithm: 'HS256' })
    expect(credential.key).not.toBe('old-key')
    expect(credential).not.toHaveProperty('retires_at')
    const left = replaced.retires_at! - Date.now() / 1000
    expect(left).toBeGreaterThan(3500)
    expect(left).toBeLessThanOrEqual(3601)
    expect(await statusWith(gateway, bearer('old-key', SECRET))).toBe(200)
    expect(await statusWith(gateway, bearer(credential.key, credential.secret))).toBe(200)
    const gone = await admin(gateway, 'POST', '/credentials/old-key/retire')
    expect(gone.status).toBe(204)
    expect(await statusWith(gateway, bearer('old-key', SECRET))).toBe(401)
    expect(await statusWith(gateway, bearer(credential.key, credential.secret))).toBe(200)
  })

  it('ends the old one at once without an overlap, also for tokens that are remembered', async () => {
    await using place = await serving()
    const { gateway } = place
    for (let count = 0; count < 6; count += 1)
      expect(await statusWith(gateway, bearer('old-key', SECRET))).toBe(200)
    const { body } = await admin(gateway, 'POST', '/credentials/old-key/rotate', { overlap: 0 })
    expect(body.replaced.is_retired).toBe(true)
    expect(await statusWith(gateway, bearer('old-key', SECRET))).toBe(401)
  })

  it('refuses tokens of a credential that has ended as if there were none', async () => {
    await using place = await serving()
    const { gateway } = place
    await admin(gateway, 'PATCH', '/consumers/ann/jwt/old-key', { retires_at: 1 })
    const response = await fetch(`${gateway.url}/jwt`, { headers: bearer('old-key', SECRET) })
    expect(await response.text()).toBe(`{"message":"No credentials found for given 'iss'"}`)
    const id = response.headers.get('x-kong-request-id')!
    expect(await (await fetch(`${gateway.adminUrl}/explain/${id}`)).json()).toMatchObject({
      code: 'credential-retired',
    })
    const { body } = await admin(gateway, 'GET', '/credentials?consumer=ann')
    expect(body.data.find(({ kind }) => kind === 'jwt_secrets')).toMatchObject({ is_retired: true })
  })

  it('rotates API keys by id, whose names are secret', async () => {
    await using place = await serving()
    const { gateway } = place
    const list = await admin(gateway, 'GET', '/credentials?consumer=ann')
    const { id } = list.body.data.find(({ kind }) => kind === 'keyauth_credentials')!
    const byKey = '/credentials/an-api-key-that-is-secret/rotate'
    expect((await admin(gateway, 'POST', byKey)).status).toBe(404)
    const { status, body } = await admin(gateway, 'POST', `/credentials/${id}/rotate`, {})
    expect(status).toBe(201)
    const days = (body.replaced.retires_at! - Date.now() / 1000) / 86_400
    expect(Math.round(days)).toBe(7)
    for (const apikey of ['an-api-key-that-is-secret', body.credential.key])
      expect(await statusWith(gateway, { apikey }, '/key')).toBe(200)
  })

  it('asks for the public key where only its owner has the private one', async () => {
    await using place = await serving()
    const { gateway } = place
    const pem = () =>
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString()
    await admin(gateway, 'POST', '/consumers/ann/jwt', {
      key: 'rs',
      algorithm: 'RS256',
      rsa_public_key: pem(),
    })
    const without = await admin(gateway, 'POST', '/credentials/rs/rotate')
    expect([without.status, without.text]).toEqual([400, expect.stringContaining('rsa_public_key')])
    const next = pem()
    const made = await admin(gateway, 'POST', '/credentials/rs/rotate', {
      rsa_public_key: next,
      key: 'rs-2',
    })
    expect(made.body.credential).toMatchObject({ key: 'rs-2', rsa_public_key: next })
  })

  it('says what cannot be', async () => {
    await using place = await serving()
    const { gateway } = place
    const said = async (path: string, body?: object) => {
      const { status, body: answer } = await admin(gateway, 'POST', path, body)
      return [status, answer.message]
    }
    expect(await said('/credentials/none/rotate')).toEqual([
      404,
      'there is no credential "none"; GET /credentials lists them',
    ])
    expect(await said('/credentials/bob/rotate', { key: 'k' })).toEqual([
      400,
      'key: unknown field; known are overlap, password',
    ])
    expect(await said('/credentials/bob/rotate', { password: '' })).toEqual([
      400,
      'password must be a text that is not empty',
    ])
    expect(await said('/credentials/old-key/retire', { which: 'one' })).toEqual([
      400,
      'which must be "previous" or "all"',
    ])
    expect(await said('/credentials/old-key/rotate', { overlap: -1 })).toEqual([
      400,
      'overlap must be seconds, from 0 to 31622400',
    ])
    expect(await said('/credentials/old-key/rotate', { overlp: 1 })).toEqual([
      400,
      expect.stringContaining('overlp: unknown field'),
    ])
  })

  it('writes nothing where the configuration is a file that is not to be written', async () => {
    await using place = await serving({ declarative_config_writable: 'off' })
    const { gateway } = place
    expect((await admin(gateway, 'POST', '/credentials/old-key/rotate')).status).toBe(405)
    expect((await admin(gateway, 'POST', '/credentials/old-key/retire')).status).toBe(405)
  })
})
