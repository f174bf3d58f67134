/** What clients are told of the issuer. @see RFC 8414 §2, OpenID Connect Discovery §3 */
export function metadataOf(name: string): object {
  return {
    issuer: name,
    jwks_uri: `${name}/jwks`,
    authorization_endpoint: `${name}/authorize`,
    token_endpoint: `${name}/token`,
    userinfo_endpoint: `${name}/userinfo`,
    end_session_endpoint: `${name}/logout`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: ['openid', 'profile', 'offline_access'],
    claims_supported: ['sub', 'preferred_username', 'auth_time'],
  }
}
