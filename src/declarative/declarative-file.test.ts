import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PluginSchema } from '../entities/catalog.ts'
import { createCatalog } from '../entities/create-catalog.ts'
import type { Entity, EntitySet } from '../entities/entity.ts'
import { declarativeFiles, type DeclarativeFile } from './declarative-file.ts'
import type { RowChange } from './edit/change-document.ts'

/** A plugin with a field that has an older name, and credentials whose secret is transformed. */
const PLUGIN: PluginSchema = {
  name: 'guard',
  config: {
    type: 'record',
    fields: {
      limit: { type: 'integer', default: 5 },
      store: { type: 'record', fields: { host: { type: 'string' } }, required: true },
      names: { type: 'array', elements: { type: 'string' }, default: ['a'] },
    },
    shorthand_fields: {
      store_host: {
        field: {
          type: 'string',
          deprecation: {
            message: '',
            removal_in_version: '4',
            replaced_with: [{ path: ['store', 'host'] }],
          },
        },
      },
    },
  },
  checks: [],
  protocols: { allowed: ['http', 'https'], default: ['http', 'https'] },
  not: [],
  entities: [
    {
      name: 'secrets',
      cacheKey: ['text'],
      endpointKey: 'text',
      fields: {
        id: { type: 'string', uuid: true, auto: true },
        created_at: { type: 'integer', auto: true, timestamp: true },
        consumer: { type: 'foreign', reference: 'consumers', required: true, on_delete: 'cascade' },
        text: { type: 'string', unique: true, auto: true },
        hash: { type: 'string' },
      },
      transformations: [
        { input: ['hash'], onWrite: ({ hash }) => ({ hash: `#${hash as string}` }) },
      ],
    },
  ],
}

/** A plugin that makes up a key where none is given. */
const KEYED: PluginSchema = {
  ...PLUGIN,
  name: 'keyed',
  config: {
    type: 'record',
    fields: { key: { type: 'string', auto: true }, limit: { type: 'integer', default: 5 } },
  },
  entities: [],
}

const catalog = createCatalog([PLUGIN, KEYED], { flavor: 'traditional_compatible' })
const yaml = declarativeFiles({ catalog, fileName: 'kong.yml' })
const NOW = 1_700_000_000

const FILE = `# The gateway of the house
_format_version: "3.0"   # keep

services:
# the first
- name: orders   # everybody's
  url: http://orders:8000/v1
  tags: [a, b]   # two
  routes:
  - name: all
    paths:
    - /orders   # with a comment
    - /o
  plugins:
  - name: guard
    config: {store_host: redis, limit: 7}

- {name: bills, host: bills, port: 81}

consumers:
  - username: ann
    secrets:
      - hash: plain
  - custom_id: "007"
plugins:
- name: guard
  route: all
`

function find(file: DeclarativeFile, kind: string, wanted: object): Entity {
  return (file.entities[kind] ?? []).find((row) =>
    Object.entries(wanted).every(([name, value]) => row[name] === value),
  )!
}

/** Applies changes to a file and to its entities. */
function change(
  file: DeclarativeFile,
  changes: readonly RowChange[],
  files = yaml,
): DeclarativeFile {
  const after: Record<string, Entity[]> = Object.fromEntries(
    Object.entries(file.entities).map(([kind, rows]) => [kind, [...rows]]),
  )
  for (const { kind, id, after: row } of changes) {
    const others = (after[kind] ?? []).filter((other) => other.id !== id)
    after[kind] = row === undefined ? others : [...others, row]
  }
  return files.change(file, changes, after)
}

function update(file: DeclarativeFile, kind: string, row: Entity, fields: object): RowChange {
  return { kind, id: row.id, before: row, after: { ...row, ...fields } }
}

function insertion(kind: string, fields: object): RowChange {
  const parsed = catalog.parse(kind, fields, { mode: 'insert', nowSeconds: NOW })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations))
  return { kind, id: parsed.value.id, before: undefined, after: parsed.value }
}

const removal = (kind: string, row: Entity): RowChange => ({
  kind,
  id: row.id,
  before: row,
  after: undefined,
})

/** Lines that are new, and lines that are gone. */
function lines(before: string, after: string): readonly [added: string[], gone: string[]] {
  const [old, now] = [before.split('\n'), after.split('\n')]
  return [now.filter((line) => !old.includes(line)), old.filter((line) => !now.includes(line))]
}

