import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  configFaults,
  testGateway,
  testPlugin,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { keyAuth } from '../key-auth/plugin.ts'
import { ALGORITHM_NAMES } from '../../plugin-kit/jose/algorithms.ts'
import { jwt } from './plugin.ts'
import {
  encode,
  keysFor,
  otherKeysFor,
  SECRET,
  signatureOf,
  token,
  type TokenParts,
} from './testing/tokens.ts'

const NOW = TEST_TIME_MS / 1000

const ENTITIES = {
  consumers: [
    { id: 'c-ann', username: 'ann', custom_id: 'ann-1' },
    { id: '11111111-2222-4333-8444-555555555555', username: 'guest' },
  ],
  jwt_secrets: [
    {
      id: 'j-1',
      key: 'key',
      secret: SECRET,
      algorithm: 'HS256',
      consumer: 'ann',
      rsa_public_key: null,
    },
    ...ALGORITHM_NAMES.map((algorithm) => ({
      key: algorithm,
      secret: SECRET,
      algorithm,
      consumer: 'ann',
      rsa_public_key: algorithm.startsWith('HS') ? null : keysFor(algorithm).publicPem,
    })),
    {
      key: 'ed448',
      secret: null,
      algorithm: 'EdDSA',
      consumer: 'ann',
      rsa_public_key: keysFor('ed448').publicPem,
    },
    { key: 'no-algorithm', secret: SECRET, algorithm: null, consumer: 'ann', rsa_public_key: null },
    { key: 'no-secret', secret: '', algorithm: 'HS256', consumer: 'ann', rsa_public_key: null },
    { key: 'no-pem', secret: SECRET, algorithm: 'ES256', consumer: 'ann', rsa_public_key: null },
    {
      key: 'bad-pem',
      secret: SECRET,
      algorithm: 'ES256',
      consumer: 'ann',
      rsa_public_key: 'garbage',
    },
    {
      key: 'wrong-kind',
      secret: SECRET,
      algorithm: 'ES256',
      consumer: 'ann',
      rsa_public_key: keysFor('RS256').publicPem,
    },
    {
      key: 'base64',
      secret: Buffer.from(SECRET).toString('base64url'),
      algorithm: 'HS256',
      consumer: 'ann',
      rsa_public_key: null,
    },
    {
      key: 'not-base64',
      secret: 'a+b/',
      algorithm: 'HS256',
      consumer: 'ann',
      rsa_public_key: null,
    },
    {
      key: 'orphan',
      secret: SECRET,
      algorithm: 'HS256',
      consumer: { id: 'gone' },
      rsa_public_key: null,
    },
  ],
  keyauth_credentials: [{ id: 'k-1', key: 'api-key', consumer: 'ann' }],
}

const bearer = (text: string): FakeRequest => ({ headers: { Authorization: `Bearer ${text}` } })

function send(
  request: FakeRequest | string,
  config: Record<string, unknown> = {},
  more: TestSetting = {},
): Promise<TestOutcome> {
  return testPlugin(jwt, config, {
    entities: ENTITIES,
    request: typeof request === 'string' ? bearer(request) : request,
    ...more,
  })
}

/** `passed`, or what the client gets to read. */
function verdict({ answer }: TestOutcome): unknown {
  if (answer === undefined) return 'passed'
  return answer.kind === 'exit' ? JSON.parse(String(answer.body)) : answer.message
}

const says = (message: string) => ({ message })

