import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { hasExpired } from '../plugin-kit/has-expired.ts'
import { FOR_EVER, issuedName, issuedNames, type IssuedRows } from '../plugin-kit/issued-rows.ts'
import type { AdminAnswer, AdminErrand } from '../plugin-kit/plugin.ts'
import type { ByteStore } from '../plugin-kit/shared-memory.ts'
import type { Store } from '../store/store.ts'

export function isIssued(catalog: Catalog, kind: string): boolean {
  return catalog.kind(kind)?.isIssued === true
}

/**
 * Keeps the memory that workers look into in step with the store. Only this thread writes to it, so
 * what is deleted cannot come back from a worker that had asked before.
 *
 * @returns remembers a row that somebody has asked for
 */
export function rememberIssuedRows(
  store: Store,
  catalog: Catalog,
  memory: ByteStore,
): (kind: EntityKind, row: Entity) => void {
  const remember = (kind: EntityKind, row: Entity): void => {
    const bytes = Buffer.from(JSON.stringify(row))
    const until = typeof row['expires_at'] === 'number' ? Math.ceil(row['expires_at']) : FOR_EVER
    for (const name of issuedNames(kind, row)) memory.set(name, bytes, until)
  }
  store.subscribe(({ changes }) => {
    for (const { kind: name, before, after } of changes) {
      const kind = catalog.kind(name)
      if (kind?.isIssued !== true) continue
      if (before !== undefined) for (const each of issuedNames(kind, before)) memory.delete(each)
      if (after !== undefined) remember(kind, after)
    }
  })
  return remember
}

/** What a worker asks with: the shared memory first, then the thread that has the store. */
export function askForIssuedRows(options: {
  readonly administer: (errand: AdminErrand) => Promise<AdminAnswer>
  readonly memory: ByteStore
  /** Unix time in ms. */
  readonly now: () => number
}): IssuedRows {
  const { administer, memory, now } = options

  async function ask(kind: EntityKind, field: string, value: string): Promise<Entity | undefined> {
    const path = `/issued/${kind.name}/find`
    const answer = await administer({ method: 'POST', path, body: { field, value } })
    if (answer.status === 404) return undefined
    mustBeDone(answer.status === 200, answer, `look for one of ${kind.name}`)
    return answer.body as Entity
  }

  async function atRow(
    method: 'PATCH' | 'DELETE',
    {
      kind,
      row,
      body,
    }: { readonly kind: EntityKind; readonly row: Entity; readonly body?: object },
  ): Promise<boolean> {
    const path = `/issued/${kind.name}/rows/${row.id}`
    const answer = await administer({ method, path, body })
    if (answer.status === 404) return false
    mustBeDone(answer.status === 204, answer, `change one of ${kind.name}`)
    return true
  }

  return {
    find(kind, field, value) {
      const bytes = memory.get(issuedName(kind.name, field, value), Math.floor(now() / 1000))
      const row = bytes && (JSON.parse(Buffer.from(bytes).toString()) as Entity)
      return row === undefined || hasExpired(row, now()) ? ask(kind, field, value) : row
    },
    async add(kind, fields, lastsSeconds) {
      const body = { ...fields, ...ttlOf(lastsSeconds) }
      const answer = await administer({ method: 'POST', path: `/issued/${kind.name}`, body })
      mustBeDone(answer.status === 201, answer, `keep one of ${kind.name}`)
      return answer.body as Entity
    },
    change: (kind, row, { fields, lastsSeconds }) =>
      atRow('PATCH', { kind, row, body: { ...fields, ...ttlOf(lastsSeconds) } }),
    remove: (kind, row) => atRow('DELETE', { kind, row }),
  }
}

function ttlOf(lastsSeconds: number): { readonly ttl?: number } {
  return lastsSeconds === 0 ? {} : { ttl: lastsSeconds }
}

/** @throws {Error} when an answer is not the one that was hoped for */
function mustBeDone(isDone: boolean, { body }: AdminAnswer, what: string): void {
  if (isDone) return
  const { message = 'it did not say why' } = (body ?? {}) as { readonly message?: string }
  throw new Error(`Cannot ${what}: ${message}`)
}
