import { describe, expect, it } from 'vitest'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import {
  testGateway,
  TEST_TIME_MS,
  type TestGateway,
} from '../../plugin-kit/testing/test-plugin.ts'
import { headerValue } from './forward-claims.ts'
import { jwt } from './plugin.ts'
import { jwkFor, keysFor, SECRET, token } from './testing/tokens.ts'

const NOW = TEST_TIME_MS / 1000
const ISSUER = 'https://issuer.test'

const ENTITIES = {
  consumers: [
    { id: 'c-ann', username: 'ann', custom_id: null },
    { id: 'c-guest', username: 'guest', custom_id: null },
  ],
  jwt_secrets: [
    { key: 'key', secret: SECRET, algorithm: 'HS256', consumer: 'ann', rsa_public_key: null },
  ],
}

function gatewayWith(config: Record<string, unknown>): TestGateway {
  return testGateway([[jwt, config]], { entities: ENTITIES })
}

/** What the upstream sees of a header, for each of three requests: the third is a remembered one. */
async function seen(
  gateway: TestGateway,
  request: FakeRequest,
  name: string,
): Promise<readonly (string | undefined)[]> {
  const values: (string | undefined)[] = []
  for (let time = 0; time < 3; time += 1) {
    const { answer, upstream } = await gateway.send(request)
    expect(answer).toBeUndefined()
    values.push(upstream.header(name))
  }
  return values
}

const thrice = <Value>(value: Value): readonly Value[] => [value, value, value]
const good = token()
const withHeader = { headers: { Authorization: `Bearer ${good}` } }

describe('jwt › hide_credentials', () => {
  it('leaves tokens where they are, when off', async () => {
    const wanted = thrice(`Bearer ${good}`)
    expect(await seen(gatewayWith({}), withHeader, 'authorization')).toEqual(wanted)
  })

  it('takes the header away', async () => {
    const gateway = gatewayWith({ hide_credentials: true })
    expect(await seen(gateway, withHeader, 'authorization')).toEqual(thrice(undefined))
  })

  it('takes the argument away, and no other', async () => {
    const gateway = gatewayWith({ hide_credentials: true, uri_param_names: ['jwt', 'token'] })
    for (const query of [`a=1&jwt=${good}&b=2`, `a=1&%6awt=${good}&b=2`, `a=1&token=${good}&b=2`]) {
      const { answer, upstream } = await gateway.send({ path: `/?${query}` })
      expect([answer, upstream.rawQuery]).toEqual([undefined, 'a=1&b=2'])
    }
  })

  it('takes the cookie away, and no other', async () => {
    const gateway = gatewayWith({ hide_credentials: true, cookie_names: ['session'] })
    const both = { headers: { Cookie: `a=1; session=${good}; b=2` } }
    expect(await seen(gateway, both, 'cookie')).toEqual(thrice('a=1; b=2'))
    const alone = { headers: { Cookie: `session=${good}` } }
    expect(await seen(gateway, alone, 'cookie')).toEqual(thrice(undefined))
  })

  it('leaves credentials of other schemes', async () => {
    const gateway = gatewayWith({ hide_credentials: true })
    const request = { path: `/?jwt=${good}`, headers: { Authorization: 'Basic YTpi' } }
    expect(await seen(gateway, request, 'authorization')).toEqual(thrice('Basic YTpi'))
  })

  it('hides bad tokens as well, where the request goes on', async () => {
    const gateway = gatewayWith({ hide_credentials: true, anonymous: 'guest' })
    const bad = { headers: { Authorization: `Bearer ${good}x` } }
    expect(await seen(gateway, bad, 'authorization')).toEqual(thrice(undefined))
  })
})

describe('jwt › forward_claims', () => {
  const claims = { iss: 'key', sub: 'ann', realm: { roles: ['a', 'b'] }, age: 7, ok: true }
  const request = (more: Record<string, string> = {}): FakeRequest => ({
    headers: { Authorization: `Bearer ${token({ claims })}`, ...more },
  })
  const config = { forward_claims: { sub: 'X-User', 'realm.roles': 'X-Roles', none: 'X-None' } }

  it('sends claims, by name or by the way to them', async () => {
    const gateway = gatewayWith(config)
    expect(await seen(gateway, request(), 'x-user')).toEqual(thrice('ann'))
    expect(await seen(gateway, request(), 'x-roles')).toEqual(thrice('a,b'))
    expect(await seen(gateway, request(), 'x-none')).toEqual(thrice(undefined))
  })

  it('lets no client send them', async () => {
    const gateway = gatewayWith(config)
    const spoofed = { 'X-User': 'admin', 'x-none': 'admin', X_User: 'admin', X_Roles: 'admin' }
    for (let time = 0; time < 3; time += 1) {
      const { upstream } = await gateway.send(request(spoofed))
      const sent = upstream.headers().filter(([name]) => /^x[-_]/i.test(name))
      expect(Object.fromEntries(sent)).toMatchObject({ 'X-User': 'ann', 'X-Roles': 'a,b' })
      expect(JSON.stringify(sent)).not.toContain('admin')
    }
  })

  it('lets no client send them as anonymous or in a preflight request either', async () => {
    const gateway = gatewayWith({ ...config, anonymous: 'guest', run_on_preflight: false })
    for (const method of ['GET', 'OPTIONS']) {
      const { answer, upstream } = await gateway.send({ method, headers: { 'X-User': 'admin' } })
      expect([answer, upstream.header('x-user')]).toEqual([undefined, undefined])
    }
  })

  it('adds what an issuer says', async () => {
    const gateway = gatewayWith({
      forward_claims: { sub: 'X-User' },
      issuers: [
        {
          issuer: ISSUER,
          jwks: { keys: [jwkFor('EdDSA')] },
          forward_claims: { email: 'X-Email' },
        },
      ],
    })
    const text = token({
      alg: 'EdDSA',
      key: keysFor('EdDSA').privateKey,
      claims: { iss: ISSUER, exp: NOW + 60, sub: 'eve', email: 'eve@x.test' },
    })
    const sent = { headers: { Authorization: `Bearer ${text}`, 'X-Email': 'spoofed' } }
    expect(await seen(gateway, sent, 'x-email')).toEqual(thrice('eve@x.test'))
    expect(await seen(gateway, sent, 'x-user')).toEqual(thrice('eve'))
    const other = request({ 'X-Email': 'spoofed' })
    expect(await seen(gateway, other, 'x-email')).toEqual(thrice(undefined))
  })

  it.each([
    ['text', 'text'],
    [0, '0'],
    [false, 'false'],
    ['', ''],
    [['a', 1, true], 'a,1,true'],
    [[], ''],
    [['a,admin', 'b'], '["a,admin","b"]'],
    [{ a: 1 }, '{"a":1}'],
    [[{ a: 1 }], '[{"a":1}]'],
    ['a\r\nX-Admin: 1', undefined],
    ['a\0', undefined],
    [['a\nb'], undefined],
    [{ a: '\r\n' }, String.raw`{"a":"\r\n"}`],
    [null, undefined],
    [undefined, undefined],
  ])('writes %j as %j', (claim, value) => {
    expect(headerValue(claim)).toBe(value)
  })
})
