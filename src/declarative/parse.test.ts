import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PluginSchema } from '../entities/catalog.ts'
import { createCatalog } from '../entities/create-catalog.ts'
import { integer, record, string } from '../schema/field.ts'
import type { DeclarativeRefusal, FlattenedError } from './declarative.ts'
import { exportDeclarative } from './export.ts'
import { parseDeclarative, parseDeclarativeDocument } from './parse.ts'
import { faultLine, prettyErrors } from './pretty-errors.ts'

const HTTP = ['grpc', 'grpcs', 'http', 'https'] as const
const CONSUMER = { type: 'foreign', reference: 'consumers', required: true } as const

const plugin = (name: string, more: Partial<PluginSchema> = {}): PluginSchema => ({
  name,
  config: record({ limit: integer(), mode: string({ one_of: ['local', 'redis'] }) }) as never,
  checks: [],
  protocols: { allowed: HTTP, default: HTTP },
  not: [],
  entities: [],
  ...more,
})

const catalog = createCatalog(
  [
    plugin('key-auth', {
      not: ['consumer'],
      entities: [
        {
          name: 'keyauth_credentials',
          endpointKey: 'key',
          cacheKey: ['key'],
          fields: {
            id: string({ auto: true, uuid: true }),
            consumer: CONSUMER,
            key: string({ auto: true, unique: true }),
          },
        },
      ],
    }),
    plugin('basic-auth', {
      entities: [
        {
          name: 'basicauth_credentials',
          endpointKey: 'username',
          cacheKey: ['username'],
          fields: {
            id: string({ auto: true, uuid: true }),
            consumer: CONSUMER,
            username: string({ required: true, unique: true }),
            password: string({ required: true }),
          },
          transformations: [
            {
              input: ['password'],
              needs: ['consumer.id'],
              onWrite: ({ password }) => ({ password: `hashed ${password as string}` }),
            },
          ],
        },
      ],
    }),
    plugin('rate-limiting'),
  ],
  { flavor: 'traditional_compatible' },
)

const options = { catalog, nowSeconds: 1_700_000_000 }

function load(text: string, format = '3.0') {
  const result = parseDeclarative({ text: `_format_version: "${format}"\n${text}` }, options)
  if (!result.ok) throw new Error(result.message)
  return result
}

function refused(text: string, version = '3.0'): DeclarativeRefusal {
  const result = parseDeclarative({ text: `_format_version: "${version}"\n${text}` }, options)
  if (result.ok) throw new Error('It was taken')
  return result
}

