import {
  array,
  boolean,
  number,
  string,
  type EntityCheck,
  type RecordOf,
} from '../../schema/field.ts'

export const schema = {
  scopes: array(string(), { description: 'The scopes that clients may ask for.' }),
  mandatory_scope: boolean({
    description: 'Whether clients must ask for at least one scope.',
    required: true,
    default: false,
  }),
  provision_key: string({
    description: 'The key by which the login application proves that it may ask for tokens.',
    required: true,
    auto: true,
    unique: true,
    encrypted: true,
  }),
  token_expiration: number({
    description: 'How long, in seconds, an access token lasts. 0: for ever.',
    required: true,
    default: 7200,
  }),
  enable_authorization_code: boolean({
    description: 'Whether clients may exchange a code for a token.',
    required: true,
    default: false,
  }),
  enable_implicit_grant: boolean({
    description: 'Whether clients may be given a token without a code.',
    required: true,
    default: false,
  }),
  enable_client_credentials: boolean({
    description: 'Whether clients may ask for tokens of their own.',
    required: true,
    default: false,
  }),
  enable_password_grant: boolean({
    description: 'Whether clients that know the user may ask for tokens of his.',
    required: true,
    default: false,
  }),
  hide_credentials: boolean({
    description: 'Whether the token is kept from the upstream.',
    required: true,
    default: false,
  }),
  accept_http_if_already_terminated: boolean({
    description: 'Whether a trusted proxy in front that speaks HTTPS is enough.',
    required: true,
    default: false,
  }),
  anonymous: string({
    description: 'Id or username of the consumer that stands in for whoever is not authenticated.',
  }),
  global_credentials: boolean({
    description: 'Whether tokens of one service are taken by all that have this set.',
    required: true,
    default: false,
  }),
  auth_header_name: string({
    description: 'The header that carries the token.',
    default: 'authorization',
  }),
  refresh_token_ttl: number({
    description: 'How long, in seconds, a refresh token lasts. 0: for ever.',
    required: true,
    default: 1_209_600,
    between: [0, 100_000_000],
  }),
  reuse_refresh_token: boolean({
    description: 'Whether a refresh token stays the same when it is used.',
    required: true,
    default: false,
  }),
  pkce: string({
    description:
      'Which clients must prove that they are the one that asked for a code: `strict` all, `lax` public ones.',
    required: false,
    default: 'lax',
    one_of: ['none', 'lax', 'strict'],
  }),
  realm: string({ description: 'The realm that challenges name.', required: false }),
}

export type Config = RecordOf<typeof schema>

const FLOWS = [
  'enable_authorization_code',
  'enable_implicit_grant',
  'enable_client_credentials',
  'enable_password_grant',
] as const

export function configFault(config: Config): string | undefined {
  return FLOWS.some((flow) => config[flow])
    ? undefined
    : `at least one of these fields must be true: ${FLOWS.join(', ')}`
}

export const checks: readonly EntityCheck[] = [
  {
    conditional: {
      if_field: 'config.mandatory_scope',
      if_match: { eq: true },
      then_field: 'config.scopes',
      then_match: { required: true },
    },
  },
]
