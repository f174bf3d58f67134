import { consumerClaimFields } from '../../plugin-kit/consumer-claim-fields.ts'
import { headerName } from '../../plugin-kit/field-types.ts'
import { possessionFields } from '../../plugin-kit/possession/possession-fields.ts'
import { array, boolean, number, set, string } from '../../schema/field.ts'

/** In the order in which they are tried. */
export const AUTH_METHODS = [
  'session',
  'bearer',
  'introspection',
  'userinfo',
  'refresh_token',
  'password',
  'client_credentials',
  'authorization_code',
] as const

export type AuthMethod = (typeof AUTH_METHODS)[number]

/** Where in a request credentials are looked for. */
const PLACES = ['header', 'query', 'body'] as const

const places = (what: string) =>
  array(string({ one_of: PLACES }), {
    description: `Where ${what} are looked for.`,
    required: true,
    default: PLACES,
  })

const claimPath = (what: string) =>
  array(string(), {
    description: `The claim with ${what}: its name, or the names on the way to it.`,
  })

const required = (what: string) =>
  array(string(), {
    description: `The ${what} of which a token must have one; of an entry with spaces it must have all words. Otherwise the answer is 403.`,
  })

const claimsIn = (what: string, name: string) =>
  array(string(), {
    description: `The claim with the ${what}: its name, or the names on the way to it.`,
    required: true,
    default: [name],
  })

const seconds = (description: string, value: number) =>
  number({ description, required: true, default: value, between: [0, 31_536_000] })

const tokenParamName = (at: string) =>
  string({
    description: `The name under which the ${at} endpoint gets a token, where it is not that of the RFC.`,
    required: true,
    default: 'token',
    len_min: 1,
  })

const optionalSeconds = (description: string) => number({ description, between: [0, 31_536_000] })

/** What a request must bring. */
export const requestFields = {
  auth_methods: set(string({ one_of: [...AUTH_METHODS, 'kong_oauth2'] }), {
    description:
      'How requests may prove who they are. `kong_oauth2` is accepted, and matches no request: use the plugin `oauth2`.',
    required: true,
    default: AUTH_METHODS,
    len_min: 1,
  }),
  bearer_token_param_type: array(string({ one_of: [...PLACES, 'cookie'] }), {
    description: 'Where access tokens are looked for.',
    required: true,
    default: PLACES,
  }),
  bearer_token_cookie_name: string({
    description: 'The cookie with the access token, where `cookie` is one of those places.',
  }),
  jwt_session_cookie: string({
    description:
      'The cookie that must come with a token, and be the same as the claim below; of a token that is no JWT, as the provider tells it. Without it none is looked for.',
    len_min: 1,
  }),
  jwt_session_claim: string({
    description: 'That claim.',
    required: true,
    default: 'sid',
    len_min: 1,
  }),
  refresh_token_param_type: places('refresh tokens'),
  refresh_token_param_name: string({
    description: 'The name of header, argument or field of the body with a refresh token.',
    default: 'refresh_token',
  }),
  id_token_param_type: places('ID tokens'),
  id_token_param_name: string({
    description:
      'The name of header, argument or field of the body with an ID token beside the credentials, which tells who the user is. Without it none is looked for.',
    len_min: 1,
  }),
  password_param_type: places('user name and password'),
  client_credentials_param_type: places('client id and secret'),
  introspect_jwt_tokens: boolean({
    description: 'Whether tokens that could be verified by their signature are looked up as well.',
    required: true,
    default: false,
  }),
  introspection_hint: string({
    description: 'What the provider is told about the kind of token that it is to look up.',
    default: 'access_token',
  }),
  introspection_token_param_name: tokenParamName('introspection'),
  revocation_token_param_name: tokenParamName('revocation'),
  introspection_check_active: boolean({
    description: 'Whether a token must be active. It always must; `false` is refused.',
    required: true,
    default: true,
    eq: true,
  }),
  search_user_info: boolean({
    description: 'Whether claims are looked for in the user info, too.',
    required: true,
    default: false,
  }),
  scopes_required: required('scopes'),
  scopes_claim: claimsIn('scopes', 'scope'),
  audience_required: required('audiences'),
  audience_claim: claimsIn('audiences', 'aud'),
  groups_required: required('groups'),
  groups_claim: claimsIn('groups', 'groups'),
  roles_required: required('roles'),
  roles_claim: claimsIn('roles', 'roles'),
  domains: array(string(), {
    description: 'The values of which the claim `hd` must have one. Otherwise the answer is 403.',
  }),
  claims_forbidden: array(string(), { description: 'Claims that a token must not have.' }),
  consumer_claim: claimPath('which the consumer is found'),
  ...consumerClaimFields,
  by_username_ignore_case: boolean({
    description: 'Whether user names are compared without case.',
    required: true,
    default: false,
  }),
  credential_claim: array(string(), {
    description:
      'The claim that stands for the credential: its name, or the names on the way to it.',
    required: true,
    default: ['sub'],
  }),
  authenticated_groups_claim: claimPath('the groups that the plugin `acl` goes by'),
  anonymous: string({
    description: 'Id or username of the consumer that stands in for whoever is not authenticated.',
  }),
  run_on_preflight: boolean({
    description: 'Whether `OPTIONS` requests must be authenticated.',
    required: true,
    default: true,
  }),
  ...possessionFields,
  cache_ttl: seconds(
    'How long, in seconds, metadata, keys and answers are remembered. Those that say when they end are so until then, for `cache_ttl_max` at most, without it for `cache_ttl`.',
    3600,
  ),
  cache_ttl_min: optionalSeconds(
    'The least that is taken for `cache_ttl`, in seconds. A token is not remembered beyond its end, though.',
  ),
  cache_ttl_max: optionalSeconds('The most that anything is remembered, in seconds.'),
  cache_ttl_neg: optionalSeconds(
    'How long, in seconds, it is remembered that a token is not active. Without it for `cache_ttl`.',
  ),
  cache_ttl_resurrect: optionalSeconds(
    'How long, in seconds, what has become old is used on in all while the provider cannot be asked; never beyond the end of a token. Keys and metadata are used on until it can, and asked for again after so long. Without it they are, and nothing else.',
  ),
  cache_introspection: boolean({
    description: 'Whether it is remembered what a token was found to be.',
    required: true,
    default: true,
  }),
  cache_tokens: boolean({
    description: 'Whether tokens are remembered that user names and secrets were changed for.',
    required: true,
    default: true,
  }),
  cache_user_info: boolean({
    description: 'Whether user info is remembered.',
    required: true,
    default: true,
  }),
} as const

