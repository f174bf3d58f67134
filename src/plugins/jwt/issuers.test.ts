import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import {
  configFaults,
  testGateway,
  testPlugin,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import { ALGORITHM_NAMES } from '../../plugin-kit/jose/algorithms.ts'
import { jwt } from './plugin.ts'
import {
  encode,
  jwkFor,
  keysFor,
  otherKeysFor,
  SECRET,
  signatureOf,
  token,
  type TokenParts,
} from './testing/tokens.ts'

const NOW = TEST_TIME_MS / 1000
const ISSUER = 'https://issuer.test/'

const KEYS = {
  keys: [
    jwkFor('RS256', { kid: 'rsa', use: 'sig' }),
    jwkFor('ES256', { kid: 'p256', alg: 'ES256' }),
    jwkFor('ES384', { kid: 'p384' }),
    jwkFor('ES512', { kid: 'p521', key_ops: ['verify'] }),
    jwkFor('EdDSA', { kid: 'ed' }),
  ],
}

const ENTITIES = {
  consumers: [
    { id: 'c-ann', username: 'ann', custom_id: 'ann-1' },
    { id: 'c-bob', username: 'bob', custom_id: null },
    { id: 'c-guest', username: 'guest', custom_id: null },
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
    // Somebody might think that this lets him speak for the issuer.
    {
      id: 'j-2',
      key: ISSUER,
      secret: SECRET,
      algorithm: 'HS256',
      consumer: 'bob',
      rsa_public_key: null,
    },
  ],
}

const issuer = (more: Readonly<Record<string, unknown>> = {}) => ({
  issuers: [{ issuer: ISSUER, jwks: KEYS, ...more }],
})

const CLAIMS = { iss: ISSUER, sub: 'ann-1', exp: NOW + 60 }

function issued(
  parts: Omit<TokenParts, 'key'> & { readonly key?: TokenParts['key'] } = {},
): string {
  const { alg = 'RS256', claims = CLAIMS, key = keysFor(alg).privateKey, ...more } = parts
  return token({ alg, claims, key, ...more })
}

const bearer = (text: string): FakeRequest => ({ headers: { Authorization: `Bearer ${text}` } })

function send(
  request: FakeRequest | string,
  config: Record<string, unknown> = issuer(),
  more: TestSetting = {},
): Promise<TestOutcome> {
  return testPlugin(jwt, config, {
    entities: ENTITIES,
    request: typeof request === 'string' ? bearer(request) : request,
    ...more,
  })
}

/** `passed`, or status and what the client gets to read. */
function verdict({ answer }: TestOutcome): unknown {
  if (answer === undefined) return 'passed'
  if (answer.kind !== 'exit') return answer
  return [answer.status, JSON.parse(String(answer.body))]
}

const says = (message: string, status = 401) => [status, { message }]

describe('jwt › issuers', () => {
  it.each(ALGORITHM_NAMES.filter((name) => !name.startsWith('HS')))(
    'take what a key of theirs signed with %s, and nothing else',
    async (alg) => {
      expect(verdict(await send(issued({ alg })))).toBe('passed')
      const key = otherKeysFor(alg).privateKey
      expect(verdict(await send(issued({ alg, key })))).toEqual(says('Invalid signature'))
    },
  )

  it('say who it is, without a consumer', async () => {
    const { consumer, credential, upstream, exchange } = await send(issued())
    expect(consumer).toBeUndefined()
    expect(credential?.id).toBe(`${ISSUER}#ann-1`)
    expect(upstream.header('x-credential-identifier')).toBe('ann-1')
    expect(exchange.shared.get('authenticated_jwt_token')).toBe(issued({ claims: CLAIMS }))
  })

  it('leave tokens of others to credentials', async () => {
    const { consumer } = await send(token())
    expect(consumer?.username).toBe('ann')
    const unknown = issued({ claims: { ...CLAIMS, iss: 'https://other.test/' } })
    expect(verdict(await send(unknown))).toEqual(says("No credentials found for given 'iss'"))
  })

  it('are not spoken for by a credential with their name', async () => {
    expect(verdict(await send(token({ claims: CLAIMS })))).toEqual(says('Invalid algorithm'))
  })
})

describe('jwt › issuers › keys', () => {
  it('are those that the token names', async () => {
    expect(verdict(await send(issued({ header: { kid: 'rsa' } })))).toBe('passed')
    expect(verdict(await send(issued({ header: { kid: 'ed' } })))).toEqual(says('Unknown key'))
    expect(verdict(await send(issued({ header: { kid: 'nobody' } })))).toEqual(says('Unknown key'))
  })

  it('are all that fit where the token names none', async () => {
    const jwks = {
      keys: [
        { ...createPublicKey(otherKeysFor('RS256').publicPem).export({ format: 'jwk' }), kid: '1' },
        jwkFor('RS256', { kid: '2' }),
      ],
    }
    expect(verdict(await send(issued(), issuer({ jwks })))).toBe('passed')
  })

  it.each([
    ['for encryption', { use: 'enc' }],
    ['for other operations', { key_ops: ['encrypt'] }],
    ['for another algorithm', { alg: 'RS512' }],
  ])('%s are none', async (_, more) => {
    const jwks = { keys: [jwkFor('RS256', more), jwkFor('EdDSA')] }
    expect(verdict(await send(issued(), issuer({ jwks })))).toEqual(says('Unknown key'))
  })

  it('may be secrets where the configuration says so', async () => {
    const jwks = { keys: [{ kty: 'oct', k: encode(SECRET) }, jwkFor('RS256')] }
    const secretToken = token({ claims: CLAIMS })
    const algorithms = ['HS256', 'RS256']
    expect(verdict(await send(secretToken, issuer({ jwks, algorithms })))).toBe('passed')
    expect(verdict(await send(secretToken, issuer({ jwks })))).toEqual(says('Invalid algorithm'))
  })

  it('that are weak are warned about', async () => {
    const logged: string[] = []
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'old' }] }
    await send(issued(), issuer({ jwks }), { logged })
    expect(logged).toContainEqual(expect.stringContaining('key "old" has 1024 bits'))
  })
})

