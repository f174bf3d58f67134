import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { declarativeFiles } from '../../../src/declarative/declarative-file.ts'
import { exportDeclarative, exportedDocument } from '../../../src/declarative/export.ts'
import { parseDeclarative, parseDeclarativeDocument } from '../../../src/declarative/parse.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import type { Entity, EntitySet } from '../../../src/entities/entity.ts'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import { openFileStore } from '../../../src/store/file-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { migrate } from '../../../src/store/postgres-migrations.ts'
import { openPostgresStore } from '../../../src/store/postgres-store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import type { Operation, Store } from '../../../src/store/store.ts'
import { arbitraryEntities } from '../../support/arbitrary-entities.ts'
import {
  expressible,
  FORM_STYLES,
  formFields,
  multipart,
  urlEncoded,
} from '../../support/form-encoding.ts'
import { hasPostgres, type TestPostgres, usePostgres } from '../../support/start-postgres.ts'
import { adminClient } from '../admin/admin-client.ts'

const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })
const entitySets = arbitraryEntities(catalog)
const OPTIONS = { catalog, nowSeconds: 1_800_000_000 }
const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-round-trip-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Rows of each kind in order of id, kinds without rows left out. */
function ordered(entities: EntitySet): EntitySet {
  return Object.fromEntries(
    Object.entries(entities)
      .filter(([, rows]) => rows.length > 0)
      .map(([kind, rows]) => [kind, rows.toSorted((one, other) => (one.id < other.id ? -1 : 1))]),
  )
}

/** Without the time of the last change, which a file does not keep, and times to live of nothing. */
function timeless(entities: EntitySet): EntitySet {
  return Object.fromEntries(
    Object.entries(ordered(entities)).map(([kind, rows]) => [
      kind,
      rows.map(({ updated_at: _updatedAt, ttl, ...row }) =>
        ttl === undefined || ttl === null ? (row as Entity) : { ...row, ttl },
      ),
    ]),
  )
}

function inserts(entities: EntitySet): readonly Operation[] {
  return catalog
    .kinds()
    .flatMap(({ name: kind }) =>
      (entities[kind] ?? []).map((entity): Operation => ({ op: 'insert', kind, entity })),
    )
}

/** Writes one by one, and gives what is there after the store was opened again. */
async function writtenAndRead(open: () => Promise<Store>, entities: EntitySet): Promise<EntitySet> {
  const first = await open()
  for (const operation of inserts(entities)) {
    const result = await first.write([operation], { by: 'admin-api' })
    if (!result.ok) throw new Error(JSON.stringify(result.fault))
  }
  expect(first.all()).toEqual(ordered(entities))
  await first.close()
  const second = await open()
  const read = second.all()
  await second.close()
  return read
}

const FORM_TYPE = 'application/x-www-form-urlencoded'
const MULTIPART_TYPE = 'multipart/form-data; boundary=edge'

function listOf(kind: string, entity: Entity): string {
  const { id } = (entity['upstream'] ?? {}) as { readonly id?: string }
  return kind === 'targets' ? `/upstreams/${id}/targets` : `/${catalog.kind(kind)!.urlName ?? kind}`
}

/** Targets are made by POST alone. */
function writing(kind: string, entity: Entity): readonly ['POST' | 'PUT', string] {
  const list = listOf(kind, entity)
  return kind === 'targets' ? ['POST', list] : ['PUT', `${list}/${entity.id}`]
}

const isMade = (status: number): boolean => status === 200 || status === 201

async function holds(
  runs: number,
  check: (entities: EntitySet) => Promise<void> | void,
): Promise<void> {
  let rows = 0
  await fc.assert(
    fc.asyncProperty(entitySets, async (entities) => {
      rows += Object.values(entities).flat().length
      await check(entities)
    }),
    { numRuns: runs },
  )
  // A generator whose proposals all are refused would prove nothing.
  expect(rows).toBeGreaterThan(runs * 3)
}

