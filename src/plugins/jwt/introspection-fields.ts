import {
  CLIENT_ALGORITHMS,
  CLIENT_AUTH_METHODS,
  type ClientCredentials,
} from '../../plugin-kit/oauth/client-auth.ts'
import {
  integer,
  json,
  record,
  set,
  string,
  type EntityCheck,
  type RecordOf,
} from '../../schema/field.ts'
import { urlFault } from './url-fault.ts'

const introspectionFields = {
  endpoint: string({
    description: 'Where the issuer is asked. Without it the metadata of the issuer say where.',
    custom_validator: urlFault,
  }),
  tokens: set(string({ one_of: ['opaque', 'jwt'] }), {
    description:
      'Which tokens it is asked about: those that are no JWT, which do not say whose they are, so that one issuer alone can be asked; those that are one, after their signature was verified; or both.',
    required: true,
    default: ['opaque'],
    len_min: 1,
  }),
  client_id: string({
    description: 'What the issuer knows the gateway as.',
    required: true,
    referenceable: true,
    len_min: 1,
  }),
  client_secret: string({
    description: 'The secret that goes with it.',
    encrypted: true,
    referenceable: true,
    len_min: 1,
  }),
  client_auth: string({
    description:
      'How the gateway proves itself. Without it by `client_secret_basic` where there is a secret, else by `none`.',
    one_of: CLIENT_AUTH_METHODS,
  }),
  client_alg: string({
    description:
      'With what it signs: HS256, HS384 or HS512 for `client_secret_jwt`, any of the others for `private_key_jwt`.',
    one_of: CLIENT_ALGORITHMS,
  }),
  client_jwk: json({
    description: 'The private key as a JWK, for `private_key_jwt`.',
    encrypted: true,
  }),
  hint: string({
    description: 'What the issuer is told about the kind of token (`token_type_hint`).',
    required: true,
    default: 'access_token',
  }),
  ttl: integer({
    description:
      'Seconds that it is remembered what a token is, at most up to its end. For so long a token that its issuer has revoked is still taken; 0 has every request ask.',
    required: true,
    default: 30,
    between: [0, 86_400],
  }),
  ttl_neg: integer({
    description: 'Seconds that it is remembered that a token is not active.',
    required: true,
    default: 10,
    between: [0, 86_400],
  }),
  timeout: integer({
    description: 'Milliseconds that an answer may take.',
    required: true,
    default: 5000,
    between: [1, 60_000],
  }),
}

export type IntrospectionConfig = RecordOf<typeof introspectionFields>

const introspectionChecks: readonly EntityCheck[] = [
  {
    custom_entity_check: {
      field_sources: ['client_auth', 'client_secret', 'client_jwk'],
      run_with_missing_fields: true,
      fn: (entity) => clientFault(entity),
    },
  },
]

export const introspectionField = record(introspectionFields, {
  description:
    'Has the issuer asked what a token is (RFC 7662). A token that is not active is refused, and nothing is taken while the issuer has no answer (503).',
  entity_checks: introspectionChecks,
})

function clientFault({
  client_auth: auth,
  client_secret: secret,
  client_jwk: jwk,
}: Partial<IntrospectionConfig>): Readonly<Record<string, string>> | undefined {
  if (auth === 'private_key_jwt')
    return typeof jwk === 'object' && jwk !== null
      ? undefined
      : { client_jwk: 'is required for client_auth private_key_jwt' }
  const needsSecret = typeof auth === 'string' && auth !== 'none'
  return needsSecret && (secret ?? undefined) === undefined
    ? { client_secret: `is required for client_auth ${auth}` }
    : undefined
}

/** What the gateway is for the issuer. */
export function clientOf(config: IntrospectionConfig): ClientCredentials {
  const { client_id: id, client_secret: secret, client_auth: auth, client_alg, client_jwk } = config
  return {
    id,
    secret,
    auth: auth ?? (secret === undefined ? 'none' : 'client_secret_basic'),
    algorithm: client_alg,
    jwk: client_jwk as ClientCredentials['jwk'],
  }
}
