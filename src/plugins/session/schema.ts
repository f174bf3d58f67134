import { randomBytes } from 'node:crypto'
import { SESSION_FACTS } from '../../plugin-kit/session-times.ts'
import { boolean, number, set, string, type RecordOf, type Shorthand } from '../../schema/field.ts'

/** Made anew at each start, so sessions end with the process unless a secret is configured. */
const RANDOM_SECRET = randomBytes(32).toString('base64')

const seconds = (description: string, value: number) => number({ description, default: value })

export const schema = {
  secret: string({
    description: 'What the key is made from that cookies are encrypted with.',
    required: false,
    default: RANDOM_SECRET,
    encrypted: true,
    referenceable: true,
  }),
  storage: string({
    description:
      'Where sessions are: in the `cookie` itself, or in the database (`kong`), which is the memory of the node where there is none.',
    required: false,
    one_of: ['cookie', 'kong'],
    default: 'cookie',
  }),
  audience: string({ description: 'What sessions are for.', default: 'default' }),
  idling_timeout: seconds(
    'After how many seconds without a request a session ends. 0: it does not.',
    900,
  ),
  rolling_timeout: seconds(
    'For how many seconds a session lasts until it is renewed. 0: for ever.',
    3600,
  ),
  absolute_timeout: seconds(
    'For how many seconds a session lasts, renewed or not. 0: for ever.',
    86_400,
  ),
  stale_ttl: seconds('For how many seconds a session that was replaced is still taken.', 10),
  cookie_name: string({ description: 'The name of the cookie.', default: 'session' }),
  cookie_path: string({ description: 'The `Path` of the cookie.', default: '/' }),
  cookie_domain: string({ description: 'The `Domain` of the cookie.' }),
  cookie_same_site: string({
    description: 'The `SameSite` of the cookie; `Default` says nothing.',
    one_of: ['Strict', 'Lax', 'None', 'Default'],
    default: 'Strict',
  }),
  cookie_http_only: boolean({
    description: 'Whether scripts cannot read the cookie.',
    default: true,
  }),
  cookie_secure: boolean({
    description: 'Whether the cookie is sent over HTTPS alone.',
    default: true,
  }),
  remember: boolean({
    description: 'Whether a second cookie outlives the browser and begins a new session.',
    default: false,
  }),
  remember_cookie_name: string({ description: 'The name of that cookie.', default: 'remember' }),
  remember_rolling_timeout: seconds(
    'For how many seconds that cookie lasts until it is renewed.',
    604_800,
  ),
  remember_absolute_timeout: seconds(
    'For how many seconds that cookie lasts, renewed or not.',
    2_592_000,
  ),
  response_headers: set(string({ one_of: SESSION_FACTS }), {
    description: 'What clients are told about their session, as headers such as `Session-Id`.',
  }),
  request_headers: set(string({ one_of: SESSION_FACTS }), {
    description: 'What the upstream is told about the session, as headers such as `Session-Id`.',
  }),
  read_body_for_logout: boolean({
    description: 'Whether a field of the body may end a session.',
    default: false,
  }),
  logout_methods: set(string({ one_of: ['GET', 'POST', 'DELETE'] }), {
    description: 'The methods of requests that may end a session.',
    default: ['POST', 'DELETE'],
  }),
  logout_query_arg: string({
    description: 'The query argument that ends a session.',
    default: 'session_logout',
  }),
  logout_post_arg: string({
    description: 'The field of the body that ends a session.',
    default: 'session_logout',
  }),
  hash_subject: boolean({
    description: 'Whether the name of the consumer is kept as a hash.',
    default: false,
  }),
  store_metadata: boolean({
    description:
      'Whether the database says whose sessions they are, in `session_metadatas`; for `storage: kong`.',
    default: false,
  }),
}

export type Config = RecordOf<typeof schema>

/** The names of old. */
export const shorthands: Readonly<Record<string, Shorthand>> = {
  cookie_lifetime: {
    field: { type: 'number' },
    expand: (value: number) => ({ rolling_timeout: value }),
  },
  cookie_idletime: {
    field: { type: 'number' },
    expand: (value: number | null) => ({ idling_timeout: value ?? 0 }),
  },
  cookie_samesite: {
    field: { type: 'string' },
    expand: (value: string) => ({ cookie_same_site: value === 'off' ? 'Lax' : value }),
  },
  cookie_httponly: {
    field: { type: 'boolean' },
    expand: (value: boolean) => ({ cookie_http_only: value }),
  },
  cookie_discard: {
    field: { type: 'number' },
    expand: (value: number) => ({ stale_ttl: value }),
  },
  cookie_renew: { field: { type: 'number' }, expand: () => ({}) },
  cookie_persistent: {
    field: { type: 'boolean' },
    expand: (value: boolean) => ({ remember: value }),
  },
}
