import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Service } from '../../entities/entity.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import {
  configFaults,
  parsedConfig,
  testGateway,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import { keyAuth } from '../key-auth/plugin.ts'
import { hashSecret, isSecret } from './client-secret.ts'
import { oauth2Credentials } from './entities.ts'
import { oauth2 } from './plugin.ts'
import { withParameters } from './redirect-uri.ts'

const URI = 'https://app.test/back'
const ENTITIES = {
  consumers: [{ id: 'c-ann', username: 'ann' }, { username: 'guest' }],
  oauth2_credentials: [
    {
      id: 'o-1',
      client_id: 'app',
      client_secret: 'app-secret',
      hash_secret: false,
      redirect_uris: [URI, `${URI}?a=1`],
      client_type: 'confidential',
      consumer: 'ann',
    },
    {
      id: 'o-2',
      client_id: 'public',
      client_secret: 'x',
      hash_secret: false,
      redirect_uris: [URI],
      client_type: 'public',
      consumer: 'ann',
    },
    {
      id: 'o-3',
      client_id: 'hashed',
      client_secret: hashSecret('app-secret'),
      hash_secret: true,
      redirect_uris: [URI],
      client_type: 'confidential',
      consumer: 'ann',
    },
    {
      id: 'o-4',
      client_id: 'nowhere',
      client_secret: 'app-secret',
      hash_secret: false,
      redirect_uris: null,
      client_type: 'confidential',
      consumer: 'ann',
    },
  ],
  oauth2_tokens: [
    {
      id: 't-1',
      access_token: 'configured',
      credential: { id: 'o-1' },
      service: { id: 's' },
      expires_in: 0,
      created_at: 1,
      refresh_token: null,
      scope: 'email',
      authenticated_userid: 'ü',
    },
  ],
}
const ALL = {
  provision_key: 'provision',
  enable_authorization_code: true,
  enable_implicit_grant: true,
  enable_client_credentials: true,
  enable_password_grant: true,
  scopes: ['email', 'profile'],
}
const SERVICE = { id: 's' } as Service

