import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { migrate } from '../../../src/store/postgres-migrations.ts'
import type { PostgresConnection } from '../../../src/store/postgres-connection.ts'
import { settingsFor } from '../../support/postgres-settings.ts'
import { workplace } from '../../support/run-portunus.ts'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import {
  hasPostgresPrograms,
  type OwnPostgres,
  startPostgres,
} from '../../support/start-postgres.ts'
import { startTcpGate } from '../../support/tcp-gate.ts'
import { startUpstream } from '../../support/start-upstream.ts'

const PATIENCE_MS = 60_000

async function put({ adminUrl }: TestGateway, where: string, body: object): Promise<number> {
  const answer = await fetch(adminUrl + where, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await answer.text()
  return answer.status
}

const statusOf = async (gateway: TestGateway, where: string) =>
  (await fetch(gateway.url + where)).status

/** Asks gateways for a path without a pause until told to stop. */
function startTraffic(gateways: readonly TestGateway[], where: string) {
  const ending = new AbortController()
  const statuses: number[] = []
  const runs = gateways.map(async (gateway) => {
    while (!ending.signal.aborted) statuses.push(await statusOf(gateway, where))
  })
  return async () => {
    ending.abort()
    await Promise.all(runs)
    return statuses
  }
}

/** Adds routes through gateways in turn until told to stop. @returns names of those acknowledged */
function startWrites(gateways: readonly TestGateway[]) {
  const ending = new AbortController()
  const acknowledged: string[] = []
  const refused: string[] = []
  const run = (async () => {
    for (let at = 0; !ending.signal.aborted; at += 1) {
      const name = `w${at}`
      const body = { paths: [`/${name}/`], service: { name: 's' } }
      const status = await put(gateways[at % gateways.length]!, `/routes/${name}`, body)
      const list = status === 200 ? acknowledged : refused
      list.push(name)
    }
  })()
  return {
    acknowledged,
    refused,
    async stop() {
      ending.abort()
      await run
    },
  }
}

describe.skipIf(!hasPostgresPrograms())('two gateways on one PostgreSQL database', () => {
  let server: OwnPostgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  async function newDatabase(): Promise<PostgresConnection> {
    const connection = await server.newDatabase()
    await migrate(connection)
    return connection
  }

  it('serve and agree in the end while the server crashes and the network breaks', async () => {
    await using upstream = await startUpstream()
    const connection = await newDatabase()
    await using gate = await startTcpGate(connection.port)
    await using one = await startGateway('', settingsFor(connection))
    await using two = await startGateway('', {
      ...settingsFor({ ...connection, port: gate.port }),
      // Writes through a network that hangs are given up after it.
      pg_timeout: '3000',
    })
    const gateways = [one, two]
    expect(await put(one, '/services/s', { url: upstream.url })).toBe(200)
    expect(await put(one, '/services/s/routes/r', { paths: ['/r'] })).toBe(200)
    await vi.waitFor(async () => expect(await statusOf(two, '/r')).toBe(200), PATIENCE_MS)
    const stopTraffic = startTraffic(gateways, '/r')
    const writes = startWrites(gateways)
    const more = async (list: readonly string[]) => {
      const before = list.length
      await vi.waitFor(() => expect(list.length).toBeGreaterThan(before + 2), PATIENCE_MS)
    }

    await more(writes.acknowledged)
    await server.crash()
    await more(writes.refused)
    await server.restart()
    await more(writes.acknowledged)
    gate.cut()
    await more(writes.refused)
    gate.open()
    await more(writes.acknowledged)
    gate.hang()
    await more(writes.refused)
    gate.open()
    await more(writes.acknowledged)

    await writes.stop()
    const statuses = await stopTraffic()
    expect(statuses.length).toBeGreaterThan(100)
    expect(new Set(statuses)).toEqual(new Set([200]))
    const names = async ({ adminUrl }: TestGateway) => {
      const answer = await fetch(`${adminUrl}/routes?size=1000`)
      const { data } = (await answer.json()) as { data: readonly { name: string }[] }
      return data.map(({ name }) => name).sort()
    }
    await vi.waitFor(async () => expect(await names(one)).toEqual(await names(two)), PATIENCE_MS)
    expect(await names(one)).toEqual(expect.arrayContaining(writes.acknowledged))
    for (const gateway of gateways)
      for (const name of writes.acknowledged) expect(await statusOf(gateway, `/${name}/`)).toBe(200)
  })

  it('start without the server from what it held, and take over what it holds by now', async () => {
    await using upstream = await startUpstream()
    const connection = await newDatabase()
    await using gate = await startTcpGate(connection.port)
    await using near = await startGateway('', settingsFor(connection))
    await using place = workplace()
    mkdirSync(place.prefix)
    const settings = { ...settingsFor({ ...connection, port: gate.port }), prefix: place.prefix }
    {
      await using first = await startGateway('', settings)
      await put(first, '/services/s', { url: upstream.url })
      await put(first, '/services/s/routes/r', { paths: ['/r'] })
      const file = path.join(place.prefix, 'database.snapshot')
      await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('"/r"'), PATIENCE_MS)
      expect(statSync(file).mode & 0o077).toBe(0)
    }
    gate.cut()
    await using far = await startGateway('', settings)
    expect(await statusOf(far, '/r')).toBe(200)
    expect(far.errorLog()).toContain('what it held before is served')
    expect(await put(far, '/routes/refused', { paths: ['/x'] })).toBe(500)
    expect(await put(near, '/services/s/routes/later', { paths: ['/later'] })).toBe(200)
    gate.open()
    await vi.waitFor(async () => expect(await statusOf(far, '/later')).toBe(200), PATIENCE_MS)
    expect(await put(far, '/services/s/routes/last', { paths: ['/last'] })).toBe(200)
  })

  it('do not start from what another database held', async () => {
    await using place = workplace()
    mkdirSync(place.prefix)
    const connection = await newDatabase()
    {
      const settings = { ...settingsFor(connection), prefix: place.prefix }
      await using _first = await startGateway('', settings)
      const file = path.join(place.prefix, 'database.snapshot')
      await vi.waitFor(() => expect(existsSync(file)).toBe(true), PATIENCE_MS)
    }
    const settings = { ...settingsFor({ ...connection, port: 1 }), prefix: place.prefix }
    await expect(startGateway('', settings)).rejects.toThrow(/PostgreSQL: .*ECONNREFUSED/)
  })
})
