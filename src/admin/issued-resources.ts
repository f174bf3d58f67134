import type { Entity, EntityKind } from '../entities/entity.ts'
import { accepted, json, message, NO_CONTENT, refused, UNEXPECTED } from './admin-answer.ts'
import type { AdminAnswer, Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { bodyFields } from './entity-input.ts'
import { changedRow, completeRow } from './entity-writes.ts'
import { faultAnswer } from './error-answers.ts'
import type { Operation } from '../store/store.ts'
import type { AdminRequest, Resource } from './resource.ts'

export type OnIssuedRow = (kind: EntityKind, row: Entity) => void

/**
 * Rows that plugins make while requests run, for those plugins alone: no network leads here. What they
 * ask for by is a secret, so it comes in the body.
 */
export function issuedResources(
  context: AdminContext,
  onIssuedRow: OnIssuedRow,
): readonly Resource[] {
  const refresh = sharedRefresh(context)
  return [
    {
      path: '/issued/{kind}',
      methods: { POST: (request) => add(context, request) },
    },
    {
      path: '/issued/{kind}/find',
      methods: {
        POST: async (request) => {
          const found = await find(context, refresh, request)
          if (!found.ok) return found.answer
          const { kind, row } = found.value
          onIssuedRow(kind, row)
          return json(200, row)
        },
      },
    },
    {
      path: '/issued/{kind}/rows/{id}',
      methods: {
        PATCH: (request) => change(context, request),
        DELETE: (request) => remove(context, request),
      },
    },
  ]
}

function kindOf({ catalog }: AdminContext, { params }: AdminRequest): Outcome<EntityKind> {
  const kind = catalog.kind(params['kind']!)
  return kind?.isIssued === true ? accepted(kind) : refused(message(404, 'no such kind'))
}

/** What another node has written a moment ago may not be known here yet. */
async function find(
  context: AdminContext,
  refresh: () => Promise<void>,
  request: AdminRequest,
): Promise<Outcome<{ readonly kind: EntityKind; readonly row: Entity }>> {
  const kind = kindOf(context, request)
  if (!kind.ok) return kind
  const { field, value } = bodyFields(request.input)
  const look = () => context.store.getBy(kind.value.name, String(field), String(value))
  let row = look()
  if (row === undefined) {
    await refresh()
    row = look()
  }
  return row === undefined
    ? refused(message(404, 'not found'))
    : accepted({ kind: kind.value, row })
}

async function add(context: AdminContext, request: AdminRequest): Promise<AdminAnswer> {
  const kind = kindOf(context, request)
  if (!kind.ok) return kind.answer
  const row = completeRow({ context, kind: kind.value }, bodyFields(request.input))
  if (!row.ok) return row.answer
  const { name } = kind.value
  const fault = await write(context, { op: 'insert', kind: name, entity: row.value })
  return fault ?? json(201, context.store.get(name, row.value.id) ?? row.value)
}

async function change(context: AdminContext, request: AdminRequest): Promise<AdminAnswer> {
  const kind = kindOf(context, request)
  if (!kind.ok) return kind.answer
  const { name } = kind.value
  const existing = context.store.get(name, request.params['id']!)
  if (existing === undefined) return message(404, 'not found')
  const row = changedRow({ context, kind: kind.value }, existing, bodyFields(request.input))
  if (!row.ok) return row.answer
  return (await write(context, { op: 'update', kind: name, entity: row.value })) ?? NO_CONTENT
}

async function remove(context: AdminContext, request: AdminRequest): Promise<AdminAnswer> {
  const kind = kindOf(context, request)
  if (!kind.ok) return kind.answer
  const id = request.params['id']!
  const { name } = kind.value
  const result = await context.store.write([{ op: 'delete', kind: name, id }], BY_PLUGIN)
  if (!result.ok) return faultOf(context, result)
  // Other rows, whose time is over, may have gone with it.
  const isGone = result.changes.some((change) => change.kind === name && change.id === id)
  return isGone ? NO_CONTENT : message(404, 'not found')
}

const BY_PLUGIN = { by: 'plugin' } as const

/** Workers are not handed these rows, so nobody waits for them. */
async function write(
  context: AdminContext,
  operation: Operation,
): Promise<AdminAnswer | undefined> {
  const result = await context.store.write([operation], BY_PLUGIN)
  return result.ok ? undefined : faultOf(context, result)
}

type Refused = Extract<Awaited<ReturnType<AdminContext['store']['write']>>, { ok: false }>

function faultOf({ log }: AdminContext, { fault }: Refused): AdminAnswer {
  if (fault.fault === 'not-found') return message(404, 'not found')
  if (fault.fault !== 'unavailable') return faultAnswer(fault)
  log.error(`Cannot write to the store: ${fault.detail}`)
  return UNEXPECTED
}

/** However many ask at a time, the store looks once for all who came before it began. */
function sharedRefresh({ store }: AdminContext): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const start = (): Promise<void> => {
    next = undefined
    running = store.refresh().finally(() => (running = undefined))
    return running
  }
  return () => {
    if (running === undefined) return start()
    next ??= running.catch(() => undefined).then(start)
    return next
  }
}
