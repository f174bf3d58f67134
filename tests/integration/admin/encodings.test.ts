import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { declarativeFiles } from '../../../src/declarative/declarative-file.ts'
import type { EntitySet } from '../../../src/entities/entity.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import { openFileStore } from '../../../src/store/file-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { adminClient, type AdminClient, type Answer } from './admin-client.ts'

const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })
const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-encodings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Fields = Readonly<Record<string, unknown>>
type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value }

/** Texts with what encodings must take care of. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  // Forms know no empty texts, and YAML and HTTP no controls.
  .filter((value) => !/[\p{Cc}\p{Cs}\u{feff}\u{2028}\u{2029}]/u.test(value))
const name = fc.stringMatching(/^[a-zA-Z][\w.~-]{0,12}$/)
const tags = fc.uniqueArray(fc.stringMatching(/^[ -+\-.0-~]{1,8}$/), { minLength: 1, maxLength: 3 })
const port = fc.integer({ min: 1, max: 65_535 })

const entities = fc.oneof(
  fc.record({
    kind: fc.constant('services'),
    fields: fc.record(
      {
        name,
        host: fc.domain(),
        port,
        path: fc
          .stringMatching(/^\/[\w.~@!$&'()*+,;=:-]{1,10}$/)
          .filter((value) => !value.includes('..')),
        retries: fc.integer({ min: 0, max: 32_767 }),
        enabled: fc.boolean(),
        tags,
      },
      { requiredKeys: ['host'] },
    ),
  }),
  fc.record({
    kind: fc.constant('consumers'),
    fields: fc.record({ username: text, custom_id: text, tags }, { requiredKeys: ['username'] }),
  }),
  fc.record({
    kind: fc.constant('routes'),
    fields: fc.record(
      {
        name,
        hosts: fc.array(fc.domain(), { minLength: 1, maxLength: 3 }),
        methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'PUT'), { minLength: 1 }),
        headers: fc.dictionary(
          fc.stringMatching(/^x-[a-z]{1,6}$/),
          fc.array(text, { minLength: 1, maxLength: 2 }),
          { minKeys: 1, maxKeys: 2 },
        ),
        regex_priority: fc.integer({ min: -5, max: 5 }),
        strip_path: fc.boolean(),
      },
      { requiredKeys: ['hosts'] },
    ),
  }),
  fc.record({
    kind: fc.constant('plugins'),
    fields: fc.record({
      name: fc.constant('response-transformer'),
      enabled: fc.boolean(),
      config: fc.record({
        add: fc.record({
          headers: fc.array(
            text.map((value) => `x-a:${value}`),
            { minLength: 1, maxLength: 3 },
          ),
        }),
        remove: fc.record({ json: fc.array(text, { minLength: 1, maxLength: 2 }) }),
      }),
    }),
  }),
)

/** Names and texts of a form, with names that nest in one of the two ways. */
function formFields(
  value: Value,
  prefix: string,
  nest: (prefix: string, name: string) => string,
): readonly (readonly [string, string])[] {
  if (Array.isArray(value))
    return value.flatMap((item: Value) => formFields(item, `${prefix}[]`, nest))
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([name, inner]) =>
      formFields(inner, prefix === '' ? name : nest(prefix, name), nest),
    )
  return [[prefix, String(value)]]
}

const ENCODINGS: Readonly<
  Record<string, (admin: AdminClient, url: string, fields: Fields) => Promise<Answer>>
> = {
  JSON: (admin, url, fields) => admin.call('POST', url, fields),
  'a form with dots': (admin, url, fields) =>
    admin.call(
      'POST',
      url,
      formText(fields, (prefix, name) => `${prefix}.${name}`),
    ),
  'a form with brackets': (admin, url, fields) =>
    admin.call(
      'POST',
      url,
      formText(fields, (prefix, name) => `${prefix}[${name}]`),
    ),
  multipart: (admin, url, fields) => {
    const parts = formFields(fields as Value, '', (prefix, name) => `${prefix}.${name}`)
    const body = parts.map(
      ([name, value]) =>
        `--edge\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    const type = { 'content-type': 'multipart/form-data; boundary=edge' }
    return admin.send('POST', url, type, Buffer.from(`${body.join('')}--edge--\r\n`))
  },
}

function formText(fields: Fields, nest: (prefix: string, name: string) => string): string {
  return formFields(fields as Value, '', nest)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
}

const withoutAutomatic = (row: unknown): object => {
  const { id: _id, created_at: _created, updated_at: _updated, ...rest } = row as Fields
  return rest
}

/** When something was last loaded differs from load to load. */
function withoutTimes(entities: EntitySet): object {
  return Object.fromEntries(
    Object.entries(entities).map(([kind, rows]) => [
      kind,
      rows.map(({ updated_at: _updated, ...row }) => row),
    ]),
  )
}

describe('an entity', () => {
  it('is the same in whatever encoding it comes', async () => {
    await fc.assert(
      fc.asyncProperty(entities, async ({ kind, fields }) => {
        const answers = await Promise.all(
          Object.values(ENCODINGS).map((send) =>
            send(adminClient({ catalog }), `/${kind}`, fields),
          ),
        )
        const [first, ...others] = answers.map(({ status, body }) => ({
          status,
          row: withoutAutomatic(body),
        }))
        expect(first).toMatchObject({ status: 201, row: fields })
        for (const other of others) expect(other).toEqual(first)
      }),
      { numRuns: 150 },
    )
  })

  it.each<[string, () => Promise<() => Promise<Store>>]>([
    [
      'memory',
      async () => {
        const store = createMemoryStore(catalog, { isWritable: true })
        return () => Promise.resolve(store)
      },
    ],
    [
      'SQLite',
      async () => {
        const file = path.join(folder, `${randomUUID()}.db`)
        return () => openSqliteStore(catalog, { file })
      },
    ],
    [
      'a file',
      async () => {
        const file = path.join(folder, `${randomUUID()}.yml`)
        writeFileSync(file, '_format_version: "3.0"\n')
        const language = declarativeFiles({ catalog, fileName: file })
        return async () => (await openFileStore(catalog, { file, language })).store
      },
    ],
  ])('comes back from %s as it went', async (_medium, prepare) => {
    await fc.assert(
      fc.asyncProperty(entities, async ({ kind, fields }) => {
        const open = await prepare()
        const store = await open()
        const made = await adminClient({ catalog, store }).call('POST', `/${kind}`, fields)
        expect(made.status).toBe(201)
        const { id } = made.body as { readonly id: string }
        const again = adminClient({ catalog, store: await open() })
        const read = await again.call('GET', `/${kind}/${id}`)
        expect(withoutAutomatic(read.body)).toEqual(withoutAutomatic(made.body))
        await Promise.all([store.close(), again.context.store.close()])
      }),
      { numRuns: 40 },
    )
  })

  it('comes back from GET /config as it went into POST /config', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entities, { minLength: 1, maxLength: 4 }), async (given) => {
        const admin = adminClient({ catalog, isDbLess: true })
        const document: Record<string, unknown> = { _format_version: '3.0' }
        for (const { kind, fields } of given) document[kind] = [fields]
        expect((await admin.call('POST', '/config', document)).status).toBe(201)
        const before = withoutTimes(admin.context.store.all())
        const { config } = (await admin.call('GET', '/config')).body as { readonly config: string }
        const yaml = { 'content-type': 'text/yaml' }
        expect((await admin.send('POST', '/config', yaml, Buffer.from(config))).status).toBe(201)
        expect(withoutTimes(admin.context.store.all())).toEqual(before)
      }),
      { numRuns: 60 },
    )
  })
})
