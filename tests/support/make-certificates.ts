import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate with its key, and whoever signed it. */
export interface MadeCertificate {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
  /** Makes a certificate that this one has signed. */
  sign(name: string, options?: { readonly isAuthority?: boolean }): Promise<MadeCertificate>
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** An authority that trusts itself. */
export function makeAuthority(name: string): Promise<MadeCertificate> {
  return make(name, true, undefined)
}

async function make(
  name: string,
  isAuthority: boolean,
  issuer: { readonly subject: string; readonly key: webcrypto.CryptoKey } | undefined,
): Promise<MadeCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const subject = `CN=${name}`
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject,
      issuer: issuer?.subject ?? subject,
      publicKey: keys.publicKey,
      signingKey: issuer?.key ?? keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
        new x509.BasicConstraintsExtension(isAuthority),
      ],
    },
    webcrypto,
  )
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    sign: (signed, options = {}) =>
      make(signed, options.isAuthority ?? false, { subject, key: keys.privateKey }),
  }
}