describe('jwt › algorithms', () => {
  const keyOf = (name: string) => (name.startsWith('HS') ? SECRET : keysFor(name).privateKey)

  it.each(ALGORITHM_NAMES)('%s: takes what its key signed, and nothing else', async (alg) => {
    const parts: TokenParts = { alg, claims: { iss: alg }, key: keyOf(alg) }
    const good = token(parts)
    expect(verdict(await send(good))).toBe('passed')

    const [head = '', , signature = ''] = good.split('.')
    const altered = `${head}.${encode(JSON.stringify({ iss: alg, admin: true }))}.${signature}`
    expect(verdict(await send(altered))).toEqual(says('Invalid signature'))

    const otherKey = alg.startsWith('HS') ? `${SECRET}!` : otherKeysFor(alg).privateKey
    expect(verdict(await send(token({ ...parts, key: otherKey })))).toEqual(
      says('Invalid signature'),
    )

    const bytes = Buffer.from(signature, 'base64url')
    for (const cut of [
      bytes.subarray(1),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, bytes]),
      Buffer.alloc(bytes.length),
      Buffer.alloc(0),
    ])
      expect(verdict(await send(`${good.slice(0, good.lastIndexOf('.'))}.${encode(cut)}`))).toEqual(
        says('Invalid signature'),
      )
  })

  it('takes Ed448 under the name EdDSA', async () => {
    const good = token({ alg: 'EdDSA', claims: { iss: 'ed448' }, key: keysFor('ed448').privateKey })
    expect(verdict(await send(good))).toBe('passed')
  })

  it('takes HS256 for a credential that names no algorithm', async () => {
    expect(verdict(await send(token({ claims: { iss: 'no-algorithm' } })))).toBe('passed')
  })

  it('refuses an ECDSA signature in DER, which Kong fails on', async () => {
    const { privateKey } = keysFor('ES256')
    const signed = `${encode('{"alg":"ES256"}')}.${encode('{"iss":"ES256"}')}`
    const { sign } = await import('node:crypto')
    const der = sign('sha256', Buffer.from(signed), privateKey).toString('base64url')
    expect(verdict(await send(`${signed}.${der}`))).toEqual(says('Invalid signature'))
  })
})

