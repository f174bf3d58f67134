import { describe, expect, it } from 'vitest'
import { accessRefusal, type AccessRules, type Visitor } from './access.ts'

const TOKEN = 'a-token-of-sixteen-letters'

function statusFor(rules: AccessRules, visitor: Partial<Visitor>): number | undefined {
  const refusal = accessRefusal(rules, {
    method: 'GET',
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
})
