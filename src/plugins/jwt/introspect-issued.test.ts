import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import type { IntrospectionAnswer } from '../../plugin-kit/oauth/introspector.ts'
import type { CertainToken } from './admit-issued.ts'
import { introspectIssued, isOpaqueToken } from './introspect-issued.ts'
import type { Issuer } from './issuers.ts'

const NOW = 1_700_000_000
const NAME = 'https://issuer.test'
const RULES = { claimsToVerify: [], leeway: 0, maximumExpiration: 0 }

function issuerThatSays(answer: IntrospectionAnswer): Issuer {
  return {
    name: NAME,
    keys: { keys: [], renew: () => false, release: () => undefined },
    makesJwts: false,
    algorithms: new Set(),
    types: undefined,
    accept: undefined,
    headersOf: undefined,
    findConsumer: undefined,
    introspection: { ask: async () => answer, release: () => undefined, ofJwts: true },
    possession: undefined,
  }
}

const active = (claims: JsonObject, usableUntil = NOW + 30): IntrospectionAnswer => ({
  kind: 'active',
  claims: { active: true, ...claims },
  usableUntil,
})

function ask(answer: IntrospectionAnswer, claims?: JsonObject, rules = RULES) {
  const issuer = issuerThatSays(answer)
  const signed: CertainToken | undefined = claims && {
    jwt: 'a.b.c',
    token: { header: { alg: 'ES256' }, claims },
    claims,
    issuer,
    validity: { from: NOW - 10, until: NOW + 60 },
    grounds: [{ usableUntil: NOW + 20 }],
    keyName: 'k1',
  }
  return introspectIssued({ text: 'a.b.c', issuer, signed }, rules, () => NOW)
}

describe('introspectIssued', () => {
  it('goes by what the issuer says now, but for whom the token is bound to', async () => {
    const signed = { sub: 'ann', scope: 'a b', cnf: { jkt: 'signed' } }
    const verdict = await ask(active({ scope: 'a', cnf: { jkt: 'said' } }), signed)
    expect(verdict).toMatchObject({
      kind: 'verified',
      keyName: 'k1',
      token: {
        isIntrospected: true,
        claims: { sub: 'ann', scope: 'a', cnf: { jkt: 'signed' } },
      },
    })
    const bound = await ask(active({ cnf: { jkt: 'said' } }))
    expect(bound).toMatchObject({ token: { claims: { cnf: { jkt: 'said' } } } })
  })

  it('lasts no longer than the first of what it rests on', async () => {
    const both = await ask(active({ exp: NOW + 40, nbf: NOW - 5 }), { sub: 'ann' })
    expect(both).toMatchObject({
      validity: { from: NOW - 5, until: NOW + 40 },
      key: { usableUntil: NOW + 20 },
    })
    const opaque = await ask(active({ sub: 'ann' }))
    expect(opaque).toMatchObject({
      validity: { from: -Infinity, until: Infinity },
      key: { usableUntil: NOW + 30 },
      identity: { token: undefined },
    })
  })

  it.each([
    [{ sub: 'ann', client_id: 'shop' }, `${NAME}#ann`],
    [{ client_id: 'shop' }, `${NAME}#shop`],
    [{}, NAME],
  ])('of %j is for %s', async (claims, id) => {
    expect(await ask(active(claims))).toMatchObject({ identity: { credential: { id } } })
  })

  it.each([
    [{ kind: 'inactive' } as const, 'token-inactive', undefined],
    [{ kind: 'unavailable' } as const, 'introspection-unavailable', 503],
    [active({ iss: 'https://elsewhere.test' }), 'issuer-other', undefined],
    [active({ token_type: 'refresh_token' }), 'type-wrong', undefined],
    [active({ typ: 'Refresh' }), 'type-wrong', undefined],
    [active({ exp: NOW }), 'token-expired', undefined],
    [active({ exp: '9' }), 'claim-exp-not-a-number', undefined],
    [active({ iat: NOW + 1 }), 'claim-iat-invalid', undefined],
  ])('of %j is refused: %s', async (answer, code, status) => {
    for (const signed of [undefined, { sub: 'ann' }]) {
      const verdict = await ask(answer, signed)
      expect(verdict).toMatchObject({ kind: 'refused', code, token: { isIntrospected: true } })
      expect('status' in verdict ? verdict.status : undefined).toBe(status)
    }
  })

  it('holds tokens without an end to a longest life', async () => {
    const rules = { ...RULES, maximumExpiration: 60 }
    expect(await ask(active({}), undefined, rules)).toMatchObject({ code: 'token-lives-too-long' })
    const ending = await ask(active({ exp: NOW + 60 }), undefined, rules)
    expect(ending).toMatchObject({ kind: 'verified' })
  })
})

describe('isOpaqueToken', () => {
  it.each(['abc', 'a.b.c', 'a-b_c~d+e/f==', 'eyJhbGciOiJSU0EifQ.a.b.c.d', 'eyJ'])(
    '%s may be one',
    (text) => {
      expect(isOpaqueToken(text)).toBe(true)
    },
  )

  it.each(['', 'a b', 'a\nb', 'é', '=a', 'eyJhbGciOiJub25lIn0.e30.', 'a'.repeat(8193)])(
    '%j is none',
    (text) => {
      expect(isOpaqueToken(text)).toBe(false)
    },
  )
})
