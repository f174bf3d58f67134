import { describe, expect, it } from 'vitest'
import {
  configFaults,
  testGateway,
  testPlugin,
  type TestOutcome,
} from '../../plugin-kit/testing/test-plugin.ts'
import { requestTermination } from '../request-termination/plugin.ts'
import { cors } from './plugin.ts'

const get = (origin?: string) => ({ headers: origin === undefined ? {} : { Origin: origin } })
const preflight = (origin: string, more: Readonly<Record<string, string>> = {}) => ({
  method: 'OPTIONS',
  headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT', ...more },
})

function corsHeaders({ response }: TestOutcome): Readonly<Record<string, string>> {
  const shown = response
    .headers()
    .filter(([name]) => /^(vary|access-control-)/i.test(name))
    .map(([name, value]) => [name.toLowerCase().replace('access-control-', ''), value])
  return Object.fromEntries(shown) as Record<string, string>
}

describe('cors › responses', () => {
  const A = 'http://a.example'
  it.each([
    ['no origins configured', {}, A, { 'allow-origin': '*' }],
    ['a star', { origins: ['*'] }, undefined, { 'allow-origin': '*' }],
    [
      'a star, credentials',
      { origins: ['*'], credentials: true },
      A,
      { 'allow-origin': A, vary: 'Origin', 'allow-credentials': 'true' },
    ],
    [
      'a star, credentials, no origin',
      { origins: ['*'], credentials: true },
      undefined,
      { 'allow-origin': '*' },
    ],
    ['a star, credentials, an empty origin', { credentials: true }, '', { 'allow-origin': '*' }],
    ['one plain origin, its own', { origins: [A] }, A, { 'allow-origin': A, vary: 'Origin' }],
    [
      'one plain origin, another',
      { origins: [A] },
      'http://evil.test',
      { 'allow-origin': A, vary: 'Origin' },
    ],
    ['one plain origin, none', { origins: [A] }, undefined, { 'allow-origin': A, vary: 'Origin' }],
    [
      'one plain name',
      { origins: ['a.example'] },
      A,
      { 'allow-origin': 'a.example', vary: 'Origin' },
    ],
    [
      'two origins, the second',
      { origins: [A, 'http://b.example:8080'] },
      'http://b.example:8080',
      { 'allow-origin': 'http://b.example:8080', vary: 'Origin' },
    ],
    [
      'two origins, another port',
      { origins: [A, 'http://b.example:8080'] },
      'http://b.example',
      { vary: 'Origin' },
    ],
    [
      'two origins, one configured with a path, and an origin with another',
      { origins: [`${A}/app`, 'http://b.example'] },
      `${A}/`,
      { 'allow-origin': A, vary: 'Origin' },
    ],
    [
      'two origins, a longer name',
      { origins: [A, 'http://b.example'] },
      `${A}.evil/`,
      { vary: 'Origin' },
    ],
    [
      'two origins, the default port',
      { origins: [A, 'http://b.example'] },
      `${A}:80`,
      { 'allow-origin': A, vary: 'Origin' },
    ],
    [
      'two origins, another case',
      { origins: [A, 'http://b.example'] },
      'http://A.EXAMPLE',
      { vary: 'Origin' },
    ],
    ['two origins, none', { origins: [A, 'http://b.example'] }, undefined, { vary: 'Origin' }],
    ['two origins, null', { origins: [A, 'http://b.example'] }, 'null', { vary: 'Origin' }],
    [
      'a star among others, one of the others',
      { origins: [A, '*'] },
      A,
      { 'allow-origin': '*', vary: 'Origin' },
    ],
    [
      'a star among others, credentials, one of the others with its default port',
      { origins: [A, '*'], credentials: true },
      `${A}:80`,
      { 'allow-origin': `${A}:80`, vary: 'Origin', 'allow-credentials': 'true' },
    ],
    [
      'a list with a star',
      { origins: [A, '*'] },
      'http://c.example',
      { 'allow-origin': '*', vary: 'Origin' },
    ],
    [
      'credentials, no match',
      { origins: [A, 'http://b.example'], credentials: true },
      'http://evil.test',
      { vary: 'Origin', 'allow-credentials': 'true' },
    ],
    [
      'a pattern',
      { origins: [String.raw`^https?://.*\.example\.com$`] },
      'https://x.example.com',
      { 'allow-origin': 'https://x.example.com', vary: 'Origin' },
    ],
    [
      'a pattern, no match',
      { origins: [String.raw`^https?://.*\.example\.com$`] },
      'https://x.example.com.evil.test',
      { vary: 'Origin' },
    ],
    [
      'a pattern for the host',
      { origins: ['.*[.]example[.]org', 'http://c.example'] },
      'https://x.example.org:8443',
      { 'allow-origin': 'https://x.example.org:8443', vary: 'Origin' },
    ],
    [
      'a pattern for the host, a text that has none',
      { origins: ['nul[l]'] },
      'null',
      { 'allow-origin': 'null', vary: 'Origin' },
    ],
    [
      'an alternative that is only a beginning',
      { origins: [String.raw`https://a\.test|https://b\.test`] },
      'https://a.test.evil',
      { vary: 'Origin' },
    ],
    [
      'exposed headers',
      { exposed_headers: ['X-One', 'X-Two'] },
      A,
      { 'allow-origin': '*', 'expose-headers': 'X-One,X-Two' },
    ],
  ])('are marked for %s', async (_, config, origin, expected) => {
    const outcome = await testPlugin(cors, config, { request: get(origin) })
    expect(corsHeaders(outcome)).toEqual(expected)
  })

  it('keep their own Vary, and lose an origin that is not allowed', async () => {
    const reply = { headers: { Vary: 'Accept', 'Access-Control-Allow-Origin': '*' } }
    const { response } = await testPlugin(
      cors,
      { origins: ['http://a.example', 'http://b.example'] },
      { request: { ...get('http://evil.test'), reply } },
    )
    expect(response.headerValues('vary')).toEqual(['Accept', 'Origin'])
    expect(response.header('access-control-allow-origin')).toBeUndefined()
  })

  it('are marked also when another plugin answers', async () => {
    const gateway = testGateway([
      [cors, {}],
      [requestTermination, {}],
    ])
    const outcome = await gateway.send(get('http://a.example'))
    expect([outcome.response.status, corsHeaders(outcome)]).toEqual([503, { 'allow-origin': '*' }])
  })
})

