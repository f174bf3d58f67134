import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Entity } from '../../../src/entities/entity.ts'
import type { Operation } from '../../../src/store/store.ts'
import { DURABLE_CATALOG, openDurable, type DurablePlace } from './durable-stores.ts'

/**
 * A process that writes until it is killed. Each write is a consumer with two keys, all or nothing;
 * `+id` is printed when it is acknowledged. Every fourth is deleted again: `?id` is printed before,
 * `-id` once that is acknowledged.
 */
const store = await openDurable(JSON.parse(readFileSync(0, 'utf8')) as DurablePlace)

for (let count = 0; ; count += 1) {
  const owner = make('consumers', { username: randomUUID() })
  const keys = [1, 2].map((number) =>
    make('keyauth_credentials', { key: `${number} ${owner.id}`, consumer: { id: owner.id } }),
  )
  await write([
    { op: 'insert', kind: 'consumers', entity: owner },
    ...keys.map((entity): Operation => ({ op: 'insert', kind: 'keyauth_credentials', entity })),
  ])
  say(`+${owner.id}`)
  if (count % 4 !== 3) continue
  say(`?${owner.id}`)
  await write([{ op: 'delete', kind: 'consumers', id: owner.id }])
  say(`-${owner.id}`)
}

function make(kind: string, input: object): Entity {
  const options = { mode: 'insert', nowSeconds: 1_700_000_000 } as const
  const parsed = DURABLE_CATALOG.parse(kind, { id: randomUUID(), ...input }, options)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations))
  return parsed.value
}

async function write(operations: readonly Operation[]): Promise<void> {
  const result = await store.write(operations, { by: 'admin-api' })
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