describe('jwt › messages', () => {
  const none: FakeRequest = {}
  const iss = { iss: 'key' }

  it.each([
    ['no token', none, says('Unauthorized')],
    ['another scheme', { headers: { Authorization: 'Basic YTpi' } }, says('Unauthorized')],
    ['one part', bearer('a'), says('Bad token; invalid JSON')],
    ['two parts', bearer('e30.e30'), says('Bad token; invalid JSON')],
    ['empty parts', bearer('..'), says('Bad token; invalid JSON')],
    ['no base64 in the header', bearer('!.e30.x'), says('Bad token; invalid JSON')],
    ['no JSON in the header', bearer(`${encode('{')}.e30.`), says('Bad token; invalid JSON')],
    [
      'no JSON in the payload',
      bearer(token({ payloadText: '{' })),
      says('Bad token; invalid JSON'),
    ],
    [
      'no UTF-8 in the payload',
      bearer(`${encode('{"alg":"HS256"}')}.${encode(Buffer.from([0x22, 0xff, 0x22]))}.`),
      says('Bad token; invalid JSON'),
    ],
    [
      'a header that is null',
      bearer(token({ headerText: 'null' })),
      says('Bad token; invalid JSON'),
    ],
    [
      'a header that is a list',
      bearer(token({ headerText: '[]' })),
      says('Bad token; invalid alg'),
    ],
    ['no alg', bearer(token({ headerText: '{"typ":"JWT"}' })), says('Bad token; invalid alg')],
    [
      'an alg that is a number',
      bearer(token({ headerText: '{"alg":256}' })),
      says('Bad token; invalid alg'),
    ],
    ['an unknown alg', bearer(token({ alg: 'HS128' })), says('Bad token; invalid alg')],
    [
      'a payload that is false',
      bearer(token({ payloadText: 'false' })),
      says('Bad token; invalid claims'),
    ],
    [
      'a payload that is null',
      bearer(token({ payloadText: 'null' })),
      says('Bad token; invalid JSON'),
    ],
    [
      'a payload that is a number',
      bearer(token({ payloadText: '5' })),
      says('Bad token; invalid JSON'),
    ],
    ['a signature with a dot', bearer(`${token()}.x`), says('Bad token; invalid signature')],
    ['a signature with other letters', bearer(`${token()}+`), says('Bad token; invalid signature')],
    [
      'a payload without claims',
      bearer(token({ payloadText: '[]' })),
      says("No mandatory 'iss' in claims"),
    ],
    ['no key claim', bearer(token({ claims: {} })), says("No mandatory 'iss' in claims")],
    [
      'a key claim that is false',
      bearer(token({ claims: { iss: false } })),
      says("No mandatory 'iss' in claims"),
    ],
    ['an empty key claim', bearer(token({ claims: { iss: '' } })), says("Invalid 'iss' in claims")],
    [
      'a key claim that is null',
      bearer(token({ claims: { iss: null } })),
      says("Invalid 'iss' in claims"),
    ],
    [
      'a key claim that is a list',
      bearer(token({ claims: { iss: ['key'] } })),
      says("Invalid 'iss' in claims"),
    ],
    [
      'an unknown key',
      bearer(token({ claims: { iss: 'nobody' } })),
      says("No credentials found for given 'iss'"),
    ],
    ['another algorithm', bearer(token({ alg: 'HS512' })), says('Invalid algorithm')],
    [
      'an empty secret',
      bearer(token({ claims: { iss: 'no-secret' }, key: 'x' })),
      says('Invalid key/secret'),
    ],
    [
      'no public key',
      bearer(token({ alg: 'ES256', claims: { iss: 'no-pem' }, key: keysFor('ES256').privateKey })),
      says('Invalid key/secret'),
    ],
    [
      'a public key that is none',
      bearer(token({ alg: 'ES256', claims: { iss: 'bad-pem' }, key: keysFor('ES256').privateKey })),
      says('Invalid key/secret'),
    ],
    [
      'a public key of another kind',
      bearer(
        token({ alg: 'ES256', claims: { iss: 'wrong-kind' }, key: keysFor('ES256').privateKey }),
      ),
      says('Invalid signature'),
    ],
    ['a wrong signature', bearer(token({ key: 'wrong' })), says('Invalid signature')],
    [
      'a consumer that is gone',
      bearer(token({ claims: { iss: 'orphan' } })),
      says("Could not find consumer for 'iss=orphan'"),
    ],
    ['a bare query argument', { path: '/?jwt' }, says('Unrecognizable token')],
    [
      'two different tokens',
      { path: `/?jwt=${token({ claims: { ...iss, n: 1 } })}`, ...bearer(token()) },
      says('Multiple tokens provided'),
    ],
  ])('for %s', async (_, request, expected) => {
    const outcome = await send(request)
    expect([outcome.answer?.status, verdict(outcome)]).toEqual([401, expected])
  })

  it.each([
    ['nothing', {}, {}, 'Bearer'],
    ['nothing, with a realm', {}, { realm: 'r' }, 'Bearer realm="r"'],
    ['a bad token', bearer('x'), {}, 'Bearer error="invalid_token"'],
    [
      'a bad token, with a realm',
      bearer('x'),
      { realm: 'r' },
      'Bearer realm="r", error="invalid_token"',
    ],
    ['a consumer that is gone', bearer(token({ claims: { iss: 'orphan' } })), {}, undefined],
  ])('challenge whoever brings %s', async (_, request, config, expected) => {
    const { answer } = await send(request, config)
    expect(answer?.headers?.['www-authenticate']).toBe(expected)
  })

  it('look at faults in Kong’s order: key, algorithm, secret, signature, claims', async () => {
    const expired = { iss: 'key', exp: 1 }
    const config = { claims_to_verify: ['exp'] }
    const of = async (parts: TokenParts) => verdict(await send(token(parts), config))
    expect(await of({ alg: 'HS512', claims: { iss: 'nobody' } })).toEqual(
      says("No credentials found for given 'iss'"),
    )
    expect(await of({ alg: 'HS512', claims: expired, key: 'wrong' })).toEqual(
      says('Invalid algorithm'),
    )
    expect(await of({ claims: expired, key: 'wrong' })).toEqual(says('Invalid signature'))
    expect(await of({ claims: expired })).toEqual({ exp: 'token expired' })
  })
})

