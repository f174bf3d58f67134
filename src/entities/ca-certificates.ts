import { hash } from 'node:crypto'
import { string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, TAGS, UPDATED_AT } from './fields.ts'
import { certificateFault, countCertificates, readCertificate } from './pem.ts'

export const caCertificates: EntityKind = {
  name: 'ca_certificates',
  fields: {
    id: ID,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    cert: string({
      description: 'PEM-encoded public certificate of the CA.',
      required: true,
      custom_validator: certificateFault,
    }),
    cert_digest: string({
      description: 'SHA256 hex digest of the public certificate.',
      unique: true,
    }),
    tags: TAGS,
  },
  transformations: [
    { input: ['cert'], onWrite: ({ cert }) => ({ cert_digest: digestOf(cert as string) }) },
  ],
  checks: [
    {
      custom_entity_check: {
        field_sources: ['cert'],
        fn: ({ cert }) => authorityFault(cert!),
      },
    },
  ],
}

function authorityFault(pem: string): string | undefined {
  if (countCertificates(pem) > 1) return 'please submit only one certificate at a time'
  const certificate = readCertificate(pem)
  if (certificate === undefined) return undefined
  if (certificate.validToDate.getTime() < Date.now())
    return 'certificate expired, "Not After" time is in the past'
  return certificate.ca
    ? undefined
    : 'certificate does not appear to be a CA because it is missing the "CA" basic constraint'
}

/** SHA-256 of the certificate's DER, in lower-case hex. */
function digestOf(pem: string): string | null {
  const certificate = readCertificate(pem)
  return certificate === undefined ? null : hash('sha256', certificate.raw, 'hex')
}
