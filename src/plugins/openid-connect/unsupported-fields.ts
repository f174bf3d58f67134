import { json, type Field } from '../../schema/field.ts'

/**
 * Fields of Kong's plugin that have no effect here, and the values with which they have none there
 * either: a file that was written out by Kong names them all. Other values are accepted with a
 * warning, unless they would demand something that is not done here.
 */
const WITHOUT_EFFECT = {
  by_username_search: [],
  cache_token_exchange: [true],
  cache_tokens_salt: [],
  cache_user_info_ttl: [],
  client_credentials_param_name: [],
  downstream_introspection_jwt_header: [],
  downstream_user_info_jwt_header: [],
  forbidden_error_code: [],
  http_version: [1.1],
  ignore_signature: [[]],
  introspection_accept: ['application/json'],
  login_redirect_uri_args: [],
  resolve_distributed_claims: [false],
  session_cookie_maxsize: [],
  session_enforce_same_subject: [false],
  session_hash_storage_key: [false, true],
  session_hash_subject: [false],
  session_memcached_host: ['127.0.0.1'],
  session_memcached_port: [11_211],
  session_memcached_prefix: [],
  session_memcached_socket: [],
  session_store_metadata: [false],
  token_cache_key_include_scope: [false],
  token_exchange_endpoint: [],
  token_headers_grants: [],
  token_headers_prefix: [],
  token_headers_replay: [],
  unauthorized_error_code: [],
  upstream_introspection_jwt_header: [],
  upstream_user_info_jwt_header: [],
  userinfo_accept: ['application/json'],
} as const satisfies Readonly<Record<string, readonly unknown[]>>

/** Fields that demand what is not done here: only what demands nothing is accepted. */
const REFUSED = {
  proof_of_possession_auth_methods_validation: [true],
} as const satisfies Readonly<Record<string, readonly unknown[]>>

type Unsupported = keyof typeof WITHOUT_EFFECT | keyof typeof REFUSED

/** The fields, for the schema. */
export const unsupportedFields = Object.fromEntries([
  ...Object.keys(WITHOUT_EFFECT).map((name) => [
    name,
    json({ description: 'Accepted, as configurations of Kong have it. It has no effect.' }),
  ]),
  ...Object.entries(REFUSED).map(([name, harmless]) => [
    name,
    json({
      description: `Not supported. Accepted when it is \`${harmless.map(String).join('` or `')}\`.`,
      custom_validator: (value: unknown) =>
        demandsNothing(harmless, value) ? undefined : 'not supported',
    }),
  ]),
]) as Record<Unsupported, Field<unknown>>

/** @returns the fields that were set to something that has no effect */
export function fieldsWithoutEffect(config: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(WITHOUT_EFFECT).flatMap(([name, harmless]) =>
    demandsNothing(harmless, config[name]) ? [] : [name],
  )
}

function demandsNothing(harmless: readonly unknown[], value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    harmless.some((each) => JSON.stringify(each) === JSON.stringify(value))
  )
}
