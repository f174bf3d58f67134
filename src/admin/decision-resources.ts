import { json, message, refused, accepted, type AdminAnswer, type Outcome } from './admin-answer.ts'
import type { AdminContext, DecisionRecords } from './admin-context.ts'
import type {
  DecisionRecord,
  ExplainedRecord,
  RecordFilter,
  RecordPosition,
} from './decision-record.ts'
import { pageSize } from './list-page.ts'
import type { AdminRequest, Resource } from './resource.ts'

/**
 * Why requests were answered as they were: `GET /explain` and `GET /explain/{request_id}`. Not Kong's.
 * Records are of this node alone.
 */
export function decisionResources({ decisions }: AdminContext): readonly Resource[] {
  return [
    {
      path: '/explain',
      isUnlisted: true,
      methods: { GET: (request) => list(decisions, request) },
    },
    {
      path: '/explain/{request_id}',
      isUnlisted: true,
      methods: { GET: ({ params }) => one(decisions, params['request_id']!) },
    },
  ]
}

async function list(
  decisions: DecisionRecords | undefined,
  { query }: AdminRequest,
): Promise<AdminAnswer> {
  if (!decisions?.isOn) return IS_OFF
  const filter = filterOf(query)
  if (!filter.ok) return filter.answer
  const { size, status } = filter.value
  // One more than the page tells whether there is a next one.
  const { records, passedOver } = await decisions.list({ ...filter.value, size: size + 1 })
  const page = records.slice(0, size)
  const last = page.at(-1)
  const hasMore = records.length > size && last !== undefined
  const offset = last && `${last.at_ms}.${last.id}`
  const carried = status === undefined ? '' : `&status=${statusText(status)}`
  return json(200, {
    data: page.map(presented),
    passed_over: passedOver,
    next: hasMore ? `/explain?offset=${offset}&size=${size}${carried}` : null,
    ...(hasMore && { offset }),
  })
}

async function one(decisions: DecisionRecords | undefined, id: string): Promise<AdminAnswer> {
  if (!decisions?.isOn) return IS_OFF
  if (!/^[0-9a-f]{4,32}$/.test(id))
    return message(400, 'a request id is 32 hex digits; its first 4 or more will do')
  const [record, ...others] = await decisions.find(id)
  if (record === undefined)
    return message(
      404,
      `nothing is known of request ${id}: this node has no record of it. Kept are the newest that the gateway answered itself, see decision_records`,
    )
  if (others.length === 0) return json(200, presented(record))
  const ids = [record, ...others].map((record) => record.id)
  return json(409, { message: `several requests begin with ${id}: ${ids.join(', ')}`, ids })
}

const IS_OFF = message(404, 'decisions are not recorded: decision_records is 0')

function presented(record: DecisionRecord | ExplainedRecord): object {
  const { at_ms: at, request, ...others } = record
  const { routed, ...shown } = request
  return {
    at: new Date(at).toISOString(),
    ...others,
    request: { ...shown, ...(routed.headers && { headers: routed.headers }) },
  }
}

function filterOf(query: AdminRequest['query']): Outcome<RecordFilter> {
  const size = pageSize(query)
  if (!size.ok) return size
  const status = statusOf(query.get('status'))
  if (status === 'wrong')
    return refused(message(400, 'status must be one such as 401, or a class such as 4xx'))
  const before = positionOf(query.get('offset'))
  if (before === 'wrong')
    return refused(message(400, 'offset must be one that a page before this one ended with'))
  return accepted({ size: size.value, status, before })
}

function statusOf(given: string | true | undefined): number | undefined | 'wrong' {
  if (given === undefined) return undefined
  if (given === true || !/^[1-5](?:\d\d|xx)$/.test(given)) return 'wrong'
  return given.endsWith('xx') ? Number(given[0]) : Number(given)
}

function statusText(status: number): string {
  return status < 10 ? `${status}xx` : String(status)
}

function positionOf(given: string | true | undefined): RecordPosition | undefined | 'wrong' {
  if (given === undefined) return undefined
  const [, at, id] = given === true ? [] : (/^(\d+)\.([0-9a-f]{32})$/.exec(given) ?? [])
  return at === undefined || id === undefined ? 'wrong' : { atMs: Number(at), id }
}
