import { headerName, headerNameFault } from '../../plugin-kit/field-types.ts'
import { array, string } from '../../schema/field.ts'
import type { Ask } from './found.ts'
import type { Config } from './schema.ts'

/** What a client has sent that the provider gets as well. */
export interface PassedOn {
  readonly headers: Readonly<Record<string, string>>
  readonly arguments: Readonly<Record<string, string>>
}

/** Headers that are the gateway's own, or of one connection. RFC 9110 §7.6.1 */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'host',
  'proxy-authorization',
  'transfer-encoding',
])

/** Arguments by which a grant or a question says what it is, and who asks. */
const OWN_ARGUMENTS: ReadonlySet<string> = new Set([
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
  'code',
  'code_verifier',
  'grant_type',
  'password',
  'redirect_uri',
  'refresh_token',
  'token',
  'token_type_hint',
  'username',
])

const headersOf = (what: string) =>
  array(headerName({ custom_validator: headerFault }), {
    description: `Headers of the request that go along with requests ${what}.`,
  })

const argumentsOf = (description: string) =>
  array(string({ custom_validator: argumentFault }), { description })

/** What of a request goes along to which endpoint. */
export const passedOnFields = {
  token_headers_client: headersOf('for tokens that a client gets by its credentials'),
  token_post_args_client: argumentsOf(
    'Arguments, fields of the body or headers of the request that go along with requests for tokens that a client gets by its credentials. `scope` stands in place of `scopes`.',
  ),
  introspection_headers_client: headersOf('that look a token up'),
  introspection_post_args_client: argumentsOf(
    'Arguments or fields of the body of the request that go along with requests that look a token up.',
  ),
  introspection_post_args_client_headers: argumentsOf(
    'Headers of the request that go along with them as arguments of the same name.',
  ),
  userinfo_headers_client: headersOf('for claims about the user'),
  userinfo_query_args_client: argumentsOf(
    'Arguments of the request that the URL where claims about the user are gets as well.',
  ),
} as const

function headerFault(name: string): string | undefined {
  return OWN_HEADERS.has(name.toLowerCase())
    ? `'${name}' is a header of the gateway itself`
    : headerNameFault(name)
}

function argumentFault(name: string): string | undefined {
  return OWN_ARGUMENTS.has(name) ? `'${name}' is an argument of the gateway itself` : undefined
}

type Place = 'query' | 'body' | 'header'

/** Where each endpoint's arguments are looked for. */
const SOURCES = {
  token: {
    headers: 'token_headers_client',
    arguments: [['token_post_args_client', ['query', 'body', 'header']]],
  },
  introspection: {
    headers: 'introspection_headers_client',
    arguments: [
      ['introspection_post_args_client', ['query', 'body']],
      ['introspection_post_args_client_headers', ['header']],
    ],
  },
  userinfo: {
    headers: 'userinfo_headers_client',
    arguments: [['userinfo_query_args_client', ['query']]],
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly headers: keyof typeof passedOnFields
      readonly arguments: readonly (readonly [keyof typeof passedOnFields, readonly Place[]])[]
    }
  >
>

const NOTHING: PassedOn = { headers: {}, arguments: {} }

/** @returns what of a request goes along to an endpoint; the same object where nothing is configured */
export async function passedOn(
  config: Config,
  at: keyof typeof SOURCES,
  ask: Pick<Ask, 'exchange' | 'credentials'>,
): Promise<PassedOn> {
  const { headers: headersField, arguments: lists } = SOURCES[at]
  const headerNames = config[headersField] ?? []
  const wanted = lists.flatMap(([field, places]) =>
    (config[field] ?? []).map((name) => ({ name, places })),
  )
  if (headerNames.length === 0 && wanted.length === 0) return NOTHING

  const headers: Record<string, string> = {}
  for (const name of headerNames) {
    const value = ask.exchange.request.header(name.toLowerCase())
    if (value !== undefined) headers[name.toLowerCase()] = value
  }
  const args: Record<string, string> = {}
  for (const { name, places } of wanted) {
    const value = await firstOf(ask, name, places)
    if (value !== undefined) args[name] = value
  }
  return { headers, arguments: args }
}

async function firstOf(
  { exchange: { request }, credentials }: Pick<Ask, 'exchange' | 'credentials'>,
  name: string,
  places: readonly Place[],
): Promise<string | undefined> {
  const read = {
    query: () => request.queryValue(name),
    body: () => credentials.bodyField(name),
    header: () => request.header(name.toLowerCase()),
  }
  for (const place of places) {
    const value = await read[place]()
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}
