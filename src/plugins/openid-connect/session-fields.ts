import { SESSION_FACTS } from '../../plugin-kit/session-times.ts'
import { boolean, number, set, string, type Field } from '../../schema/field.ts'
import { AUTH_METHODS } from './request-fields.ts'
import { sessionRedisFields } from './session-redis-fields.ts'

const SAME_SITE = ['Strict', 'Lax', 'None', 'Default'] as const

const seconds = (description: string, value: number) =>
  number({ description, required: true, default: value, between: [0, 31_536_000] })

/** Of the other ones no token is known that a session could rest on as long as it lasts. */
const LOGIN_METHODS = ['authorization_code', 'password', 'refresh_token'] as const

const LOGIN_TOKENS = [
  'id_token',
  'access_token',
  'refresh_token',
  'tokens',
  'introspection',
] as const

/** Attributes of a cookie that a browser is given. */
const cookieFields = <const Prefix extends string>(prefix: Prefix, name: string) =>
  ({
    [`${prefix}_cookie_name`]: string({
      description: 'The name of the cookie.',
      required: true,
      default: name,
      custom_validator: cookieNameFault,
    }),
    [`${prefix}_cookie_path`]: string({
      description: 'The `Path` of the cookie.',
      required: true,
      default: '/',
      starts_with: '/',
    }),
    [`${prefix}_cookie_domain`]: string({ description: 'The `Domain` of the cookie.' }),
    [`${prefix}_cookie_same_site`]: string({
      description: 'The `SameSite` of the cookie; `Default` says nothing.',
      required: true,
      one_of: SAME_SITE,
      default: 'Lax',
    }),
    [`${prefix}_cookie_http_only`]: boolean({
      description: 'Whether scripts cannot read the cookie.',
      required: true,
      default: true,
    }),
    [`${prefix}_cookie_secure`]: boolean({
      description:
        'Whether the cookie is sent over HTTPS alone. Without it, when the request that began it came over HTTPS.',
    }),
  }) as CookieFields<Prefix>

type CookieFields<Prefix extends string> = Readonly<
  Record<`${Prefix}_cookie_${'name' | 'path'}`, Field<string>> &
    Record<`${Prefix}_cookie_domain`, Field<string | undefined>> &
    Record<`${Prefix}_cookie_same_site`, Field<(typeof SAME_SITE)[number]>> &
    Record<`${Prefix}_cookie_http_only`, Field<boolean>> &
    Record<`${Prefix}_cookie_secure`, Field<boolean | undefined>>
>