function gatewayWith(config: Record<string, unknown> = {}, more: TestSetting = {}) {
  return testGateway([[oauth2, { ...ALL, ...config }]], { entities: ENTITIES, ...more })
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

function post(path: string, fields: Record<string, string>, more: FakeRequest = {}): FakeRequest {
  return {
    method: 'POST',
    path,
    scheme: 'https',
    service: SERVICE,
    body: new URLSearchParams(fields).toString(),
    ...more,
    headers: { ...FORM, ...(more.headers as object) },
  }
}

const authorizing = (fields: Record<string, string> = {}) =>
  post('/x/oauth2/authorize', {
    client_id: 'app',
    response_type: 'code',
    provision_key: 'provision',
    authenticated_userid: 'user-1',
    ...fields,
  })
const asking = (fields: Record<string, string>, more: FakeRequest = {}) =>
  post('/x/oauth2/token', fields, more)
const CLIENT = { client_id: 'app', client_secret: 'app-secret' }

const answered = ({ answer, body }: TestOutcome): [number | undefined, Record<string, string>] => [
  answer?.status,
  body === '' ? {} : (JSON.parse(body) as Record<string, string>),
]
const faultOf = (outcome: TestOutcome) => {
  const [status, body] = answered(outcome)
  return [status, body['error'], body['error_description']]
}
const redirected = (outcome: TestOutcome) => new URL(answered(outcome)[1]['redirect_uri']!)

async function codeFrom(
  gateway: ReturnType<typeof gatewayWith>,
  fields: Record<string, string> = {},
): Promise<string> {
  return redirected(await gateway.send(authorizing(fields))).searchParams.get('code')!
}

async function tokenFrom(gateway: ReturnType<typeof gatewayWith>, fields: Record<string, string>) {
  return answered(await gateway.send(asking({ ...CLIENT, ...fields })))[1]
}

const using = (token: string | undefined, more: FakeRequest = {}): FakeRequest => ({
  service: SERVICE,
  ...more,
  headers: { Authorization: `Bearer ${token}`, ...(more.headers as object) },
})

describe('oauth2 › authorization code', () => {
  it('gives a code for a user, a token for the code, and passes with the token', async () => {
    const gateway = gatewayWith()
    const authorized = await gateway.send(authorizing({ scope: 'email profile', state: 'a b' }))
    expect(authorized.answer).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
    })
    const uri = redirected(authorized)
    expect([uri.origin + uri.pathname, uri.searchParams.get('state')]).toEqual([URI, 'a b'])

    const code = uri.searchParams.get('code')!
    const token = await tokenFrom(gateway, { grant_type: 'authorization_code', code, state: 's' })
    expect(token).toEqual({
      access_token: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      refresh_token: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      token_type: 'bearer',
      expires_in: 7200,
      state: 's',
    })

    const { answer, upstream, consumer, credential } = await gateway.send(
      using(token['access_token']),
    )
    expect([answer, consumer?.username, credential?.id]).toEqual([undefined, 'ann', 'o-1'])
    const told = ['x-credential-identifier', 'x-authenticated-scope', 'x-authenticated-userid']
    expect(told.map((name) => upstream.header(name))).toEqual(['app', 'email profile', 'user-1'])
  })

  it('takes a code once, from the client it was given to, for the same service', async () => {
    const gateway = gatewayWith()
    const used = await codeFrom(gateway)
    const grant = { grant_type: 'authorization_code' }
    expect(await tokenFrom(gateway, { ...grant, code: used })).toHaveProperty('access_token')
    expect(await tokenFrom(gateway, { ...grant, code: used })).toMatchObject({
      error: 'invalid_request',
      error_description: 'Invalid code',
    })
    const fresh = await codeFrom(gateway)
    const other = { ...grant, code: fresh, client_id: 'hashed' }
    expect(await tokenFrom(gateway, other)).toMatchObject({ error_description: 'Invalid code' })
    const elsewhere = asking(
      { ...CLIENT, ...grant, code: fresh },
      { service: { id: 'other' } as Service },
    )
    expect(faultOf(await gateway.send(elsewhere))).toEqual([400, 'invalid_request', 'Invalid code'])
  })

  it('forgets a code after five minutes', async () => {
    let now = TEST_TIME_MS
    const gateway = gatewayWith({}, { now: () => now })
    const code = await codeFrom(gateway)
    now += 300_000
    expect(await tokenFrom(gateway, { grant_type: 'authorization_code', code })).toMatchObject({
      error_description: 'Invalid code',
    })
  })

  it.each([
    ['plain HTTP', { scheme: 'http' }, {}, [400, 'access_denied', 'You must use HTTPS']],
    [
      'a wrong provision key',
      {},
      { provision_key: 'x' },
      [400, 'invalid_provision_key', 'Invalid provision_key'],
    ],
    [
      'no user',
      {},
      { authenticated_userid: ' ' },
      [400, 'invalid_authenticated_userid', 'Missing authenticated_userid parameter'],
    ],
    [
      'an unknown client',
      {},
      { client_id: 'x' },
      [400, 'invalid_client', 'Invalid client authentication'],
    ],
    [
      'a client without redirect URIs',
      {},
      { client_id: 'nowhere' },
      [400, 'invalid_client', 'Invalid client authentication'],
    ],
  ])('is refused for %s', async (_, more, fields, expected) => {
    const request = { ...authorizing(fields), ...more } as FakeRequest
    expect(faultOf(await gatewayWith().send(request))).toEqual(expected)
  })

  it.each([
    ['another kind of response', { response_type: 'x' }, 'unsupported_response_type'],
    ['an unknown scope', { scope: 'email admin' }, 'invalid_scope'],
    ['a place that is not registered', { redirect_uri: 'https://evil.test' }, 'invalid_request'],
    ['a method without a challenge', { code_challenge_method: 'S256' }, 'invalid_request'],
    [
      'a plain challenge',
      { code_challenge: 'x', code_challenge_method: 'plain' },
      'invalid_request',
    ],
    ['no challenge of a public client', { client_id: 'public' }, 'invalid_request'],
  ])('is refused for %s, at the client’s registered place', async (_, fields, error) => {
    const outcome = await gatewayWith().send(authorizing(fields))
    const uri = redirected(outcome)
    expect([
      outcome.answer?.status,
      uri.origin + uri.pathname,
      uri.searchParams.get('error'),
    ]).toEqual([400, URI, error])
  })

  it('goes back to any registered place, with what stands in its query already', async () => {
    const uri = redirected(await gatewayWith().send(authorizing({ redirect_uri: `${URI}?a=1` })))
    expect([...uri.searchParams.keys()]).toEqual(['a', 'code'])
  })

  it('wants a scope where one is mandatory', async () => {
    const uri = redirected(await gatewayWith({ mandatory_scope: true }).send(authorizing()))
    expect(uri.searchParams.get('error_description')).toBe('You must specify a scope')
  })
})

