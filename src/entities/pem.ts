import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'

/** A certificate in PEM, the first if there are several. */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    // Not being one is the answer asked for.
    return undefined
  }
}

/** How many certificates a PEM text holds. */
export function countCertificates(pem: string): number {
  return pem.split('-----BEGIN CERTIFICATE-----').length - 1
}

/** What Kong's OpenSSL ends up saying of any text that is no certificate. */
const NO_CERTIFICATE =
  'x509.new: error:688010A:asn1 encoding routines:asn1_item_embed_d2i:nested asn1 error:asn1/tasn_dec.c:349:'

export function certificateFault(pem: string): string | undefined {
  return readCertificate(pem) === undefined ? `invalid certificate: ${NO_CERTIFICATE}` : undefined
}

export function privateKeyFault(pem: string): string | undefined {
  return privateKey(pem) === undefined ? 'invalid key: pkey.new:load_key' : undefined
}

export function privateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    // Not loading is the answer asked for.
    return undefined
  }
}

/** The key of a text that holds a public one; a private key or certificate does not count. */
export function publicKey(pem: string): KeyObject | undefined {
  if (!/^\s*-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(pem)) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    // Not loading is the answer asked for.
    return undefined
  }
}