/** Logins, the sessions that they begin, and the ends of these. */
export const sessionFields = {
  ...cookieFields('authorization', 'authorization'),
  authorization_rolling_timeout: seconds(
    'How long, in seconds, a login may take. 0: until the browser is closed.',
    600,
  ),
  login_methods: set(string({ one_of: LOGIN_METHODS }), {
    description:
      'The methods that log in: after them a session begins, unless `disable_session` has them, and `login_action` counts.',
    required: true,
    default: ['authorization_code'],
  }),
  login_action: string({
    description:
      'What follows a login: the request goes to the `upstream`, a `response` has the tokens, or a `redirect` leads to `login_redirect_uri`, without that to what was asked for.',
    required: true,
    one_of: ['upstream', 'response', 'redirect'],
    default: 'upstream',
  }),
  login_tokens: set(string({ one_of: LOGIN_TOKENS }), {
    description:
      'The tokens that such a response has, or such a `login_redirect_uri` gets. `tokens` are all; `introspection` is what the provider says of the access token.',
    default: ['id_token'],
  }),
  login_redirect_mode: string({
    description: 'Where in the `login_redirect_uri` they are.',
    one_of: ['fragment', 'query'],
    required: true,
    default: 'fragment',
  }),
  preserve_query_args: boolean({
    description: 'Whether query arguments of before the login are there again after it.',
    required: true,
    default: false,
  }),
  refresh_tokens: boolean({
    description: 'Whether access tokens of a session that end are renewed.',
    required: true,
    default: true,
  }),
  reverify: boolean({
    description:
      'Whether the ID token of a session is verified with each request, as with the login. When its end has come, or its key is withdrawn, the tokens are renewed, or else the session ends.',
    required: true,
    default: false,
  }),
  disable_session: set(string({ one_of: [...AUTH_METHODS, 'kong_oauth2'] }), {
    description: 'The methods among `login_methods` that begin no session.',
  }),
  session_secret: string({
    description:
      'What the key is made from that cookies are encrypted with. Without it, from the first client secret.',
    encrypted: true,
    referenceable: true,
    len_min: 1,
  }),
  session_audience: string({
    description: 'What sessions are for; those of another audience do not count.',
    required: true,
    default: 'default',
  }),
  ...cookieFields('session', 'session'),
  session_idling_timeout: seconds(
    'After how many seconds without a request a session ends. 0: it does not.',
    900,
  ),
  session_rolling_timeout: seconds(
    'For how many seconds a session lasts until it is renewed. 0: for ever.',
    3600,
  ),
  session_absolute_timeout: seconds(
    'For how many seconds a session lasts, renewed or not. 0: for ever.',
    86_400,
  ),
  session_remember: boolean({
    description:
      'Whether a session outlives the browser. It is then in a cookie that lasts, has the timeouts below in place of those above, and may rest as long as it lasts.',
    required: true,
    default: false,
  }),
  session_remember_cookie_name: string({
    description: 'The name of that cookie, which stands in place of `session_cookie_name`.',
    required: true,
    default: 'remember',
    custom_validator: cookieNameFault,
  }),
  session_remember_rolling_timeout: seconds(
    'For how many seconds such a session lasts until it is renewed. 0: for ever.',
    604_800,
  ),
  session_remember_absolute_timeout: seconds(
    'For how many seconds such a session lasts, renewed or not. 0: for ever.',
    2_592_000,
  ),
  session_storage: string({
    description:
      'Where sessions are: encrypted in cookies of the browser, or encrypted in a `redis`, where the cookie has an id alone.',
    required: true,
    one_of: ['cookie', 'redis'],
    default: 'cookie',
  }),
  ...sessionRedisFields,
  session_request_headers: set(string({ one_of: SESSION_FACTS }), {
    description:
      'What the upstream is told about the session, as headers such as `Session-Id`. What clients send under these names never gets through.',
  }),
  session_response_headers: set(string({ one_of: SESSION_FACTS }), {
    description: 'What clients are told about their session, as headers such as `Session-Id`.',
  }),
  unauthorized_destroy_session: boolean({
    description: 'Whether an answer 401 ends the session.',
    required: true,
    default: true,
  }),
  forbidden_destroy_session: boolean({
    description: 'Whether an answer 403 ends the session.',
    required: true,
    default: true,
  }),
  logout_methods: set(string({ one_of: ['GET', 'POST', 'DELETE'] }), {
    description: 'The methods of requests that may log out.',
    required: true,
    default: ['POST', 'DELETE'],
  }),
  logout_query_arg: string({ description: 'The query argument that logs out.' }),
  logout_post_arg: string({ description: 'The field of the body that logs out.' }),
  logout_uri_suffix: string({ description: 'The end of the path that logs out.' }),
  logout_revoke: boolean({
    description: 'Whether the provider is told to revoke the tokens of whoever logs out.',
    required: true,
    default: false,
  }),
  logout_revoke_access_token: boolean({
    description: 'Whether the access token is among them.',
    required: true,
    default: true,
  }),
  logout_revoke_refresh_token: boolean({
    description: 'Whether the refresh token is among them.',
    required: true,
    default: true,
  }),
} as const

/** @see RFC 6265 §4.1.1 */
function cookieNameFault(name: string): string | undefined {
  return /^[\w!#$%&'*+\-.^`|~]+$/.test(name) ? undefined : `bad cookie name '${name}'`
}