describe('parseDeclarative › entities', () => {
  it('takes nested entities as well as flat ones', () => {
    const nested = load(`
services:
- name: s
  url: http://x
  routes:
  - name: r
    paths: [/a]
    plugins: [{name: rate-limiting, config: {limit: 5}}]
consumers:
- username: ann
  keyauth_credentials: [{key: k}]
`)
    const flat = load(`
services: [{name: s, url: "http://x"}]
routes: [{name: r, service: s, paths: [/a]}]
consumers: [{username: ann}]
keyauth_credentials: [{key: k, consumer: ann}]
plugins: [{name: rate-limiting, route: r, config: {limit: 5}}]
`)
    const withoutIds = (rows: readonly object[] | undefined) =>
      rows?.map((row) => ({ ...row, id: 0 }))
    for (const kind of ['services', 'routes', 'consumers'])
      expect(nested.entities[kind]).toEqual(flat.entities[kind])
    for (const kind of ['plugins', 'keyauth_credentials'])
      expect(withoutIds(nested.entities[kind])).toEqual(withoutIds(flat.entities[kind]))
  })

  it('takes references by name, by id and as an object', () => {
    const id = '0855b320-0dd2-547d-891d-601e9b38647f'
    const { entities } = load(`
services: [{name: my-service, url: "http://x"}]
routes:
- {name: a, service: my-service, paths: [/a]}
- {name: b, service: ${id}, paths: [/b]}
- {name: c, service: {id: ${id}}, paths: [/c]}
- {name: d, service: null, paths: [/d]}
`)
    expect(entities['routes']?.map((route) => route['service'])).toEqual([
      { id },
      { id },
      { id },
      null,
    ])
  })

  it('gives a nested entity to its parent, whatever it says itself', () => {
    const { entities } = load(`
services:
- {name: a, url: "http://x", routes: [{name: r, paths: [/], service: b}]}
- {name: b, url: "http://y"}
`)
    const [a] = entities['services']!
    expect(entities['routes']?.[0]?.['service']).toEqual({ id: a!.id })
  })

  it('hashes passwords unless they are hashed already', () => {
    const text = 'consumers: [{username: a, basicauth_credentials: [{username: a, password: p}]}]'
    const passwordOf = (whole: string) =>
      load(whole).entities['basicauth_credentials']?.[0]?.['password']
    expect(passwordOf(text)).toBe('hashed p')
    expect(passwordOf(`_transform: false\n${text}`)).toBe('p')
  })

  it('passes over comments, where they may stand', () => {
    const { entities } = load(`
_comment: x
$schema: ./kong.schema.json
_ignore: [1]
consumers: [{username: a, _comment: y, _ignore: [{b: c}]}]
`)
    expect(entities['consumers']?.[0]).not.toHaveProperty('_comment')
    expect(refused('$schema: 5').fields).toMatchObject({ $schema: 'expected a string' })
    expect(refused('services: [{host: h, _comment: 5, _ignore: x}]').fields).toEqual({
      services: [{ _comment: 'expected a string', _ignore: 'expected an array' }],
    })
  })

  it.each([
    ['3.0', '/a.b', '/a.b'],
    ['2.1', '/a%20b', '/a b'],
    ['2.1', '/re/\\d+$', '~/re/\\d+$'],
    ['1.1', '/a+b', '~/a+b'],
    ['3.0', '/a+b', '/a+b'],
  ])('in format %s reads the path %s as %s', (format, path, read) => {
    const text = `services: [{name: s, url: "http://x", routes: [{name: n, paths: ['${path}']}]}]
routes: [{name: r, service: s, paths: ['${path}']}]`
    expect(load(text, format).entities['routes']?.map(({ paths }) => paths)).toEqual([
      [read],
      [read],
    ])
  })

  it('keeps vault references as they are', () => {
    const { entities } = load("certificates: [{cert: '{vault://env/c}', key: '{vault://env/k}'}]")
    expect(entities['certificates']?.[0]).toMatchObject({ cert: '{vault://env/c}' })
  })
})

describe('parseDeclarative › ids', () => {
  it.each([
    ['services: [{name: my-service, url: "http://x"}]', '0855b320-0dd2-547d-891d-601e9b38647f'],
    ['services: [{name: foo, url: "http://x"}]', '2933fbcc-9d7c-54a7-a984-fe2bde836cea'],
    ['consumers: [{username: my-user}]', '4b1b701d-de2b-5588-9aa2-3b97061d9f52'],
    ['routes: [{name: my-route, paths: [/]}]', '481a9539-f49c-51b6-b2e2-fe99ee68866c'],
    ['plugins: [{name: key-auth}]', '6b4f38d1-e026-540b-a5ea-8634739dd2a7'],
    [
      'services: [{name: my-service, url: "http://x", plugins: [{name: key-auth}]}]',
      '4a4d9361-8cf7-5304-acb5-d4e8f72ac40b',
    ],
    ['upstreams: [{name: u, targets: [{target: "a:1"}]}]', 'b21a4848-f7f7-52f5-b249-52528a43601f'],
  ])('follow from names: %s', (text, id) => {
    const { entities } = load(text)
    const rows = Object.values(entities).at(-1)!
    expect(rows[0]!.id).toBe(id)
  })

  it('are random where nothing names an entity', () => {
    const text = 'services: [{host: h}]'
    expect(load(text).entities['services']![0]!.id).not.toBe(
      load(text).entities['services']![0]!.id,
    )
  })

  it('are kept where given', () => {
    const id = '11111111-1111-4111-8111-111111111111'
    expect(load(`services: [{id: ${id}, host: h}]`).entities['services']![0]!.id).toBe(id)
  })
})

