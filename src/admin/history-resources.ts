import type { EntitySet } from '../entities/entity.ts'
import { changeTeller, type ShownChange } from '../entities/entity-changes.ts'
import { difference } from '../store/difference.ts'
import { pairEntities } from '../entities/pair-entities.ts'
import { entitiesOfVersion, oldestReachable, type HistoryRecord } from '../store/history.ts'
import type { Change } from '../store/store.ts'
import { json, message, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { bodyFields } from './entity-input.ts'
import { pageSize } from './list-page.ts'
import type { AdminRequest, Resource } from './resource.ts'

/** So many changes of a version are shown in the list; all of them where one is asked for. */
const SHOWN_IN_LIST = 20

/** What was accepted, newest first, and the way back. */
export function historyResources(context: AdminContext): readonly Resource[] {
  return [
    {
      path: '/config/history',
      isUnlisted: true,
      methods: { GET: (request) => list(context, request) },
    },
    {
      path: '/config/history/{version}',
      isUnlisted: true,
      methods: { GET: (request) => one(context, request) },
    },
    {
      path: '/config/rollback',
      isUnlisted: true,
      methods: { POST: (request) => rollBack(context, request) },
    },
  ]
}

async function list(context: AdminContext, { query }: AdminRequest): Promise<AdminAnswer> {
  const size = pageSize(query)
  if (!size.ok) return size.answer
  const before = Number(query.get('offset') ?? Infinity)
  if (Number.isNaN(before)) return message(400, 'offset must be the version to go on below')
  const all = await context.store.history()
  const records = all.filter(({ changeCount }) => changeCount > 0).toReversed()
  const page = records.filter(({ version }) => version < before).slice(0, size.value)
  const shown = shownRecords(context, all)
  const data = page.map((record) => shown(record, SHOWN_IN_LIST))
  const last = page.at(-1)?.version
  const hasMore = last !== undefined && records.at(-1)!.version < last
  return json(200, {
    data,
    next: hasMore ? `/config/history?offset=${last}&size=${size.value}` : null,
    ...(hasMore && { offset: String(last) }),
  })
}

async function one(context: AdminContext, { params }: AdminRequest): Promise<AdminAnswer> {
  const records = await context.store.history()
  const record = records.find(({ version }) => String(version) === params['version'])
  if (record === undefined) return unknownVersion(params['version']!)
  return json(200, shownRecords(context, records)(record, Infinity))
}

function shownRecords(
  context: AdminContext,
  records: readonly HistoryRecord[],
): (record: HistoryRecord, most: number) => object {
  const oldest = oldestReachable(records, context.store.version)
  return ({ version, atMs, origin, changeCount, changes }, most) => {
    const shown = shownChanges(context, changes ?? [])
    return {
      version,
      at: new Date(atMs).toISOString(),
      origin,
      change_count: changes === undefined ? changeCount : shown.length,
      changes: shown.slice(0, most),
      can_roll_back: version >= oldest && version < context.store.version,
    }
  }
}

/** What was read anew, and has another id only for that, did not change. */
function shownChanges(
  { catalog, store }: AdminContext,
  changes: readonly Change[],
): readonly ShownChange[] {
  const rows = new Map(changes.map((change) => [`${change.kind}/${change.id}`, change]))
  const find = (side: 'before' | 'after') => (kind: string, id: string) => {
    const change = rows.get(`${kind}/${id}`)
    return change?.[side] ?? change?.before ?? store.get(kind, id)
  }
  const context = { catalog, findBefore: find('before'), findAfter: find('after') }
  const pairs = pairEntities(context, rowsOf(changes, 'before'), rowsOf(changes, 'after'))
  return pairs
    .map(changeTeller(context))
    .filter(({ what, fields }) => what !== 'changed' || fields.length > 0)
}

function rowsOf(changes: readonly Change[], side: 'before' | 'after'): EntitySet {
  const rows = changes.flatMap(({ kind, [side]: row }) =>
    row === undefined ? [] : [{ kind, row }],
  )
  return Object.fromEntries(
    [...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, list]) => [
      kind,
      list.map(({ row }) => row),
    ]),
  )
}

async function rollBack(
  context: AdminContext,
  { input, query }: AdminRequest,
): Promise<AdminAnswer> {
  const given = bodyFields(input)['version'] ?? query.get('version')
  const version = Number(given)
  if (given === undefined || given === '' || !Number.isInteger(version) || version < 0)
    return message(400, 'version must be one of those that GET /config/history shows')
  const { store } = context
  const records = await store.history()
  if (version > store.version) return unknownVersion(version)
  if (version === store.version) return message(400, `version ${version} is in force already`)
  const entities = entitiesOfVersion(store.all(), store.version, { records, version })
  if (entities === undefined)
    return message(
      409,
      `there is no way back to version ${version}: not all that happened since is known; the oldest is ${oldestReachable(records, store.version)}`,
    )
  return restore(context, version, entities)
}

async function restore(
  context: AdminContext,
  version: number,
  entities: EntitySet,
): Promise<AdminAnswer> {
  const { store } = context
  const changes = difference(store.all(), entities)
  const shown = shownChanges(context, changes)
  const result = await context.restore(entities, {
    by: 'rollback',
    detail: `to version ${version}`,
  })
  if (!result.ok) return message(result.status, result.message)
  return json(200, {
    message: `what version ${version} was is in force again, as version ${store.version}`,
    version: store.version,
    changes: shown,
  })
}

function unknownVersion(version: string | number): AdminAnswer {
  return message(404, `there is no version ${version}`)
}
