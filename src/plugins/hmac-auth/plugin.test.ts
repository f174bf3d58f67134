import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  configFaults,
  testPlugin,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { hmacAuth } from './plugin.ts'
import { readSignatureParameters } from './signature-parameters.ts'

const ENTITIES = {
  consumers: [{ id: 'c-ann', username: 'ann' }, { username: 'guest' }],
  hmacauth_credentials: [
    { id: 'h-1', username: 'ann', secret: 'ann-secret', consumer: 'ann' },
    { id: 'h-3', username: 'zoë', secret: 'ann-secret', consumer: 'ann' },
    { id: 'h-2', username: 'no-secret', secret: '', consumer: 'ann' },
  ],
}

const DATE = new Date(TEST_TIME_MS).toUTCString()

interface Signing {
  readonly names?: string
  readonly text?: string
  readonly algorithm?: string
  readonly username?: string
  readonly secret?: string
}

/** The header of a request that is signed rightly, unless said otherwise. */
function signed(signing: Signing = {}): string {
  const { names = 'date', text = `date: ${DATE}`, algorithm = 'hmac-sha256' } = signing
  const { username = 'ann', secret = 'ann-secret' } = signing
  const signature = createHmac(algorithm.slice(5), secret).update(text).digest('base64')
  return `hmac username="${username}", algorithm="${algorithm}", headers="${names}", signature="${signature}"`
}

const request = (authorization: string, more: FakeRequest = {}): FakeRequest => ({
  ...more,
  headers: { Date: DATE, Authorization: authorization, ...(more.headers as object) },
})

function send(given: FakeRequest, config: Record<string, unknown> = {}, more: TestSetting = {}) {
  return testPlugin(hmacAuth, config, { entities: ENTITIES, request: given, ...more })
}

const UNVERIFIABLE = 'HMAC signature cannot be verified'
const BAD_DATE = `${UNVERIFIABLE}, a valid date or x-date header is required for HMAC Authentication`
const MISMATCH = 'HMAC signature does not match'
const verdict = ({ answer }: TestOutcome) => answer?.message ?? answer?.status ?? 'passed'