describe('jwt › issuers › attacks', () => {
  const forged = (header: Readonly<Record<string, unknown>>, key?: TokenParts['key']): string =>
    issued({ header, key: key ?? otherKeysFor('RS256').privateKey })
  const publicPem = keysFor('RS256').publicPem
  const [head = '', payload = '', signature = ''] = issued().split('.')

  it.each(['none', 'None', 'NONE', 'nOnE', '', ' none', 'none ', 'null'])(
    'alg %j is no algorithm',
    async (alg) => {
      const start = `${encode(JSON.stringify({ alg }))}.${payload}`
      for (const text of [`${start}.`, `${start}.${signature}`])
        expect(verdict(await send(text))).toEqual(says('Bad token; invalid alg'))
    },
  )

  it.each(['HS256', 'HS384', 'HS512'])('the public key is no secret of %s', async (alg) => {
    const jwk = JSON.stringify(jwkFor('RS256'))
    const der = createPublicKey(publicPem).export({ type: 'spki', format: 'der' })
    for (const key of [publicPem, publicPem.trim(), jwk, der.toString('latin1')]) {
      const confused = token({ alg, claims: CLAIMS, key, header: { kid: 'rsa' } })
      const algorithms = [...ALGORITHM_NAMES]
      const wanted = says('Unknown key')
      expect(verdict(await send(confused, issuer({ algorithms })))).toEqual(wanted)
      expect(verdict(await send(confused))).toEqual(says('Invalid algorithm'))
    }
  })

  it.each([
    { jwk: createPublicKey(otherKeysFor('RS256').publicPem).export({ format: 'jwk' }) },
    { jku: 'http://127.0.0.1:9/jwks.json' },
    { x5u: 'http://127.0.0.1:9/cert.pem' },
    { x5c: ['MIIB'] },
    { kid: 'rsa', jku: 'http://127.0.0.1:9/', jwk: {} },
  ])('what a token brings itself is no key: %j', async (header) => {
    expect(verdict(await send(forged(header)))).toEqual(says('Invalid signature'))
  })

  it.each([
    '../../dev/null',
    '/dev/null',
    "' OR 1=1 --",
    '__proto__',
    'constructor',
    '*',
    '\0',
    '',
  ])('kid %j names no key', async (kid) => {
    expect(verdict(await send(forged({ kid })))).toEqual(says('Unknown key'))
  })

  it.each([
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ])('%s signatures of zeroes and of the order are wrong', async (alg, bytes) => {
    const [start = ''] = /^[^.]+\.[^.]+/.exec(issued({ alg })) ?? []
    for (const fill of [0x00, 0xff]) {
      const psychic = encode(Buffer.alloc(bytes, fill))
      expect(verdict(await send(`${start}.${psychic}`))).toEqual(says('Invalid signature'))
    }
    expect(verdict(await send(`${start}.`))).toEqual(says('Invalid signature'))
  })

  it('base64url has one spelling', async () => {
    // RSA-2048 has 256 bytes, so that the last letter has four bits which say nothing.
    const last = signature.at(-1)!
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const other = alphabet[alphabet.indexOf(last) + 1]!
    for (const end of [`${signature.slice(0, -1)}${other}`, `${signature}==`])
      expect(verdict(await send(`${head}.${payload}.${end}`))).toEqual(
        says('Bad token; invalid encoding'),
      )
  })

  it.each([
    '{"iss":"https://issuer.test/","sub":"ann-1","exp":9999999999,"sub":"admin"}',
    '{"iss":"https://issuer.test/","exp":9999999999,"a":{"b":1,"\\u0062":2}}',
  ])('a name that is twice in the payload is refused: %s', async (payloadText) => {
    expect(verdict(await send(issued({ payloadText })))).toEqual(says('Bad token; invalid claims'))
  })

  it('a name that is twice in the header is refused', async () => {
    const headerText = '{"alg":"RS256","alg":"RS256"}'
    expect(verdict(await send(issued({ headerText })))).toEqual(says('Bad token; invalid JSON'))
  })

  it('JSON bombs and huge tokens are not read', async () => {
    const deep = `{"iss":"${ISSUER}","exp":9999999999,"a":${'['.repeat(5000)}${']'.repeat(5000)}}`
    const long = `{"iss":"${ISSUER}","exp":9999999999,"a":"${'x'.repeat(40_000)}"}`
    for (const payloadText of [deep, long])
      expect(verdict(await send(issued({ payloadText })))).toEqual(says('Bad token; invalid JSON'))
  })

  it.each([[['b64']], [['exp']], [[]], ['b64'], [null]])(
    'crit %j is not understood',
    async (crit) => {
      const wanted = says('Bad token; unknown critical header')
      expect(verdict(await send(issued({ header: { crit, b64: false } })))).toEqual(wanted)
    },
  )

  it('an encrypted token is none', async () => {
    const jwe = [encode('{"alg":"RSA-OAEP","enc":"A256GCM"}'), 'a', 'b', 'c', 'd'].join('.')
    expect((verdict(await send(jwe)) as unknown[])[0]).toBe(401)
  })

  it('a signature by another algorithm than the header says is wrong', async () => {
    const signed = `${encode('{"alg":"RS256"}')}.${payload}`
    const other = `${signed}.${signatureOf(signed, 'PS256', keysFor('RS256').privateKey)}`
    expect(verdict(await send(other))).toEqual(says('Invalid signature'))
  })
})