describe('parseDeclarative › hash', () => {
  it('is that of the text, and zeros without entities', () => {
    const text = '_format_version: "3.0"\nconsumers: [{username: a}]\n'
    const result = parseDeclarative({ text }, options)
    expect(result).toMatchObject({ ok: true, hash: '093fb581a5b6ee3ba06068b0f2d3282e' })
    expect(load('services: []').hash).toBe('0'.repeat(32))
  })
})

describe('parseDeclarative › errors in Kong’s words', () => {
  it.each([
    ['servicez: []', { servicez: 'unknown field' }],
    ['_transform: "no"', { _transform: 'expected a boolean' }],
    ['services: {name: a}', { services: 'expected an array' }],
    [
      'services: [5, {host: h}, null]',
      { services: ['expected a record', null, 'required field missing'] },
    ],
    ['services: [{host: h}, {}]', { services: [null, { host: 'required field missing' }] }],
    [
      'services: [{host: h, routes: [{paths: [api]}]}]',
      {
        services: [
          { routes: [{ paths: ['should start with: / (fixed path) or ~/ (regex path)'] }] },
        ],
      },
    ],
    ['consumers: [{username: a, routes: []}]', { consumers: [{ routes: 'unknown field' }] }],
    [
      'keyauth_credentials: [{key: k}]',
      { keyauth_credentials: [{ consumer: 'required field missing' }] },
    ],
    [
      'routes: [{name: r, paths: [/], service: {name: s}}]',
      { routes: [{ service: { id: 'missing primary key' } }] },
    ],
    [
      'routes: [{name: r, paths: [/], service: nope}]',
      { routes: { r: ["invalid reference 'service: nope' (no such entry in 'services')"] } },
    ],
    [
      'routes: [{name: r, paths: [x], service: nope}]',
      {
        routes: [
          {
            paths: ['should start with: / (fixed path) or ~/ (regex path)'],
            service: { id: 'missing primary key' },
          },
        ],
      },
    ],
    [
      'basicauth_credentials: [{username: a, password: p, consumer: nope}]',
      {
        basicauth_credentials: [
          {
            '@entity': ["all or none of these fields must be set: 'password', 'consumer.id'"],
            consumer: { id: 'missing primary key' },
          },
        ],
      },
    ],
    [
      'plugins: [{name: key-auth, consumer: nope}]',
      { plugins: [{ consumer: 'value must be null' }] },
    ],
    [
      'services: [{host: h, plugins: [{name: rate-limiting, consumer: nope}]}]',
      { services: [{ plugins: [{ consumer: 'value must be null' }] }] },
    ],
    [
      // A good reference inside a parent counts as wrong once something else is.
      'consumers: [{username: a}]\nservices: [{host: h, plugins: [{name: rate-limiting, consumer: a, x: 1}]}]',
      { services: [{ plugins: [{ consumer: 'value must be null', x: 'unknown field' }] }] },
    ],
    [
      'consumers: [{username: a}, {username: a}]',
      {
        consumers: [
          null,
          "uniqueness violation: 'consumers' entity with username set to 'a' already declared",
        ],
      },
    ],
    [
      'consumers: [{username: a, custom_id: c}, {username: b, custom_id: c}]',
      {
        consumers: {
          b: "uniqueness violation: 'consumers' entity with custom_id set to 'c' already declared",
        },
      },
    ],
    [
      'consumers: [{username: a, keyauth_credentials: [{key: k}, {key: k}]}]',
      {
        keyauth_credentials: [
          null,
          "uniqueness violation: 'keyauth_credentials' entity with key set to 'k' already declared",
        ],
      },
    ],
    [
      'upstreams: [{name: v}, {name: u, targets: [{target: "a:1"}, {target: "a:1"}]}]',
      {
        upstreams: [
          null,
          {
            targets: [
              null,
              "uniqueness violation: 'targets' entity with primary key set to 'b21a4848-f7f7-52f5-b249-52528a43601f' already declared",
            ],
          },
        ],
      },
    ],
  ])('%s', (text, fields) => {
    expect(refused(text).fields).toEqual(fields)
  })

  it.each([
    ['_format_version: 3.0', 'expected a string'],
    ['_format_version: "3.1"', 'expected one of: 1.1, 2.1, 3.0'],
    ['services: []', 'required field missing'],
    ['~', 'required field missing'],
  ])('says of %s: %s', (text, message) => {
    const result = parseDeclarative({ text }, options)
    expect(result).toMatchObject({ ok: false, fields: { _format_version: message } })
  })

  it.each([
    ['', 'expected an object'],
    ['hello', 'expected an object'],
    ['- a', 'expected an object'],
    ['a: [', '1:4: did not find expected node content'],
    ['{"_format_version":"3.0",', '1:20: did not find expected node content'],
  ])('says of the text %j: %s', (text, problem) => {
    const error = `failed parsing declarative configuration: ${problem}`
    const result = parseDeclarative({ text }, options)
    expect(result).toMatchObject({
      ok: false,
      message: `declarative config is invalid: {error="${error}"}`,
      fields: { error },
    })
  })

  it('writes them as a Lua table in the message', () => {
    expect(refused('services: [{host: h}, {}]').message).toBe(
      'declarative config is invalid: {services={[2]={host="required field missing"}}}',
    )
  })
})

