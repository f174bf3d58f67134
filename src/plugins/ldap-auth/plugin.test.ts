import { describe, expect, it } from 'vitest'
import {
  configFaults,
  testGateway,
  TEST_TIME_MS,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { bindName } from './bind-name.ts'
import type { NameAndPassword } from './read-credentials.ts'
import { ldapAuthBy } from './plugin.ts'

const CONFIG = { ldap_host: 'ldap.test', base_dn: 'dc=example,dc=com', attribute: 'uid' }

/** A server that knows Ann. */
function ldapServer(fails?: Error) {
  const asked: NameAndPassword[] = []
  const plugin = ldapAuthBy(() => async (credentials) => {
    asked.push(credentials)
    if (fails !== undefined) throw fails
    return credentials.username === 'ann' && credentials.password === 'a:b'
  })
  return { plugin, asked }
}

const encoded = (text: string, scheme = 'ldap') =>
  `${scheme} ${Buffer.from(text).toString('base64')}`
const by = (value: string): FakeRequest => ({ headers: { Authorization: value } })
const GOOD = encoded('ann:a:b')

async function send(
  request: FakeRequest,
  config: Record<string, unknown> = {},
  more: TestSetting = {},
) {
  const { plugin } = ldapServer()
  return testGateway([[plugin, { ...CONFIG, ...config }]], more).send(request)
}

const verdict = ({ answer }: TestOutcome) => answer?.status ?? 'passed'

describe('ldap-auth', () => {
  it.each([
    ['name and password', by(GOOD), 'passed'],
    ['spaces before', by(`  ${GOOD}`), 'passed'],
    ['capitals', by(encoded('ann:a:b', 'LDAP')), 'passed'],
    ['Proxy-Authorization', { headers: { 'Proxy-Authorization': GOOD } }, 'passed'],
    [
      'a bad Proxy-Authorization and a good Authorization',
      { headers: { 'Proxy-Authorization': encoded('ann:x'), Authorization: GOOD } },
      'passed',
    ],
    ['nothing', {}, 401],
    ['another scheme', by(encoded('ann:a:b', 'Basic')), 401],
    ['no base64', by('ldap !!!'), 401],
    ['no password', by(encoded('ann:')), 401],
    ['no colon', by(encoded('ann')), 401],
    ['no name', by(encoded(':a:b')), 401],
    ['a wrong password', by(encoded('ann:wrong')), 401],
    ['an unknown user', by(encoded('ben:a:b')), 401],
  ])('with %s', async (_, request, expected) => {
    expect(verdict(await send(request))).toBe(expected)
  })

  it('never asks the server about an empty password, with which anybody may come in', async () => {
    const { plugin, asked } = ldapServer()
    await testGateway([[plugin, CONFIG]]).send(by(encoded('ann:')))
    expect(asked).toEqual([])
  })

  it.each([
    [{}, 'LDAP'],
    [{ realm: 'r' }, 'LDAP realm="r"'],
    [{ header_type: 'basic' }, 'basic'],
  ])('challenges with %j', async (config, challenge) => {
    const { answer } = await send({}, config)
    expect(answer).toMatchObject({ kind: 'error', headers: { 'www-authenticate': challenge } })
  })

  it('tells the upstream the name, and that there is no consumer', async () => {
    const headers = { Authorization: GOOD, 'X-Consumer-ID': 'root', 'X-Consumer-Username': 'root' }
    const { upstream, consumer, credential } = await send({ headers }, { hide_credentials: true })
    expect([
      consumer,
      upstream.header('x-consumer-id'),
      upstream.header('x-consumer-username'),
    ]).toEqual([undefined, undefined, undefined])
    expect(upstream.header('x-credential-identifier')).toBe('ann')
    expect(upstream.header('authorization')).toBeUndefined()
    expect(credential?.id).not.toContain('a:b')
  })

  it('keeps the credentials of whoever was refused', async () => {
    const { upstream } = await send(
      by(encoded('ann:x')),
      { hide_credentials: true, anonymous: 'guest' },
      { entities: { consumers: [{ username: 'guest' }] } },
    )
    expect([upstream.header('authorization'), upstream.header('x-anonymous-consumer')]).toEqual([
      encoded('ann:x'),
      'true',
    ])
  })

  it('remembers what the server said, good or bad, for a while', async () => {
    let now = TEST_TIME_MS
    const { plugin, asked } = ldapServer()
    const gateway = testGateway([[plugin, { ...CONFIG, cache_ttl: 1 }]], { now: () => now })
    const seen = async (value: string) => verdict(await gateway.send(by(value)))
    expect([
      await seen(GOOD),
      await seen(GOOD),
      await seen(encoded('ann:x')),
      await seen(encoded('ann:x')),
    ]).toEqual(['passed', 'passed', 401, 401])
    expect(asked).toHaveLength(2)
    now += 1000
    expect(await seen(GOOD)).toBe('passed')
    expect(asked).toHaveLength(3)
  })

  it('does not forget who is known because of those who guess', async () => {
    const { plugin, asked } = ldapServer()
    const gateway = testGateway([[plugin, CONFIG]])
    await gateway.send(by(GOOD))
    for (let guess = 0; guess < 10_100; guess += 1) await gateway.send(by(encoded(`ann:${guess}`)))
    const before = asked.length
    expect(verdict(await gateway.send(by(GOOD)))).toBe('passed')
    expect(asked).toHaveLength(before)
    await gateway.send(by(encoded('ann:0')))
    expect(asked).toHaveLength(before + 1)
  })

  it('asks once for requests that come together', async () => {
    const { plugin, asked } = ldapServer()
    const gateway = testGateway([[plugin, CONFIG]])
    await Promise.all([gateway.send(by(GOOD)), gateway.send(by(GOOD))])
    expect(asked).toHaveLength(1)
  })

  it('fails when the server cannot be asked, and asks again the next time', async () => {
    const { plugin, asked } = ldapServer(new Error('refused'))
    const gateway = testGateway([[plugin, { ...CONFIG, anonymous: 'guest' }]], {
      entities: { consumers: [{ username: 'guest' }] },
    })
    await expect(gateway.send(by(GOOD))).rejects.toThrow('Cannot ask the LDAP server')
    await expect(gateway.send(by(GOOD))).rejects.toThrow('Cannot ask the LDAP server')
    expect(asked).toHaveLength(2)
  })

  it.each([
    [
      {},
      [
        'config.ldap_host: required field missing',
        'config.base_dn: required field missing',
        'config.attribute: required field missing',
      ],
    ],
    [
      { ...CONFIG, ldaps: true, start_tls: true },
      [
        "config: 'ldaps' and 'start_tls' cannot be enabled simultaneously",
        'config.start_tls: value must be false',
      ],
    ],
  ])('refuses the config %j', (config, faults) => {
    expect(configFaults(ldapServer().plugin, config)).toEqual(faults)
  })
})

describe('bindName', () => {
  it.each([
    ['ann', 'uid=ann,dc=x'],
    ['a,ou=admins', String.raw`uid=a\,ou\=admins,dc=x`],
    ['#a', String.raw`uid=\#a,dc=x`],
    [' a ', String.raw`uid=\ a\ ,dc=x`],
    ['a"+;<>\\b', String.raw`uid=a\"\+\;\<\>\\b,dc=x`],
    ['a\0b', String.raw`uid=a\00b,dc=x`],
  ])('escapes %j', (user, expected) => {
    expect(bindName('uid', user, 'dc=x')).toBe(expected)
  })
})