describe('jwt › issuers › times', () => {
  const withClaims = (claims: Readonly<Record<string, unknown>>): string =>
    issued({ claims: { ...CLAIMS, ...claims } })

  it.each([
    [{ exp: undefined }, { exp: 'must be a number' }],
    [{ exp: null }, { exp: 'must be a number' }],
    [{ exp: String(NOW + 60) }, { exp: 'must be a number' }],
    [{ exp: [NOW + 60] }, { exp: 'must be a number' }],
    [{ exp: true }, { exp: 'must be a number' }],
    [{ exp: NOW }, { exp: 'token expired' }],
    [{ exp: NOW - 0.5 }, { exp: 'token expired' }],
    [{ exp: -1 }, { exp: 'token expired' }],
    [{ nbf: NOW + 1 }, { nbf: 'token not valid yet' }],
    [{ nbf: String(NOW) }, { nbf: 'must be a number' }],
    [{ iat: NOW + 1 }, { iat: 'issued in the future' }],
    [{ iat: String(NOW) }, { iat: 'must be a number' }],
  ])('%j is refused', async (claims, errors) => {
    expect(verdict(await send(withClaims(claims)))).toEqual([401, errors])
  })

  it.each([{ exp: NOW + 0.5 }, { nbf: NOW }, { iat: NOW }, { iat: NOW - 1e6 }])(
    '%j is fine',
    async (claims) => {
      expect(verdict(await send(withClaims(claims)))).toBe('passed')
    },
  )

  it.each(['exp', 'nbf', 'iat'])('an infinite %s is no time', async (name) => {
    const rest = name === 'exp' ? '' : `"exp":${NOW + 60},`
    const payloadText = `{"iss":"${ISSUER}",${rest}"${name}":1e999}`
    expect(verdict(await send(issued({ payloadText })))).toEqual([
      401,
      { [name]: 'must be a number' },
    ])
  })

  it('have as much leeway as is given', async () => {
    const config = { ...issuer(), leeway: 10 }
    expect(verdict(await send(withClaims({ exp: NOW - 9 }), config))).toBe('passed')
    expect(verdict(await send(withClaims({ exp: NOW - 10 }), config))).toEqual([
      401,
      { exp: 'token expired' },
    ])
    expect(verdict(await send(withClaims({ nbf: NOW + 10 }), config))).toBe('passed')
    expect(verdict(await send(withClaims({ nbf: NOW + 11 }), config))).not.toBe('passed')
    expect(verdict(await send(withClaims({ iat: NOW + 10 }), config))).toBe('passed')
    expect(verdict(await send(withClaims({ iat: NOW + 11 }), config))).not.toBe('passed')
  })

  it('may be limited', async () => {
    const config = { ...issuer(), claims_to_verify: ['exp'], maximum_expiration: 30 }
    expect(verdict(await send(issued(), config))).toEqual([
      401,
      { exp: 'exceeds maximum allowed expiration' },
    ])
  })

  it('end what was remembered', async () => {
    let now = TEST_TIME_MS
    const config = { ...issuer(), leeway: 5 }
    const gateway = testGateway([[jwt, config]], { entities: ENTITIES, now: () => now })
    const seen = async () => verdict(await gateway.send(bearer(issued())))
    expect([await seen(), await seen(), await seen()]).toEqual(['passed', 'passed', 'passed'])
    now += 64_999
    expect(await seen()).toBe('passed')
    now += 1
    expect(await seen()).toEqual([401, { exp: 'token expired' }])
  })
})

