import { describe, expect, it } from 'vitest'
import {
  configFaults,
  testPlugin,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { keyAuth } from './plugin.ts'

const NOW = TEST_TIME_MS / 1000

const ENTITIES = {
  consumers: [{ id: 'c-ann', username: 'ann', custom_id: 'ann-1' }, { username: 'guest' }],
  keyauth_credentials: [
    { id: 'k-1', key: 'ann-key', consumer: 'ann' },
    { id: 'k-2', key: 'key with space', consumer: 'ann' },
    { id: 'k-3', key: 'short-lived', consumer: 'ann', created_at: NOW - 10, ttl: 11 },
    { id: 'k-4', key: 'expired', consumer: 'ann', created_at: NOW - 10, ttl: 10 },
    { id: 'k-6', key: 'schlüssel', consumer: 'ann' },
    { id: 'k-5', key: 'orphan', consumer: { id: 'gone' } },
  ],
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'Content-Type': 'application/json' }

function send(request: FakeRequest, config: Record<string, unknown> = {}, more: TestSetting = {}) {
  return testPlugin(keyAuth, config, { entities: ENTITIES, request, ...more })
}

const verdict = ({ answer }: TestOutcome) => answer?.message ?? answer?.status ?? 'passed'
const MISSING = 'No API key found in request'
const DUPLICATE = 'Duplicate API key found'
const UNKNOWN = 'Unauthorized'

describe('key-auth › finding the key', () => {
  it.each([
    ['a header', { headers: { apikey: 'ann-key' } }, {}, 'passed'],
    ['a header in another case', { headers: { APIKEY: 'ann-key' } }, {}, 'passed'],
    ['the query', { path: '/?apikey=ann-key' }, {}, 'passed'],
    ['an encoded name', { path: '/?%61pikey=ann-key' }, {}, 'passed'],
    ['a key with a space', { path: '/?apikey=key+with%20space' }, {}, 'passed'],
    ['a key of UTF-8 in a header', { headers: { apikey: 'schl\u00C3\u00BCssel' } }, {}, 'passed'],
    ['a key of UTF-8 in the query', { path: '/?apikey=schl\u00C3\u00BCssel' }, {}, 'passed'],
    ['a key of UTF-8, encoded', { path: '/?apikey=schl%C3%BCssel' }, {}, 'passed'],
    ['another case of the key', { headers: { apikey: 'ANN-KEY' } }, {}, UNKNOWN],
    ['nothing', {}, {}, MISSING],
    ['an empty header', { headers: { apikey: '' } }, {}, MISSING],
    [
      'an empty header before a good query',
      { headers: { apikey: '' }, path: '/?apikey=ann-key' },
      {},
      MISSING,
    ],
    ['a bare argument', { path: '/?apikey' }, {}, MISSING],
    ['other names', { path: '/?apikey[]=ann-key&apikey[1]=ann-key' }, {}, MISSING],
    ['an unknown key', { headers: { apikey: 'x' } }, {}, UNKNOWN],
    ['a key of nobody', { headers: { apikey: 'orphan' } }, {}, UNKNOWN],
    [
      'a bad header and a good query',
      { headers: { apikey: 'x' }, path: '/?apikey=ann-key' },
      {},
      UNKNOWN,
    ],
    ['the same argument twice', { path: '/?apikey=ann-key&apikey=ann-key' }, {}, DUPLICATE],
    [
      'the same header twice',
      {
        headers: [
          ['apikey', 'ann-key'],
          ['apikey', 'ann-key'],
        ],
      },
      {},
      DUPLICATE,
    ],
    [
      'a header that does not count',
      { headers: { apikey: 'ann-key' } },
      { key_in_header: false },
      MISSING,
    ],
    ['a query that does not count', { path: '/?apikey=ann-key' }, { key_in_query: false }, MISSING],
    [
      'a name with _, written with -',
      { headers: { 'api-key': 'ann-key' } },
      { key_names: ['api_key'] },
      'passed',
    ],
    [
      'a name with -, written with _',
      { headers: { api_key: 'ann-key' } },
      { key_names: ['api-key'] },
      MISSING,
    ],
    ['the second name', { headers: { b: 'ann-key' } }, { key_names: ['a', 'b'] }, 'passed'],
    [
      'the first of two names',
      { headers: { a: 'x', b: 'ann-key' } },
      { key_names: ['a', 'b'] },
      UNKNOWN,
    ],
  ] as const)('in %s', async (_, request, config, expected) => {
    expect(verdict(await send(request as FakeRequest, config))).toBe(expected)
  })

  it.each([
    ['a form', FORM, 'a=1&apikey=ann-key', 'passed'],
    ['JSON', JSON_TYPE, '{"apikey":"ann-key"}', 'passed'],
    [
      'parts',
      { 'Content-Type': 'multipart/form-data; boundary=b' },
      '--b\r\nContent-Disposition: form-data; name="apikey"\r\n\r\nann-key\r\n--b--\r\n',
      'passed',
    ],
    ['a form, twice', FORM, 'apikey=ann-key&apikey=x', DUPLICATE],
    ['a JSON list', JSON_TYPE, '{"apikey":["ann-key","x"]}', DUPLICATE],
    ['a JSON number', JSON_TYPE, '{"apikey":5}', MISSING],
    ['text', { 'Content-Type': 'text/plain' }, 'apikey=ann-key', MISSING],
    ['broken JSON', JSON_TYPE, '{"apikey":', MISSING],
  ])('in a body of %s, where it counts', async (_, headers, body, expected) => {
    const request = { method: 'POST', headers, body }
    expect(verdict(await send(request, { key_in_body: true }))).toBe(expected)
    expect(verdict(await send(request))).toBe(MISSING)
  })

  it('looks in header, query and body, in this order', async () => {
    const request = {
      method: 'POST',
      headers: { ...FORM, apikey: 'ann-key' },
      path: '/?apikey=x',
      body: 'apikey=y',
    }
    expect(verdict(await send(request, { key_in_body: true }))).toBe('passed')
  })

  it('does not know keys whose time is over', async () => {
    const by = (apikey: string) => send({ headers: { apikey } })
    expect([verdict(await by('short-lived')), verdict(await by('expired'))]).toEqual([
      'passed',
      UNKNOWN,
    ])
  })
})

describe('key-auth › answers', () => {
  it.each([
    [{}, {}, 'Key'],
    [{}, { realm: 'my realm' }, 'Key realm="my realm"'],
    [{ headers: { apikey: 'x' } }, { realm: 'r' }, 'Key realm="r"'],
  ])('challenge %j with %j', async (request, config, challenge) => {
    const { answer } = await send(request, config)
    expect(answer).toMatchObject({
      kind: 'error',
      status: 401,
      headers: { 'www-authenticate': challenge },
    })
  })

  it('never hold the key', async () => {
    const secret = 'a-secret-that-nobody-must-see'
    const { answer, exchange } = await send(
      { headers: { apikey: secret } },
      {},
      { recordsDecisions: true },
    )
    expect(JSON.stringify([answer, exchange.noted])).not.toContain(secret)
  })

  it('let preflights through only where they shall', async () => {
    expect(verdict(await send({ method: 'OPTIONS' }))).toBe(MISSING)
    expect(verdict(await send({ method: 'OPTIONS' }, { run_on_preflight: false }))).toBe('passed')
  })
})

describe('key-auth › identity', () => {
  it('is told to the upstream; the identifier is never the key', async () => {
    const headers = {
      apikey: 'ann-key',
      'X-Consumer-Username': 'root',
      'X-Anonymous-Consumer': 'true',
    }
    const { upstream, consumer, credential } = await send({ headers })
    expect([consumer?.username, credential?.id]).toEqual(['ann', 'k-1'])
    expect(upstream.header('x-consumer-username')).toBe('ann')
    expect(upstream.header('x-credential-identifier')).toBe('k-1')
    expect(upstream.header('x-anonymous-consumer')).toBeUndefined()
    expect(upstream.header('apikey')).toBe('ann-key')
  })

  it.each([
    ['nothing', {}],
    ['an unknown key', { headers: { apikey: 'x' } }],
    ['two keys', { path: '/?apikey=a&apikey=b' }],
  ])('is anonymous for %s, where somebody is', async (_, request) => {
    const { answer, consumer, credential, upstream } = await send(request, { anonymous: 'guest' })
    expect([answer, consumer?.username, credential]).toEqual([undefined, 'guest', undefined])
    expect(upstream.header('x-anonymous-consumer')).toBe('true')
  })

  it('fails when the anonymous consumer does not exist', async () => {
    const { answer } = await send({}, { anonymous: 'nobody' })
    expect(answer).toMatchObject({
      status: 500,
      message: "anonymous consumer nobody is configured but doesn't exist",
    })
  })
})

describe('key-auth › hiding keys', () => {
  const hide = { hide_credentials: true, key_in_body: true }

  it('takes header and argument of the name out, and keeps the others in order', async () => {
    const request = { path: '/?b=1&%61pikey=x&a=2&c', headers: { apikey: 'ann-key', other: '1' } }
    const { upstream } = await send(request, hide)
    expect([upstream.header('apikey'), upstream.rawQuery, upstream.header('other')]).toEqual([
      undefined,
      'b=1&a=2&c=',
      '1',
    ])
  })

  it.each([
    ['a form', FORM, 'a=1&apikey=ann-key&b=2', 'a=1&b=2'],
    ['JSON', JSON_TYPE, '{"apikey":"ann-key","b":[1]}', '{"b":[1]}'],
  ])('takes the field out of %s', async (_, headers, body, expected) => {
    const { upstream } = await send({ method: 'POST', headers, body }, hide)
    expect(String(upstream.body)).toBe(expected)
  })

  it('hides wrong keys as well', async () => {
    const { upstream } = await send({ headers: { apikey: 'x' } }, { ...hide, anonymous: 'guest' })
    expect(upstream.header('apikey')).toBeUndefined()
  })

  it('writes a query without the key anew, as a form is', async () => {
    const request = { path: '/?b=%7e&a=%20', headers: { apikey: 'ann-key' } }
    expect((await send(request, hide)).upstream.rawQuery).toBe('b=%7E&a=+')
  })
})

describe('key-auth › schema', () => {
  it('refuses names that no header can have', () => {
    expect(configFaults(keyAuth, { key_names: ['api key'] })).toEqual([
      "config.key_names.0: bad header name 'api key', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
    ])
  })
})
