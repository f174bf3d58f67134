import { string } from '../schema/field.ts'
import type { EntityCheck, FieldOptions } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { CREATED_AT, ID, TAGS, UPDATED_AT } from './fields.ts'
import { certificateFault, privateKey, privateKeyFault, readCertificate } from './pem.ts'

const certificate = (description: string, options: FieldOptions) =>
  string({ description, referenceable: true, custom_validator: certificateFault, ...options })

const key = (description: string, options: FieldOptions) =>
  string({
    description,
    referenceable: true,
    encrypted: true,
    custom_validator: privateKeyFault,
    ...options,
  })

const checks: readonly EntityCheck[] = [
  { mutually_required: ['cert_alt', 'key_alt'] },
  matching('cert', 'key', 'certificate does not match key'),
  matching('cert_alt', 'key_alt', 'alternative certificate does not match key'),
  {
    custom_entity_check: {
      field_sources: ['cert', 'cert_alt'],
      fn: ({ cert, cert_alt: other }) =>
        cert !== undefined && other !== undefined && keyType(cert) === keyType(other)
          ? 'certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), the provided certificates were both of the same type'
          : undefined,
    },
  },
]

function matching(cert: string, keyName: string, message: string): EntityCheck {
  return {
    custom_entity_check: {
      field_sources: [cert, keyName],
      fn: (pair) => {
        const [pem, keyPem] = [pair[cert], pair[keyName]]
        if (pem === undefined || keyPem === undefined) return undefined
        const certificate = readCertificate(pem)
        const secret = privateKey(keyPem)
        if (certificate === undefined || secret === undefined) return undefined
        return certificate.checkPrivateKey(secret) ? undefined : message
      },
    },
  }
}

function keyType(pem: string): string | undefined {
  return readCertificate(pem)?.publicKey.asymmetricKeyType
}

/** The names a certificate serves are `snis` of their own. */
export const certificates: EntityKind = {
  name: 'certificates',
  fields: {
    id: ID,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    cert: certificate('PEM-encoded public certificate chain of the SSL key pair.', {
      required: true,
    }),
    key: key('PEM-encoded private key of the SSL key pair.', { required: true }),
    cert_alt: certificate('PEM-encoded public certificate chain of the alternate SSL key pair.', {
      required: false,
    }),
    key_alt: key('PEM-encoded private key of the alternate SSL key pair.', { required: false }),
    tags: TAGS,
  },
  checks,
}
