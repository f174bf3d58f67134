import type { PropertyName } from './properties.ts'
import type { Settings } from './settings.ts'

/** What `consumer_source` names. */
export type ConsumerSourcePlace =
  | { readonly kind: 'postgres' | 'http'; readonly url: URL }
  | { readonly kind: 'file'; readonly file: string }

/** Queries by the kind of entity they look up. */
const QUERIES = {
  jwt_secrets: 'consumer_source_query_jwt_secrets',
  keyauth_credentials: 'consumer_source_query_keyauth_credentials',
  basicauth_credentials: 'consumer_source_query_basicauth_credentials',
  hmacauth_credentials: 'consumer_source_query_hmacauth_credentials',
  consumers: 'consumer_source_query_consumers',
} as const satisfies Readonly<Record<string, PropertyName>>

/** Kinds of entities that can be looked up. */
export const SOURCED_KINDS: readonly string[] = Object.keys(QUERIES)

/** @returns nothing where no source is configured */
export function consumerSourcePlace({
  consumer_source: place,
}: Pick<Settings, 'consumer_source'>): ConsumerSourcePlace | undefined {
  if (!place) return undefined
  if (!/^[a-z]+:\/\//.test(place)) return { kind: 'file', file: place }
  const url = URL.parse(place)
  if (url === null) return undefined
  if (/^postgres(?:ql)?:$/.test(url.protocol)) return { kind: 'postgres', url }
  return /^https?:$/.test(url.protocol) ? { kind: 'http', url } : undefined
}

export function consumerSourceQueries(settings: Settings): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(QUERIES).flatMap(([kind, property]) => {
      const query = settings[property]
      return query ? [[kind, query] as const] : []
    }),
  )
}

interface Problem {
  readonly property: PropertyName
  readonly message: string
}

/** What is wrong with the source of consumers as it is configured. It is no part of the messages. */
export function consumerSourceProblems(
  settings: Settings,
  fileExists: (path: string) => boolean,
): readonly Problem[] {
  const queries = consumerSourceQueries(settings)
  if (!settings.consumer_source)
    return strayProblems(settings, queries, 'consumer_source is not set')
  const place = consumerSourcePlace(settings)
  switch (place?.kind) {
    case undefined:
      return [
        problem(
          'consumer_source',
          'must be a file, or a URL that begins with postgres://, https:// or http://',
        ),
      ]
    case 'postgres':
      return [
        ...(queries.size === 0
          ? [
              problem(
                'consumer_source',
                'is PostgreSQL and needs a query; set one of: ' + allQueries(),
              ),
            ]
          : []),
        ...queryProblems(queries),
        ...tokenProblems(settings),
      ]
    case 'http':
      return strayProblems(
        { ...settings, consumer_source_token: '' },
        queries,
        'consumer_source is a server',
      )
    case 'file':
      return [
        ...(fileExists(place.file)
          ? []
          : [problem('consumer_source', `no such file at '${place.file}'`)]),
        ...strayProblems(settings, queries, 'consumer_source is a file'),
      ]
  }
}

function queryProblems(queries: ReadonlyMap<string, string>): readonly Problem[] {
  return [...queries]
    .filter(([, query]) => !/\$1\b/.test(query))
    .map(([kind]) => problem(nameOf(kind), 'must have $1 where the value to look up belongs'))
}

function tokenProblems({ consumer_source_token: token }: Settings): readonly Problem[] {
  return token ? [problem('consumer_source_token', 'is for a server at https:// only')] : []
}

/** Properties that would do nothing. */
function strayProblems(
  settings: Settings,
  queries: ReadonlyMap<string, string>,
  why: string,
): readonly Problem[] {
  return [
    ...[...queries.keys()].map((kind) => problem(nameOf(kind), `has no use: ${why}`)),
    ...tokenProblems(settings),
  ]
}

function nameOf(kind: string): PropertyName {
  return QUERIES[kind as keyof typeof QUERIES]
}

function allQueries(): string {
  return Object.values(QUERIES).join(', ')
}

function problem(property: PropertyName, what: string): Problem {
  return { property, message: `${property}: ${what}` }
}