describe('oauth2 › proof of possession of a code', () => {
  const verifier = 'v'.repeat(43)
  const challenge = createHash('sha256').update(verifier).digest('base64')
  const grant = { grant_type: 'authorization_code' }

  it.each([
    ['the right proof', { code_verifier: verifier }, undefined],
    ['none', {}, 'code_verifier is required for PKCE authorization requests'],
    [
      'one that is too short',
      { code_verifier: 'short' },
      'code_verifier must be between 43 and 128 characters',
    ],
    ['another one', { code_verifier: 'w'.repeat(43) }, 'Invalid code'],
  ])('with %s', async (_, fields, fault) => {
    const gateway = gatewayWith()
    const code = await codeFrom(gateway, {
      client_id: 'public',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    const asked = asking({ ...grant, client_id: 'public', code, ...fields })
    expect(answered(await gateway.send(asked))[1]['error_description']).toBe(fault)
  })

  it('is wanted from all clients when strict, and from none when switched off', async () => {
    const strict = redirected(await gatewayWith({ pkce: 'strict' }).send(authorizing()))
    expect(strict.searchParams.get('error_description')).toBe(
      'code_challenge is required for confidential clients',
    )
    const off = redirected(
      await gatewayWith({ pkce: 'none' }).send(authorizing({ client_id: 'public' })),
    )
    expect(off.searchParams.get('code')).not.toBeNull()
  })
})

describe('oauth2 › other grants', () => {
  it('gives a token at once in the fragment, that cannot be renewed', async () => {
    const gateway = gatewayWith()
    const uri = redirected(await gateway.send(authorizing({ response_type: 'token', state: 's' })))
    const told = new URLSearchParams(uri.hash.slice(1))
    expect([...told.keys()]).toEqual(['access_token', 'expires_in', 'state', 'token_type'])
    expect((await gateway.send(using(told.get('access_token')!))).answer).toBeUndefined()
  })

  it('gives clients tokens of their own', async () => {
    const gateway = gatewayWith()
    const token = await tokenFrom(gateway, { grant_type: 'client_credentials', scope: 'email' })
    expect(token).not.toHaveProperty('refresh_token')
    const { upstream } = await gateway.send(
      using(token['access_token'], { headers: { 'X-Authenticated-UserId': 'root' } }),
    )
    expect([
      upstream.header('x-authenticated-scope'),
      upstream.header('x-authenticated-userid'),
    ]).toEqual(['email', undefined])
    expect(
      await tokenFrom(gateway, { grant_type: 'client_credentials', authenticated_userid: 'u' }),
    ).toMatchObject({ error: 'invalid_provision_key' })
    expect(
      await tokenFrom(gateway, { grant_type: 'client_credentials', scope: 'x' }),
    ).toMatchObject({ error: 'invalid_scope', error_description: '"x" is an invalid scope' })
  })

  it('gives tokens to whoever knows the user', async () => {
    const gateway = gatewayWith()
    const good = {
      grant_type: 'password',
      provision_key: 'provision',
      authenticated_userid: 'u',
      username: 'n',
      password: 'p',
    }
    expect(await tokenFrom(gateway, good)).toHaveProperty('refresh_token')
    expect(await tokenFrom(gateway, { ...good, provision_key: 'x' })).toMatchObject({
      error: 'invalid_provision_key',
    })
    expect(await tokenFrom(gateway, { ...good, authenticated_userid: '' })).toMatchObject({
      error: 'invalid_authenticated_userid',
    })
  })

  it('gives a new token for an old one, once', async () => {
    const gateway = gatewayWith()
    const first = await tokenFrom(gateway, {
      grant_type: 'authorization_code',
      code: await codeFrom(gateway, { scope: 'email' }),
    })
    const renewing = { grant_type: 'refresh_token', refresh_token: first['refresh_token']! }
    const second = await tokenFrom(gateway, renewing)
    expect(second['refresh_token']).not.toBe(first['refresh_token'])
    expect(await tokenFrom(gateway, renewing)).toMatchObject({
      error: 'invalid_request',
      error_description: 'Invalid refresh_token',
    })
    expect((await gateway.send(using(first['access_token']))).answer?.status).toBe(401)
    const { upstream } = await gateway.send(using(second['access_token']))
    expect([
      upstream.header('x-authenticated-scope'),
      upstream.header('x-authenticated-userid'),
    ]).toEqual(['email', 'user-1'])
    const stolen = await tokenFrom(gateway, {
      grant_type: 'refresh_token',
      refresh_token: second['refresh_token']!,
      client_id: 'hashed',
    })
    expect(stolen).toMatchObject({ error: 'invalid_client' })
  })

  it('keeps the refresh token where it shall', async () => {
    const gateway = gatewayWith({ reuse_refresh_token: true })
    const first = await tokenFrom(gateway, {
      grant_type: 'authorization_code',
      code: await codeFrom(gateway),
    })
    const second = await tokenFrom(gateway, {
      grant_type: 'refresh_token',
      refresh_token: first['refresh_token']!,
    })
    expect(second['refresh_token']).toBe(first['refresh_token'])
    expect(second['access_token']).not.toBe(first['access_token'])
  })

  it.each([
    [
      'an unknown grant',
      { ...CLIENT, grant_type: 'x' },
      {},
      [400, 'unsupported_grant_type', 'Invalid grant_type'],
    ],
    [
      'a grant that is switched off',
      { ...CLIENT, grant_type: 'password' },
      { enable_password_grant: false },
      [400, 'unsupported_grant_type', 'Invalid grant_type'],
    ],
    [
      'an unknown client',
      { grant_type: 'client_credentials', client_id: 'x', client_secret: 'x' },
      {},
      [400, 'invalid_client', 'Invalid client authentication'],
    ],
    [
      'a wrong secret',
      { ...CLIENT, grant_type: 'client_credentials', client_secret: 'x' },
      {},
      [400, 'invalid_client', 'Invalid client authentication'],
    ],
    [
      'no secret',
      { grant_type: 'client_credentials', client_id: 'app' },
      {},
      [400, 'invalid_client', 'Invalid client authentication'],
    ],
    [
      'a secret of a public client',
      { grant_type: 'client_credentials', client_id: 'public', client_secret: 'x' },
      {},
      [400, 'invalid_request', 'client_secret is disallowed for public clients'],
    ],
    [
      'another place',
      { ...CLIENT, grant_type: 'authorization_code', redirect_uri: 'https://evil.test' },
      {},
      [
        400,
        'invalid_request',
        'Invalid redirect_uri that does not match with any redirect_uri created with the application',
      ],
    ],
  ])('are refused for %s', async (_, fields, config, expected) => {
    expect(
      faultOf(await gatewayWith(config).send(asking(fields as unknown as Record<string, string>))),
    ).toEqual(expected)
  })

  it('know clients by a header too', async () => {
    const by = (text: string) =>
      asking(
        { grant_type: 'client_credentials' },
        { headers: { Authorization: `Basic ${Buffer.from(text).toString('base64')}` } },
      )
    expect(answered(await gatewayWith().send(by('app:app-secret')))[0]).toBe(200)
    expect(answered(await gatewayWith().send(by('hashed:app-secret')))[0]).toBe(200)
    const { answer } = await gatewayWith().send(by('app:wrong'))
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="OAuth2.0"' },
    })
  })

  it.each([
    ['of another scheme', 'Bearer x', {}, 401],
    ['that is empty', '', { client_id: 'app' }, 401],
    ['beside an id alone', 'Basic eA==', { client_id: 'app' }, 401],
    ['beside id and secret', 'Bearer x', CLIENT, 200],
    ['beside id and an empty secret', 'Bearer x', { client_id: 'app', client_secret: '' }, 400],
  ])('look at a header %s: %s', async (_, authorization, fields, status) => {
    const request = asking(
      { grant_type: 'client_credentials', ...fields },
      { headers: { Authorization: authorization } },
    )
    expect(answered(await gatewayWith().send(request))[0]).toBe(status)
  })
})

