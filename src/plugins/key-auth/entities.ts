import type { EntityKind } from '../../entities/entity.ts'
import { CREDENTIAL_HEAD, RETIRES_AT, TAGS } from '../../plugin-kit/credential-fields.ts'
import { string } from '../../schema/field.ts'

export const keyauthCredentials: EntityKind = {
  name: 'keyauth_credentials',
  urlName: 'key-auths',
  nestedName: 'key-auth',
  endpointKey: 'key',
  cacheKey: ['key'],
  hasTtl: true,
  credential: { nameField: 'key', isNameSecret: true, renewed: ['key'] },
  fields: {
    ...CREDENTIAL_HEAD,
    key: string({ required: false, unique: true, auto: true }),
    tags: TAGS,
    retires_at: RETIRES_AT,
  },
}