describe('jwt › issuers › rules', () => {
  it('types', async () => {
    const config = issuer({ typ: ['at+jwt'] })
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt'])
      expect(verdict(await send(issued({ header: { typ } }), config))).toBe('passed')
    for (const typ of ['JWT', undefined, 5, 'application/jwt'])
      expect(verdict(await send(issued({ header: { typ } }), config))).toEqual(
        says('Invalid token type'),
      )
  })

  it('algorithms', async () => {
    const config = issuer({ algorithms: ['ES256'] })
    expect(verdict(await send(issued({ alg: 'ES256' }), config))).toBe('passed')
    expect(verdict(await send(issued(), config))).toEqual(says('Invalid algorithm'))
  })

  it.each([
    ['api', true],
    [['x', 'api'], true],
    ['other', false],
    ['api other', false],
    [['other'], false],
    [undefined, false],
    [{ api: true }, false],
  ])('aud %j of api', async (aud, isFine) => {
    const sent = issued({ claims: { ...CLAIMS, aud } })
    const wanted = isFine ? 'passed' : [401, { aud: 'not meant for this audience' }]
    expect(verdict(await send(sent, issuer({ audiences: ['api'] })))).toEqual(wanted)
    expect(verdict(await send(sent, { ...issuer(), audiences: ['api'] }))).toEqual(wanted)
  })

  it('required claims, also within others', async () => {
    const config = issuer({ required_claims: ['tenant', 'realm.name'] })
    const claims = { ...CLAIMS, tenant: 'a', realm: { name: 'b' } }
    expect(verdict(await send(issued({ claims }), config))).toBe('passed')
    expect(verdict(await send(issued({ claims: { ...CLAIMS, realm: null } }), config))).toEqual([
      401,
      { tenant: 'must be present', 'realm.name': 'must be present' },
    ])
  })
})

describe('jwt › issuers › consumers', () => {
  const claims = (more: Readonly<Record<string, unknown>>) =>
    issued({ claims: { ...CLAIMS, ...more } })
  const who = async (text: string, more: Readonly<Record<string, unknown>>) => {
    const outcome = await send(text, issuer({ consumer_claim: 'sub', ...more }))
    return outcome.answer === undefined ? outcome.consumer?.username : verdict(outcome)
  }

  it('are found by custom id or name', async () => {
    expect(await who(claims({}), {})).toBe('ann')
    expect(await who(claims({ sub: 'bob' }), {})).toBe('bob')
    expect(await who(claims({ sub: 'c-bob' }), { consumer_by: ['id'] })).toBe('bob')
    expect(await who(claims({ user: { name: 'bob' } }), { consumer_claim: 'user.name' })).toBe(
      'bob',
    )
  })

  it('must be there, unless they need not', async () => {
    const refused = says('No consumer for this token', 403)
    for (const sub of ['nobody', undefined, '', null, { a: 1 }, ['ann-1']]) {
      expect(await who(claims({ sub }), {})).toEqual(refused)
      expect(await who(claims({ sub }), { consumer_optional: true })).toBeUndefined()
    }
  })

  it('may be anonymous instead', async () => {
    const config = { ...issuer({ consumer_claim: 'sub' }), anonymous: 'guest' }
    const { consumer, credential } = await send(claims({ sub: 'nobody' }), config)
    expect([consumer?.username, credential]).toEqual(['guest', undefined])
  })
})

