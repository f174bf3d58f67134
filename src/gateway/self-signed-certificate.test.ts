import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from './self-signed-certificate.ts'

describe('selfSignedCertificate', () => {
  it.each([
    ['rsa', 'rsa'],
    ['ecdsa', 'ec'],
  ] as const)(
    'makes a %s certificate for localhost that its own key signed',
    async (kind, type) => {
      const pair = await selfSignedCertificate(kind)
      const certificate = new X509Certificate(pair.certificate)
      const key = createPrivateKey(pair.key)
      expect(key.asymmetricKeyType).toBe(type)
      expect(certificate.checkPrivateKey(key)).toBe(true)
      expect(certificate.verify(certificate.publicKey)).toBe(true)
      expect(certificate.checkHost('localhost')).toBe('localhost')
      expect(certificate.ca).toBe(false)
      expect(certificate.validToDate.getUTCFullYear()).toBe(new Date().getUTCFullYear() + 20)
    },
  )

  it('never makes the same key twice', async () => {
    const [one, other] = await Promise.all([
      selfSignedCertificate('ecdsa'),
      selfSignedCertificate('ecdsa'),
    ])
    expect(one.key).not.toBe(other.key)
  })
})