describe('hmac-auth › signatures', () => {
  it.each(['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'])(
    'of %s are taken',
    async (algorithm) => {
      expect(verdict(await send(request(signed({ algorithm }))))).toBe('passed')
      expect(verdict(await send(request(signed({ algorithm, secret: 'wrong' }))))).toBe(MISMATCH)
    },
  )

  const query = '/x%20y?a=1&b=%32'
  it.each([
    ['a request line', 'request-line', `GET ${query} HTTP/1.1`, { path: query }],
    [
      'a request line of HTTP/2',
      'request-line',
      `GET ${query} HTTP/2.0`,
      { path: query, httpVersion: '2' },
    ],
    ['a query of nothing', 'request-line', 'GET /x? HTTP/1.1', { path: '/x?' }],
    ['a target', '@request-target', `@request-target: get ${query}`, { path: query }],
    ['several headers', 'date x-a', `date: ${DATE}\nx-a: b`, { headers: { 'X-A': 'b' } }],
    ['names as they are written', 'Date X-A', `Date: ${DATE}\nX-A: b`, { headers: { 'X-A': 'b' } }],
    ['a header that is missing', 'date x-none', `date: ${DATE}\nx-none:`, {}],
    ['a host', 'host', 'host: h.test', { headers: { Host: 'h.test' } }],
  ] as const)('cover %s', async (_, names, text, more) => {
    expect(verdict(await send(request(signed({ names, text }), more as FakeRequest)))).toBe(
      'passed',
    )
    const other = {
      ...more,
      path: '/other?x',
      headers: { 'X-A': 'changed', Host: 'other' },
    }
    if (names.includes('none')) return
    expect(verdict(await send(request(signed({ names, text }), other as FakeRequest)))).toBe(
      MISMATCH,
    )
  })

  it.each([
    ['nothing', {}, 'Unauthorized'],
    ['another scheme', request('Basic YTpi'), UNVERIFIABLE],
    ['no name', request(signed({ username: '' })), UNVERIFIABLE],
    ['an unknown name', request(signed({ username: 'nobody' })), UNVERIFIABLE],
    ['no signature', request(signed().replace(/, signature.*/, '')), UNVERIFIABLE],
    [
      'another order',
      request(signed().replace(/hmac (.*), (algorithm="[^"]*")/, 'hmac $2, $1')),
      UNVERIFIABLE,
    ],
    ['an unknown algorithm', request(signed().replace('hmac-sha256', 'hmac-md5')), UNVERIFIABLE],
    ['half a signature', request(signed().replace(/signature="[^"]{20}/, 'signature="')), MISMATCH],
    [
      'a signature that is no base64',
      request(signed().replace(/signature="[^"]*"/, 'signature="!"')),
      MISMATCH,
    ],
    ['no padding', request(signed().replace(/=+"$/, '"')), 'passed'],
    ['an empty secret', request(signed({ username: 'no-secret', secret: '' })), MISMATCH],
    ['a name of UTF-8', request(signed({ username: 'zo\u00C3\u00AB' })), 'passed'],
    ['Hmac', request(signed().replace('hmac ', 'Hmac ')), 'passed'],
    ['HMAC', request(signed().replace('hmac ', 'HMAC ')), UNVERIFIABLE],
    ['more spaces', request(signed().replaceAll(', ', ',   ')), 'passed'],
    ['no spaces', request(signed().replaceAll(', ', ',')), 'passed'],
    ['Proxy-Authorization', { headers: { Date: DATE, 'Proxy-Authorization': signed() } }, 'passed'],
    [
      'a useless Proxy-Authorization',
      request(signed(), { headers: { 'Proxy-Authorization': 'x' } }),
      'passed',
    ],
  ])('with %s', async (_, given, expected) => {
    expect(verdict(await send(given))).toBe(expected)
  })

  it('must cover what is enforced, with an algorithm that is allowed', async () => {
    const both = signed({ names: 'date request-line', text: `date: ${DATE}\nGET / HTTP/1.1` })
    const enforced = { enforce_headers: ['date', 'request-line'] }
    expect(verdict(await send(request(both), enforced))).toBe('passed')
    expect(verdict(await send(request(signed()), enforced))).toBe(UNVERIFIABLE)
    const strong = { algorithms: ['hmac-sha512'] }
    expect(verdict(await send(request(signed()), strong))).toBe(UNVERIFIABLE)
  })
})

describe('hmac-auth › dates', () => {
  const at = (seconds: number) => new Date(TEST_TIME_MS + seconds * 1000).toUTCString()

  it.each([
    ['now', { Date: DATE }, 'passed'],
    ['as early as allowed', { Date: at(-300) }, 'passed'],
    ['too early', { Date: at(-301) }, BAD_DATE],
    ['too late', { Date: at(301) }, BAD_DATE],
    ['no date', { Date: '' }, BAD_DATE],
    ['a bad one', { Date: 'yesterday' }, BAD_DATE],
    ['a number for the time zone', { Date: DATE.replace('GMT', '+0000') }, 'passed'],
    ['a bad one, and a good X-Date', { Date: 'x', 'X-Date': DATE }, 'passed'],
    ['a good one, and a bad X-Date', { Date: DATE, 'X-Date': 'x' }, 'passed'],
  ])('of %s', async (_, headers, expected) => {
    const date = headers.Date
    const given = request(signed({ text: `date: ${date}` }), { headers })
    expect(verdict(await send(given))).toBe(expected)
  })

  it('may differ as much as is configured', async () => {
    const given = request(signed({ text: `date: ${at(-11)}` }), { headers: { Date: at(-11) } })
    expect(verdict(await send(given, { clock_skew: 10 }))).toBe(BAD_DATE)
  })
})

describe('hmac-auth › bodies', () => {
  const digest = (body: string) => `SHA-256=${createHash('sha256').update(body).digest('base64')}`
  const posted = (body: string, header?: string): FakeRequest =>
    request(signed(), {
      method: 'POST',
      body,
      headers: header === undefined ? {} : { Digest: header },
    })

  it.each([
    ['the right digest', posted('hello', digest('hello')), 'passed'],
    ['no body and no digest', request(signed()), 'passed'],
    ['no digest', posted('hello'), MISMATCH],
    ['a digest of another body', posted('hello', digest('bye')), MISMATCH],
    ['another digest', posted('hello', digest('hello').replace('SHA-256', 'SHA-512')), MISMATCH],
  ])('with %s', async (_, given, expected) => {
    expect(verdict(await send(given, { validate_request_body: true }))).toBe(expected)
    expect(verdict(await send(given))).toBe('passed')
  })
})

describe('hmac-auth › answers and identity', () => {
  it.each([
    [{}, 'hmac'],
    [{ realm: 'r' }, 'hmac realm="r"'],
  ])('challenge with %j', async (config, challenge) => {
    const { answer } = await send({}, config)
    expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': challenge } })
  })

  it('tell the upstream who it is, and hide the signature where they shall', async () => {
    const { upstream, consumer } = await send(request(signed()), { hide_credentials: true })
    expect([consumer?.username, upstream.header('x-credential-identifier')]).toEqual(['ann', 'ann'])
    expect(upstream.header('authorization')).toBeUndefined()
    expect((await send(request(signed()))).upstream.header('authorization')).toBeDefined()
  })

  it('go on as somebody anonymous where they may', async () => {
    const { consumer, credential } = await send(request('x'), { anonymous: 'guest' })
    expect([consumer?.username, credential]).toEqual(['guest', undefined])
  })

  it('refuse a skew of nothing', () => {
    expect(configFaults(hmacAuth, { clock_skew: 0 })).toEqual([
      'config.clock_skew: value must be greater than 0',
    ])
  })
})

describe('readSignatureParameters', () => {
  it('reads what was written, whatever letters names and signatures have', () => {
    const text = fc.string({ minLength: 1 }).filter((each) => !each.includes('"'))
    fc.assert(
      fc.property(text, text, (username, signature) => {
        const value = `hmac username="${username}", algorithm="a", headers="b c", signature="${signature}"`
        expect(readSignatureParameters(value)).toEqual({
          username,
          algorithm: 'a',
          headers: ['b', 'c'],
          signature,
        })
      }),
    )
  })

  it('takes linear time for values made to take more', () => {
    const hostile = `hmac username="${'", algorithm="'.repeat(20_000)}`
    expect(readSignatureParameters(hostile)).toBeUndefined()
  })
})