const GATEWAY = { client_id: 'gateway' }
const asked = (introspection: object) => ({ issuer: ISSUER, introspection })

describe('jwt › schema of issuers', () => {
  it.each([
    [{ issuer: ISSUER }, []],
    [{ issuer: 'not-a-url', jwks: KEYS }, []],
    [{ issuer: 'not-a-url', jwks: JSON.stringify(KEYS) }, []],
    [{ issuer: ISSUER, jwks_uri: 'https://issuer.test/keys' }, []],
    [{ issuer: 'http://issuer.test', allow_http: true }, []],
    [asked(GATEWAY), []],
    [{ ...asked(GATEWAY), jwks: { keys: [] } }, []],
    [asked({ ...GATEWAY, client_secret: '{vault://env/secret}', endpoint: 'https://x.test' }), []],
    [{ ...asked({ ...GATEWAY, endpoint: 'https://x.test' }), issuer: 'name', jwks: KEYS }, []],
  ])('%j is fine', (config, faults) => {
    expect(configFaults(jwt, { issuers: [config] })).toEqual(faults)
  })

  it.each([
    [{}, 'required field missing'],
    [{ issuer: 'not-a-url' }, 'must be a URL; give its keys as jwks_uri, jwks or key_set'],
    [{ issuer: 'http://issuer.test' }, 'must be https, unless allow_http is on'],
    [{ issuer: ISSUER, jwks_uri: 'ftp://x.test' }, 'must be a URL of scheme https or http'],
    [{ issuer: ISSUER, jwks_uri: 'https://me:pw@x.test' }, 'must not hold a name or a password'],
    [
      { issuer: ISSUER, jwks_uri: 'https://x.test', jwks: KEYS },
      'only one or none of these fields',
    ],
    [{ issuer: ISSUER, jwks: { keys: [{}] } }, 'no key in it can verify signatures'],
    [{ issuer: ISSUER, jwks: { keys: [] } }, 'has no keys, and nobody is asked about tokens'],
    [asked({}), 'required field missing'],
    [asked({ ...GATEWAY, tokens: [] }), 'length must be at least 1'],
    [asked({ ...GATEWAY, endpoint: 'x' }), 'must be a URL'],
    [asked({ ...GATEWAY, endpoint: 'http://x.test' }), 'endpoint must be https'],
    [asked({ ...GATEWAY, client_auth: 'client_secret_post' }), 'is required for client_auth'],
    [asked({ ...GATEWAY, client_auth: 'private_key_jwt' }), 'is required for client_auth'],
    [
      { ...asked(GATEWAY), issuer: 'not-a-url', jwks: KEYS },
      'the issuer is no URL that could say where it is',
    ],
    [{ issuer: ISSUER, proof_of_possession_dpop: 'on' }, 'expected one of: off, optional, strict'],
    [{ issuer: ISSUER, dpop_nonce_secret: 'short' }, 'length must be at least 16'],
    [{ issuer: ISSUER, jwks: 'text' }, 'is not valid JSON'],
    [{ issuer: ISSUER, algorithms: ['none'] }, 'expected one of'],
    [{ issuer: ISSUER, algorithms: ['HS256'] }, 'needs a secret key'],
    [{ issuer: ISSUER, forward_claims: { sub: 'Host' } }, "cannot be sent as header 'Host'"],
    [{ issuer: ISSUER, forward_claims: { sub: 'a b' } }, 'bad header name'],
  ])('%j is refused', (config, message) => {
    expect(configFaults(jwt, { issuers: [config] }).join('\n')).toContain(message)
  })

  it('has one issuer at most that is asked about tokens which do not say whose they are', () => {
    const both = (tokens: readonly string[]) => [
      asked(GATEWAY),
      { issuer: 'https://other.test', introspection: { ...GATEWAY, tokens } },
    ]
    expect(configFaults(jwt, { issuers: both(['jwt']) })).toEqual([])
    expect(configFaults(jwt, { issuers: both(['opaque', 'jwt']) }).join('\n')).toContain(
      'only one issuer can be asked about tokens that are no JWT',
    )
  })
})
