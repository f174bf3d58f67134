import { timeout, url } from '../../plugin-kit/field-types.ts'
import {
  CLIENT_ALGORITHMS,
  CLIENT_AUTH_METHODS,
  TLS_AUTH_METHODS,
} from '../../plugin-kit/oauth/client-auth.ts'
import { noProxyFault } from '../../plugin-kit/no-proxy.ts'
import { pairFields } from './pair-fields.ts'
import { passedOnFields } from './passed-on.ts'
import { array, boolean, integer, json, number, set, string } from '../../schema/field.ts'

const endpoint = (what: string) =>
  url({ description: `${what}. Without it the metadata of the provider say where.` })

const AUTH_METHODS = [...CLIENT_AUTH_METHODS, ...TLS_AUTH_METHODS]

const authMethod = (at: string) =>
  string({
    description: `How the client proves itself at the ${at} endpoint, where that differs from \`client_auth\`.`,
    one_of: AUTH_METHODS,
  })

/** A switch of Kong's for a check that is always made here. */
const always = (what: string) =>
  boolean({
    description: `Whether ${what}. It always is; \`false\` is refused.`,
    required: true,
    default: true,
    eq: true,
  })

const proxy = (description: string) =>
  url({ description: `${description} It is spoken to without TLS.`, custom_validator: proxyFault })

const proxyAuthorization = (name: string) =>
  string({
    description: `The value of \`Proxy-Authorization\` for \`${name}\`, such as \`Basic …\`. Without it user and password of its URL count.`,
    referenceable: true,
    encrypted: true,
    custom_validator: (text: string) =>
      /^[\x20-\x7e]+$/.test(text) ? undefined : 'must have printable letters alone',
  })

/** The provider: what it is, where it is, how it is called, how tokens of it are checked. */
export const providerFields = {
  issuer: string({
    description:
      'The provider: its issuer identifier, or the URL of its metadata (`…/.well-known/openid-configuration`).',
    required: true,
    custom_validator: issuerFault,
  }),
  using_pseudo_issuer: boolean({
    description:
      'Whether nothing is fetched from the issuer; endpoints and keys are then what the configuration says.',
    default: false,
  }),
  issuers_allowed: array(string(), {
    description: 'Further values that tokens may have as `iss`.',
  }),
  extra_jwks_uris: set(url(), {
    description: 'Key sets whose keys count beside those of the provider.',
  }),
  rediscovery_lifetime: number({
    description:
      'The least time in seconds between two fetches of metadata and keys, when a token comes whose key is not known.',
    default: 30,
    between: [0, 86_400],
  }),
  authorization_endpoint: endpoint('Where users log in'),
  token_endpoint: endpoint('Where tokens are given out'),
  introspection_endpoint: endpoint('Where tokens are looked up'),
  userinfo_endpoint: endpoint('Where claims about the user are'),
  revocation_endpoint: endpoint('Where tokens are revoked'),
  end_session_endpoint: endpoint('Where users log out'),
  pushed_authorization_request_endpoint: endpoint(
    'Where the provider is told beforehand what a login is about',
  ),
  mtls_token_endpoint: endpoint(
    'Where tokens are given out to clients that prove themselves by a certificate',
  ),
  mtls_introspection_endpoint: endpoint(
    'Where tokens are looked up by clients that prove themselves by a certificate',
  ),
  mtls_revocation_endpoint: endpoint(
    'Where tokens are revoked by clients that prove themselves by a certificate',
  ),
  timeout: timeout({
    description: 'How long, in milliseconds, the provider may take.',
    required: true,
    default: 10_000,
  }),
  keepalive: boolean({
    description: 'Whether connections to the provider are kept for the next call.',
    required: true,
    default: true,
  }),
  ssl_verify: boolean({
    description:
      'Whether the certificate of the provider must be trusted and for its name. Without it whoever is on the way can forge tokens.',
    required: true,
    default: true,
  }),
  http_proxy: proxy('A proxy for calls over HTTP.'),
  http_proxy_authorization: proxyAuthorization('http_proxy'),
  https_proxy: proxy('A proxy for calls over HTTPS, which go through a tunnel.'),
  https_proxy_authorization: proxyAuthorization('https_proxy'),
  no_proxy: string({
    description:
      'Hosts, with their subdomains, addresses and ranges to which calls go past the proxies, separated by commas. `*`: all.',
    custom_validator: noProxyFault,
  }),
  verify_parameters: boolean({
    description:
      'Whether the configuration is compared with what the metadata of the provider say that it supports. Where it differs requests are answered 500, and the error log says what would be right.',
    required: true,
    default: false,
  }),
  verify_signature: always('signatures are verified'),
  verify_claims: always('`iss`, `exp`, `nbf` and `iat` are verified'),
  verify_nonce: always('the nonce of a login is verified'),
  enable_hs_signatures: boolean({
    description:
      'Whether HS256, HS384 and HS512 are taken, with the client secret as the key, beside signatures by key pairs.',
    required: true,
    default: false,
  }),
  leeway: number({
    description: 'Seconds that clocks may differ.',
    required: true,
    default: 0,
    between: [0, 3600],
  }),
} as const

