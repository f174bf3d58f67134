import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const CLAIMS = { iss: 'https://here.test', exp: 4_000_000_000 }

function es256(kid: string, key: KeyObject): string {
  const content = `${encode({ alg: 'ES256', kid })}.${encode(CLAIMS)}`
  const signature = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' })
  return `${content}.${signature.toString('base64url')}`
}

function hs256(kid: string, secret: string): string {
  const content = `${encode({ alg: 'HS256', kid })}.${encode(CLAIMS)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const [one, other] = [pair(), pair()]
const SECRET = 'hush-hush-hush-hush-hush-hush-hush'

function config(keys: readonly object[]) {
  return {
    _format_version: '3.0',
    key_sets: [{ name: 'own' }],
    keys: keys.map((key) => ({ ...key, set: 'own' })),
    routes: [
      {
        paths: ['/'],
        plugins: [
          {
            name: 'jwt',
            config: {
              issuers: [{ issuer: CLAIMS.iss, key_set: 'own', algorithms: ['ES256', 'HS256'] }],
            },
          },
          { name: 'request-termination', config: { status_code: 200 } },
        ],
      },
    ],
  }
}

function jwk(kid: string, key: KeyObject): object {
  return { name: kid, kid, jwk: JSON.stringify({ ...key.export({ format: 'jwk' }), kid }) }
}

async function statusOf(gateway: TestGateway, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, connection: 'close' }
  return (await fetch(gateway.url, { headers })).status
}

async function publish(gateway: TestGateway, set: string) {
  const response = await fetch(`${gateway.adminUrl}/key-sets/${set}/jwks`)
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: await response.text(),
  }
}

async function load(gateway: TestGateway, document: object): Promise<number> {
  const response = await fetch(`${gateway.adminUrl}/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  })
  return response.status
}

describe('key sets', () => {
  it('verify tokens of an issuer, and follow the configuration key by key', async () => {
    const pem = {
      private_key: other.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
    const secret = {
      name: 'shared',
      kid: 'shared',
      jwk: JSON.stringify({
        kty: 'oct',
        kid: 'shared',
        k: Buffer.from(SECRET).toString('base64url'),
      }),
    }
    await using gateway = await startGateway(
      config([jwk('first', one.privateKey), { name: 'second', kid: 'second', pem }, secret]),
    )
    expect(await statusOf(gateway, es256('first', one.privateKey))).toBe(200)
    expect(await statusOf(gateway, es256('second', other.privateKey))).toBe(200)
    expect(await statusOf(gateway, hs256('shared', SECRET))).toBe(200)
    expect(await statusOf(gateway, es256('first', other.privateKey))).toBe(401)
    expect(await statusOf(gateway, hs256('shared', 'another-secret'))).toBe(401)
    expect(await load(gateway, config([jwk('first', one.publicKey)]))).toBe(201)
    expect(await statusOf(gateway, es256('first', one.privateKey))).toBe(200)
    expect(await statusOf(gateway, es256('second', other.privateKey))).toBe(401)
    expect(await load(gateway, config([]))).toBe(201)
    expect(await statusOf(gateway, es256('first', one.privateKey))).toBe(503)
    await until(() =>
      gateway.errorLog().includes('key set "own": no key in it can verify signatures'),
    )
  })

  it('publish the public halves of their keys, and nothing of the private ones', async () => {
    await using gateway = await startGateway(
      config([
        jwk('first', one.privateKey),
        {
          name: 'shared',
          kid: 'shared',
          jwk: JSON.stringify({
            kty: 'oct',
            kid: 'shared',
            k: Buffer.from(SECRET).toString('base64url'),
          }),
        },
      ]),
    )
    const { status, type, text } = await publish(gateway, 'own')
    expect([status, type]).toEqual([200, 'application/jwk-set+json'])
    expect(JSON.parse(text)).toEqual({
      keys: [{ kid: 'first', ...one.publicKey.export({ format: 'jwk' }) }],
    })
    expect(text).not.toContain(one.privateKey.export({ format: 'jwk' }).d)
    expect((await publish(gateway, 'none')).status).toBe(404)
    const endpoints = await fetch(`${gateway.adminUrl}/endpoints`)
    expect(await endpoints.text()).not.toContain('/jwks')
  })
})
