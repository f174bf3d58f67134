import { describe, expect, it } from 'vitest'
import { accessRefusal, type AccessRules, type Visitor } from './access.ts'

const TOKEN = 'a-token-of-sixteen-letters'

function statusFor(rules: AccessRules, visitor: Partial<Visitor>): number | undefined {
  const refusal = accessRefusal(rules, {
    method: 'GET',
    peer: '10.9.8.7',
    host: 'localhost:8001',
    origin: undefined,
    authorization: undefined,
    adminToken: undefined,
    certificate: undefined,
    ...visitor,
  })
  return refusal?.status
}

describe('accessRefusal()', () => {
  it('lets everybody without rules', () => {
    expect(statusFor({}, { host: 'evil.test', origin: 'https://evil.test' })).toBeUndefined()
  })

  it.each<[string, Partial<Visitor>, number | undefined]>([
    ['no token', {}, 401],
    ['another token', { authorization: 'Bearer another' }, 401],
    ['a beginning of the token', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 401],
    ['the token in another scheme', { authorization: `Basic ${TOKEN}` }, 401],
    ['the token', { authorization: `Bearer ${TOKEN}` }, undefined],
    ['the token, the scheme in small letters', { authorization: `bearer ${TOKEN}` }, undefined],
    ['the token in the header of Kong Enterprise', { adminToken: TOKEN }, undefined],
    ['a preflight, which cannot carry one', { method: 'OPTIONS' }, undefined],
  ])('asks for a token: %s', (_what, visitor, status) => {
    expect(statusFor({ token: TOKEN }, visitor)).toBe(status)
  })

  it.each<[string | undefined, number | undefined]>([
    ['localhost:8001', undefined],
    ['127.0.0.1:8001', undefined],
    ['127.8.8.8', undefined],
    ['[::1]:8001', undefined],
    ['10.1.2.3:8001', undefined],
    ['gateway.test', undefined],
    ['GATEWAY.test:8001', undefined],
    ['evil.test', 403],
    ['localhost.evil.test', 403],
    ['127.0.0.1.evil.test:8001', 403],
    ['gateway.test@evil.test', 403],
    ['', 403],
    [undefined, 403],
  ])('knows the names it is asked under: %s', (host, status) => {
    expect(statusFor({ hosts: ['gateway.test'] }, { host })).toBe(status)
  })

  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['http://localhost:8002', undefined],
    ['http://127.0.0.1:3000', undefined],
    ['https://console.test', undefined],
    ['https://evil.test', 403],
    ['null', 403],
  ])('knows the pages that may ask: %s', (origin, status) => {
    expect(statusFor({ origins: ['https://console.test'] }, { origin })).toBe(status)
  })

  it.each<[AccessRules['clientCertificate'], Visitor['certificate'], number | undefined]>([
    ['on', 'none', 400],
    ['on', 'untrusted', 400],
    ['on', 'trusted', undefined],
    ['on', undefined, undefined],
    ['optional', 'none', undefined],
    ['optional', 'untrusted', 400],
    [undefined, 'none', undefined],
  ])(
    'asks for a client certificate when it is %s: %s',
    (clientCertificate, certificate, status) => {
      expect(statusFor({ clientCertificate }, { certificate })).toBe(status)
    },
  )

  const thisMachineOnly = { hosts: ['gateway.test'] }

  it.each<[string | undefined, number | undefined]>([
    ['127.0.0.1', undefined],
    ['127.8.8.8', undefined],
    ['::1', undefined],
    ['::ffff:127.0.0.1', undefined],
    ['10.9.8.7', 403],
    ['::ffff:10.9.8.7', 403],
    ['fe80::1', 403],
    ['128.0.0.1', 403],
    ['::ffff:7f00:1:1', 403],
    [undefined, 403],
  ])('lets this machine alone where nothing else is asked: %s', (peer, status) => {
    expect(statusFor({ thisMachineOnly }, { peer })).toBe(status)
  })

  it.each<[string | undefined, number | undefined]>([
    ['localhost:8001', undefined],
    ['10.1.2.3:8001', undefined],
    ['gateway.test:8001', undefined],
    ['evil.test', 403],
    [undefined, 403],
  ])('knows the names that this machine asks under then: %s', (host, status) => {
    expect(statusFor({ thisMachineOnly }, { peer: '127.0.0.1', host })).toBe(status)
  })

  it('names the ways out to strangers', () => {
    const refusal = accessRefusal(
      { thisMachineOnly },
      {
        method: 'GET',
        peer: '10.9.8.7',
        host: 'localhost',
        origin: undefined,
        authorization: undefined,
        adminToken: undefined,
        certificate: undefined,
      },
    )
    expect(JSON.stringify(refusal?.json)).toMatch(/admin_token.*admin_guard = off/)
  })

  it.each<[Partial<Visitor>, number | undefined]>([
    [{ method: 'OPTIONS' }, undefined],
    [{ certificate: 'trusted' }, undefined],
    [{ certificate: 'none' }, 403],
  ])('lets strangers with a certificate, and preflights: %j', (visitor, status) => {
    expect(statusFor({ thisMachineOnly }, visitor)).toBe(status)
  })
})