describe('parseDeclarative › references that cannot be any', () => {
  it.each([
    ['""', 'missing primary key'],
    ['{}', 'missing primary key'],
    ['{id: x}', 'expected a valid UUID'],
    ['{id: null}', 'required field missing'],
  ])('says of %s: %s', (reference, id) => {
    const { fields } = refused(`routes: [{name: r, paths: [/a], service: ${reference}}]`)
    expect(fields).toEqual({ routes: [{ service: { id } }] })
  })
})

describe('parseDeclarative › names in errors about references', () => {
  it('are keys that were made up, where there is no other', () => {
    const { fields } = refused('keyauth_credentials: [{consumer: nope}]')
    expect(Object.keys(fields['keyauth_credentials'] as object)).toEqual([
      expect.stringMatching(/^[0-9A-Za-z]{32}$/),
    ])
  })

  it('does not take for one what is nested in two that nothing names', () => {
    const plugins = 'plugins: [{name: key-auth}, {name: key-auth}]'
    const text = `routes: [{paths: [/a], ${plugins}}, {paths: [/a], ${plugins}}]`
    expect(load(text).entities['plugins']).toHaveLength(4)
  })

  it('are those of the last of several values that are taken', () => {
    const { fields } = refused(`consumers:
- {username: a, custom_id: c}
- {username: b, custom_id: c}
- {username: d, custom_id: c}`)
    expect(Object.keys(fields['consumers'] as object)).toEqual(['d'])
  })
})

