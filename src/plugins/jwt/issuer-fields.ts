import { isJsonObject } from '../../base/json.ts'
import { readKeySet } from '../../plugin-kit/jwks/key-set.ts'
import { headerNameFault } from '../../plugin-kit/field-types.ts'
import { ALGORITHM_NAMES } from '../../plugin-kit/jose/algorithms.ts'
import {
  array,
  boolean,
  integer,
  json,
  map,
  record,
  set,
  string,
  type EntityCheck,
  type RecordOf,
} from '../../schema/field.ts'

/** Names that say how a message is framed or where it goes: no claim may be sent as such. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Algorithms whose keys need not be kept secret by those who verify. */
const ASYMMETRIC = ALGORITHM_NAMES.filter((name) => !name.startsWith('HS'))

const CLAIM_PATH =
  'A name with dots that no claim has is the way to a member: `realm_access.roles`.'

/** Claims as headers. */
export function forwardedClaims(own?: true) {
  return map(
    string({ len_min: 1 }),
    string({
      custom_validator: (name: string) =>
        RESERVED_HEADERS.has(name.toLowerCase())
          ? `a claim cannot be sent as header '${name}'`
          : headerNameFault(name),
    }),
    {
      description: `Claims that the upstream gets as headers, by the name of the claim. ${CLAIM_PATH} What a client sends under these header names never gets through.`,
      ...(own && { own }),
    },
  )
}

export function requiredClaims(own?: true) {
  return set(string({ len_min: 1 }), {
    description: `Claims that a token must have. ${CLAIM_PATH}`,
    ...(own && { own }),
  })
}

export function acceptedAudiences(own?: true) {
  return set(string({ len_min: 1 }), {
    description: 'A token must be meant for one of these: its claim `aud` must name it.',
    ...(own && { own }),
  })
}

const issuerFields = {
  issuer: string({
    description:
      'What tokens of this issuer have as `iss`, to the letter. Without `jwks_uri`, `jwks` and `key_set` it is the URL that says where the keys are (OpenID Connect Discovery, RFC 8414).',
    required: true,
    len_min: 1,
  }),
  jwks_uri: string({
    description: 'Where the issuer publishes its keys (a JSON Web Key Set).',
    custom_validator: urlFault,
  }),
  jwks: json({
    description:
      'The keys themselves: a JSON Web Key Set as an object, or as text. Nothing is fetched then.',
    custom_validator: keySetFault,
  }),
  key_set: string({
    description:
      'Name or id of a key set of this gateway (`/key-sets`) that has the keys. Nothing is fetched then.',
    len_min: 1,
  }),
  audiences: acceptedAudiences(),
  algorithms: set(string({ one_of: ALGORITHM_NAMES }), {
    description:
      'Algorithms that tokens may be signed with. HS256, HS384 and HS512 need secret keys in `jwks` or `key_set`.',
    required: true,
    default: ASYMMETRIC,
    len_min: 1,
  }),
  required_claims: requiredClaims(),
  typ: set(string({ len_min: 1 }), {
    description:
      'Types that tokens may have in their header, such as `at+jwt` (RFC 9068). Without it any will do.',
  }),
  consumer_claim: string({
    description: `The claim that names the consumer. Without it tokens are accepted without one. ${CLAIM_PATH}`,
    len_min: 1,
  }),
  consumer_by: array(string({ one_of: ['id', 'username', 'custom_id'] }), {
    description: 'What the claim is compared with; the first consumer found is taken.',
    required: true,
    default: ['custom_id', 'username'],
    len_min: 1,
  }),
  consumer_optional: boolean({
    description: 'Whether a token is accepted without a consumer when its claim names none.',
    required: true,
    default: false,
  }),
  forward_claims: forwardedClaims(),
  jwks_ttl: integer({
    description:
      'Seconds that keys are good for where the server does not say (`Cache-Control`). They are fetched anew before.',
    required: true,
    default: 300,
    between: [30, 86_400],
  }),
  jwks_stale_ttl: integer({
    description:
      'Seconds that the last good keys are used beyond that, while the issuer cannot be reached.',
    required: true,
    default: 86_400,
    between: [0, 31_536_000],
  }),
  jwks_timeout: integer({
    description: 'Milliseconds that a request to the issuer may take.',
    required: true,
    default: 5000,
    between: [1, 60_000],
  }),
  allow_http: boolean({
    description:
      'Whether keys may be fetched without TLS. Whoever is on the way can then forge tokens.',
    required: true,
    default: false,
  }),
  allow_private_addresses: boolean({
    description:
      'Whether the issuer may be on this machine or in a private network. Its name could otherwise lead the gateway to what only it can reach.',
    required: true,
    default: false,
  }),
}

export type IssuerConfig = RecordOf<typeof issuerFields>

const issuerChecks: readonly EntityCheck[] = [
  { mutually_exclusive: ['jwks_uri', 'jwks', 'key_set'] },
  {
    custom_entity_check: {
      field_sources: ['issuer', 'jwks_uri', 'jwks', 'key_set', 'algorithms', 'allow_http'],
      fn: (entity) => issuerFault(entity),
    },
  },
]

export const issuersField = array(
  record(issuerFields, { required: true, entity_checks: issuerChecks }),
  {
    description:
      'Issuers whose tokens are verified with the keys that they publish. A token of such an issuer needs no credential, and none is looked for.',
    own: true,
  },
)

type Fault = Readonly<Record<string, string>> | undefined

/** What no single field can say. */
function issuerFault(issuer: Partial<IssuerConfig>): Fault {
  const { jwks, key_set: keySet, algorithms = [] } = issuer
  const hasKeys = (jwks ?? keySet ?? undefined) !== undefined
  const secret = algorithms.find((name) => name.startsWith('HS'))
  if (secret !== undefined && !hasKeys)
    return { algorithms: `${secret} needs a secret key, which only jwks and key_set can hold` }
  return hasKeys ? undefined : addressFault(issuer)
}

/** What is wrong with the address that keys are fetched from. */
function addressFault({ issuer = '', jwks_uri: uri, allow_http }: Partial<IssuerConfig>): Fault {
  const [field, url] = uri ? (['jwks_uri', uri] as const) : (['issuer', issuer] as const)
  const fault = urlFault(url)
  if (fault !== undefined && field === 'issuer')
    return { issuer: `${fault}; give its keys as jwks_uri, jwks or key_set` }
  if (allow_http !== true && url.startsWith('http:'))
    return { [field]: 'must be https, unless allow_http is on' }
  return undefined
}

function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL'
  const { protocol, username, password } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return 'must be a URL of scheme https or http'
  return username === '' && password === '' ? undefined : 'must not hold a name or a password'
}

/** The value of the field, which clients with forms send as text. @throws {SyntaxError} */
export function keySetOf(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value
}

function keySetFault(value: unknown): string | undefined {
  try {
    const keySet = keySetOf(value)
    if (!isJsonObject(keySet)) return 'must be a JSON Web Key Set'
    readKeySet(keySet, true)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