describe('jwt › places', () => {
  const good = token()

  it.each([
    ['Bearer', { headers: { Authorization: `Bearer ${good}` } }, {}],
    ['bearer', { headers: { Authorization: `bearer ${good}` } }, {}],
    ['two spaces', { headers: { Authorization: `Bearer  ${good}` } }, {}],
    ['a tab', { headers: { Authorization: `Bearer\t${good}` } }, {}],
    ['the query', { path: `/?a=1&jwt=${good}` }, {}],
    ['an encoded name', { path: `/?j%77t=${good}` }, {}],
    ['another argument', { path: `/?t=${good}` }, { uri_param_names: ['t'] }],
    ['a cookie', { headers: { Cookie: `a=1; tok=${good}` } }, { cookie_names: ['tok'] }],
    ['another header', { headers: { 'X-Token': `Bearer ${good}` } }, { header_names: ['X-Token'] }],
    [
      'the same token twice',
      { path: `/?jwt=${good}`, headers: { Authorization: `Bearer ${good}` } },
      {},
    ],
    [
      'a token and another scheme',
      { headers: { Authorization: 'Basic YTpi', 'X-Token': `Bearer ${good}` } },
      { header_names: ['authorization', 'x-token'] },
    ],
  ])('takes a token from %s', async (_, request, config) => {
    expect(verdict(await send(request, config))).toBe('passed')
  })

  it.each([
    ['BEARER', { headers: { Authorization: `BEARER ${good}` } }, {}],
    ['no scheme', { headers: { Authorization: good } }, {}],
    ['a header that is not looked at', { headers: { 'X-Token': `Bearer ${good}` } }, {}],
    ['a cookie that is not looked at', { headers: { Cookie: `jwt=${good}` } }, {}],
    ['the query where it is not looked at', { path: `/?jwt=${good}` }, { uri_param_names: [] }],
    ['nowhere', bearer(good), { header_names: [], uri_param_names: [] }],
  ])('finds none in %s', async (_, request, config) => {
    expect(verdict(await send(request, config))).toEqual(says('Unauthorized'))
  })

  it('reads the first of two headers, and leaves the token where it is', async () => {
    const headers = [
      ['X-Token', `Bearer ${good}`],
      ['X-Token', 'Bearer bad'],
    ] as const
    const outcome = await send({ headers }, { header_names: ['x-token'] })
    expect(verdict(outcome)).toBe('passed')
    expect(outcome.upstream.headerValues('x-token')).toHaveLength(2)
  })

  it('takes the key from the header when the payload has none', async () => {
    const both = token({ header: { iss: 'nobody' } })
    expect(verdict(await send(both))).toBe('passed')
    expect(verdict(await send(token({ claims: {}, header: { iss: 'key' } })))).toBe('passed')
    const byKid = token({ claims: {}, header: { kid: 'key' } })
    expect(verdict(await send(byKid, { key_claim_name: 'kid' }))).toBe('passed')
  })

  it('lets preflights through only where it shall', async () => {
    const request = { method: 'OPTIONS', headers: { 'X-Consumer-Username': 'spoofed' } }
    expect(verdict(await send(request))).toEqual(says('Unauthorized'))
    const { answer, upstream } = await send(request, { run_on_preflight: false })
    expect([answer, upstream.header('x-consumer-username')]).toEqual([undefined, 'spoofed'])
  })
})

describe('jwt › claims', () => {
  const BOTH = { claims_to_verify: ['exp', 'nbf'] }
  const MAX = { claims_to_verify: ['exp'], maximum_expiration: 300 }

  it.each([
    ['exp and nbf that hold', BOTH, { exp: NOW + 1, nbf: NOW }, 'passed'],
    ['exp now', BOTH, { exp: NOW, nbf: NOW }, { exp: 'token expired' }],
    ['exp a fraction later', BOTH, { exp: NOW + 0.5, nbf: NOW }, 'passed'],
    ['exp long ago', BOTH, { exp: 0, nbf: 0 }, { exp: 'token expired' }],
    ['exp below zero', BOTH, { exp: -1, nbf: 0 }, { exp: 'token expired' }],
    ['nbf later', BOTH, { exp: NOW + 9, nbf: NOW + 1 }, { nbf: 'token not valid yet' }],
    [
      'both wrong',
      BOTH,
      { exp: NOW, nbf: NOW + 1 },
      { exp: 'token expired', nbf: 'token not valid yet' },
    ],
    ['both missing', BOTH, {}, { exp: 'must be a number', nbf: 'must be a number' }],
    [
      'texts',
      BOTH,
      { exp: String(NOW + 9), nbf: 'x' },
      { exp: 'must be a number', nbf: 'must be a number' },
    ],
    [
      'null and lists',
      BOTH,
      { exp: null, nbf: [0] },
      { exp: 'must be a number', nbf: 'must be a number' },
    ],
    [
      'truth',
      BOTH,
      { exp: true, nbf: false },
      { exp: 'must be a number', nbf: 'must be a number' },
    ],
    ['exp in ms', BOTH, { exp: NOW * 1000, nbf: 0 }, 'passed'],
    ['exp huge', BOTH, { exp: 1e300, nbf: 0 }, 'passed'],
    ['exp long ago, not looked at', {}, { exp: 1, nbf: NOW + 9 }, 'passed'],
    ['exp a text, not looked at', {}, { exp: 'never' }, 'passed'],
    ['a life as long as allowed', MAX, { exp: NOW + 300 }, 'passed'],
    ['a longer life', MAX, { exp: NOW + 301 }, { exp: 'exceeds maximum allowed expiration' }],
    ['no end', MAX, {}, { exp: 'must be a number' }],
    ['an end that is over', MAX, { exp: NOW - 1 }, { exp: 'token expired' }],
  ])('with %s', async (_, config, claims, expected) => {
    expect(verdict(await send(token({ claims: { iss: 'key', ...claims } }), config))).toEqual(
      expected,
    )
  })

  it.each([
    ['1e999', 'passed'],
    ['-1e999', { exp: 'token expired' }],
    ['NaN', says('Bad token; invalid JSON')],
    ['0x7fffffff', says('Bad token; invalid JSON')],
    ['1_000', says('Bad token; invalid JSON')],
  ])('with exp written %s', async (exp, expected) => {
    const given = token({ payloadText: `{"iss":"key","exp":${exp}}` })
    expect(verdict(await send(given, { claims_to_verify: ['exp'] }))).toEqual(expected)
    if (expected === 'passed')
      expect(verdict(await send(given, MAX))).toEqual({ exp: 'exceeds maximum allowed expiration' })
  })
})

