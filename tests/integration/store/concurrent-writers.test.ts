import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Entity } from '../../../src/entities/entity.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { migrate } from '../../../src/store/postgres-migrations.ts'
import type { Operation, Store } from '../../../src/store/store.ts'
import { hasPostgres, type TestPostgres, usePostgres } from '../../support/start-postgres.ts'
import { PATIENCE_MS } from '../../support/until.ts'
import { DURABLE_CATALOG, openDurable } from './durable-stores.ts'

const PARENTS = Array.from({ length: 3 }, () => randomUUID())
const CHILDREN = Array.from({ length: 5 }, () => randomUUID())

interface Step {
  readonly writer: number
  readonly kind: 'consumers' | 'keyauth_credentials'
  readonly op: 'insert' | 'upsert' | 'update' | 'delete'
  readonly at: number
  readonly parent: number
  readonly value: string
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    writer: fc.nat(2),
    kind: fc.constantFrom('consumers', 'keyauth_credentials'),
    op: fc.constantFrom('insert', 'insert', 'upsert', 'update', 'delete'),
    at: fc.nat(4),
    parent: fc.nat(2),
    value: fc.constantFrom('a', 'b', 'c'),
  }),
  { minLength: 10, maxLength: 30 },
)

function operationOf({ kind, op, at, parent, value }: Step): Operation {
  const id = kind === 'consumers' ? PARENTS[at % PARENTS.length]! : CHILDREN[at]!
  if (op === 'delete') return { op, kind, id }
  const input =
    kind === 'consumers'
      ? { id, username: value }
      : { id, key: value, consumer: { id: PARENTS[parent]! } }
  const options = { mode: 'insert', nowSeconds: 1_700_000_000 } as const
  const parsed = DURABLE_CATALOG.parse(kind, input, options)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations))
  return { op, kind, entity: parsed.value }
}

/** Has writers do their steps at the same time, each its own in order. */
async function writeAll(stores: readonly Store[], list: readonly Step[]): Promise<number> {
  let done = 0
  await Promise.all(
    stores.map(async (store, writer) => {
      for (const step of list.filter((each) => each.writer % stores.length === writer)) {
        const result = await store.write([operationOf(step)], { by: 'admin-api' })
        if (result.ok) done += 1
        else expect(result.fault.fault).not.toBe('unavailable')
      }
    }),
  )
  return done
}

function expectIntact(store: Store): void {
  const { consumers = [], keyauth_credentials: keys = [] } = store.all()
  const parents = new Set(consumers.map(({ id }) => id))
  const parentOf = (row: Entity) => (row['consumer'] as { readonly id: string }).id
  expect(keys.filter((row) => !parents.has(parentOf(row)))).toEqual([])
  for (const [rows, field] of [
    [consumers, 'username'],
    [keys, 'key'],
  ] as const)
    expect(new Set(rows.map((row) => row[field])).size).toBe(rows.length)
}

/** Many writers at once, in an order that nobody chose; in the end all see the same. */
async function anyOrderHolds(runs: number, open: () => Promise<readonly Store[]>): Promise<void> {
  let done = 0
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const stores = await open()
      done += await writeAll(stores, list)
      const [first, ...others] = stores
      for (const other of others)
        await vi.waitFor(() => expect(other.all()).toEqual(first!.all()), PATIENCE_MS)
      for (const store of stores) expectIntact(store)
      await Promise.all(stores.map((store) => store.close()))
    }),
    { numRuns: runs },
  )
  expect(done).toBeGreaterThan(runs * 3)
}

describe('writers at the same time leave references and unique values intact', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-writers-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('in memory', async () => {
    await anyOrderHolds(100, async () => {
      const store = createMemoryStore(DURABLE_CATALOG, { isWritable: true })
      return [store, store, store]
    })
  })

  it('in a SQLite file that processes share', async () => {
    await anyOrderHolds(15, () => {
      const file = path.join(folder, `${randomUUID()}.db`)
      const place = { medium: 'sqlite', file } as const
      return Promise.all([1, 2, 3].map(() => openDurable(place)))
    })
  })

  describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
    let server: TestPostgres
    beforeAll(async () => {
      server = await usePostgres()
    })
    afterAll(() => server[Symbol.asyncDispose]())

    it('in a PostgreSQL database that nodes share', async () => {
      await anyOrderHolds(6, async () => {
        const connection = await server.newDatabase()
        await migrate(connection)
        const place = { medium: 'postgres', connection } as const
        return Promise.all([1, 2, 3].map(() => openDurable(place)))
      })
    })
  })
})
