import { tagFault } from '../entities/fields.ts'
import { json, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { invalidOffset, invalidUnique } from './error-answers.ts'
import { pageSize } from './list-page.ts'
import type { AdminRequest, Resource } from './resource.ts'

/** A view over the tags of all rows. */
export function tagResources(context: AdminContext): readonly Resource[] {
  return [
    { path: '/tags', methods: { GET: (request) => listTags(context, request) } },
    {
      path: '/tags/{tags}',
      methods: {
        GET: (request) => {
          const tag = request.params['tags']!
          const fault = tagFault(tag)
          return fault === undefined ? listTags(context, request, tag) : invalidUnique('tag', fault)
        },
      },
    },
  ]
}

interface TagRow {
  readonly entity_name: string
  readonly entity_id: string
  readonly tag: string
}

function listTags(context: AdminContext, { query }: AdminRequest, only?: string): AdminAnswer {
  const size = pageSize(query)
  if (!size.ok) return size.answer
  const offset = query.get('offset')
  const from = offset === undefined ? 0 : positionIn(String(offset))
  if (from === undefined) return invalidOffset(String(offset), 'bad base64 encoding')
  const rows = tagRows(context, only)
  const end = from + size.value
  const data = rows.slice(from, end)
  if (end >= rows.length) return json(200, { data, next: null })
  const next = Buffer.from(JSON.stringify([end]))
    .toString('base64')
    .replace(/=+$/, '')
  const path = only === undefined ? '/tags' : `/tags/${encodeURIComponent(only)}`
  const carried = only === undefined && query.has('size') ? `&size=${size.value}` : ''
  const url = `${path}?offset=${encodeURIComponent(next)}${carried}`
  return json(200, { data, next: url, offset: next })
}

function positionIn(offset: string): number | undefined {
  const found = /^\[(\d{1,9})\]$/.exec(Buffer.from(offset, 'base64').toString('latin1'))
  return found === null ? undefined : Number(found[1])
}

function tagRows({ catalog, store }: AdminContext, only: string | undefined): readonly TagRow[] {
  const entities = store.all()
  return catalog
    .kinds()
    .flatMap(({ name }) =>
      (entities[name] ?? []).flatMap(({ id, tags }) =>
        ((tags as readonly string[] | null | undefined) ?? [])
          .filter((tag) => only === undefined || tag === only)
          .map((tag) => ({ entity_name: name, entity_id: id, tag })),
      ),
    )
}