describe('parseDeclarative › flattened errors', () => {
  it('lists entities with what is wrong with them, and their parents', () => {
    const id = '11111111-1111-4111-8111-111111111111'
    const {
      message,
      fields,
      flattened_errors: flattened,
    } = refused(`
nope: 1
services:
- id: ${id}
  name: s
  host: h
  port: -1
  tags: [t]
  routes: [{name: r, paths: [/ok, x]}]
`).flattened()
    expect(message).toBe('declarative config is invalid: {nope="unknown field"}')
    expect(fields).toEqual({ nope: 'unknown field' })
    expect(flattened).toEqual([
      {
        entity_type: 'route',
        entity_name: 'r',
        entity: { name: 'r', paths: ['/ok', 'x'], service: { id } },
        errors: [
          {
            type: 'field',
            field: 'paths.2',
            message: 'should start with: / (fixed path) or ~/ (regex path)',
          },
        ],
      },
      {
        entity_type: 'service',
        entity_id: id,
        entity_name: 's',
        entity_tags: ['t'],
        entity: { id, name: 's', host: 'h', port: -1, tags: ['t'] },
        errors: [{ type: 'field', field: 'port', message: 'value should be between 0 and 65535' }],
      },
    ])
  })

  it('shows an entity written in place of a reference', () => {
    const { flattened_errors: flattened } = refused(
      'services: [{name: s, url: "https://x", client_certificate: {cert: "", tags: [t]}}]',
    ).flattened()
    expect(flattened).toEqual([
      {
        entity_type: 'certificate',
        entity_tags: ['t'],
        entity: { cert: '', tags: ['t'] },
        errors: [{ type: 'field', field: 'cert', message: 'length must be at least 1' }],
      },
    ])
  })

  it('goes from the last to the first, as Kong does', () => {
    const { flattened_errors: flattened } = refused(`
consumers: [{}, {username: a, nope: 1, also: 2}]
services: [{name: s, host: "a b", retries: many, tags: [1, 2]}]
`).flattened()
    const shown = (flattened as readonly FlattenedError[]).map(({ entity_type: type, errors }) => [
      type,
      ...errors.map(({ field }) => field),
    ])
    expect(shown).toEqual([
      ['service', 'tags.2', 'tags.1', 'retries', 'host'],
      ['consumer', 'nope', 'also'],
      ['consumer', undefined],
    ])
  })

  it('shows the ids that entities were given once each of them was right', () => {
    const upstream = { id: '597a2b96-28b9-56b9-8745-bb55e59539cc' }
    const { flattened_errors: flattened } = refused(
      'upstreams: [{name: u, targets: [{target: "a:1"}, {target: "a:1", tags: [t]}]}]',
    ).flattened()
    const [error] = flattened as readonly FlattenedError[]
    expect(error).toMatchObject({
      entity_id: 'b21a4848-f7f7-52f5-b249-52528a43601f',
      entity_tags: ['t'],
      entity: { target: 'a:1', id: 'b21a4848-f7f7-52f5-b249-52528a43601f', upstream },
    })
  })

  it('leaves errors in place whose list the document does not have', () => {
    const { fields, flattened_errors: flattened } = refused(
      'consumers: [{username: a, keyauth_credentials: [{key: k}, {key: k}]}]',
    ).flattened()
    const text =
      "uniqueness violation: 'keyauth_credentials' entity with key set to 'k' already declared"
    expect([fields, flattened]).toEqual([{ keyauth_credentials: [null, text] }, {}])
  })

  it('shows the paths of old formats as they are understood', () => {
    const { flattened_errors: flattened } = refused(
      'routes: [{name: r, paths: ["/a/([0-9]+"]}]',
      '2.1',
    ).flattened()
    expect(flattened).toMatchObject([{ entity: { name: 'r', paths: ['~/a/([0-9]+'] } }])
  })

  it('loses what stands by a name, as Kong does', () => {
    expect(refused('routes: [{name: r, paths: [/], service: nope}]').flattened()).toEqual({
      message: 'declarative config is invalid: {}',
      fields: {},
      flattened_errors: {},
    })
  })
})

