import { describe, expect, it } from 'vitest'
import { environmentVault } from './environment-vault.ts'
import { resolveIn, secretResolver } from './resolve.ts'

const environment = {
  DB_PASSWORD: 'pw',
  ACCOUNTS: '{"admin":"a1","n":5,"list":[]}',
  OUR_TOKEN: 't',
}
const resolver = secretResolver(
  new Map([
    ['env', environmentVault(environment)],
    ['our', environmentVault(environment, 'our_')],
  ]),
)

describe('secretResolver()', () => {
  it.each([
    ['{vault://env/DB_PASSWORD}', 'pw'],
    ['{vault://env/db-password}', 'pw'],
    ['{vault://our/token}', 't'],
    ['{vault://env/token?prefix=our_}', 't'],
    ['{vault://env/accounts/admin}', 'a1'],
    ['{vault://env/accounts/n}', '5'],
  ])('finds %s', (reference, value) => {
    expect(resolver.resolve(reference)).toBe(value)
  })

  it.each([
    ['{vault://env/absent}'],
    ['{vault://env/accounts/list}'],
    ['{vault://env/accounts/toString}'],
    ['{vault://env/db-password/key}'],
    ['{vault://nowhere/x}'],
    ['{vault://env}'],
    ['{vault://}'],
  ])('says why %s has no value, without naming one', (reference) => {
    const found = resolver.resolve(reference)
    expect(found).toEqual({ fault: expect.any(String) })
    expect(JSON.stringify(found)).not.toContain('a1')
  })
})

describe('resolveIn()', () => {
  it('replaces references at any depth and copies only what changes', () => {
    const value = { a: { b: ['{vault://env/DB_PASSWORD}', 1] }, c: { d: 'plain' } }
    const replaced = resolveIn(value, resolver, () => {})
    expect(replaced).toEqual({ a: { b: ['pw', 1] }, c: { d: 'plain' } })
    expect(replaced.c).toBe(value.c)
    expect(value.a.b[0]).toBe('{vault://env/DB_PASSWORD}')
  })

  it('returns what holds none as it is', () => {
    const value = { a: [{ b: 'x' }] }
    expect(resolveIn(value, resolver, () => {})).toBe(value)
  })

  it('empties what has no value, and says so', () => {
    const faults: string[] = []
    expect(resolveIn(['{vault://env/X}'], resolver, (text) => faults.push(text))).toEqual([''])
    expect(faults).toEqual(['{vault://env/X}'])
  })
})
