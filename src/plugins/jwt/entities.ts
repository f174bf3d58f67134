import type { EntityKind } from '../../entities/entity.ts'
import { CREDENTIAL_HEAD, RETIRES_AT, TAGS } from '../../plugin-kit/credential-fields.ts'
import { integer, string } from '../../schema/field.ts'
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
  credential: {
    nameField: 'key',
    algorithmField: 'algorithm',
    renewed: ['key', 'secret', 'rsa_public_key'],
  },
  fields: {
    ...CREDENTIAL_HEAD,
    key: string({ required: false, unique: true, auto: true, len_min: 1 }),
    secret: string({ auto: true }),
    rsa_public_key: string(),
    algorithm: string({ default: 'HS256', one_of: ALGORITHM_NAMES }),
    tags: TAGS,
    retires_at: RETIRES_AT,
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

/** Tokens that are refused though they are genuine and in time. Not an entity of Kong's. */
export const jwtRevocations: EntityKind = {
  name: 'jwt_revocations',
  urlName: 'jwt-revocations',
  own: true,
  isInstant: true,
  hasTtl: true,
  fields: {
    id: CREDENTIAL_HEAD.id,
    created_at: CREDENTIAL_HEAD.created_at,
    issuer: string({
      description: 'Only tokens with this `iss`. Without it those of every issuer.',
      len_min: 1,
    }),
    jti: string({ description: 'The one token with this `jti`.', len_min: 1 }),
    sub: string({ description: 'All tokens of this subject.', len_min: 1 }),
    issued_before: integer({
      description:
        'Unix time in seconds: of the subject only tokens whose `iat` is earlier, and those without `iat`.',
      gt: 0,
    }),
    key: string({
      description:
        'All tokens of the credential with this key, or signed by the key of an issuer with this `kid`.',
      len_min: 1,
    }),
    token_sha256: string({
      description:
        'The one token that is no JWT whose SHA-256 hash this is, in hexadecimal (`printf %s "$TOKEN" | sha256sum`). A JWT can be written in more ways than one, and has a `jti`.',
      custom_validator: (text: string) =>
        /^[0-9a-f]{64}$/.test(text) ? undefined : 'must be 64 hexadecimal digits, in lower case',
    }),
    comment: string({ description: 'Why, for those who read it later.' }),
    tags: TAGS,
  },
  checks: [
    { only_one_of: ['jti', 'sub', 'key', 'token_sha256'] },
    {
      conditional: {
        if_field: 'issued_before',
        if_match: { required: true },
        then_field: 'sub',
        then_match: { required: true },
      },
    },
  ],
}
