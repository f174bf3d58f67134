import type { Entity, EntityKind } from '../entities/entity.ts'
import { json, NO_CONTENT, NOT_FOUND, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { presentEntity } from './present-entity.ts'
import type { Resource } from './resource.ts'

/**
 * What a node holds under a cache key. All rows are in memory here, so each row is found under its
 * key at once and until it is gone. What can be purged are consumers and credentials that come from
 * elsewhere: by the key of a credential, by a name of a consumer, or all of them.
 */
export function cacheResources(context: AdminContext): readonly Resource[] {
  return [
    { path: '/cache', methods: { DELETE: () => forget(context) } },
    {
      path: '/cache/{key}',
      methods: {
        GET: ({ params }) => cached(context, params['key']!),
        DELETE: ({ params }) => forget(context, params['key']),
      },
    },
  ]
}

async function forget(context: AdminContext, key?: string): Promise<AdminAnswer> {
  const [, kind = '', value = ''] = key === undefined ? [] : (CACHE_KEY.exec(key) ?? [])
  await context.forgetConsumers(key === undefined ? undefined : { kind, value })
  return NO_CONTENT
}

/** The value of a credential may hold colons itself; of what is behind it, parts may be left out. */
const CACHE_KEY = /^([a-z_]+):(.*?)(?::{5}[^:]*)?$/s

/** Keys are `<entity>:<part>:<part>:<part>:<part>:<part>:<workspace>`. */
const PARTS = 5

function cached(context: AdminContext, key: string) {
  const [name = '', ...parts] = key.split(':')
  const kind = context.catalog.kind(name)
  if (kind === undefined || parts.length !== PARTS + 1) return NOT_FOUND
  const row = rowOf(context, kind, parts)
  return row === undefined ? NOT_FOUND : json(200, presentEntity(context, name, row))
}

function rowOf(
  { store }: AdminContext,
  kind: EntityKind,
  parts: readonly string[],
): Entity | undefined {
  const fields = kind.cacheKey ?? ['id']
  if (fields.length === 1 && fields[0] === 'id') return store.get(kind.name, parts[0]!)
  if (fields.length === 1) return store.getBy(kind.name, fields[0]!, parts[0]!)
  return (store.all()[kind.name] ?? []).find((row) =>
    fields.every((field, at) => partOf(row[field]) === parts[at]),
  )
}

function partOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return (value as { readonly id: string }).id
  return typeof value === 'string' ? value : ''
}
