import { createHash } from 'node:crypto'
import type { Consumer, Entity } from '../../entities/entity.ts'
import type { EntityLookup } from '../plugin.ts'

/** Rows by entity name, as in a file: only what a test cares about. References are `{ id }` or a consumer's username. */
export type FakeRows = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Looks entities up in plain lists. Missing ids are made from the kind and the position. */
export function fakeEntities(given: FakeRows): EntityLookup {
  const consumers = (given['consumers'] ?? []).map((row, index) => withId('consumers', row, index))
  const tables = new Map<string, readonly Entity[]>()
  for (const [kind, rows] of Object.entries(given))
    tables.set(
      kind,
      rows.map((row, index) => withReferences(withId(kind, row, index), consumers)),
    )

  const rowsOf = (kind: string): readonly Entity[] => tables.get(kind) ?? []
  const by = (kind: string, field: string, value: string): Entity | undefined =>
    rowsOf(kind).find((row) => row[field] === value)
  const consumer = (id: string): Consumer | undefined =>
    by('consumers', 'id', id) as Consumer | undefined

  return {
    rows: rowsOf,
    by,
    byId: (kind, id) => by(kind, 'id', id),
    consumer,
    referring: (kind, foreignField, parentId) =>
      rowsOf(kind).filter((row) => (row[foreignField] as Entity | null)?.id === parentId),
    consumerByIdOrUsername: (value) =>
      (UUID.test(value) ? consumer(value) : undefined) ??
      (by('consumers', 'username', value) as Consumer | undefined),
  }
}

/** The id a row without one gets. */
export function fakeId(kind: string, index: number): string {
  const hex = createHash('sha1').update(`${kind}/${index}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function withId(kind: string, row: Readonly<Record<string, unknown>>, index: number): Entity {
  const defaults = kind === 'consumers' ? { username: null, custom_id: null, tags: null } : {}
  return { id: fakeId(kind, index), ...defaults, ...row }
}

function withReferences(row: Entity, consumers: readonly Entity[]): Entity {
  const { consumer } = row
  if (typeof consumer !== 'string') return row
  const owner = consumers.find(({ username }) => username === consumer)
  if (owner === undefined) throw new Error(`Cannot make a fake row: no consumer "${consumer}"`)
  return { ...row, consumer: { id: owner.id } }
}