describe('jwt › secrets in base64', () => {
  it.each([
    ['base64', SECRET, 'passed'],
    ['base64', Buffer.from(SECRET).toString('base64url'), says('Invalid signature')],
    ['not-base64', SECRET, says('Invalid key/secret')],
  ])('of %s', async (iss, key, expected) => {
    const given = token({ claims: { iss }, key })
    expect(verdict(await send(given, { secret_is_base64: true }))).toEqual(expected)
  })

  it('leaves public keys as they are', async () => {
    const given = token({
      alg: 'RS256',
      claims: { iss: 'RS256' },
      key: keysFor('RS256').privateKey,
    })
    expect(verdict(await send(given, { secret_is_base64: true }))).toBe('passed')
  })
})

describe('jwt › identity', () => {
  const SPOOFED = {
    'X-Consumer-ID': 'root',
    'X-Consumer-Username': 'root',
    'X-Consumer-Custom-ID': 'root',
    'X-Credential-Identifier': 'root',
    'X-Anonymous-Consumer': 'true',
  }

  it('tells the upstream whose token it is, whatever the client claims', async () => {
    const good = token()
    const request = { headers: { ...SPOOFED, Authorization: `Bearer ${good}` } }
    const { upstream, consumer, credential, exchange } = await send(request)
    const told = [
      'x-consumer-id',
      'x-consumer-username',
      'x-consumer-custom-id',
      'x-credential-identifier',
      'x-anonymous-consumer',
    ]
    expect(told.map((name) => upstream.headerValues(name))).toEqual([
      ['c-ann'],
      ['ann'],
      ['ann-1'],
      ['key'],
      [],
    ])
    expect([consumer?.username, credential?.id]).toEqual(['ann', 'j-1'])
    expect(exchange.shared.get('authenticated_jwt_token')).toBe(good)
  })

  it.each(['guest', '11111111-2222-4333-8444-555555555555'])(
    'goes on as the anonymous consumer %s when there is no good token',
    async (anonymous) => {
      for (const request of [{}, bearer('bad'), bearer(token({ key: 'wrong' }))]) {
        const outcome = await send(
          { ...request, headers: { ...SPOOFED, ...(request.headers as object) } },
          { anonymous },
        )
        const { answer, upstream, consumer, credential, exchange } = outcome
        expect([answer, consumer?.username, credential]).toEqual([undefined, 'guest', undefined])
        expect(upstream.header('x-anonymous-consumer')).toBe('true')
        expect(upstream.header('x-credential-identifier')).toBeUndefined()
        expect(exchange.shared.has('authenticated_jwt_token')).toBe(false)
      }
    },
  )

  it('fails when the anonymous consumer does not exist', async () => {
    const { answer } = await send({}, { anonymous: 'nobody' })
    expect(answer).toMatchObject({
      kind: 'error',
      status: 500,
      message: "anonymous consumer nobody is configured but doesn't exist",
    })
    expect(verdict(await send(token(), { anonymous: 'nobody' }))).toBe('passed')
  })

  it.each([
    // jwt, key-auth: what each brings; then who comes out of AND and of OR.
    ['both', { jwt: true, key: true }, 'k-1', 'j-1'],
    ['a token', { jwt: true, key: false }, 401, 'j-1'],
    ['a key', { jwt: false, key: true }, 401, 'k-1'],
    ['neither', { jwt: false, key: false }, 401, 'guest'],
  ])('with key-auth beside it, %s', async (_, brings, and, or) => {
    const request = {
      headers: {
        ...(brings.jwt && { Authorization: `Bearer ${token()}` }),
        ...(brings.key && { apikey: 'api-key' }),
      } as Record<string, string>,
    }
    const who = async (config: Record<string, unknown>) => {
      const gateway = testGateway(
        [
          [jwt, config],
          [keyAuth, config],
        ],
        { entities: ENTITIES },
      )
      const { answer, credential, consumer } = await gateway.send(request)
      return answer?.status ?? credential?.id ?? consumer?.username
    }
    expect([await who({}), await who({ anonymous: 'guest' })]).toEqual([and, or])
  })
})

