import type { Entity, EntityKind, Foreign } from '../../entities/entity.ts'
import { CREDENTIAL_HEAD, TAGS } from '../../plugin-kit/credential-fields.ts'
import { string } from '../../schema/field.ts'
import { previousSecretFields } from '../../plugin-kit/previous-secret.ts'
import { hashPassword } from './hash-password.ts'

export const basicauthCredentials: EntityKind = {
  name: 'basicauth_credentials',
  urlName: 'basic-auths',
  nestedName: 'basic-auth',
  endpointKey: 'username',
  cacheKey: ['username'],
  credential: { nameField: 'username', secretField: 'password' },
  fields: {
    ...CREDENTIAL_HEAD,
    username: string({ required: true, unique: true }),
    password: string({ required: true, encrypted: true }),
    tags: TAGS,
    ...previousSecretFields('password'),
  },
  transformations: [
    {
      input: ['password'],
      needs: ['consumer.id'],
      onWrite: (entity) => ({ password: hashOf(entity) }),
    },
  ],
}

function hashOf({ password, consumer }: Entity): string {
  return hashPassword((password ?? '') as string, (consumer as Foreign).id)
}
