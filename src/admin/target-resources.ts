import type { Entity } from '../entities/entity.ts'
import {
  accepted,
  json,
  message,
  NO_CONTENT,
  NOT_FOUND,
  refused,
  type AdminAnswer,
  type Outcome,
} from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { invalidOffset } from './error-answers.ts'
import { pageSize } from './list-page.ts'
import { locateRow, locateWithin } from './locate-entity.ts'
import { presentEntity } from './present-entity.ts'
import type { AdminRequest, Resource } from './resource.ts'

const UPSTREAM = '/upstreams/{upstreams}'
const TARGET = `${UPSTREAM}/targets/{targets}`

/**
 * Resources about the targets of an upstream that are not as those of other kinds: they are listed
 * newest first, `PUT` never makes one, and their health can be set.
 *
 * @param generated resources of the same paths, whose other methods are kept
 */
export function targetResources(
  context: AdminContext,
  generated: readonly Resource[],
): readonly Resource[] {
  const of = (path: string): Resource => generated.find((resource) => resource.path === path)!
  const [all, one] = [of(`${UPSTREAM}/targets`), of(TARGET)]
  const list = (request: AdminRequest): AdminAnswer => listTargets(context, request)
  return [
    { ...all, methods: { ...all.methods, GET: list } },
    // In order of id and with an offset of that, which then leads to the other list: as Kong has it.
    { ...all, path: `${UPSTREAM}/targets/all`, methods: { GET: all.methods.GET! } },
    { ...one, methods: { ...one.methods, PUT: one.methods.PATCH! } },
    ...(['healthy', 'unhealthy'] as const).flatMap((health): readonly Resource[] => {
      const set = (request: AdminRequest) => setHealth(context, request, health === 'healthy')
      return [
        { path: `${TARGET}/${health}`, methods: { PUT: set } },
        { path: `${TARGET}/{address}/${health}`, methods: { PUT: set } },
      ]
    }),
  ]
}

/** The targets of an upstream, newest first. */
function newestTargets({ store }: AdminContext, upstreamId: string): readonly Entity[] {
  const referring = { field: 'upstream', id: upstreamId }
  const { rows } = store.page('targets', { size: Number.MAX_SAFE_INTEGER, referring })
  return rows.toSorted((a, b) => Number(b['created_at']) - Number(a['created_at']))
}

function listTargets(context: AdminContext, { params, query }: AdminRequest): AdminAnswer {
  const upstream = locateRow(context, context.catalog.kind('upstreams')!, params['upstreams']!)
  if (!upstream.ok) return upstream.answer
  const page = targetPage(context, upstream.value.id, query)
  if (!page.ok) return page.answer
  const { rows, offset } = page.value
  const data = rows.map((row) => presentEntity(context, 'targets', row))
  return json(200, { data, ...nextOf(`${upstreamPath(params)}/targets`, offset) })
}

/** Where a page of an upstream leads, if it is not the last. */
export function nextOf(path: string, offset: number | undefined): object {
  return offset === undefined
    ? { next: null }
    : { next: `${path}?offset=${offset}`, offset: String(offset) }
}

export function upstreamPath(params: AdminRequest['params']): string {
  return `/upstreams/${encodeURIComponent(params['upstreams']!)}`
}

export interface TargetPage {
  readonly rows: readonly Entity[]
  /** Of the next page. */
  readonly offset: number | undefined
}

/** A page of an upstream's targets, newest first; larger ones than there may be are cut. */
export function targetPage(
  context: AdminContext,
  upstreamId: string,
  query: AdminRequest['query'],
): Outcome<TargetPage> {
  const size = pageSize(query, { isCut: true })
  if (!size.ok) return size
  const given = query.get('offset') ?? '0'
  const from = Number(given)
  if (given === true || !Number.isInteger(from) || from < 0)
    return refused(invalidOffset(String(given), 'bad number'))
  const rows = newestTargets(context, upstreamId)
  const end = from + size.value
  return accepted({ rows: rows.slice(from, end), offset: end < rows.length ? end : undefined })
}

async function setHealth(
  context: AdminContext,
  { params }: AdminRequest,
  isHealthy: boolean,
): Promise<AdminAnswer> {
  const upstream = locateRow(context, context.catalog.kind('upstreams')!, params['upstreams']!)
  if (!upstream.ok) return upstream.answer
  const scope = { field: 'upstream', id: upstream.value.id }
  const target = locateWithin(context, context.catalog.kind('targets')!, params['targets']!, scope)
  if (!target.ok) return target.answer
  if (target.value.row === undefined) return NOT_FOUND
  const fault = await context.setTargetHealth({
    upstreamId: upstream.value.id,
    targetId: target.value.row.id,
    isHealthy,
    ...(params['address'] !== undefined && { address: params['address'] }),
  })
  return fault === undefined ? NO_CONTENT : message(400, fault)
}