describe('parseDeclarative › faults', () => {
  it('say where and what to do, all of them, in the order of the text', () => {
    const text = `_format_version: 3.0
_info: {}
services:
- name: api
  url: http://x
  retrys: 5
  routes:
  - paths: ['^/x[0-9]+$', api]
    plugins:
    - name: rate_limiting
- name: 012
  host: h
  port: "80"
  tags: blue
plugins:
- name: rate-limiting
  service: apy
  config: {mode: locl, limt: 5}
- {name: rate-limiting, consumer: {username: a}}
consumers: [&c {username: bob}, *c]
`
    const result = parseDeclarative({ text }, options)
    const lines = result.ok ? [] : result.faults.map((fault) => faultLine(fault, 'kong.yml'))
    expect(lines).toEqual([
      'kong.yml:1:18: _format_version: expected a string (put it in quotes: "3.0")',
      'kong.yml:2:1: _info: unknown field (this key is for decK; leave it out)',
      'kong.yml:6:3: services[0].retrys: unknown field (did you mean retries?)',
      'kong.yml:8:13: services[0].routes[0].paths[0]: should start with: / (fixed path) or ~/ (regex path) (write a regex as ~/x[0-9]+$)',
      'kong.yml:8:27: services[0].routes[0].paths[1]: should start with: / (fixed path) or ~/ (regex path) (did you mean /api?)',
      "kong.yml:10:13: services[0].routes[0].plugins[0].name: plugin 'rate_limiting' not enabled; add it to the 'plugins' configuration property (did you mean rate-limiting?)",
      'kong.yml:11:9: services[1].name: expected a string (put it in quotes to make it a text)',
      'kong.yml:13:9: services[1].port: expected an integer (leave the quotes out)',
      'kong.yml:14:9: services[1].tags: expected a set (write it as a list: [blue])',
      "kong.yml:17:12: plugins[0].service: invalid reference 'service: apy' (no such entry in 'services') (did you mean api?)",
      'kong.yml:18:18: plugins[0].config.mode: expected one of: local, redis (did you mean local?)',
      'kong.yml:18:24: plugins[0].config.limt: unknown field (did you mean limit?)',
      'kong.yml:19:35: plugins[1].consumer.id: missing primary key',
      "kong.yml:20:27: consumers[1].username: uniqueness violation: 'consumers' entity with username set to 'bob' already declared",
    ])
  })

  it('say what a beginner meant', () => {
    const text = `_format_version: "3.0"
services:
- name: a
url: http://localhost:3000
routes:
- {name: r, paths: [/], methods: [get]}
plugins:
- {name: rate-limiting, limit: 5}
consumers:
  username: bob
`
    const result = parseDeclarative({ text }, options)
    const lines = result.ok ? [] : result.faults.map((fault) => faultLine(fault, 'kong.yml'))
    expect(lines).toEqual([
      'kong.yml:3:3: services[0].host: required field missing',
      'kong.yml:4:1: url: unknown field (indent it to make it a field of an entry of services)',
      'kong.yml:6:35: routes[0].methods[0]: invalid value: get (did you mean GET?)',
      'kong.yml:8:25: plugins[0].limit: unknown field (move it into config)',
      'kong.yml:10:3: consumers: expected an array (write it as a list: "- " begins each entry)',
    ])
  })

  it('say that an address needs a scheme', () => {
    const text = '_format_version: "3.0"\nservices: [{name: a, url: "localhost:3000"}]'
    const result = parseDeclarative({ text }, options)
    const hints = result.ok ? [] : result.faults.flatMap(({ hint }) => hint ?? [])
    expect(hints).toEqual(['begin the url with a scheme: http://localhost:3000'])
  })

  it.each([
    [
      'a:\n\tb: 1',
      'kong.yml:2:1: found character that cannot start any token (indent with spaces, and put a text that begins with @, `, % or a tab in quotes)',
    ],
    [
      'a: b: c',
      'kong.yml:1:5: mapping values are not allowed in this context (check the indentation, and put a text that holds ": " in quotes)',
    ],
    ['a: "b', 'kong.yml:1:6: found unexpected end of stream (a quote is not closed)'],
    ['hello', 'kong.yml: expected an object (a configuration begins with _format_version: "3.0")'],
  ])('point at where %j is no YAML', (text, line) => {
    const result = parseDeclarative({ text, fileName: 'kong.yml' }, options)
    expect(result.ok ? '' : faultLine(result.faults[0]!, 'kong.yml')).toBe(line)
  })

  it('have no place when there was no text', () => {
    const result = parseDeclarativeDocument({ _format_version: '3.0', x: 1 }, options)
    expect(result.ok ? [] : result.faults).toEqual([{ path: ['x'], message: 'unknown field' }])
  })

  it('point into JSON too', () => {
    const text = '{"_format_version": "3.0",\n\t"services": [{"nam": "a"}]}'
    const result = parseDeclarative({ text, fileName: 'kong.json' }, options)
    expect(result.ok ? [] : result.faults.map((fault) => faultLine(fault))).toEqual([
      '2:15: services[0].host: required field missing',
      '2:16: services[0].nam: unknown field (did you mean name?)',
    ])
  })

  it('refuse files of other kinds', () => {
    const result = parseDeclarative({ text: '', fileName: 'kong.toml' }, options)
    expect(result.ok ? '' : prettyErrors(result)).toBe(
      'unknown file type: kong.toml. (Accepted types: json, yaml)',
    )
  })
})

