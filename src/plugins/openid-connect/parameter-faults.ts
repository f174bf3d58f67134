import type { AuthorizationServer } from 'oauth4webapi'
import type { AuthMethod } from './request-fields.ts'
import type { Config } from './schema.ts'

/**
 * What a configuration has that the provider says it does not support. What its metadata say nothing
 * about is not judged.
 *
 * @returns sentences for the log, each with the field, its value and what would be right
 * @see OpenID Connect Discovery 1.0 §3, RFC 8414 §2
 */
export function parameterFaults(config: Config, metadata: AuthorizationServer): readonly string[] {
  return [
    ...endpointFaults(config, metadata),
    ...listsOf(config, metadata).flatMap(({ field, used, listed, known }) =>
      Array.isArray(known)
        ? used
            .filter((value) => !known.includes(value))
            .map(
              (value) =>
                `${field} has "${value}", and ${listed} of the provider ${known.length === 0 ? 'is empty' : `has ${known.join(', ')}`}`,
            )
        : [],
    ),
  ]
}

/** Where a method of authentication has the provider asked. */
const ENDPOINTS = {
  authorization_code: ['authorization_endpoint', 'token_endpoint'],
  introspection: ['introspection_endpoint'],
  userinfo: ['userinfo_endpoint'],
  refresh_token: ['token_endpoint'],
  password: ['token_endpoint'],
  client_credentials: ['token_endpoint'],
} as const satisfies Partial<Record<AuthMethod, readonly (keyof AuthorizationServer)[]>>

function endpointFaults(config: Config, metadata: AuthorizationServer): readonly string[] {
  return Object.entries(ENDPOINTS).flatMap(([method, endpoints]) =>
    config.auth_methods.includes(method as AuthMethod)
      ? endpoints
          .filter((name) => metadata[name] === undefined)
          .map(
            (name) =>
              `auth_methods has "${method}", and the provider has no ${name}; name one, or take the method away`,
          )
      : [],
  )
}

interface Listed {
  readonly field: string
  readonly used: readonly string[]
  /** The member of the metadata that says what there is. */
  readonly listed: string
  readonly known: unknown
}

/** Grants that methods of authentication make use of. RFC 8414 §2 */
const GRANTS: readonly AuthMethod[] = [
  'authorization_code',
  'refresh_token',
  'password',
  'client_credentials',
]

function listsOf(config: Config, metadata: AuthorizationServer): readonly Listed[] {
  const listed = (field: string, used: readonly string[], name: string): Listed => ({
    field,
    used,
    listed: name,
    known: metadata[name],
  })
  const logsIn = config.auth_methods.includes('authorization_code')
  return [
    listed(
      'auth_methods',
      GRANTS.filter((grant) => config.auth_methods.includes(grant)),
      'grant_types_supported',
    ),
    listed('scopes', config.scopes, 'scopes_supported'),
    listed('response_type', logsIn ? config.response_type : [], 'response_types_supported'),
    listed('response_mode', logsIn ? [config.response_mode] : [], 'response_modes_supported'),
    listed('client_auth', config.client_auth ?? [], 'token_endpoint_auth_methods_supported'),
    listed(
      'client_alg',
      config.client_alg ?? [],
      'token_endpoint_auth_signing_alg_values_supported',
    ),
    ...(['token', 'introspection', 'revocation'] as const).map((at) => {
      const method = config[`${at}_endpoint_auth_method`]
      const name = `${at}_endpoint_auth_methods_supported`
      return listed(`${at}_endpoint_auth_method`, method === undefined ? [] : [method], name)
    }),
  ]
}