describe('oauth2 › endpoints', () => {
  it.each(['/oauth2/token', '/a/b/oauth2/authorize/'])(
    'answer other methods at %s with 405',
    async (path) => {
      const { answer } = await gatewayWith({ realm: 'r' }).send({ path, service: SERVICE })
      const endpoint = path.includes('token') ? 'token' : 'authorization'
      const description = `The HTTP method GET is invalid for the ${endpoint} endpoint`
      expect(answer).toMatchObject({
        status: 405,
        headers: {
          'www-authenticate': `Bearer realm="r", error="invalid_method", error_description="${description}"`,
        },
      })
    },
  )

  it.each(['/oauth2/tokens', '/oauth2/token/x', '/oauth2'])('are not at %s', async (path) => {
    const { answer } = await gatewayWith().send(post(path, {}))
    expect(answer?.status).toBe(401)
  })
})

describe('oauth2 › requests', () => {
  it.each([
    ['Bearer configured', 'passed'],
    ['bearer configured', 'passed'],
    ['token configured', 'passed'],
    ['configured', 'passed'],
    ['Basic configured', 401],
    ['Bearer unknown', 401],
    ['Bearer configured more', 401],
  ])('with Authorization %s', async (authorization, expected) => {
    const { answer } = await gatewayWith().send({
      service: SERVICE,
      headers: { Authorization: authorization },
    })
    expect(answer?.status ?? 'passed').toBe(expected)
  })

  it('bring the token in the query or in a body as well, and it is hidden where it shall be', async () => {
    const gateway = gatewayWith({ hide_credentials: true })
    const query = await gateway.send({ service: SERVICE, path: '/?a=1&access_token=configured' })
    expect([query.answer, query.upstream.rawQuery]).toEqual([undefined, 'a=1'])
    const body = await gateway.send({
      service: SERVICE,
      method: 'POST',
      headers: FORM,
      body: 'access_token=configured&b=2',
    })
    expect([body.answer, String(body.upstream.body)]).toEqual([undefined, 'b=2'])
    const header = await gateway.send(using('configured'))
    expect(header.upstream.header('authorization')).toBeUndefined()
    expect(header.upstream.header('x-authenticated-userid')).toBe('\u{c3}\u{bc}')
  })

  it('are for the service that the token is for, unless tokens are global', async () => {
    const elsewhere = using('configured', { service: { id: 'other' } as Service })
    expect((await gatewayWith().send(elsewhere)).answer?.status).toBe(401)
    expect((await gatewayWith({ global_credentials: true }).send(elsewhere)).answer).toBeUndefined()
    const entities = {
      ...ENTITIES,
      oauth2_tokens: [{ ...ENTITIES.oauth2_tokens[0], service: null }],
    }
    const { body } = await gatewayWith({}, { entities }).send(elsewhere)
    expect(JSON.parse(body)).toMatchObject({
      error_description:
        "The access token is global, but the current plugin is configured without 'global_credentials'",
    })
  })

  it('that bring a global token are not taken for anonymous', async () => {
    const entities = {
      ...ENTITIES,
      oauth2_tokens: [{ ...ENTITIES.oauth2_tokens[0], service: null }],
    }
    const gateway = gatewayWith({ anonymous: 'guest' }, { entities })
    expect((await gateway.send(using('configured'))).answer?.status).toBe(401)
    const { consumer } = await gateway.send(using('unknown'))
    expect(consumer?.username).toBe('guest')
  })

  it('cannot say themselves what a token allows, whoever else has authenticated them', async () => {
    const entities = {
      ...ENTITIES,
      keyauth_credentials: [{ id: 'k-1', key: 'ann-key', consumer: 'ann' }],
    }
    const before: typeof keyAuth = { ...keyAuth, priority: 1500 }
    const gateway = testGateway(
      [
        [before, { anonymous: 'guest' }],
        [oauth2, { ...ALL, anonymous: 'guest' }],
      ],
      { entities },
    )
    const spoofed = { 'X-Authenticated-Scope': 'admin', 'X-Authenticated-UserId': 'root' }
    for (const headers of [{ apikey: 'ann-key', ...spoofed }, spoofed]) {
      const { upstream, answer } = await gateway.send({ service: SERVICE, headers })
      expect([
        answer,
        upstream.header('x-authenticated-scope'),
        upstream.header('x-authenticated-userid'),
      ]).toEqual([undefined, undefined, undefined])
    }
  })

  it('are refused when the token is over', async () => {
    let now = TEST_TIME_MS
    const gateway = gatewayWith({ token_expiration: 10 }, { now: () => now })
    const token = await tokenFrom(gateway, {
      grant_type: 'authorization_code',
      code: await codeFrom(gateway),
    })
    now += 10_000
    expect((await gateway.send(using(token['access_token']))).answer).toBeUndefined()
    now += 1000
    const { answer } = await gateway.send(using(token['access_token']))
    expect(answer).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate':
          'Bearer error="invalid_token", error_description="The access token is invalid or has expired"',
      },
    })
  })

  it('are challenged when they bring none', async () => {
    const { answer } = await gatewayWith({ realm: 'r' }).send({ service: SERVICE })
    expect(answer).toMatchObject({
      status: 401,
      body: '{"error":"invalid_request","error_description":"The access token is missing"}',
      headers: { 'www-authenticate': 'Bearer realm="r"' },
    })
  })

  it('go on as somebody anonymous where they may', async () => {
    const { consumer, upstream } = await gatewayWith({ anonymous: 'guest' }).send({
      service: SERVICE,
      headers: { 'X-Authenticated-Scope': 'root' },
    })
    expect([consumer?.username, upstream.header('x-authenticated-scope')]).toEqual([
      'guest',
      undefined,
    ])
  })
})