/** The client that the gateway is for the provider. Positions of the lists belong together. */
export const clientFields = {
  client_id: array(string({ referenceable: true, len_min: 1 }), {
    description: 'What the provider knows the gateway as. Several clients can share an instance.',
    encrypted: true,
  }),
  client_secret: array(string({ referenceable: true }), {
    description: 'The secret of each client.',
    encrypted: true,
  }),
  client_auth: array(string({ one_of: AUTH_METHODS }), {
    description:
      'How each client proves itself. Without it by `client_secret_basic` where there is a secret, else by `none`.',
  }),
  client_alg: array(string({ one_of: CLIENT_ALGORITHMS }), {
    description:
      'With what each client signs: HS256, HS384 or HS512 for `client_secret_jwt`, any of the others for `private_key_jwt`.',
  }),
  client_jwk: array(json(), {
    description:
      'The private key of each client as a JWK, for `private_key_jwt` and signed requests. Without it a key of the gateway is taken, of the key set `openid-connect` (`/openid-connect/jwks`).',
    encrypted: true,
  }),
  tls_client_auth_cert_id: string({
    description:
      'Id of the certificate (`/certificates`) by which clients prove themselves, for `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705).',
    uuid: true,
  }),
  tls_client_auth_ssl_verify: boolean({
    description:
      'Whether the certificate of the provider must be trusted where clients prove themselves by theirs.',
    required: true,
    default: true,
  }),
  client_arg: string({
    description: 'The query argument that says which client is meant, where there are several.',
    default: 'client_id',
  }),
  token_endpoint_auth_method: authMethod('token'),
  introspection_endpoint_auth_method: authMethod('introspection'),
  revocation_endpoint_auth_method: authMethod('revocation'),
  pushed_authorization_request_endpoint_auth_method: authMethod('pushed authorization request'),
  require_proof_key_for_code_exchange: boolean({
    description:
      'Whether logins have a proof key (PKCE, RFC 7636). They always do, also where it is `false`: providers that do not know it ignore it.',
  }),
  require_pushed_authorization_requests: boolean({
    description:
      'Whether the provider is told beforehand what a login is about (RFC 9126), so that nothing of it stands in the URL that the browser gets. Without it, if the provider demands it.',
  }),
  require_signed_request_object: boolean({
    description:
      'Whether the client signs what a login is about (RFC 9101), by its `client_jwk` or a key of the gateway. Without it, if the provider demands it.',
  }),
  redirect_uri: array(url(), {
    description:
      'Where the provider sends users back to, for each client. Without it to the URL that was asked for.',
  }),
  login_redirect_uri: array(url(), {
    description: 'Where users go after a login, with `login_action: redirect`.',
  }),
  logout_redirect_uri: array(url(), {
    description: 'Where users go after they have logged out.',
  }),
  unauthorized_redirect_uri: array(url(), {
    description: 'Where clients are sent instead of an answer 401.',
  }),
  forbidden_redirect_uri: array(url(), {
    description: 'Where clients are sent instead of an answer 403.',
  }),
  unexpected_redirect_uri: array(url(), {
    description: 'Where clients are sent instead of an answer 500.',
  }),
  audience: array(string(), { description: 'What logins ask for as `audience`.' }),
  scopes: array(string({ referenceable: true }), {
    description: 'What logins and grants ask for as `scope`.',
    required: true,
    default: ['openid'],
  }),
  response_type: array(string({ one_of: ['code'] }), {
    description: 'What logins ask for: a code.',
    required: true,
    default: ['code'],
  }),
  response_mode: string({
    description:
      'How the code comes back: in the `query`, or in a form that the browser is made to send (`form_post`). What was asked for follows a form by a redirect, and `authorization_cookie_same_site` is then `None`, over HTTPS alone, unless it is `Default`: browsers send no other cookie with a form of another site.',
    required: true,
    one_of: ['query', 'form_post'],
    default: 'query',
  }),
  max_age: integer({
    description: 'How long ago, in seconds, users may have proven to the provider who they are.',
    gt: -1,
  }),
  ...pairFields,
  ...passedOnFields,
  authorization_query_args_client: array(string(), {
    description:
      'Arguments of the request that the URL where users log in gets as well, such as `login_hint`. None can change what makes a login safe.',
  }),
} as const

function proxyFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL, such as http://proxy.example.com:3128'
  return new URL(text).protocol === 'http:'
    ? undefined
    : 'must be an http URL: proxies are spoken to without TLS'
}

function issuerFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'missing scheme in url'
  const { protocol } = new URL(text)
  return protocol === 'https:' || protocol === 'http:' ? undefined : 'must be an http or https URL'
}
