import { describe, expect, it } from 'vitest'
import { parseRecord } from '../../schema/parse.ts'
import { testGateway, TEST_TIME_MS } from '../../plugin-kit/testing/test-plugin.ts'
import { jwtRevocations } from './entities.ts'
import { jwt } from './plugin.ts'
import { jwkFor, keysFor, SECRET, token } from './testing/tokens.ts'

const NOW = TEST_TIME_MS / 1000
const ISSUER = 'https://issuer.test'
const CLAIMS = { iss: ISSUER, exp: NOW + 60, iat: NOW - 60, sub: 'ann', jti: 'one' }
const UNSET = {
  issuer: null,
  jti: null,
  sub: null,
  issued_before: null,
  key: null,
  token_sha256: null,
  created_at: 0,
}

/** What becomes of a token, thrice: remembered or not. */
async function verdicts(
  revocation: Readonly<Record<string, unknown>> | undefined,
  text: string,
  { isOn = true, now = TEST_TIME_MS } = {},
): Promise<string> {
  const issuers = [{ issuer: ISSUER, jwks: { keys: [jwkFor('EdDSA', { kid: 'k1' })] } }]
  const config = { issuers, ...(isOn && { revocation: true }) }
  const gateway = testGateway([[jwt, config]], {
    now,
    entities: {
      consumers: [{ id: 'c-ann', username: 'ann' }],
      jwt_secrets: [
        { key: 'key', secret: SECRET, algorithm: 'HS256', consumer: 'ann', rsa_public_key: null },
      ],
      jwt_revocations: revocation === undefined ? [] : [{ ...UNSET, ...revocation }],
    },
  })
  const request = { headers: { Authorization: `Bearer ${text}` } }
  const bodies: string[] = []
  for (let time = 0; time < 3; time += 1) {
    const { answer } = await gateway.send(request)
    bodies.push(answer?.kind === 'exit' ? String(answer.body) : 'passed')
  }
  expect(new Set(bodies).size).toBe(1)
  return bodies[0]!
}

const issued = (claims: Readonly<Record<string, unknown>> = {}): string =>
  token({
    alg: 'EdDSA',
    key: keysFor('EdDSA').privateKey,
    header: { kid: 'k1' },
    claims: { ...CLAIMS, ...claims },
  })

const REVOKED = '{"message":"Token revoked"}'

describe('jwt › revocation', () => {
  it.each([
    [{ jti: 'one' }, true],
    [{ jti: 'two' }, false],
    [{ jti: 'one', issuer: ISSUER }, true],
    [{ jti: 'one', issuer: 'https://other.test' }, false],
    [{ sub: 'ann' }, true],
    [{ sub: 'ann', issued_before: NOW - 59 }, true],
    [{ sub: 'ann', issued_before: NOW - 60 }, false],
    [{ sub: 'bob' }, false],
    [{ key: 'k1' }, true],
    [{ key: 'k2' }, false],
    [{ jti: 'one', expires_at: NOW }, false],
    [{ jti: 'one', expires_at: NOW + 1 }, true],
    [undefined, false],
  ])('%j', async (revocation, isRevoked) => {
    expect(await verdicts(revocation, issued())).toBe(isRevoked ? REVOKED : 'passed')
    expect(await verdicts(revocation, issued(), { isOn: false })).toBe('passed')
  })

  it('of a subject takes tokens that do not say when they were issued', async () => {
    const revocation = { sub: 'ann', issued_before: 1 }
    expect(await verdicts(revocation, issued({ iat: undefined }))).toBe(REVOKED)
  })

  it('of a key is that of a credential too', async () => {
    expect(await verdicts({ key: 'key' }, token())).toBe(REVOKED)
    expect(await verdicts({ key: 'k1' }, token())).toBe('passed')
  })
})

describe('jwt_revocations', () => {
  const faults = (row: Record<string, unknown>): unknown => {
    const { fields, checks = [] } = jwtRevocations
    const spec = { type: 'record', fields, entity_checks: checks } as const
    const parsed = parseRecord(spec, row)
    return parsed.ok ? [] : parsed.violations.map(({ message }) => message)
  }

  it.each([
    [{ jti: 'a' }],
    [{ sub: 'a' }],
    [{ sub: 'a', issued_before: 1 }],
    [{ key: 'a' }],
    [{ token_sha256: 'a1'.repeat(32) }],
  ])('%j is one', (row) => {
    expect(faults(row)).toEqual([])
  })

  it.each([
    [{}],
    [{ jti: 'a', key: 'b' }],
    [{ jti: 'a', issued_before: 1 }],
    [{ jti: '' }],
    [{ token_sha256: 'A1'.repeat(32) }],
  ])('%j is none', (row) => {
    expect(faults(row)).not.toEqual([])
  })
})
