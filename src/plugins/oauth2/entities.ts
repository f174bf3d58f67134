import type { Entity, EntityKind, Foreign } from '../../entities/entity.ts'
import { CREDENTIAL_HEAD, TAGS } from '../../plugin-kit/credential-fields.ts'
import { previousSecretFields } from '../../plugin-kit/previous-secret.ts'
import { array, boolean, foreign, integer, string } from '../../schema/field.ts'
import { hashSecret } from './client-secret.ts'

/** An application that may ask for tokens. */
export interface Client extends Entity {
  readonly consumer: Foreign
  readonly client_id: string
  readonly client_secret: string
  readonly hash_secret: boolean
  readonly redirect_uris: readonly string[] | null
  readonly client_type: 'confidential' | 'public'
}

export const oauth2Credentials: EntityKind = {
  name: 'oauth2_credentials',
  urlName: 'oauth2',
  nestedName: 'oauth2',
  endpointKey: 'client_id',
  cacheKey: ['client_id'],
  credential: { nameField: 'client_id', secretField: 'client_secret' },
  fields: {
    ...CREDENTIAL_HEAD,
    name: string({ required: true }),
    client_id: string({ required: false, unique: true, auto: true }),
    client_secret: string({ required: false, auto: true, encrypted: true }),
    hash_secret: boolean({ required: true, default: false }),
    redirect_uris: array(string({ custom_validator: redirectFault }), { required: false }),
    tags: TAGS,
    client_type: string({
      required: true,
      default: 'confidential',
      one_of: ['confidential', 'public'],
    }),
    ...previousSecretFields('client_secret'),
  },
  transformations: [
    {
      input: ['hash_secret'],
      needs: ['client_secret'],
      onWrite: ({ hash_secret: isHashed, client_secret: secret }) =>
        isHashed === true ? { client_secret: hashSecret(secret as string) } : {},
    },
  ],
}

function redirectFault(uri: string): string | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/[^/?#]+/.exec(uri)
  if (match === null) return `cannot parse '${uri}'`
  return uri.includes('#') ? `fragment not allowed in '${uri}'` : undefined
}

const HEAD = {
  id: CREDENTIAL_HEAD.id,
  created_at: CREDENTIAL_HEAD.created_at,
}

export const oauth2Tokens: EntityKind = {
  name: 'oauth2_tokens',
  endpointKey: 'access_token',
  cacheKey: ['access_token'],
  hasTtl: true,
  isIssued: true,
  fields: {
    ...HEAD,
    service: foreign('services', { on_delete: 'cascade' }),
    credential: foreign('oauth2_credentials', { required: true, on_delete: 'cascade' }),
    token_type: string({ required: true, one_of: ['bearer'], default: 'bearer' }),
    expires_in: integer({ required: true }),
    access_token: string({ required: false, unique: true, auto: true }),
    refresh_token: string({ required: false, unique: true }),
    authenticated_userid: string({ required: false }),
    scope: string({ required: false }),
  },
}

export const oauth2AuthorizationCodes: EntityKind = {
  name: 'oauth2_authorization_codes',
  isInternal: true,
  hasTtl: true,
  isIssued: true,
  fields: {
    ...HEAD,
    service: foreign('services', { on_delete: 'cascade' }),
    credential: foreign('oauth2_credentials', { required: true, on_delete: 'cascade' }),
    code: string({ required: false, unique: true, auto: true }),
    authenticated_userid: string({ required: false }),
    scope: string({ required: false }),
    challenge: string({ required: false }),
    challenge_method: string({ required: false, one_of: ['S256'] }),
    plugin: foreign('plugins', { on_delete: 'cascade' }),
  },
}
