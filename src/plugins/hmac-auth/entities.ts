import type { EntityKind } from '../../entities/entity.ts'
import { CREDENTIAL_HEAD, TAGS } from '../../plugin-kit/credential-fields.ts'
import { previousSecretFields } from '../../plugin-kit/previous-secret.ts'
import { string } from '../../schema/field.ts'

export const hmacauthCredentials: EntityKind = {
  name: 'hmacauth_credentials',
  urlName: 'hmac-auths',
  nestedName: 'hmac-auth',
  endpointKey: 'username',
  cacheKey: ['username'],
  credential: { nameField: 'username', secretField: 'secret' },
  fields: {
    ...CREDENTIAL_HEAD,
    username: string({ required: true, unique: true }),
    secret: string({ auto: true }),
    tags: TAGS,
    ...previousSecretFields('secret'),
  },
}
