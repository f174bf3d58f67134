import { webcrypto } from 'node:crypto'

export interface CertificatePair {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
}

/** What Kong's own default certificates say. */
const SUBJECT = 'C=US, ST=California, L=San Francisco, O=Kong, OU=IT Department, CN=localhost'
const LIFETIME_DAYS = 20 * 365

const ALGORITHMS = {
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  },
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ecdsa-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
} as const

/**
 * Makes a certificate that no authority has signed, for TLS listeners for which none is configured.
 * Clients have to be told to accept it, which is what one wants of a default.
 *
 * @param kind of its key pair
 */
export function selfSignedCertificate(kind: 'rsa' | 'ecdsa'): Promise<CertificatePair> {
  return makeCertificate({ kind, subject: SUBJECT, name: 'localhost', days: LIFETIME_DAYS })
}

/** Makes the pair with which the nodes of Kong's hybrid mode know each other. */
export function clusteringCertificate(days: number): Promise<CertificatePair> {
  const name = 'kong_clustering'
  return makeCertificate({ kind: 'ecdsa-384', subject: `CN=${name}`, name, days })
}

async function makeCertificate(wanted: {
  readonly kind: keyof typeof ALGORITHMS
  readonly subject: string
  readonly name: string
  readonly days: number
}): Promise<CertificatePair> {
  // The metadata API the library's container needs; and a library only a first start ever loads.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const algorithm = ALGORITHMS[wanted.kind]
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const notBefore = new Date()
  const notAfter = new Date(notBefore)
  notAfter.setUTCDate(notAfter.getUTCDate() + wanted.days)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: wanted.subject,
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: wanted.name }]),
        new x509.BasicConstraintsExtension(false),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        ),
      ],
    },
    webcrypto,
  )
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys.privateKey) }
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  const lines = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`
}
