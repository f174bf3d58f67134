import { describe, expect, it } from 'vitest'
import type { EntityKind } from '../entities/entity.ts'
import { string } from '../schema/field.ts'
import { issuedNames, issuedRows, type IssuedRows } from './issued-rows.ts'
import type { Plugin } from './plugin.ts'
import { makeSharedMemory, sharedValues } from './shared-memory.ts'
import { testContext } from './testing/test-plugin.ts'

const TOKENS: EntityKind = {
  name: 'tokens',
  isIssued: true,
  hasTtl: true,
  fields: { text: string({ unique: true }), other: string({ unique: true }), scope: string() },
}

/** Workers of one node without a database. */
function setUp(workers = 2) {
  let now = 1_000_000
  const memory = makeSharedMemory()
  const rows = Array.from({ length: workers }, (): IssuedRows => {
    const kept = new Map(sharedValues(memory))
    const { node } = testContext({ name: 'tokens' } as Plugin, {
      node: { keep: (name) => kept.get(name) as never, now: () => now },
    })
    return issuedRows(node)
  })
  return { rows, wait: (seconds: number) => (now += seconds * 1000) }
}

describe('issuedRows without a database', () => {
  it('are found by each unique field, in every worker, until their time is over', async () => {
    const { rows, wait } = setUp()
    const [one, other] = rows as [IssuedRows, IssuedRows]
    const row = await one.add(TOKENS, { text: 'a', other: 'b', scope: null }, 60)
    expect(row).toMatchObject({ id: expect.any(String), created_at: 1000, text: 'a' })
    expect(other.find(TOKENS, 'text', 'a')).toEqual(row)
    expect(other.find(TOKENS, 'other', 'b')).toEqual(row)
    expect(other.find(TOKENS, 'text', 'b')).toBeUndefined()
    wait(60)
    expect(other.find(TOKENS, 'text', 'a')).toBeUndefined()
  })

  it('are removed once, under all their names', async () => {
    const { rows } = setUp()
    const [one, other] = rows as [IssuedRows, IssuedRows]
    const row = await one.add(TOKENS, { text: 'a', other: 'b' }, 0)
    expect(await other.remove(TOKENS, row)).toBe(true)
    expect(await one.remove(TOKENS, row)).toBe(false)
    expect(one.find(TOKENS, 'other', 'b')).toBeUndefined()
  })

  it('change under their names, unless they are gone', async () => {
    const { rows, wait } = setUp(1)
    const [one] = rows as [IssuedRows]
    const row = await one.add(TOKENS, { text: 'a', other: 'b' }, 60)
    const change = { fields: { text: 'c' }, lastsSeconds: 120 }
    expect(await one.change(TOKENS, row, change)).toBe(true)
    expect(one.find(TOKENS, 'text', 'a')).toBeUndefined()
    wait(100)
    expect(one.find(TOKENS, 'text', 'c')).toMatchObject({ id: row.id, other: 'b' })
    await one.remove(TOKENS, { ...row, text: 'c' })
    expect(await one.change(TOKENS, row, change)).toBe(false)
    expect(one.find(TOKENS, 'text', 'c')).toBeUndefined()
  })

  it('have no names that tell what is secret in them', () => {
    const names = issuedNames(TOKENS, { id: 'i', text: 'a-secret', other: null })
    expect(names).toEqual([expect.stringMatching(/^issued tokens text [\w-]{43}$/)])
  })

  it('must be short enough to be kept', async () => {
    const { rows } = setUp(1)
    const long = { text: 'x'.repeat(40 * 1024 * 1024) }
    await expect(async () => rows[0]!.add(TOKENS, long, 0)).rejects.toThrow('it is too long')
  })
})
