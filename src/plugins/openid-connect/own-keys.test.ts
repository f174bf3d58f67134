import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { ownKey } from './own-keys.ts'
import { openidConnect } from './plugin.ts'

const pem = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
const privateJwk = (more: object): string => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...more })
}
const publicJwk = JSON.stringify(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }))

const row = (kid: string, created_at: number, more: object) => ({
  id: kid,
  kid,
  created_at,
  set: { id: 'own' },
  ...more,
})

/** What is chosen of these keys, by name. */
function chosen(keys: readonly object[], algorithm?: string): string | undefined {
  const entities = { key_sets: [{ id: 'own', name: 'openid-connect' }], keys }
  return ownKey(testContext(openidConnect, { entities: entities as never }).entities, algorithm)
    ?.kid
}

describe('ownKey', () => {
  const keys = [
    row('old', 1, { jwk: privateJwk({ alg: 'ES256' }) }),
    row('new', 2, { jwk: privateJwk({ alg: 'ES256' }) }),
    row('pem', 3, { pem: { private_key: pem } }),
    row('public', 4, { jwk: publicJwk }),
    row('unresolved', 5, { jwk: '' }),
  ]

  it('is the newest private one for the algorithm', () => {
    expect([chosen(keys, 'ES256'), chosen(keys, 'ES384'), chosen(keys, 'EdDSA')]).toEqual([
      'new',
      'pem',
      undefined,
    ])
  })

  it('is the usual one where no algorithm is wanted, or else the newest', () => {
    expect(chosen(keys)).toBe('pem')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const jwk = JSON.stringify(rsa.export({ format: 'jwk' }))
    expect(chosen([...keys, row('rsa', 0, { jwk })])).toBe('rsa')
    expect(chosen([])).toBeUndefined()
  })
})
