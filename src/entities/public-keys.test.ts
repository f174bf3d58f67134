import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { publicKeySet, verifyingKeySet } from './public-keys.ts'

const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

function pair(type: 'rsa' | 'ec' | 'ed25519') {
  if (type === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (type === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('ed25519')
}

describe('publicKeySet()', () => {
  it.each(['rsa', 'ec', 'ed25519'] as const)(
    'publishes the public half of %s keys alone',
    (type) => {
      const { privateKey, publicKey } = pair(type)
      const pem = {
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      }
      const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'a', alg: 'X', key_ops: ['sign'] }
      const rows = [
        { id: '1', kid: 'a', jwk: JSON.stringify(jwk), pem: null },
        { id: '2', kid: 'b', jwk: null, pem },
        { id: '3', kid: 'c', jwk: null, pem: { private_key: pem.private_key, public_key: null } },
      ]
      const { keys } = publicKeySet(rows)
      const half = publicKey.export({ format: 'jwk' })
      expect(keys).toEqual([
        { kid: 'a', alg: 'X', ...half },
        { kid: 'b', ...half },
        { kid: 'c', ...half },
      ])
      for (const key of keys)
        for (const member of SECRET_MEMBERS) expect(key).not.toHaveProperty(member)
    },
  )

  it('leaves out symmetric keys, which verify all the same, and what is no key', () => {
    const rows = [
      { id: '1', kid: 's', jwk: JSON.stringify({ kty: 'oct', k: 'c2VjcmV0', kid: 's' }) },
      { id: '2', kid: 'r', jwk: '{vault://env/key}' },
      { id: '3', kid: 'x', jwk: JSON.stringify({ kty: 'new', kid: 'x' }) },
    ]
    expect(publicKeySet(rows)).toEqual({ keys: [] })
    expect(verifyingKeySet(rows)).toEqual({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 's' }] })
  })
})