describe('cors › preflights', () => {
  const METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT'

  it('are answered with 200 and no body', async () => {
    const { answer } = await testPlugin(cors, {}, { request: preflight('http://a.example') })
    expect(answer).toEqual({
      kind: 'exit',
      status: 200,
      headers: { 'access-control-allow-origin': '*', 'access-control-allow-methods': METHODS },
    })
  })

  it('say everything that is configured', async () => {
    const config = {
      origins: ['http://a.example', 'http://b.example'],
      credentials: true,
      max_age: 600,
      headers: ['X-In', 'X-More'],
      methods: ['GET', 'POST'],
      exposed_headers: ['X-Out'],
      private_network: true,
    }
    const request = preflight('http://a.example', {
      'Access-Control-Request-Headers': 'X-Other',
      'Access-Control-Request-Private-Network': 'true',
    })
    expect(corsHeaders(await testPlugin(cors, config, { request }))).toEqual({
      vary: 'Origin',
      'allow-origin': 'http://a.example',
      'allow-credentials': 'true',
      'allow-headers': 'X-In,X-More',
      'allow-methods': 'GET,POST',
      'max-age': '600',
      'allow-private-network': 'true',
    })
  })

  it('echo the wanted headers when none are configured', async () => {
    const request = preflight('http://a.example', { 'Access-Control-Request-Headers': 'X-A, X-B' })
    const outcome = await testPlugin(cors, {}, { request })
    expect(corsHeaders(outcome)['allow-headers']).toBe('X-A, X-B')
  })

  it('are answered for an origin that is not allowed, which is not named', async () => {
    const config = { origins: ['http://a.example', 'http://b.example'] }
    const outcome = await testPlugin(cors, config, { request: preflight('http://evil.test') })
    expect(outcome.answer?.status).toBe(200)
    expect(corsHeaders(outcome)).toEqual({ vary: 'Origin', 'allow-methods': METHODS })
  })

  it('go on to the upstream if so configured, and its response is left alone', async () => {
    const outcome = await testPlugin(
      cors,
      { preflight_continue: true },
      { request: preflight('http://a.example') },
    )
    expect([outcome.answer, corsHeaders(outcome)]).toEqual([undefined, {}])
  })

  it.each([
    ['without Origin', { 'Access-Control-Request-Method': 'GET' }],
    ['with an empty Origin', { Origin: '', 'Access-Control-Request-Method': 'GET' }],
    ['without a wanted method', { Origin: 'http://a.example' }],
  ])('are not OPTIONS requests %s', async (_, headers) => {
    const outcome = await testPlugin(cors, {}, { request: { method: 'OPTIONS', headers } })
    expect(outcome.answer).toBeUndefined()
    expect(corsHeaders(outcome)['allow-origin']).toBe('*')
  })
})

describe('cors › schema', () => {
  it('refuses an origin that is no pattern', () => {
    expect(configFaults(cors, { origins: ['*.example.com'] })).toEqual([
      "config.origins.0: '*.example.com' is not a valid regex",
    ])
  })
})
