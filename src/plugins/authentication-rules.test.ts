import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Service } from '../entities/entity.ts'
import type { Plugin } from '../plugin-kit/plugin.ts'
import { testGateway, TEST_TIME_MS, type TestSetting } from '../plugin-kit/testing/test-plugin.ts'
import { hashPassword } from './basic-auth/hash-password.ts'
import { basicAuth } from './basic-auth/plugin.ts'
import { hmacAuth } from './hmac-auth/plugin.ts'
import { jwt } from './jwt/plugin.ts'
import { keyAuth } from './key-auth/plugin.ts'
import { ldapAuthBy } from './ldap-auth/plugin.ts'
import { oauth2 } from './oauth2/plugin.ts'

/** What all authentication plugins have in common, each tried with good, bad and no credentials. */

const SERVICE = { id: 's' } as Service
const DATE = new Date(TEST_TIME_MS).toUTCString()
const consumer = 'ann'
const ENTITIES = {
  consumers: [
    { id: '11111111-2222-4333-8444-555555555555', username: 'guest' },
    { id: 'c-ann', username: 'ann', custom_id: 'a-1' },
    { id: 'c-first', username: 'first' },
  ],
  keyauth_credentials: [
    { id: 'k-ann', key: 'ann-key', consumer },
    { id: 'k-first', key: 'first-key', consumer: 'first' },
  ],
  basicauth_credentials: [
    { id: 'b-ann', username: 'ann', password: hashPassword('pw', 'c-ann'), consumer },
  ],
  hmacauth_credentials: [{ id: 'h-ann', username: 'ann-h', secret: 'secret', consumer }],
  jwt_secrets: [{ id: 'j-ann', key: 'ann-iss', secret: 'secret', algorithm: 'HS256', consumer }],
  oauth2_credentials: [{ id: 'o-ann', client_id: 'app', client_secret: 'x', consumer }],
  oauth2_tokens: [
    {
      id: 't',
      access_token: 'ann-token',
      refresh_token: null,
      credential: { id: 'o-ann' },
      service: { id: 's' },
      expires_in: 0,
      created_at: 1,
      scope: null,
      authenticated_userid: null,
    },
  ],
}

const encode = (text: string, form: BufferEncoding = 'base64') => Buffer.from(text).toString(form)

function signedBy(secret: string): string {
  const signature = createHmac('sha1', secret).update(`x-date: ${DATE}`).digest('base64')
  return `hmac username="ann-h", algorithm="hmac-sha1", headers="x-date", signature="${signature}"`
}

