import type { JsonObject } from '../base/json.ts'
import type { Entity } from '../entities/entity.ts'
import { previousUse } from '../plugin-kit/previous-secret.ts'
import type { Operation } from '../store/store.ts'
import { accepted, json, message, NO_CONTENT, refused } from './admin-answer.ts'
import type { AdminAnswer, Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import {
  credentialKinds,
  findCredential,
  previousEnd,
  shownCredential,
  type Credential,
} from './credentials.ts'
import { bodyFields } from './entity-input.ts'
import { writeAll } from './entity-writes.ts'
import { operationUnsupported } from './error-answers.ts'
import { pageSize } from './list-page.ts'
import type { AdminRequest, Resource } from './resource.ts'
import { rotateCredential } from './rotate-credential.ts'
import { withoutPrevious } from './rotate-secret.ts'

/**
 * All credentials of all kinds, with their age and last use, and new ones in the place of old ones.
 * Not Kong's.
 */
export function credentialResources(context: AdminContext): readonly Resource[] {
  return [
    {
      path: '/credentials',
      isUnlisted: true,
      methods: { GET: (request) => list(context, request) },
    },
    {
      path: '/credentials/{credential}/rotate',
      isUnlisted: true,
      methods: { POST: (request) => rotateCredential(context, request) },
    },
    {
      path: '/credentials/{credential}/retire',
      isUnlisted: true,
      methods: { POST: (request) => retire(context, request) },
    },
  ]
}

async function list(context: AdminContext, { query }: AdminRequest): Promise<AdminAnswer> {
  const wanted = wantedOf(context, query)
  if (!wanted.ok) return wanted.answer
  const { size, consumer } = wanted.value
  // One more than the page tells whether there is a next one.
  const found = pageOf(context, { ...wanted.value, size: size + 1 })
  const page = found.slice(0, size)
  const last = page.at(-1)
  const hasMore = found.length > size && last !== undefined
  const offset = last && `${last.kind.name}.${last.row.id}`
  const of = consumer === undefined ? '' : `&consumer=${consumer.id}`
  return json(200, {
    data: await presented(context, page),
    uses_since: context.lastUses?.sinceSeconds ?? null,
    next: hasMore ? `/credentials?offset=${offset}&size=${size}${of}` : null,
    ...(hasMore && { offset }),
  })
}

interface Wanted {
  readonly size: number
  readonly consumer: Entity | undefined
  /** Kind and id of the row to go on behind. */
  readonly after: { readonly kind: string; readonly id: string } | undefined
}

function wantedOf(context: AdminContext, query: AdminRequest['query']): Outcome<Wanted> {
  const size = pageSize(query)
  if (!size.ok) return size
  const consumer = consumerOf(context, query.get('consumer'))
  if (!consumer.ok) return consumer
  const offset = query.get('offset')
  const [, kind, id] = /^(\w+)\.([\w-]+)$/.exec(String(offset ?? '')) ?? []
  const after = kind === undefined || id === undefined ? undefined : { kind, id }
  if (offset !== undefined && after === undefined)
    return refused(message(400, 'offset must be one that a page before this one ended with'))
  return accepted({ size: size.value, consumer: consumer.value, after })
}

/** Kind after kind, each in the order of its ids. */
function pageOf(context: AdminContext, { size, consumer, after }: Wanted): readonly Credential[] {
  const kinds = credentialKinds(context)
  const from = after === undefined ? 0 : kinds.findIndex(({ name }) => name === after.kind)
  const found: Credential[] = []
  for (const kind of kinds.slice(Math.max(from, 0))) {
    if (found.length === size) break
    const { rows } = context.store.page(kind.name, {
      size: size - found.length,
      ...(after?.kind === kind.name && { afterId: after.id }),
      ...(consumer && { referring: { field: 'consumer', id: consumer.id } }),
    })
    found.push(...rows.map((row) => ({ kind, row })))
  }
  return found
}

function consumerOf(
  { store }: AdminContext,
  name: string | true | undefined,
): Outcome<Entity | undefined> {
  if (name === undefined) return accepted(undefined)
  const row =
    name === true
      ? undefined
      : (store.get('consumers', name) ?? store.getBy('consumers', 'username', name))
  return row === undefined
    ? refused(message(404, `there is no consumer "${String(name)}"`))
    : accepted(row)
}

async function presented(context: AdminContext, credentials: readonly Credential[]) {
  const ids = credentials.flatMap(({ row }) =>
    previousEnd(row) === undefined ? [row.id] : [row.id, previousUse(row.id)],
  )
  const uses = await context.lastUses?.of(ids)
  return credentials.map((credential) => shownCredential(context, credential, uses))
}

/** It is gone for good: a credential, or of one that has a secret of before only that. */
async function retire(
  context: AdminContext,
  { params, input }: AdminRequest,
): Promise<AdminAnswer> {
  const found = findCredential(context, params['credential']!)
  if (!found.ok) return found.answer
  const { kind } = found.value
  const operation = retirement(found.value, bodyFields(input))
  if (!operation.ok) return operation.answer
  if (!context.store.isWritable)
    return operationUnsupported(`cannot remove '${kind.name}' entities`)
  const fault = await writeAll(context, [operation.value])
  return fault ?? NO_CONTENT
}

function retirement({ kind, row }: Credential, { which }: JsonObject): Outcome<Operation> {
  if (which !== undefined && which !== 'previous' && which !== 'all')
    return refused(message(400, 'which must be "previous" or "all"'))
  const hasPrevious = previousEnd(row) !== undefined
  if (which === undefined && hasPrevious)
    return refused(
      message(
        409,
        'this credential has a secret of before beside the present one: say which is to end, "previous" or "all"',
      ),
    )
  if (which !== 'previous') return accepted({ op: 'delete', kind: kind.name, id: row.id })
  if (!hasPrevious)
    return refused(message(404, 'this credential has no secret of before, or no longer'))
  return accepted({ op: 'update', kind: kind.name, entity: withoutPrevious(kind, row) })
}
