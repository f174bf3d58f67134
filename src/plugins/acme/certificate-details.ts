import { createHash, X509Certificate } from 'node:crypto'

/** A certificate as the Admin API shows it. */
export interface CertificateDetails {
  /** SHA-1 of the certificate, in hex. */
  readonly digest: string
  readonly host: string
  readonly issuer_cn: string
  /** `2026-11-28 18:59:03`, UTC. */
  readonly not_before: string
  readonly not_after: string
  readonly valid: boolean
  readonly serial_number: string
  readonly pubkey_type: string
}

/** @param pem a certificate, or a chain that begins with it */
export function certificateDetails(pem: string, nowMs: number): CertificateDetails {
  const certificate = new X509Certificate(pem)
  const [begins, ends] = [certificate.validFromDate, certificate.validToDate]
  const isRsa = certificate.publicKey.asymmetricKeyType === 'rsa'
  return {
    digest: createHash('sha1').update(certificate.raw).digest('hex'),
    host: commonName(certificate.subject) ?? firstName(certificate),
    issuer_cn: commonName(certificate.issuer) ?? '',
    not_before: shownTime(begins),
    not_after: shownTime(ends),
    valid: begins.getTime() < nowMs && ends.getTime() > nowMs,
    serial_number: certificate.serialNumber.toLowerCase(),
    pubkey_type: isRsa ? 'rsaEncryption' : 'id-ecPublicKey',
  }
}

/** Whether a certificate ends within a time. What cannot be read has ended. */
export function endsWithin(pem: string, ms: number, nowMs: number): boolean {
  try {
    return new X509Certificate(pem).validToDate.getTime() - ms <= nowMs
  } catch {
    return true
  }
}

function commonName(name: string | undefined): string | undefined {
  return /^CN=(.*)$/m.exec(name ?? '')?.[1]
}

/** Authorities have begun to leave the common name out. */
function firstName({ subjectAltName: names = '' }: X509Certificate): string {
  return /^(?:DNS|IP Address):([^,]*)/.exec(names)?.[1] ?? ''
}

function shownTime(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ')
}