function tokenBy(secret: string): string {
  const text = `${encode('{"alg":"HS256"}', 'base64url')}.${encode('{"iss":"ann-iss"}', 'base64url')}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

interface Way {
  readonly plugin: Plugin
  readonly config?: Readonly<Record<string, unknown>>
  readonly good: Readonly<Record<string, string>>
  readonly bad: Readonly<Record<string, string>>
  /** `X-Credential-Identifier` of good ones. */
  readonly identifier: string
  readonly challenge: string
  readonly hasConsumer?: false
}

const ldap = ldapAuthBy(
  () =>
    async ({ password }) =>
      password === 'pw',
)

const WAYS: readonly Way[] = [
  {
    plugin: jwt,
    good: { authorization: `Bearer ${tokenBy('secret')}` },
    bad: { authorization: `Bearer ${tokenBy('other')}` },
    identifier: 'ann-iss',
    challenge: 'Bearer',
  },
  {
    plugin: oauth2,
    config: { enable_client_credentials: true },
    good: { authorization: 'Bearer ann-token' },
    bad: { authorization: 'Bearer other' },
    identifier: 'app',
    challenge: 'Bearer',
  },
  {
    plugin: keyAuth,
    good: { apikey: 'ann-key' },
    bad: { apikey: 'other' },
    identifier: 'k-ann',
    challenge: 'Key',
  },
  {
    plugin: ldap,
    config: { ldap_host: 'ldap.test', base_dn: 'dc=x', attribute: 'uid' },
    good: { authorization: `ldap ${encode('ann:pw')}` },
    bad: { authorization: `ldap ${encode('ann:other')}` },
    identifier: 'ann',
    challenge: 'LDAP',
    hasConsumer: false,
  },
  {
    plugin: basicAuth,
    good: { authorization: `Basic ${encode('ann:pw')}` },
    bad: { authorization: `Basic ${encode('ann:other')}` },
    identifier: 'ann',
    challenge: 'Basic',
  },
  {
    plugin: hmacAuth,
    good: { authorization: signedBy('secret'), 'x-date': DATE },
    bad: { authorization: signedBy('other'), 'x-date': DATE },
    identifier: 'ann-h',
    challenge: 'hmac',
  },
]

const SPOOFED = {
  'x-consumer-id': 'root',
  'x-consumer-custom-id': 'root',
  'x-consumer-username': 'root',
  'x-credential-identifier': 'root',
  'x-anonymous-consumer': 'true',
}

/** Authenticates by its own header before all others. */
const FIRST: Plugin = { ...keyAuth, name: 'first', priority: 2000 }

describe.each(WAYS.map((way) => [way.plugin.name, way] as const))('%s', (_, way) => {
  const { plugin, config = {}, good, bad, identifier, challenge, hasConsumer = true } = way

  function send(
    headers: Readonly<Record<string, string>>,
    more: Readonly<Record<string, unknown>> = {},
    setting: TestSetting = {},
  ) {
    const gateway = testGateway([[plugin, { ...config, ...more }]], {
      entities: ENTITIES,
      ...setting,
    })
    return gateway.send({ service: SERVICE, headers })
  }

  it('lets good credentials in, and tells the upstream who it is, whatever the client claims', async () => {
    const { answer, upstream } = await send({ ...good, ...SPOOFED })
    expect(answer).toBeUndefined()
    const told = Object.keys(SPOOFED).map((name) => upstream.header(name))
    expect(told).toEqual(
      hasConsumer
        ? ['c-ann', 'a-1', 'ann', identifier, undefined]
        : [undefined, undefined, undefined, identifier, undefined],
    )
  })

  it.each([
    ['none', {}],
    ['bad ones', bad],
  ])(
    'refuses %s with a challenge, which names the realm that is configured',
    async (_kind, headers) => {
      for (const [more, realm] of [
        [{}, challenge === 'Basic' ? 'Basic realm="service"' : challenge],
        [{ realm: 'a b' }, `${challenge} realm="a b"`],
      ] as const) {
        const { answer } = await send(headers, more)
        expect(answer?.status).toBe(401)
        expect(String(answer?.headers?.['www-authenticate'])).toContain(realm)
      }
    },
  )

  it.each(['guest', '11111111-2222-4333-8444-555555555555'])(
    'lets others in as the anonymous consumer %s, whatever they claim',
    async (anonymous) => {
      for (const headers of [{}, bad]) {
        const { answer, upstream, credential } = await send(
          { ...headers, ...SPOOFED },
          { anonymous },
        )
        expect([answer, credential]).toEqual([undefined, undefined])
        expect(Object.keys(SPOOFED).map((name) => upstream.header(name))).toEqual([
          '11111111-2222-4333-8444-555555555555',
          undefined,
          'guest',
          undefined,
          'true',
        ])
      }
    },
  )

  it('fails when there is no such anonymous consumer, also by custom id', async () => {
    for (const anonymous of ['nobody', 'a-1', '99999999-2222-4333-8444-555555555555']) {
      const { answer } = await send({}, { anonymous })
      expect(answer).toMatchObject({
        status: 500,
        message: `anonymous consumer ${anonymous} is configured but doesn't exist`,
      })
      expect((await send(good, { anonymous })).answer).toBeUndefined()
    }
  })

  it('leaves alone whom another plugin has found, where one of them is enough', async () => {
    const gateway = testGateway(
      [
        [FIRST, { key_names: ['first'], anonymous: 'guest' }],
        [plugin, { ...config, anonymous: 'guest' }],
      ],
      { entities: ENTITIES },
    )
    for (const headers of [good, bad, {}]) {
      const { consumer: who } = await gateway.send({
        service: SERVICE,
        headers: { ...headers, first: 'first-key' },
      })
      expect(who?.username).toBe('first')
    }
    const { upstream, credential } = await gateway.send({ service: SERVICE, headers: good })
    expect(credential).toBeDefined()
    expect(upstream.header('x-anonymous-consumer')).toBeUndefined()
    const neither = await gateway.send({ service: SERVICE, headers: bad })
    expect(neither.consumer?.username).toBe('guest')
  })

  it('must agree where all of them are needed, and the last one says who it is', async () => {
    const gateway = testGateway(
      [
        [FIRST, { key_names: ['first'] }],
        [plugin, config],
      ],
      { entities: ENTITIES },
    )
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await gateway.send({ service: SERVICE, headers })).answer?.status
    const first = { first: 'first-key' }
    expect([await status(first), await status(good), await status({ ...bad, ...first })]).toEqual([
      401, 401, 401,
    ])
    const { answer, upstream } = await gateway.send({
      service: SERVICE,
      headers: { ...good, ...first },
    })
    expect(answer).toBeUndefined()
    expect(upstream.header('x-credential-identifier')).toBe(identifier)
    expect(upstream.header('x-consumer-username')).toBe(hasConsumer ? 'ann' : undefined)
  })
})
