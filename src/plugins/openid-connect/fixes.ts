/** What to do about a refusal, by its code. */
export const FIXES: Readonly<Record<string, string>> = {
  'credentials-missing':
    'send a token (Authorization: Bearer), or have authorization_code among auth_methods, and a client_id, so that browsers are sent to log in',
  'token-invalid': 'get a token from the issuer that is configured, and compare the clocks',
  'token-inactive': 'get a new token; this one has ended or was revoked',
  'token-refused': 'get a new token, one of the scope openid, from the issuer that is configured',
  'token-unreadable':
    'put introspection or userinfo among auth_methods, for tokens that are no JWT; introspection needs a client_id',
  'token-session-other':
    'send the cookie that jwt_session_cookie names, with the session that the token is of',
  'id-token-invalid':
    'send the ID token that the user got together with the access token, of a client that is configured',
  'token-unbound':
    'have the client ask for a bound token, or set proof_of_possession_… to optional',
  'dpop-missing': 'send the token as Authorization: DPoP, with a proof in the header DPoP',
  'dpop-invalid': 'make a new proof for each request: with its method, URL, time and token',
  'dpop-nonce-missing':
    'send the request again, with the text of the header DPoP-Nonce as nonce of the proof',
  'certificate-missing':
    'set nginx_proxy_ssl_verify_client = optional_no_ca, and let the client show its certificate',
  'certificate-other': 'let the client show the certificate with which it got the token',
  'grant-refused': 'see what the provider has against the credentials, or against the client',
  'login-unknown':
    'log in again; if it comes to this again, the cookie "authorization" does not come back: compare the hosts of both URLs',
  'login-refused': 'log in again; what the provider said stands beside',
  'session-unavailable':
    'see why the Redis of the field redis cannot be reached; requests that bring a session wait for it',
  'scope-insufficient': 'ask the provider for these scopes, or change scopes_required',
  'audience-insufficient':
    'ask for a token that is meant for this service, or change audience_required',
  'groups-insufficient': 'add the user to a group at the provider, or change groups_required',
  'roles-insufficient': 'give the user a role at the provider, or change roles_required',
  'domain-insufficient': 'log in as a user of one of the domains, or change the field domains',
  'claims-insufficient': 'get a token without that claim, or change claims_forbidden',
  'consumer-unknown': 'add a consumer with the value of the claim, or set consumer_optional: true',
}
