import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'

/** A certificate in PEM, the first if there are several, or why it is none. */
export type CertificateReading =
  | { readonly ok: true; readonly certificate: X509Certificate }
  | { readonly ok: false; readonly reason: string }

export function readCertificate(pem: string): CertificateReading {
  try {
    return { ok: true, certificate: new X509Certificate(pem) }
  } catch (error) {
    return { ok: false, reason: reasonOf(error) }
  }
}

/** How many certificates a PEM text holds. */
export function countCertificates(pem: string): number {
  return pem.split('-----BEGIN CERTIFICATE-----').length - 1
}

export function certificateFault(pem: string): string | undefined {
  const reading = readCertificate(pem)
  return reading.ok ? undefined : `invalid certificate: ${reading.reason}`
}

export function privateKeyFault(pem: string): string | undefined {
  const key = privateKey(pem)
  return typeof key === 'string' ? `invalid key: ${key}` : undefined
}

/** @returns the key, or why there is none */
export function privateKey(pem: string): KeyObject | string {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    return reasonOf(error)
  }
}

/** @returns the key, or why there is none; a certificate or private key does not count */
export function publicKey(pem: string): KeyObject | string {
  try {
    return createPublicKey(pem)
  } catch (error) {
    return reasonOf(error)
  }
}

/** What OpenSSL said, without what it was given. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unreadable'
  return error.message.split('\n')[0]!.replace(/^error:[^:]*:/, '')
}
