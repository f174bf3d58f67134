import { describe, expect, it } from 'vitest'
import { SharedBytes, sharedBytesMemory } from '../base/shared-bytes.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import type { AdminErrand } from '../plugin-kit/plugin.ts'
import { string } from '../schema/field.ts'
import type { Change, Store, StoreListener } from '../store/store.ts'
import { askForIssuedRows, rememberIssuedRows } from './issued-rows.ts'

const TOKENS: EntityKind = {
  name: 'tokens',
  isIssued: true,
  fields: { text: string({ unique: true }) },
}
const CONSUMERS: EntityKind = { name: 'consumers', fields: { text: string({ unique: true }) } }
const NOW = 1_000_000

/** A thread with a store, and a worker that asks it; what is asked is written down. */
function setUp() {
  const memory = new SharedBytes(sharedBytesMemory(1024 * 1024))
  const catalog = { kind: (name: string) => [TOKENS, CONSUMERS].find((kind) => kind.name === name) }
  let listener: StoreListener = () => {}
  const store = { subscribe: (given: StoreListener) => (listener = given) }
  const remember = rememberIssuedRows(
    store as unknown as Store,
    catalog as unknown as Catalog,
    memory,
  )
  const asked: AdminErrand[] = []
  const answers: { status: number; body?: unknown }[] = []
  const rows = askForIssuedRows({
    administer: async (errand) => {
      asked.push(errand)
      return answers.shift() ?? { status: 404 }
    },
    memory,
    now: () => NOW,
  })
  const change = (...changes: Change[]) =>
    listener({ version: 1, changes, origin: { by: 'plugin' } })
  return { rows, remember, change, asked, answers }
}

const token = (id: string, more: object = {}): Entity => ({ id, text: `text of ${id}`, ...more })
const made = (after: Entity, kind = 'tokens'): Change => ({
  kind,
  id: after.id,
  before: undefined,
  after,
})

describe('rows that plugins issue, with a store', () => {
  it('are at hand when they were written, whoever wrote them, and gone when they are', async () => {
    const { rows, change, asked } = setUp()
    const row = token('a')
    change(made(row))
    expect(rows.find(TOKENS, 'text', 'text of a')).toEqual(row)
    expect(asked).toEqual([])
    const other = { ...row, text: 'other' }
    change({ kind: 'tokens', id: 'a', before: row, after: other })
    expect(rows.find(TOKENS, 'text', 'other')).toEqual(other)
    expect(await rows.find(TOKENS, 'text', 'text of a')).toBeUndefined()
    change({ kind: 'tokens', id: 'a', before: other, after: undefined })
    expect(await rows.find(TOKENS, 'text', 'other')).toBeUndefined()
    expect(asked.map(({ body }) => body)).toEqual([
      { field: 'text', value: 'text of a' },
      { field: 'text', value: 'other' },
    ])
  })

  it('are asked for where they are not at hand, and at hand from then on', async () => {
    const { rows, remember, answers } = setUp()
    const row = token('a')
    answers.push({ status: 200, body: row })
    expect(await rows.find(TOKENS, 'text', 'text of a')).toEqual(row)
    remember(TOKENS, row)
    expect(rows.find(TOKENS, 'text', 'text of a')).toEqual(row)
  })

  it('are not found when their time is over', async () => {
    const { rows, change } = setUp()
    change(made(token('old', { expires_at: NOW / 1000 })), made(token('new', { expires_at: NOW })))
    expect(await rows.find(TOKENS, 'text', 'text of old')).toBeUndefined()
    expect(rows.find(TOKENS, 'text', 'text of new')).toMatchObject({ id: 'new' })
  })

  it('are those of their kinds alone', async () => {
    const { rows, change } = setUp()
    change(made(token('a'), 'consumers'))
    expect(await rows.find(CONSUMERS, 'text', 'text of a')).toBeUndefined()
  })

  it('say whether they were still there, and why they cannot be kept', async () => {
    const { rows, answers } = setUp()
    const row = token('a')
    answers.push({ status: 204 }, { status: 404 }, { status: 500, body: { message: 'no' } })
    expect(await rows.remove(TOKENS, row)).toBe(true)
    expect(await rows.remove(TOKENS, row)).toBe(false)
    await expect(rows.add(TOKENS, {}, 60)).rejects.toThrow('Cannot keep one of tokens: no')
    await expect(rows.find(TOKENS, 'text', 'x')).resolves.toBeUndefined()
  })
})