const forwarded = (what: string, to: string) =>
  string({
    description: `The header in which the ${to} gets ${what}. \`authorization:bearer\` is the header of that name with the scheme.`,
    custom_validator: forwardedFault,
  })

const keyOf = (token: string): string =>
  `the public key that the ${token} is signed by, as base64 of a JWK`

/** What is told to whom. */
export const forwardFields = {
  upstream_access_token_header: string({
    description:
      'The header in which the upstream gets the access token. `authorization:bearer` is the header of that name with the scheme.',
    custom_validator: forwardedFault,
    default: 'authorization:bearer',
  }),
  upstream_access_token_jwk_header: forwarded(keyOf('access token'), 'upstream'),
  upstream_id_token_header: forwarded('the ID token', 'upstream'),
  upstream_id_token_jwk_header: forwarded(keyOf('ID token'), 'upstream'),
  upstream_refresh_token_header: forwarded('the refresh token', 'upstream'),
  upstream_introspection_header: forwarded('what the token was found to be', 'upstream'),
  upstream_user_info_header: forwarded('the user info', 'upstream'),
  upstream_session_id_header: forwarded('the id of the session', 'upstream'),
  upstream_headers_claims: array(string(), {
    description: 'Claims that the upstream gets as headers.',
  }),
  upstream_headers_names: array(headerName(), {
    description:
      'The names of those headers. What clients send under them, or under any header above, never gets through.',
  }),
  downstream_access_token_header: forwarded('the access token', 'client'),
  downstream_access_token_jwk_header: forwarded(keyOf('access token'), 'client'),
  downstream_id_token_header: forwarded('the ID token', 'client'),
  downstream_id_token_jwk_header: forwarded(keyOf('ID token'), 'client'),
  downstream_refresh_token_header: forwarded('the refresh token', 'client'),
  downstream_introspection_header: forwarded('what the token was found to be', 'client'),
  downstream_user_info_header: forwarded('the user info', 'client'),
  downstream_session_id_header: forwarded('the id of the session', 'client'),
  downstream_headers_claims: array(string(), {
    description: 'Claims that the client gets as headers.',
  }),
  downstream_headers_names: array(headerName(), { description: 'The names of those headers.' }),
  hide_credentials: boolean({
    description: 'Whether what the client has proven itself with is kept from the upstream.',
    required: true,
    default: false,
  }),
  unauthorized_error_message: string({
    description: 'What an answer 401 says.',
    required: true,
    default: 'Unauthorized',
  }),
  forbidden_error_message: string({
    description: 'What an answer 403 says.',
    required: true,
    default: 'Forbidden',
  }),
  display_errors: boolean({
    description: 'Whether such an answer says what was wrong, too.',
    required: true,
    default: false,
  }),
  expose_error_code: boolean({
    description: 'Whether the challenge of such an answer has a code (RFC 6750).',
    required: true,
    default: true,
  }),
} as const

function forwardedFault(text: string): string | undefined {
  return /^[A-Za-z0-9_-]+$/.test(text) || text.toLowerCase() === 'authorization:bearer'
    ? undefined
    : `bad header name '${text}'`
}
