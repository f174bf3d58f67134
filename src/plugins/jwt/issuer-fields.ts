import { isJsonObject } from '../../base/json.ts'
import { consumerClaimFields } from '../../plugin-kit/consumer-claim-fields.ts'
import { readKeySet } from '../../plugin-kit/jwks/key-set.ts'
import { headerNameFault } from '../../plugin-kit/field-types.ts'
import { possessionFields } from '../../plugin-kit/possession/possession-fields.ts'
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
import { introspectionField } from './introspection-fields.ts'
import { urlFault } from './url-fault.ts'

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
      'The keys themselves: a JSON Web Key Set as an object, or as text. Nothing is fetched then. Without any key in it (`{"keys": []}`) the issuer has no JWTs, and is asked about its tokens.',
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
  ...consumerClaimFields,
  forward_claims: forwardedClaims(),
  introspection: introspectionField,
  ...possessionFields,
  dpop_nonce_secret: string({
    description:
      'What the texts of `dpop_use_nonce` are made of. Nodes among which the requests of a client go to and fro need the same; without it each node has its own.',
    encrypted: true,
    referenceable: true,
    len_min: 16,
  }),
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
      'Whether keys may be fetched, and the issuer asked, without TLS. Whoever is on the way can then forge tokens.',
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
      field_sources: [
        'issuer',
        'jwks_uri',
        'jwks',
        'key_set',
        'algorithms',
        'introspection',
        'allow_http',
      ],
      fn: (entity) => issuerFault(entity),
    },
  },
]

export const issuersField = array(
  record(issuerFields, { required: true, entity_checks: issuerChecks }),
  {
    description:
      'Issuers whose tokens are verified with the keys that they publish. A token of such an issuer needs no credential, and none is looked for.',
    custom_validator: issuersFault,
    own: true,
  },
)

/** A token that is no JWT says nothing of its issuer, and is no business of another one. */
function issuersFault(issuers: readonly Partial<IssuerConfig>[]): string | undefined {
  const asked = issuers.filter(({ introspection }) => introspection?.tokens?.includes('opaque'))
  return asked.length < 2
    ? undefined
    : `only one issuer can be asked about tokens that are no JWT, here ${asked.map(({ issuer }) => issuer).join(' and ')} would be: set introspection.tokens to jwt for the others`
}

type Fault = Readonly<Record<string, string>> | undefined

/** What no single field can say. */
function issuerFault(issuer: Partial<IssuerConfig>): Fault {
  const { jwks, key_set: keySet, algorithms = [] } = issuer
  const hasKeys = (jwks ?? keySet ?? undefined) !== undefined
  const secret = algorithms.find((name) => name.startsWith('HS'))
  if (secret !== undefined && !hasKeys)
    return { algorithms: `${secret} needs a secret key, which only jwks and key_set can hold` }
  if (isEmptyKeySet(keySetOf(jwks)) && (issuer.introspection ?? undefined) === undefined)
    return { jwks: 'has no keys, and nobody is asked about tokens (introspection)' }
  return (hasKeys ? undefined : addressFault(issuer)) ?? introspectionFault(issuer)
}

/** What is wrong with where the issuer is asked about tokens. */
function introspectionFault({
  introspection,
  issuer = '',
  allow_http,
}: Partial<IssuerConfig>): Fault {
  if ((introspection ?? undefined) === undefined) return undefined
  const endpoint = introspection?.endpoint ?? undefined
  if (endpoint === undefined)
    return urlFault(issuer) === undefined
      ? undefined
      : {
          introspection: 'endpoint is missing, and the issuer is no URL that could say where it is',
        }
  return allow_http !== true && endpoint.startsWith('http:')
    ? { introspection: 'endpoint must be https, unless allow_http is on' }
    : undefined
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

/** The value of the field, which clients with forms send as text. @throws {SyntaxError} */
export function keySetOf(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value
}

/** Of an issuer that makes no JWTs. */
export function isEmptyKeySet(keySet: unknown): boolean {
  const keys = isJsonObject(keySet) ? keySet['keys'] : undefined
  return Array.isArray(keys) && keys.length === 0
}

function keySetFault(value: unknown): string | undefined {
  try {
    const keySet = keySetOf(value)
    if (!isJsonObject(keySet)) return 'must be a JSON Web Key Set'
    if (!isEmptyKeySet(keySet)) readKeySet(keySet, true)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