describe('any entities come back the same', () => {
  it('from YAML and from JSON', async () => {
    await holds(150, (entities) => {
      const text = exportDeclarative(entities, catalog)
      const fromYaml = parseDeclarative({ text, fileName: 'kong.yml' }, OPTIONS)
      if (!fromYaml.ok) throw new Error(`${fromYaml.message}\n${text}`)
      expect(timeless(fromYaml.entities)).toEqual(timeless(entities))
      const document = exportedDocument(entities, catalog)
      const json = { text: JSON.stringify(document), fileName: 'kong.json' }
      for (const parsed of [
        parseDeclarative(json, OPTIONS),
        parseDeclarativeDocument(document, OPTIONS),
      ])
        expect(parsed.ok && timeless(parsed.entities)).toEqual(timeless(entities))
    })
  })

  it('from the Admin API, as JSON', async () => {
    await holds(40, async (entities) => {
      const [source, copy] = [adminClient({ catalog }), adminClient({ catalog })]
      await source.context.store.replaceAll(entities, { by: 'file' })
      for (const { kind, entity } of inserts(entities) as readonly {
        kind: string
        entity: Entity
      }[]) {
        const { body } = await source.call('GET', `${listOf(kind, entity)}/${entity.id}`)
        const made = await copy.call(...writing(kind, entity), body as object)
        expect(made.status).toBeLessThan(300)
      }
      expect(timeless(copy.context.store.all())).toEqual(timeless(entities))
    })
  })

  it.each([
    ...FORM_STYLES.map((style) => ({ type: FORM_TYPE, style })),
    ...FORM_STYLES.map((style) => ({ type: MULTIPART_TYPE, style })),
  ])('from the Admin API, as far as $type can say them, with $style', async ({ type, style }) => {
    await holds(25, async (entities) => {
      const [plain, formed] = [adminClient({ catalog }), adminClient({ catalog })]
      for (const { kind, entity } of inserts(entities) as readonly {
        kind: string
        entity: Entity
      }[]) {
        const sayable = expressible(entity) as Entity
        const fields = formFields(sayable, style)
        const body = type === FORM_TYPE ? urlEncoded(fields) : multipart(fields, 'edge')
        const json = await plain.call(...writing(kind, entity), sayable)
        const form = await formed.send(...writing(kind, entity), { 'content-type': type }, body)
        expect([json.status, form]).toMatchObject([
          form.status,
          { status: expect.toSatisfy(isMade) },
        ])
      }
      const rows = formed.context.store.all()
      expect(timeless(rows)).toEqual(timeless(plain.context.store.all()))
    })
  })

  it('from a memory store and from a SQLite file', async () => {
    await holds(25, async (entities) => {
      const memory = createMemoryStore(catalog, { isWritable: true })
      await memory.write(inserts(entities), { by: 'import' })
      expect(memory.all()).toEqual(ordered(entities))
      const file = path.join(folder, `${randomUUID()}.db`)
      const open = () => openSqliteStore(catalog, { file })
      expect(await writtenAndRead(open, entities)).toEqual(ordered(entities))
    })
  })

  it.each([
    ['kong.yml', '# ours\n_format_version: "3.0"\n'],
    ['kong.yml', '{"_format_version": "3.0"}'],
    ['kong.json', '{"_format_version": "3.0"}'],
  ])('from a file that is written, %s that begins as %j', async (name, beginning) => {
    await holds(25, async (entities) => {
      const file = path.join(folder, `${randomUUID()}-${name}`)
      writeFileSync(file, beginning)
      const language = declarativeFiles({ catalog, fileName: file })
      const open = async () => (await openFileStore(catalog, { file, language })).store
      const read = await writtenAndRead(open, entities).catch((error: unknown) => {
        throw new Error(readFileSync(file, 'utf8'), { cause: error })
      })
      expect(timeless(read)).toEqual(timeless(entities))
    })
  })
})

describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await usePostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('any entities come back the same', async () => {
    await holds(8, async (entities) => {
      const connection = await server.newDatabase()
      await migrate(connection)
      const open = () => openPostgresStore(catalog, { connection, pollSeconds: 600 })
      expect(await writtenAndRead(open, entities)).toEqual(ordered(entities))
    })
  })
})
