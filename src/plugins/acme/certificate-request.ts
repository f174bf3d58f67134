import { createPrivateKey, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

/**
 * A request for a certificate of one host, signed by the key it is for.
 *
 * @param keyPem RSA or P-256
 * @returns DER
 * @see RFC 2986
 */
export async function certificateRequest(host: string, keyPem: string): Promise<Buffer> {
  // The metadata API the library's container needs; loaded only where certificates are asked for.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const key = createPrivateKey(keyPem)
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
  const jwk = await webcrypto.subtle.exportKey('jwk', privateKey)
  const { kty, n, e, crv, x, y } = jwk
  const open = kty === 'RSA' ? { kty, n: n!, e: e! } : { kty: kty!, crv: crv!, x: x!, y: y! }
  const publicKey = await webcrypto.subtle.importKey('jwk', open, algorithm, true, ['verify'])
  const type = isIP(host) === 0 ? 'dns' : 'ip'
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: `CN=${host}`,
      keys: { privateKey, publicKey },
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type, value: host }])],
    },
    webcrypto,
  )
  return Buffer.from(request.rawData)
}