describe('prettyErrors', () => {
  it('prints what Kong prints', () => {
    expect(
      prettyErrors(refused('services: [{host: h}, {name: 5, tags: [""]}]\nconsumers: [{}]')),
    ).toBe(
      `in 'consumers':
  - in entry 1 of 'consumers':
    in '@entity':
      - in entry 1 of '@entity': at least one of these fields must be non-empty: 'custom_id', 'username'
in 'services':
  - in entry 2 of 'services':
    in 'name': expected a string
    in 'host': required field missing
    in 'tags':
      - in entry 1 of 'tags': length must be at least 1`,
    )
  })
})

describe('parseDeclarative and exportDeclarative', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name.isWellFormed())
  const name = fc.stringMatching(/^[a-z0-9~._-]{1,8}$/)
  const config = fc.record({
    services: fc.uniqueArray(
      fc.record({
        name,
        host: fc.domain(),
        tags: fc.array(fc.stringMatching(/^[a-z :#~-]{1,6}$/)),
        path: fc.constantFrom(null, '/', '/a b%20'.replace(' ', '')),
        enabled: fc.boolean(),
      }),
      { selector: (service) => service.name },
    ),
    consumers: fc.uniqueArray(fc.record({ username: text }), {
      selector: (consumer) => consumer.username,
    }),
    routes: fc.array(
      fc.record({
        paths: fc.constant(['/']),
        headers: fc.dictionary(fc.stringMatching(/^x[a-z-]{0,5}$/), fc.array(text)),
      }),
    ),
    upstreams: fc.uniqueArray(
      fc.record({ name: fc.domain(), hash_on: fc.constantFrom('none', 'ip') }),
      { selector: (upstream) => upstream.name },
    ),
  })

  it('are each other’s inverse', () => {
    fc.assert(
      fc.property(config, (document) => {
        const first = parseDeclarativeDocument({ _format_version: '3.0', ...document }, options)
        fc.pre(first.ok)
        if (!first.ok) return
        const written = exportDeclarative(first.entities, catalog)
        const second = parseDeclarative({ text: written, fileName: 'x.yml' }, options)
        expect(second.ok ? second.entities : second.message).toEqual(first.entities)
      }),
      { numRuns: 100 },
    )
  })

  it('answer any document', () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom(
          '_format_version',
          'services',
          'routes',
          'plugins',
          'consumers',
          'keyauth_credentials',
          'upstreams',
        ),
        fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.dictionary(
              fc.constantFrom(
                'id',
                'name',
                'service',
                'consumer',
                'routes',
                'plugins',
                'targets',
                'config',
                'paths',
                'tags',
              ),
              fc.oneof(fc.jsonValue(), fc.constantFrom('key-auth', 'a')),
            ),
          ),
        ),
      ),
    )
    fc.assert(
      fc.property(anything, (document) => {
        const result = parseDeclarative({ text: JSON.stringify(document) }, options)
        if (result.ok) return
        expect(result.faults.length).toBeGreaterThan(0)
        expect(result.flattened().message).toMatch(/^declarative config is invalid: /)
        expect(prettyErrors(result)).not.toBe('')
      }),
      { numRuns: 300 },
    )
  })

  it('read any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (anything) => {
        const result = parseDeclarative({ text: anything }, options)
        expect(result.ok).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})
