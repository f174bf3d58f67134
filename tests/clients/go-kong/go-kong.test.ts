import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../../src/store/postgres-migrations.ts'
import { settingsFor } from '../../support/postgres-settings.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { hasPostgres, type TestPostgres, usePostgres } from '../../support/start-postgres.ts'
import { hasGoKong, runGoKongSuite } from './go-kong-suite.ts'

/** What Kong 3.9.3 with a database gets. */
const KONG = { passed: 90, skipped: 11 }

/** They use POST to set a target's health, which Kong 3 answers with 405. */
const WITH_RETIRED_VERBS = ['TestTargetMarkHealthy', 'TestTargetMarkUnhealthy']

async function expectAsMuchAsKong(database: string, adminUrl: string): Promise<void> {
  const { passed, skipped, failed, output } = await runGoKongSuite(adminUrl)
  console.log(
    `go-kong on ${database}: ${passed.length} pass, ${skipped.length} skip, ${failed.length} fail` +
      ` (Kong 3.9.3: ${KONG.passed}, ${KONG.skipped}, ${WITH_RETIRED_VERBS.length})`,
  )
  expect(failed.toSorted(), output).toEqual(WITH_RETIRED_VERBS)
  expect(passed.length).toBeGreaterThanOrEqual(KONG.passed)
  expect(skipped.length).toBeLessThanOrEqual(KONG.skipped)
}

describe.skipIf(!hasGoKong())('the test suite of go-kong, the client library below decK', () => {
  it('ends as with Kong when entities are kept by SQLite', async () => {
    await using gateway = await startGateway('', { database: 'sqlite', declarative_config: '' })
    await expectAsMuchAsKong('SQLite', gateway.adminUrl)
  })

  describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
    let server: TestPostgres
    beforeAll(async () => {
      server = await usePostgres()
    })
    afterAll(() => server[Symbol.asyncDispose]())

    it('ends as with Kong when entities are kept by PostgreSQL', async () => {
      const connection = await server.newDatabase()
      await migrate(connection)
      await using gateway = await startGateway('', settingsFor(connection))
      await expectAsMuchAsKong('PostgreSQL', gateway.adminUrl)
    })
  })
})
