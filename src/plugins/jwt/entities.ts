import type { EntityKind } from '../../entities/entity.ts'
import { CREDENTIAL_HEAD, TAGS } from '../../plugin-kit/credential-fields.ts'
import { string } from '../../schema/field.ts'
import { ALGORITHM_NAMES } from '../../plugin-kit/jose/algorithms.ts'
import { loadPublicKey } from '../../plugin-kit/jose/public-key.ts'

/** ES* keys are not checked when written, as in Kong: their tokens are refused instead. */
const NEEDS_PUBLIC_KEY = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA']

export const jwtSecrets: EntityKind = {
  name: 'jwt_secrets',
  urlName: 'jwts',
  nestedName: 'jwt',
  endpointKey: 'key',
  cacheKey: ['key'],
  fields: {
    ...CREDENTIAL_HEAD,
    key: string({ required: false, unique: true, auto: true, len_min: 1 }),
    secret: string({ auto: true }),
    rsa_public_key: string(),
    algorithm: string({ default: 'HS256', one_of: ALGORITHM_NAMES }),
    tags: TAGS,
  },
  checks: [
    {
      conditional: {
        if_field: 'algorithm',
        if_match: { match_any: { patterns: NEEDS_PUBLIC_KEY.map((name) => `^${name}$`) } },
        then_field: 'rsa_public_key',
        then_match: {
          required: true,
          custom_validator: (text: string) =>
            loadPublicKey(text) === undefined ? 'invalid key' : undefined,
        },
      },
    },
  ],
}
