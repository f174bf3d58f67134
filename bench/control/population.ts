import { randomUUID } from 'node:crypto'
import type { Catalog } from '../../src/entities/catalog.ts'
import type { Entity, EntitySet } from '../../src/entities/entity.ts'
import { catalogOf } from '../../src/gateway/catalog-of.ts'
import { loadPlugins } from '../../src/gateway/load-plugins.ts'
import { readSettings } from '../../src/settings/read-settings.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'

export interface Size {
  readonly routes: number
  /** Each with a key. */
  readonly consumers: number
}

/** Entities of one service: routes `/r0`, `/r1` …, consumers with keys `k0`, `k1` … */
export async function population(size: Size, upstreamUrl: string): Promise<EntitySet> {
  const catalog = await benchCatalog()
  const make = (kind: string, input: object): Entity => {
    const parsed = catalog.parse(kind, { id: randomUUID(), ...input }, MODE)
    if (!parsed.ok) throw new Error(`Cannot make ${kind}: ${JSON.stringify(parsed.violations)}`)
    return parsed.value
  }
  const service = make('services', { name: 'bench', url: upstreamUrl })
  const numbers = (count: number) => Array.from({ length: count }, (_, number) => number)
  const consumers = numbers(size.consumers).map((at) => make('consumers', { username: `c${at}` }))
  return {
    services: [service],
    routes: numbers(size.routes).map((at) =>
      make('routes', { name: `r${at}`, paths: [`/r${at}`], service: { id: service.id } }),
    ),
    consumers,
    keyauth_credentials: consumers.map(({ id }, at) =>
      make('keyauth_credentials', { key: `k${at}`, consumer: { id } }),
    ),
  }
}

const MODE = { mode: 'insert', nowSeconds: Math.floor(Date.now() / 1000) } as const

/** Writes entities into a new SQLite file. */
export async function writeSqlite(file: string, entities: EntitySet): Promise<void> {
  const store = await openSqliteStore(await benchCatalog(), { file })
  const result = await store.replaceAll(entities, { by: 'import' })
  await store.close()
  if (!result.ok) throw new Error(`Cannot fill ${file}: ${JSON.stringify(result.fault)}`)
}

async function benchCatalog(): Promise<Catalog> {
  const read = readSettings({ environment: {}, overrides: {} })
  if (!read.ok) throw new Error('The default settings are wrong')
  const { plugins } = await loadPlugins(read.settings)
  return catalogOf(read.settings, plugins)
}
