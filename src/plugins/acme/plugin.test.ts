import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { configFaults, parsedConfig, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { fakeEntities } from '../../plugin-kit/testing/fake-entities.ts'
import { accountKey, externalBinding, newPrivateKey } from './account-key.ts'
import { configuredAccountKey } from './configured-account-key.ts'
import { domainRule } from './domains.ts'
import { acme, acmeWithDatabase } from './plugin.ts'
import type { Config } from './schema.ts'

const EMAIL = { account_email: 'me@example.test' }
const configOf = (config: object): Config => parsedConfig(acme, { ...EMAIL, ...config }) as never

describe('acme › schema', () => {
  it.each([
    [{}, ['config.account_email: required field missing']],
    [{ account_email: 'nobody' }, ['config.account_email: invalid value: nobody']],
    [
      { ...EMAIL, api_uri: 'https://acme-v02.api.letsencrypt.org' },
      [
        'terms of service must be accepted, see https://letsencrypt.org/repository/',
        'config.tos_accepted: value must be true',
      ],
    ],
    [
      { ...EMAIL, storage: 'redis' },
      [
        "failed conditional validation given value of field 'config.storage'",
        'config.storage_config.redis.host: required field missing',
      ],
    ],
    [{ ...EMAIL, storage: 'kong' }, [`"kong" storage can't be used with dbless mode`]],
    [{ ...EMAIL, cert_type: 'dsa' }, ['config.cert_type: expected one of: rsa, ecc']],
    [{ ...EMAIL, rsa_key_size: 1024 }, ['config.rsa_key_size: expected one of: 2048, 3072, 4096']],
    [
      { ...EMAIL, domains: ['a.*.test'] },
      ['config.domains.0: invalid wildcard: must be placed at leftmost or rightmost label'],
    ],
    [
      {
        ...EMAIL,
        storage_config: { redis: { extra_options: { namespace: 'kong_acme:cert_key:x' } } },
      },
      [
        "config.storage_config.redis.extra_options.namespace: namespace can't be prefixed with reserved word: kong_acme:cert_key:",
      ],
    ],
  ])('refuses %j', (config, faults) => {
    expect(configFaults(acme, config)).toEqual(faults)
  })

  it('knows a database as a storage where there is one', () => {
    expect(configFaults(acmeWithDatabase, { ...EMAIL, storage: 'kong' })).toEqual([])
  })

  it('takes the fields of Redis under their names of old', () => {
    const redis = {
      host: 'r',
      auth: 'secret',
      ssl_server_name: 's.test',
      namespace: 'n',
      scan_count: 5,
    }
    expect(
      configOf({ storage: 'redis', storage_config: { redis } }).storage_config.redis,
    ).toMatchObject({
      port: 6379,
      password: 'secret',
      server_name: 's.test',
      extra_options: { namespace: 'n', scan_count: 5 },
    })
  })
})

describe('acme › domainRule', () => {
  it.each([
    [{ domains: ['a.test'] }, 'A.TEST', true],
    [{ domains: ['a.test'] }, 'b.a.test', false],
    [{ domains: ['*.a.test'] }, 'b.a.test', true],
    [{ domains: ['*.a.test'] }, 'a.test', false],
    // A dot is a dot.
    [{ domains: ['*.a.test'] }, 'bxa.test', false],
    [{ domains: ['a.*'] }, 'a.test', true],
    [{}, 'a.test', false],
    [{ allow_any_domain: true }, 'a.test', true],
    [{ allow_any_domain: true }, '10.0.0.1', true],
    [{ allow_any_domain: true, enable_ipv4_common_name: false }, '10.0.0.1', false],
  ])('with %j says of %s: %s', (config, host, expected) => {
    expect(domainRule(configOf(config))(host)).toBe(expected)
  })
})

describe('acme › accountKey', () => {
  it.each(['rsa', 'ecc'] as const)(
    'signs with a key of kind %s what others can check',
    async (kind) => {
      const key = accountKey(await newPrivateKey(kind, 2048))
      const body = key.sign({ nonce: 'n', url: 'u' }, '{}')
      const header = JSON.parse(Buffer.from(body.protected, 'base64url').toString()) as object
      expect(header).toEqual({ alg: kind === 'rsa' ? 'RS256' : 'ES256', nonce: 'n', url: 'u' })
      const open = createPublicKey({ key: key.jwk, format: 'jwk' } as never)
      const signed = Buffer.from(`${body.protected}.${body.payload}`)
      const signature = Buffer.from(body.signature, 'base64url')
      expect(verify('sha256', signed, { key: open, dsaEncoding: 'ieee-p1363' }, signature)).toBe(
        true,
      )
      expect(Object.keys(key.jwk)).toEqual(
        kind === 'rsa' ? ['e', 'kty', 'n'] : ['crv', 'kty', 'x', 'y'],
      )
      expect(key.thumbprint).toMatch(/^[\w-]{43}$/)
    },
  )

  it('is tied to another account by a key that both know', async () => {
    const key = accountKey(await newPrivateKey('ecc'))
    const hmacKey = Buffer.from('secret').toString('base64url')
    const bound = externalBinding(key, { keyId: 'kid', hmacKey }, 'https://ca.test/new')
    expect(JSON.parse(Buffer.from(bound.protected, 'base64url').toString())).toEqual({
      alg: 'HS256',
      kid: 'kid',
      url: 'https://ca.test/new',
    })
    expect(JSON.parse(Buffer.from(bound.payload, 'base64url').toString())).toEqual(key.jwk)
  })

  it('refuses what cannot sign', () => {
    expect(() => accountKey('nothing')).toThrow()
  })
})

describe('acme › configuredAccountKey', () => {
  const named = (account_key: object) => configOf({ account_key })

  it('is the private key of that name, in the set if one is named', async () => {
    const pem = await newPrivateKey('ecc')
    const entities = fakeEntities({
      key_sets: [{ id: 'set-1', name: 'mine' }],
      keys: [
        { id: 'key-1', kid: 'one', set: null, pem: { private_key: 'other' } },
        { id: 'key-2', kid: 'one', set: { id: 'set-1' }, pem: { private_key: pem } },
      ],
    })
    expect(configuredAccountKey(configOf({}), entities)).toBeUndefined()
    expect(configuredAccountKey(named({ key_id: 'one', key_set: 'mine' }), entities)).toBe(pem)
    expect(configuredAccountKey(named({ key_id: 'one' }), entities)).toBe('other')
    expect(() => configuredAccountKey(named({ key_id: 'two' }), entities)).toThrow(
      'there is none with kid "two"',
    )
    expect(() => configuredAccountKey(named({ key_id: 'one', key_set: 'no' }), entities)).toThrow(
      'there is none called "no"',
    )
  })
})

describe('acme › challenges', () => {
  const config = { ...EMAIL, domains: ['a.test'] }
  const asked = (path: string, host = 'a.test', scheme: 'http' | 'https' = 'http') =>
    testPlugin(acme, config, { request: { path, scheme, headers: { Host: host } } })
  const PATH = '/.well-known/acme-challenge/x'

  it('are answered for configured names, by plain HTTP', async () => {
    expect((await asked(PATH)).answer).toMatchObject({ status: 404, body: 'Not found\n' })
    expect((await asked(PATH, 'b.test')).answer).toBeUndefined()
    expect((await asked(PATH, 'a.test', 'https')).answer).toBeUndefined()
    expect((await asked('/')).answer).toBeUndefined()
  })
})
