import { createHash } from 'node:crypto'
import { publicKeySet } from '../../entities/public-keys.ts'
import type { AdminAnswer, AdminRequest, AdminRoute } from '../../plugin-kit/plugin.ts'
import { ownKeyRows, rotateOwnKeys } from './own-keys.ts'
import { knownProviders, type KnownProvider } from './provider.ts'

const DONE: AdminAnswer = { status: 204 }
const NOT_FOUND: AdminAnswer = { status: 404, body: { message: 'Not found' } }

/** What is known of providers, which each worker finds out for itself, and the keys of the gateway. */
export const adminRoutes: readonly AdminRoute[] = [
  {
    method: 'GET',
    path: '/openid-connect/issuers',
    handle: ({ node }) => ({ status: 200, body: rowsOf(knownProviders(node)) }),
    combine: (answers) => ({ status: 200, body: { data: merged(answers), next: null } }),
  },
  {
    method: 'DELETE',
    path: '/openid-connect/issuers',
    handle: ({ node }) => forget(knownProviders(node)),
    combine: () => DONE,
  },
  {
    method: 'GET',
    path: '/openid-connect/issuers/:issuers',
    handle: (request) => ({ status: 200, body: rowsOf(wanted(request)) }),
    combine(answers) {
      const [first] = merged(answers)
      return first === undefined ? NOT_FOUND : { status: 200, body: first }
    },
  },
  {
    method: 'DELETE',
    path: '/openid-connect/issuers/:issuers',
    handle: (request) => forget(wanted(request)),
    combine: () => DONE,
  },
  {
    method: 'GET',
    path: '/openid-connect/jwks',
    handle: ({ entities }) => ({
      status: 200,
      // RFC 7517 §8.5.2
      headers: { 'content-type': 'application/jwk-set+json' },
      body: JSON.stringify(publicKeySet(ownKeyRows(entities))),
    }),
  },
  { method: 'DELETE', path: '/openid-connect/jwks', handle: rotate },
]

/** A provider as the Admin API shows it, under the names that Kong has for this. */
interface IssuerRow {
  readonly id: string
  readonly issuer: string
  readonly configuration: object
  readonly keys: readonly object[]
  /** Unix seconds at which a worker asked last. */
  readonly created_at: number
}

function rowsOf(providers: readonly KnownProvider[]): readonly IssuerRow[] {
  return providers.flatMap(({ key, provider }) => {
    const { known } = provider
    if (known === undefined) return []
    const { metadata, keys } = known.facts
    return [
      {
        id: idOf(key),
        issuer: metadata.issuer,
        configuration: metadata,
        keys: keys.keys,
        created_at: Math.floor(known.fetchedAtMs / 1000),
      },
    ]
  })
}

/** The same for each worker: what is configured of the provider makes it. */
function idOf(key: string): string {
  const hex = createHash('sha256').update(key).digest('hex')
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) % 4]!
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    // A version for ids that are made as one likes. RFC 9562 §5.8
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

function wanted({ parameters, node }: AdminRequest): readonly KnownProvider[] {
  const { issuers: name } = parameters
  return knownProviders(node).filter(
    ({ key, provider }) => idOf(key) === name || provider.known?.facts.metadata.issuer === name,
  )
}

/** One row for each provider: of the worker that asked last. */
function merged(answers: readonly AdminAnswer[]): readonly IssuerRow[] {
  const rows = answers.flatMap(({ body }) => body as readonly IssuerRow[])
  const newest = new Map<string, IssuerRow>()
  for (const row of rows.toSorted((one, other) => one.created_at - other.created_at))
    newest.set(row.id, row)
  return [...newest.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

function forget(providers: readonly KnownProvider[]): AdminAnswer {
  for (const { provider } of providers) provider.forget()
  return DONE
}

async function rotate({ node, entities }: AdminRequest): Promise<AdminAnswer> {
  return (await rotateOwnKeys(node, entities)) ?? DONE
}