describe('jwt › attacks', () => {
  it.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    'none ',
    '',
    'hs256',
    'Hs256',
    'HS256 ',
    'HS256\0',
    '__proto__',
    'constructor',
    'toString',
  ])('refuses the algorithm %j, signed or not', async (alg) => {
    const unsigned = `${encode(JSON.stringify({ alg }))}.${encode('{"iss":"key"}')}`
    for (const signature of ['', encode(''), signatureOf(unsigned, 'HS256', SECRET)])
      expect(verdict(await send(`${unsigned}.${signature}`))).toEqual(
        says('Bad token; invalid alg'),
      )
    expect(verdict(await send(unsigned))).toEqual(says('Bad token; invalid JSON'))
  })

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'does not take the public key of %s for a secret',
    async (name) => {
      const { publicPem } = keysFor(name)
      for (const key of [publicPem, publicPem.trim(), ''])
        expect(verdict(await send(token({ alg: 'HS256', claims: { iss: name }, key })))).toEqual(
          says('Invalid algorithm'),
        )
      // Keeping the name of the algorithm does not help either.
      const forged = token({ alg: name, claims: { iss: name }, key: publicPem })
      expect(verdict(await send(forged))).toEqual(says('Invalid signature'))
    },
  )

  it.each([
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['RS256', 'RS512'],
    ['HS256', 'HS512'],
    ['ES256', 'ES384'],
  ])('does not take %s for a token that says %s', async (made, said) => {
    const key = made === 'HS256' ? SECRET : keysFor(made).privateKey
    const forged = token({ alg: said, signedAs: made, claims: { iss: made }, key })
    expect(verdict(await send(forged))).toEqual(says('Invalid algorithm'))
  })

  it.each([
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ])(
    'does not take an %s signature of zeroes, of the order, or of no length',
    async (alg, bytes) => {
      const start = token({ alg, claims: { iss: alg }, key: keysFor(alg).privateKey })
        .split('.')
        .slice(0, 2)
        .join('.')
      for (const forged of [Buffer.alloc(bytes), Buffer.alloc(bytes, 0xff), Buffer.alloc(0)])
        expect(verdict(await send(`${start}.${encode(forged)}`))).toEqual(says('Invalid signature'))
    },
  )

  it('does not look at keys that a token brings', async () => {
    const other = otherKeysFor('RS256')
    const { createPublicKey } = await import('node:crypto')
    const jwk = createPublicKey(other.publicPem).export({ format: 'jwk' })
    for (const header of [
      { jwk },
      { jku: 'http://attacker.test/jwks.json' },
      { x5u: 'http://attacker.test/cert.pem' },
      { x5c: ['MIIB'] },
      { kid: '../../dev/null' },
      { kid: "x' UNION SELECT 'secret" },
      { crit: ['exp'], b64: false },
    ]) {
      const forged = token({
        alg: 'RS256',
        header,
        claims: { iss: 'RS256' },
        key: other.privateKey,
      })
      expect(verdict(await send(forged))).toEqual(says('Invalid signature'))
    }
  })

  it.each([
    ['padding', `${token()}=`, 'passed'],
    ['more padding than there is', `${token()}===`, says('Bad token; invalid signature')],
    ['a plus', token().replace(/.$/, '+'), says('Bad token; invalid signature')],
    ['a line break', `${token()}\n`, 'passed'],
    ['a blank inside', token().replace('.', ' .'), says('Bad token; invalid JSON')],
    ['a letter more', `${token()}A`, says('Invalid signature')],
    ['other letters in the header', token().replace(/^./, 'é'), says('Bad token; invalid JSON')],
  ])('with %s is read in one way only', async (_, given, expected) => {
    const outcome = verdict(await send(given))
    if (expected === 'passed')
      expect(['passed', says('Bad token; invalid signature')]).toContainEqual(outcome)
    else expect([expected, says('Bad token; invalid signature')]).toContainEqual(outcome)
  })

  it('never accepts a token in which a letter was changed, unless it means the same bytes', async () => {
    const good = token()
    const letters = fc.constantFrom(
      ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ '),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), letters, async (at, letter) => {
        const changed = good.slice(0, at) + letter + good.slice(at + 1)
        if (verdict(await send(changed)) !== 'passed') return
        const [head, payload, signature = ''] = changed.split('.')
        expect(`${head}.${payload}`).toBe(good.slice(0, good.lastIndexOf('.')))
        expect(Buffer.from(signature, 'base64url')).toEqual(
          Buffer.from(good.slice(good.lastIndexOf('.') + 1), 'base64url'),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('takes the last of two names in the header, as RFC 7515 §4 allows', async () => {
    const last = token({ headerText: String.raw`{"alg":"none","\u0061lg":"HS256"}` })
    expect(verdict(await send(last))).toBe('passed')
    const first = token({ headerText: '{"alg":"HS256","alg":"none"}' })
    expect(verdict(await send(first))).toEqual(says('Bad token; invalid alg'))
  })

  it('takes the last of two claims, as the signer’s parser most likely did', async () => {
    const last = token({ payloadText: '{"iss":"nobody","iss":"key"}' })
    expect(verdict(await send(last))).toBe('passed')
    const first = token({ payloadText: '{"iss":"key","iss":"nobody"}' })
    expect(verdict(await send(first))).toEqual(says("No credentials found for given 'iss'"))
  })

  it.each(['[', '{"a":'])('is not hurt by a bomb of %s', async (open) => {
    const close = open === '[' ? ']' : '}'
    const bomb = open.repeat(5000) + (open === '[' ? '' : '1') + close.repeat(5000)
    for (const parts of [{ headerText: bomb }, { payloadText: bomb }])
      expect(verdict(await send(token(parts)))).toEqual(says('Bad token; invalid JSON'))
  })

  it('refuses tokens longer than any header', async () => {
    const long = token({ claims: { iss: 'key', fill: 'x'.repeat(40_000) } })
    expect(verdict(await send({ path: `/?jwt=${long}` }))).toEqual(says('Bad token; invalid JSON'))
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'does not find the key claim %s in what objects inherit',
    async (name) => {
      const outcome = await send(token({ payloadText: '{}' }), { key_claim_name: name })
      expect(verdict(outcome)).toEqual(says(`No mandatory '${name}' in claims`))
    },
  )

  it('never writes a signature or secret into reasons and facts', async () => {
    for (const given of [token(), token({ key: 'wrong' }), token({ claims: { iss: 'keyy' } })]) {
      const { answer, exchange } = await send(given, {}, { recordsDecisions: true })
      const written = JSON.stringify([answer?.reason, exchange.noted])
      expect(written).not.toContain(given.split('.')[2])
      expect(written).not.toContain(SECRET)
    }
  })
})

describe('jwt › remembered tokens', () => {
  it.each([
    [false, 'remembered'],
    ['refusals', 'remembered'],
    [true, 'verified anew'],
  ] as const)('with decisions recorded: %j they are %s', async (recordsDecisions, what) => {
    const gateway = testGateway([[jwt, {}]], { entities: ENTITIES, recordsDecisions })
    const good = bearer(token())
    const credentials = []
    for (let count = 0; count < 4; count += 1)
      credentials.push((await gateway.send(good)).credential)
    // What is remembered is the very same; what is verified is made.
    expect(credentials[3] === credentials[2]).toBe(what === 'remembered')
    const { exchange } = await gateway.send(bearer(token({ key: 'wrong' })))
    expect(exchange.noted.map(({ verdict: of }) => of)).toEqual(
      recordsDecisions === false ? [] : ['refused'],
    )
  })

  it('are looked at again when their time is over, or the clock was set back', async () => {
    let now = TEST_TIME_MS
    const config = { claims_to_verify: ['exp', 'nbf'], maximum_expiration: 60 }
    const gateway = testGateway([[jwt, config]], { entities: ENTITIES, now: () => now })
    const request = bearer(token({ claims: { iss: 'key', exp: NOW + 60, nbf: NOW } }))
    const seen = async () => verdict(await gateway.send(request))
    expect([await seen(), await seen(), await seen()]).toEqual(['passed', 'passed', 'passed'])
    now += 59_999
    expect(await seen()).toBe('passed')
    now += 1
    expect(await seen()).toEqual({ exp: 'token expired' })
    now = TEST_TIME_MS - 1000
    expect(await seen()).toEqual({ nbf: 'token not valid yet' })
  })

  it('are not remembered when they were refused', async () => {
    const gateway = testGateway([[jwt, {}]], { entities: ENTITIES })
    const request = bearer(token({ key: 'wrong' }))
    const seen = [await gateway.send(request), await gateway.send(request)].map(verdict)
    expect(seen).toEqual([says('Invalid signature'), says('Invalid signature')])
  })

  it('are forgotten with their credentials', async () => {
    const request = bearer(token())
    expect(verdict(await send(request))).toBe('passed')
    const changed = {
      ...ENTITIES,
      jwt_secrets: [{ ...ENTITIES.jwt_secrets[0], secret: 'changed' }],
    }
    expect(verdict(await send(request, {}, { entities: changed }))).toEqual(
      says('Invalid signature'),
    )
  })

  it('are good by the rules of the instance that remembers them alone', async () => {
    const expired = token({ claims: { iss: 'key', exp: NOW - 1 } })
    const lax = {}
    const strict = { claims_to_verify: ['exp'] }
    const byHeader = { header_names: ['x-token'], ...strict }
    const request = {
      headers: { Authorization: `Bearer ${expired}`, 'X-Token': `Bearer ${expired}` },
    }
    const keptValues = new Map<string, unknown>()
    const node = {
      keep<Value>(name: string, make: () => Value): Value {
        if (!keptValues.has(name)) keptValues.set(name, make())
        return keptValues.get(name) as Value
      },
    }
    const gateways = [lax, strict, byHeader, lax].map((config) =>
      testGateway([[jwt, config]], { entities: ENTITIES, node }),
    )
    for (let round = 0; round < 4; round += 1) {
      const seen = []
      for (const gateway of gateways) seen.push(verdict(await gateway.send(request)))
      const refused = { exp: 'token expired' }
      expect(seen).toEqual(['passed', refused, refused, 'passed'])
    }
  })

  it('set the same identity', async () => {
    const gateway = testGateway([[jwt, {}]], { entities: ENTITIES })
    const good = token()
    await gateway.send(bearer(good))
    await gateway.send(bearer(good))
    const { upstream, exchange } = await gateway.send(bearer(good))
    expect(upstream.header('x-credential-identifier')).toBe('key')
    expect(exchange.shared.get('authenticated_jwt_token')).toBe(good)
  })
})

describe('jwt › schema', () => {
  it.each([
    [
      { maximum_expiration: -1 },
      ['config.maximum_expiration: value should be between 0 and 31536000'],
    ],
    [{ claims_to_verify: ['iat'] }, ['config.claims_to_verify.0: expected one of: exp, nbf']],
    [{ header_names: ['authorization'], realm: 'r', anonymous: 'x' }, []],
  ])('of %j', (config, faults) => {
    expect(configFaults(jwt, config)).toEqual(faults)
  })

  it('limits lifetimes only where they are looked at', () => {
    expect(configFaults(jwt, { maximum_expiration: 60, claims_to_verify: ['nbf'] })).toContain(
      'config.claims_to_verify: expected to contain: exp',
    )
  })
})
