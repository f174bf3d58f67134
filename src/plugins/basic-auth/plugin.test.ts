import { describe, expect, it } from 'vitest'
import {
  testPlugin,
  type TestOutcome,
  type TestSetting,
} from '../../plugin-kit/testing/test-plugin.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { basicauthCredentials } from './entities.ts'
import { hashPassword } from './hash-password.ts'
import { basicAuth } from './plugin.ts'

const ID = 'c-ann'
const credential = (username: string, password: string) => ({
  id: `b-${username}`,
  username,
  password: hashPassword(password, ID),
  consumer: 'ann',
})

const ENTITIES = {
  consumers: [{ id: ID, username: 'ann' }, { username: 'guest' }],
  basicauth_credentials: [
    credential('ann', 'ann-pw'),
    credential('colon', 'a:b:c'),
    credential('utf', 'pä'),
    credential('empty', ''),
  ],
}

const basic = (text: string, scheme = 'Basic') =>
  `${scheme} ${Buffer.from(text).toString('base64')}`
const by = (value: string): FakeRequest => ({ headers: { Authorization: value } })

function send(request: FakeRequest, config: Record<string, unknown> = {}, more: TestSetting = {}) {
  return testPlugin(basicAuth, config, { entities: ENTITIES, request, ...more })
}

const verdict = ({ answer }: TestOutcome) => answer?.status ?? 'passed'

describe('basic-auth', () => {
  it.each([
    ['name and password', by(basic('ann:ann-pw')), 'passed'],
    ['a scheme in lower case', by(basic('ann:ann-pw', 'basic')), 'passed'],
    ['spaces before', by(`  ${basic('ann:ann-pw')}`), 'passed'],
    ['no space after the scheme', by(basic('ann:ann-pw').replace(' ', '')), 'passed'],
    ['colons in the password', by(basic('colon:a:b:c')), 'passed'],
    ['letters beyond ASCII', by(basic('utf:pä')), 'passed'],
    ['an empty password', by(basic('empty:')), 'passed'],
    ['a line end after the password', by(basic('ann:ann-pw\n')), 'passed'],
    ['no padding', by(basic('ann:ann-pw').replaceAll('=', '')), 'passed'],
    ['something behind the padding', by(`${basic('ann:ann-pw')} x`), 'passed'],
    ['Proxy-Authorization', { headers: { 'Proxy-Authorization': basic('ann:ann-pw') } }, 'passed'],
    ['nothing', {}, 401],
    ['a scheme in upper case', by(basic('ann:ann-pw', 'BASIC')), 401],
    ['another scheme', by('Bearer abc'), 401],
    ['no base64', by('Basic !!!'), 401],
    ['base64url', by('Basic -_-_'), 401],
    ['no colon', by(basic('ann')), 401],
    ['no name', by(basic(':ann-pw')), 401],
    ['an unknown name', by(basic('nobody:ann-pw')), 401],
    ['a wrong password', by(basic('ann:wrong')), 401],
    ['the hash as password', by(basic(`ann:${hashPassword('ann-pw', ID)}`)), 401],
    ['a password in another case', by(basic('ann:ANN-PW')), 401],
    [
      'a name that is no UTF-8',
      by(`Basic ${Buffer.from([0xff, 0x3a, 0x61]).toString('base64')}`),
      401,
    ],
  ])('with %s', async (_, request, expected) => {
    expect(verdict(await send(request))).toBe(expected)
  })

  it.each([
    ['ann:wrong', 'ann:ann-pw', 401],
    ['nobody:x', 'ann:ann-pw', 'passed'],
    ['ann:ann-pw', 'ann:wrong', 'passed'],
  ])('takes Proxy-Authorization %s before Authorization %s', async (proxy, own, expected) => {
    const headers = { 'Proxy-Authorization': basic(proxy), Authorization: basic(own) }
    expect(verdict(await send({ headers }))).toBe(expected)
  })

  it.each([
    [{}, 'Basic realm="service"'],
    [{ realm: 'mine' }, 'Basic realm="mine"'],
  ])('challenges with %j', async (config, challenge) => {
    for (const request of [{}, by(basic('ann:wrong'))]) {
      const { answer } = await send(request, config)
      expect(answer).toMatchObject({ kind: 'error', headers: { 'www-authenticate': challenge } })
      expect(answer?.message).toBeUndefined()
    }
  })

  it('tells the upstream who it is', async () => {
    const { upstream, consumer } = await send(by(basic('ann:ann-pw')))
    expect(consumer?.username).toBe('ann')
    expect(upstream.header('x-credential-identifier')).toBe('ann')
    expect(upstream.header('x-consumer-username')).toBe('ann')
  })

  it('hides the headers it looked at', async () => {
    const headers = {
      Authorization: basic('ann:ann-pw'),
      'Proxy-Authorization': basic('ann:ann-pw'),
    }
    const { upstream } = await send({ headers }, { hide_credentials: true })
    expect(upstream.header('proxy-authorization')).toBeUndefined()
    expect(upstream.header('authorization')).toBeDefined()
    const own = await send(by(basic('ann:ann-pw')), { hide_credentials: true })
    expect(own.upstream.header('authorization')).toBeUndefined()
    const shown = await send(by(basic('ann:ann-pw')))
    expect(shown.upstream.header('authorization')).toBeDefined()
  })

  it('goes on as somebody anonymous where it may, also for OPTIONS', async () => {
    const { consumer, credential: none } = await send(by(basic('ann:wrong')), {
      anonymous: 'guest',
    })
    expect([consumer?.username, none]).toEqual(['guest', undefined])
    expect(verdict(await send({ method: 'OPTIONS' }))).toBe(401)
  })

  it('never writes a password', async () => {
    const { answer, exchange } = await send(
      by(basic('ann:very-secret')),
      {},
      { recordsDecisions: true },
    )
    const written = JSON.stringify([answer, exchange.noted])
    expect(written).not.toContain('very-secret')
    expect(written).not.toContain(basic('ann:very-secret').slice(6))
  })
})

describe('basicauth_credentials', () => {
  it('hash a password with the id of its consumer', () => {
    const [transformation] = basicauthCredentials.transformations!
    const written = transformation!.onWrite({ id: 'b', password: ' a ', consumer: { id: ID } })
    expect(written).toEqual({ password: hashPassword(' a ', ID) })
    expect(written['password']).toMatch(/^[0-9a-f]{40}$/)
    expect(hashPassword('a', 'c1')).not.toBe(hashPassword('a', 'c2'))
  })
})
