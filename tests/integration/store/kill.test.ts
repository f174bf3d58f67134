import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../../src/store/postgres-migrations.ts'
import { hasPostgres, type TestPostgres, usePostgres } from '../../support/start-postgres.ts'
import { openDurable, type DurablePlace } from './durable-stores.ts'

const WRITER = fileURLToPath(new URL('killed-writer.ts', import.meta.url))

/** How often each store's process is killed; `TEST_KILLS=200` for a thorough run. */
const KILLS = Number(process.env['TEST_KILLS'] ?? 10)
const SECONDS_A_KILL = 30

/** What a writer has said of the consumers it wrote. */
interface Account {
  readonly there: Set<string>
  readonly gone: Set<string>
  /** Their deletion was under way. */
  readonly uncertain: Set<string>
}

/** Runs a writer and kills it after a few acknowledgements, in the midst of whatever it does then. */
async function killWriter(place: DurablePlace, account: Account): Promise<void> {
  const child = spawn(process.execPath, [WRITER], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(place))
  let left = randomInt(1, 12)
  for await (const line of createInterface({ input: child.stdout })) {
    const id = line.slice(1)
    if (line.startsWith('+')) account.there.add(id)
    else if (line.startsWith('?')) move(id, account.there, account.uncertain)
    else move(id, account.uncertain, account.gone)
    left -= 1
    if (left === 0) setTimeout(() => child.kill('SIGKILL'), randomInt(0, 4))
  }
  expect(left).toBeLessThanOrEqual(0)
}

function move(id: string, from: Set<string>, to: Set<string>): void {
  from.delete(id)
  to.add(id)
}

/** Everything acknowledged is there, nothing is there in part. */
async function expectWhole(place: DurablePlace, { there, gone }: Account): Promise<void> {
  const store = await openDurable(place)
  const { consumers = [], keyauth_credentials: keys = [] } = store.all()
  await store.close()
  const stored = new Set(consumers.map(({ id }) => id))
  expect([...there].filter((id) => !stored.has(id))).toEqual([])
  expect([...gone].filter((id) => stored.has(id))).toEqual([])
  const owners = keys.map(({ consumer }) => (consumer as { readonly id: string }).id)
  expect(owners.toSorted()).toEqual([...stored, ...stored].sort())
}

async function killAgainAndAgain(place: DurablePlace): Promise<void> {
  const account: Account = { there: new Set(), gone: new Set(), uncertain: new Set() }
  for (let kill = 0; kill < KILLS; kill += 1) {
    await killWriter(place, account)
    await expectWhole(place, account)
  }
  expect(account.there.size).toBeGreaterThan(0)
}

describe('a process that is killed while it writes loses nothing it acknowledged', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-kill-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const timeout = KILLS * SECONDS_A_KILL * 1000

  it('to a declarative file', { timeout }, async () => {
    const file = path.join(folder, 'kong.yml')
    writeFileSync(file, '# ours\n_format_version: "3.0"\n')
    await killAgainAndAgain({ medium: 'file', file })
  })

  it('to a SQLite file', { timeout }, async () => {
    await killAgainAndAgain({ medium: 'sqlite', file: path.join(folder, 'entities.db') })
  })

  describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
    let server: TestPostgres
    beforeAll(async () => {
      server = await usePostgres()
    })
    afterAll(() => server[Symbol.asyncDispose]())

    it('to PostgreSQL', { timeout }, async () => {
      const connection = await server.newDatabase()
      await migrate(connection)
      await killAgainAndAgain({ medium: 'postgres', connection })
    })
  })
})