describe('declarativeFiles()', () => {
  it('changes a value and nothing else', () => {
    const file = yaml.read(FILE)
    const row = find(file, 'services', { name: 'bills' })
    const { text } = change(file, [update(file, 'services', row, { port: 82 })])
    expect(lines(FILE, text)).toEqual([
      [`- {name: bills, host: bills, port: 82, id: ${row.id}}`],
      ['- {name: bills, host: bills, port: 81}'],
    ])
  })

  it('keeps comments of what stays in a list', () => {
    const file = yaml.read(FILE)
    const row = find(file, 'routes', { name: 'all' })
    const { text } = change(file, [update(file, 'routes', row, { paths: ['/x', '/orders'] })])
    expect(lines(FILE, text)).toEqual([['    - /x', `    id: ${row.id}`], ['    - /o']])
  })

  it('writes out what a short way of writing stood for, when a part of it changes', () => {
    const file = yaml.read(FILE)
    const service = find(file, 'services', { name: 'orders' })
    const plugin = find(file, 'plugins', { route: null })
    const config = { ...(plugin['config'] as object), store: { host: 'other' } }
    const changed = change(file, [
      update(file, 'services', service, { path: '/v2' }),
      update(file, 'plugins', plugin, { config }),
    ])
    expect(changed.text).not.toContain('url:')
    expect(changed.text).not.toContain('store_host')
    expect(find(changed, 'services', { name: 'orders' })).toMatchObject({
      host: 'orders',
      port: 8000,
      path: '/v2',
    })
    expect(changed.text).toContain('config: {limit: 7, store: {host: other}}')
  })

  it('adds at the end of a list, in few words', () => {
    const file = yaml.read(FILE)
    const service = find(file, 'services', { name: 'orders' })
    const added = [
      insertion('services', { name: 'new', host: 'h' }),
      insertion('routes', { name: 'r', paths: ['/r'], service: { id: service.id } }),
      insertion('plugins', { name: 'guard', service: { id: service.id }, instance_name: 'g' }),
      insertion('upstreams', { name: 'u.test' }),
    ]
    const moved = removal('plugins', find(file, 'plugins', { route: null }))
    const { text } = change(file, [moved, ...added])
    expect(text).toMatch(/\n- id: .*\n(?: {2}.*\n)* {2}host: h\n/)
    expect(text).toMatch(/\nroutes:\n- id: .*\n(?: {2}.*\n)* {2}service: orders\n/)
    expect(text).toMatch(/ {2}instance_name: g\n(?: {2}.*\n)* {2}service: orders\n/)
    expect(text).toContain('upstreams:\n')
    expect(text).not.toContain('retries')
  })

  it('takes out what is deleted, and lists that are then empty', () => {
    const file = yaml.read(FILE)
    const { text } = change(file, [
      removal('plugins', find(file, 'plugins', { route: null })),
      removal('secrets', file.entities['secrets']![0]!),
    ])
    expect(text).not.toContain('guard\n    config')
    expect(text).not.toContain('secrets')
    expect(lines(FILE, text)[0]).toEqual([])
  })

  it.each([[[0, 1]], [[1, 0]], [[0, 2]], [[2, 1, 0]], [[1, 3]]])(
    'takes out exactly those of one list that are deleted together: %j',
    (gone) => {
      const names = ['a', 'b', 'c', 'd']
      const consumers = names.map((name) => `- username: ${name}\n`).join('')
      const file = yaml.read(`_format_version: "3.0"\nconsumers:\n${consumers}`)
      const rows = names.map((username) => find(file, 'consumers', { username }))
      const { text } = change(
        file,
        gone.map((at) => removal('consumers', rows[at]!)),
      )
      const kept = names.filter((_, at) => !gone.includes(at))
      expect(yaml.read(text).entities['consumers']?.map(({ username }) => username)).toEqual(kept)
    },
  )

  it('lets references follow a name that changes, and ids stay', () => {
    const file = yaml.read(FILE)
    const route = find(file, 'routes', { name: 'all' })
    const changed = change(file, [update(file, 'routes', route, { name: 'every' })])
    expect(changed.text).toContain('route: every')
    expect(
      yaml
        .read(changed.text)
        .entities['plugins']!.map(({ id }) => id)
        .sort(),
    ).toEqual(file.entities['plugins']!.map(({ id }) => id).sort())
  })

  it('moves what belongs to another parent from then on', () => {
    const file = yaml.read(FILE)
    const route = find(file, 'routes', { name: 'all' })
    const bills = find(file, 'services', { name: 'bills' })
    const { text } = change(file, [update(file, 'routes', route, { service: { id: bills.id } })])
    expect(text).toMatch(/\nroutes:\n- name: all\n(?: {2}.*\n)+ {2}service: bills\n/)
    const alone = yaml.read(text)
    const { text: without } = change(alone, [
      update(alone, 'routes', find(alone, 'routes', { name: 'all' }), { service: null }),
    ])
    expect(without).not.toContain('service:')
  })

  it('writes an id where nothing else could name what is referred to', () => {
    const file = yaml.read(FILE)
    const consumer = find(file, 'consumers', { custom_id: '007' })
    const added = insertion('plugins', { name: 'guard', consumer: { id: consumer.id } })
    const { text } = change(file, [added])
    expect(text).toContain(`custom_id: "007"\n    id: ${consumer.id}\n`)
    expect(text).toContain(`consumer: ${consumer.id}\n`)
  })

  it('keeps made-up values that a change makes permanent', () => {
    const file = yaml.read(FILE)
    const row = file.entities['secrets']![0]!
    const ann = find(file, 'consumers', { username: 'ann' })
    const changed = change(file, [
      update(file, 'consumers', ann, { tags: ['x'] }),
      { ...update(file, 'secrets', row, { hash: '#other' }) },
    ])
    expect(yaml.read(changed.text).entities['secrets']).toMatchObject([
      { id: row.id, text: row['text'], hash: '#other' },
    ])
    expect(changed.text).toContain('_transform: false')
  })

  it('leaves made-up values of plugins alone, until a change makes them permanent', () => {
    const file = yaml.read(
      `${FILE}- name: keyed\n- name: keyed\n  route: all\n  config: {limit: 7}\n`,
    )
    const ann = find(file, 'consumers', { username: 'ann' })
    const others = change(file, [update(file, 'consumers', ann, { tags: ['x'] })])
    expect(others.text).not.toContain('key:')
    for (const plugin of file.entities['plugins']!.filter(({ name }) => name === 'keyed')) {
      const config = plugin['config'] as { readonly key: string }
      const { text } = change(file, [
        update(file, 'plugins', plugin, { config: { ...config, limit: 8 } }),
      ])
      expect(text).toContain(`key: ${config.key}`)
    }
  })

  it('brings old notations to the present where the new cannot be said in them', () => {
    const old = FILE.replace('"3.0"', '"2.1"').replace('- /o\n', '- /o/\\d+\n')
    const file = yaml.read(old)
    const tagged = change(file, [
      update(file, 'services', find(file, 'services', { name: 'bills' }), { tags: ['x'] }),
    ])
    expect(tagged.text).toContain('_format_version: "2.1"')
    const route = find(tagged, 'routes', { name: 'all' })
    const { text } = change(tagged, [
      update(tagged, 'routes', route, { paths: [...(route['paths'] as string[]), '~/z$'] }),
    ])
    expect(text).toContain('_format_version: "3.0"')
    expect(text).toContain('- ~/o/\\d+\n    - ~/z$\n')
  })

  it('copies what is shared before it changes one of those who share', () => {
    const text = `_format_version: "3.0"
services:
- &base
  name: one
  host: x
  tags: &tags [a]
- <<: *base
  name: two
- name: three
  host: y
  tags: *tags
`
    const file = yaml.read(text)
    const three = find(file, 'services', { name: 'three' })
    const changed = change(file, [update(file, 'services', three, { tags: ['b'] })])
    expect(find(changed, 'services', { name: 'one' })['tags']).toEqual(['a'])
    expect(changed.text).toContain('<<: *base')
    const one = find(file, 'services', { name: 'one' })
    expect(() => change(file, [update(file, 'services', one, { retries: 1 })])).toThrow(
      /^Cannot write the change into kong\.yml: [^]*already declared/,
    )
  })

  it('keeps line ends, and the way lists are indented', () => {
    const text = FILE.replaceAll('\n', '\r\n')
    const file = yaml.read(text)
    const row = find(file, 'services', { name: 'bills' })
    const changed = change(file, [update(file, 'services', row, { port: 82 })]).text
    expect(changed.split('\r\n').length).toBe(changed.split('\n').length)
  })

  it('keeps JSON JSON', () => {
    const json = declarativeFiles({ catalog, fileName: 'kong.json' })
    const text = `{\n    "_format_version": "3.0",\n    "services": [\n        {\n            "name": "s",\n            "host": "x"\n        }\n    ]\n}\n`
    const file = json.read(text)
    const row = file.entities['services']![0]!
    const changed = change(file, [update(file, 'services', row, { port: 81 })], json)
    expect(changed.text).toBe(
      text.replace('"x"\n', `"x",\n            "port": 81,\n            "id": "${row.id}"\n`),
    )
  })

  it('writes everything anew where there is nothing to keep', () => {
    const { entities } = yaml.read(FILE)
    const { text } = yaml.write(entities)
    expect(text).toMatch(/^_format_version: "3\.0"\n/)
    const ids = (set: EntitySet) =>
      Object.entries(set).map(([kind, rows]) => [kind, rows.map(({ id }) => id).sort()])
    expect(new Map(ids(yaml.read(text).entities) as never)).toEqual(new Map(ids(entities) as never))
  })

  it('says after any sequence of changes what the entities say', () => {
    const step = fc.record({
      what: fc.constantFrom('insert', 'update', 'delete'),
      kind: fc.constantFrom('services', 'routes', 'consumers', 'plugins'),
      at: fc.nat(),
      text: fc.constantFrom('a', 'off', '012', '# x', "it's: {", 'ä', '~', 'null'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let file = yaml.read(FILE)
        for (const { what, kind, at, text } of steps) {
          const rows = file.entities[kind] ?? []
          const row = rows[at % Math.max(rows.length, 1)]
          const fields = kind === 'services' ? { host: 'h' } : { paths: ['/x'] }
          const named = kind === 'consumers' ? { username: `${text}${randomUUID()}` } : fields
          if (what === 'insert' && kind !== 'plugins')
            file = change(file, [insertion(kind, { ...named, tags: [text] })])
          else if (row !== undefined && what === 'update')
            file = change(file, [update(file, kind, row, { tags: [text, 'more'] })])
          else if (row !== undefined && what === 'delete' && kind === 'plugins')
            file = change(file, [removal(kind, row)])
        }
      }),
      { numRuns: 20 },
    )
  })
})
