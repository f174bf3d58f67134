import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/store/postgres-migrations.ts'
import { settingsFor } from '../support/postgres-settings.ts'
import { hasPostgres, usePostgres } from '../support/start-postgres.ts'
import { allGroups } from './groups.ts'
import { type GroupResult, replayGroups } from './replay-group.ts'
import { type Expected, resultTable } from './table.ts'

const expected = JSON.parse(
  readFileSync(new URL('expected.json', import.meta.url), 'utf8'),
) as Expected
const groups = allGroups()

describe('behaviour recorded from Kong Gateway 3.9.3', () => {
  let results: readonly GroupResult[] = []

  beforeAll(async () => {
    results = await replayGroups(groups)
    console.log(resultTable(results, expected))
  }, 600_000)

  it.each(groups.map(({ name }) => name))('%s is kept where it was reached', (name) => {
    const result = results.find(({ group }) => group === name)!
    expect(result.passes, JSON.stringify(result.failures, undefined, 1)).toBeGreaterThanOrEqual(
      expected[name] ?? 0,
    )
  })

  describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
    it('is the same whichever database keeps the entities', async () => {
      await using server = await usePostgres()
      const connection = await server.newDatabase()
      await migrate(connection)
      const settings = Object.entries(settingsFor(connection)).map(
        ([name, value]) => [`KONG_${name.toUpperCase()}`, value] as const,
      )
      const inDatabase = groups.filter(({ mode }) => mode === 'database')
      const onPostgres = await replayGroups(inDatabase, Object.fromEntries(settings))
      expect(onPostgres.length).toBeGreaterThan(0)
      for (const { group, passes, failures } of onPostgres)
        expect(passes, JSON.stringify(failures, undefined, 1)).toBeGreaterThanOrEqual(
          expected[group] ?? 0,
        )
    })
  })

  it('says for every group how much is expected', () => {
    expect(Object.keys(expected).sort()).toEqual(groups.map(({ name }) => name).sort())
  })
})