describe('oauth2 › schema and entities', () => {
  it.each([
    [
      {},
      'config: at least one of these fields must be true: enable_authorization_code, enable_implicit_grant, enable_client_credentials, enable_password_grant',
    ],
    [{ ...ALL, pkce: 'x' }, 'config.pkce: expected one of: none, lax, strict'],
  ])('refuse %j', (config, fault) => {
    expect(configFaults(oauth2, config)).toContain(fault)
  })

  it('make a provision key where none is given', () => {
    expect(parsedConfig(oauth2, { enable_password_grant: true })['provision_key']).toMatch(
      /^\w{32}$/,
    )
  })

  it('hash secrets where they shall, and know them again', async () => {
    const [transformation] = oauth2Credentials.transformations!
    const row = { id: 'o', client_secret: 'secret' }
    expect(transformation!.onWrite({ ...row, hash_secret: false })).toEqual({})
    const { client_secret: stored } = transformation!.onWrite({ ...row, hash_secret: true })
    expect(stored).toMatch(/^\$pbkdf2-sha512\$i=10000,l=32\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(await isSecret('secret', stored as string, true)).toBe(true)
    expect(await isSecret('other', stored as string, true)).toBe(false)
    expect(await isSecret('a', 'a', false)).toBe(true)
    expect(await isSecret('', '', false)).toBe(false)
    expect(await isSecret('x', 'not a hash', true)).toBe(false)
  })
})

describe('withParameters', () => {
  it.each([
    ['https://a.test', 'query', 'https://a.test?code=1%202'],
    ['https://a.test/?z=1&b', 'query', 'https://a.test/?b=&code=1%202&z=1'],
    ['https://a.test/?z=1', 'fragment', 'https://a.test/?z=1#code=1%202'],
  ] as const)('writes %s into the %s', (uri, place, expected) => {
    expect(withParameters(uri, { code: '1 2', none: undefined }, place)).toBe(expected)
  })
})
