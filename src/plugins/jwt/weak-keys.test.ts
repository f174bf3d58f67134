import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { jwt } from './plugin.ts'
import { keysFor, SECRET } from './testing/tokens.ts'
import { warnOfWeakKeys } from './weak-keys.ts'

const CONSUMER = { id: 'c-ann' }

function warnings(rows: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  const logged: string[] = []
  const complete = rows.map((row, index) => ({
    key: `key-${index}`,
    secret: null,
    rsa_public_key: null,
    consumer: CONSUMER,
    ...row,
  }))
  const context = testContext(jwt, { entities: { jwt_secrets: complete }, logged })
  // Every instance of a configuration looks; one tells.
  warnOfWeakKeys(context)
  warnOfWeakKeys(context)
  return logged
}

const weakPem = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 1024 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()

describe('warnOfWeakKeys', () => {
  it.each([
    [{ algorithm: 'HS256', secret: 'x'.repeat(31) }, 'key-0" (HS256 wants a secret of 32 bytes'],
    [{ algorithm: null, secret: 'short' }, 'HS256 wants a secret of 32 bytes'],
    [{ algorithm: 'HS512', secret: 'x'.repeat(63) }, 'HS512 wants a secret of 64 bytes'],
    [{ algorithm: 'RS256', rsa_public_key: weakPem() }, 'RSA with 1024 bits'],
    [{ algorithm: 'PS512', rsa_public_key: weakPem() }, 'RSA with 1024 bits'],
  ])('tells of %j once', (row, text) => {
    const told = warnings([row])
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(text)
    expect(told[0]).not.toMatch(/xxx|short|BEGIN/)
  })

  it('is silent about good keys', () => {
    expect(
      warnings([
        { algorithm: 'HS256', secret: SECRET },
        { algorithm: 'RS256', rsa_public_key: keysFor('RS256').publicPem },
        { algorithm: 'ES256', rsa_public_key: keysFor('ES256').publicPem },
        { algorithm: 'ES256', rsa_public_key: 'garbage' },
      ]),
    ).toEqual([])
  })

  it('names some, and counts the others', () => {
    const [told = ''] = warnings(Array.from({ length: 15 }, () => ({ secret: 'short' })))
    expect(told.match(/key-\d+/g)).toHaveLength(10)
    expect(told).toContain('and 5 more')
  })
})
