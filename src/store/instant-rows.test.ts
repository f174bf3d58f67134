import { describe, expect, it } from 'vitest'
import { createCatalog } from '../entities/create-catalog.ts'
import type { EntityKind } from '../entities/entity.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store } from './store.ts'

const kind = (name: string, more: Partial<EntityKind> = {}): EntityKind => ({
  name,
  fields: { id: { type: 'string', auto: true, uuid: true }, name: { type: 'string' } },
  ...more,
})

const CATALOG = createCatalog(
  [
    {
      name: 'noting',
      config: { type: 'record', fields: {} },
      checks: [],
      protocols: { allowed: ['http'], default: ['http'] },
      not: [],
      entities: [kind('plain'), kind('notes', { isInstant: true })],
    },
  ],
  { flavor: 'traditional_compatible' },
)

const ID = (digit: number): string => `00000000-0000-4000-8000-00000000000${digit}`
const row = (digit: number, name = `row ${digit}`) => ({ id: ID(digit), name })
const BY = { by: 'admin-api' } as const

function storeWith(isWritable = false): Store {
  return createMemoryStore(CATALOG, { isWritable })
}

const add = (store: Store, name: string, digit: number, more: object = {}) =>
  store.write([{ op: 'insert', kind: name, entity: { ...row(digit), ...more } }], BY)

describe('a store that comes whole', () => {
  it('takes single rows of instant kinds, and no others', async () => {
    const store = storeWith()
    expect(await add(store, 'plain', 1)).toMatchObject({ ok: false, fault: { fault: 'read-only' } })
    expect(await add(store, 'notes', 1)).toMatchObject({ ok: true })
    const mixed = await store.write(
      [
        { op: 'insert', kind: 'notes', entity: row(2) },
        { op: 'insert', kind: 'plain', entity: row(2) },
      ],
      BY,
    )
    expect(mixed.ok).toBe(false)
    expect(store.all()).toMatchObject({ notes: [{ id: ID(1) }] })
  })

  it('keeps them when everything is replaced, and what came whole goes', async () => {
    const store = storeWith()
    await store.replaceAll({ notes: [row(1)], plain: [row(1)] }, BY)
    await add(store, 'notes', 2)
    const next = { notes: [row(3)], plain: [row(4)] }
    expect(store.withInstant(next)).toMatchObject({ notes: [row(3), row(2)], plain: [row(4)] })
    await store.replaceAll(next, BY)
    expect(store.page('notes', { size: 9 }).rows.map(({ id }) => id)).toEqual([ID(2), ID(3)])
    expect(store.get('plain', ID(1))).toBeUndefined()
  })

  it('lets what is deleted go for good, and what comes whole with the same id be right', async () => {
    const store = storeWith()
    await add(store, 'notes', 1)
    await add(store, 'notes', 2)
    await store.write([{ op: 'delete', kind: 'notes', id: ID(1) }], BY)
    await store.replaceAll({ notes: [row(2, 'of the file')] }, BY)
    expect(store.page('notes', { size: 9 }).rows).toMatchObject([row(2, 'of the file')])
  })

  it('where all can be written, keeps nothing that is replaced', async () => {
    const store = storeWith(true)
    await add(store, 'notes', 1)
    await store.replaceAll({}, BY)
    expect(store.count('notes')).toBe(0)
  })
})
