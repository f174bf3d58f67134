import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SchemaDescription } from '../schema/describe.ts'
import { integer, record, string } from '../schema/field.ts'
import { schemaViolation } from '../schema/kong-errors.ts'
import type { ParseOptions, PluginSchema } from './catalog.ts'
import { createCatalog, type CatalogOptions } from './create-catalog.ts'
import type { Entity } from './entity.ts'

const ID = '11111111-1111-4111-8111-111111111111'

const limiter: PluginSchema = {
  name: 'limiter',
  config: record(
    { minute: integer({ required: true, gt: 0 }), redis: record({ host: string() }) },
    {
      shorthand_fields: {
        redis_host: {
          field: string({
            deprecation: {
              message: 'old',
              removal_in_version: '4.0',
              replaced_with: [{ path: ['redis', 'host'] }],
            },
          }),
        },
      },
    },
  ) as never,
  checks: [],
  protocols: { allowed: ['grpc', 'grpcs', 'http', 'https'], default: ['http'] },
  not: ['consumer'],
  entities: [
    {
      name: 'tokens',
      hasTtl: true,
      fields: {
        id: string({ auto: true, uuid: true }),
        secret: string({ required: true }),
        owner: { type: 'foreign', reference: 'consumers' },
      },
      transformations: [
        {
          input: ['secret'],
          needs: ['owner.id'],
          onWrite: ({ secret, owner }) => ({
            secret: `hashed ${secret as string} ${(owner as { id: string }).id}`,
          }),
        },
      ],
    },
  ],
}

function catalogOf(options: Partial<CatalogOptions> = {}) {
  return createCatalog([limiter], { flavor: 'traditional_compatible', ...options })
}

function parse(kind: string, input: unknown, options: Partial<ParseOptions & CatalogOptions> = {}) {
  return catalogOf(options).parse(kind, input, {
    mode: 'insert',
    nowSeconds: 1_700_000_000.123,
    ...options,
  })
}

function parsed(kind: string, input: unknown, options?: Partial<ParseOptions>): Entity {
  const result = parse(kind, input, options)
  if (!result.ok) throw new Error(JSON.stringify(result.violations))
  return result.value
}

function errors(kind: string, input: unknown, options?: Partial<ParseOptions & CatalogOptions>) {
  const result = parse(kind, input, options)
  return result.ok ? undefined : schemaViolation(result.violations)
}

describe('services', () => {
  it('fills in defaults, an id and times', () => {
    expect(parsed('services', { host: 'h' })).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      created_at: 1_700_000_000,
      updated_at: 1_700_000_000,
      name: null,
      retries: 5,
      protocol: 'http',
      host: 'h',
      port: 80,
      path: null,
      connect_timeout: 60_000,
      write_timeout: 60_000,
      read_timeout: 60_000,
      tags: null,
      client_certificate: null,
      tls_verify: null,
      tls_verify_depth: null,
      ca_certificates: null,
      enabled: true,
    })
  })

  it.each([
    ['http://x', { protocol: 'http', host: 'x', port: 80, path: null }],
    ['https://x', { protocol: 'https', host: 'x', port: 443, path: null }],
    ['https://u:p@x:8443/a;b?c#d', { protocol: 'https', host: 'x', port: 8443, path: '/a' }],
    ['http://[::1]:80/', { protocol: 'http', host: '::1', port: 80, path: '/' }],
    ['//x:443', { protocol: 'https', host: 'x', port: 443, path: null }],
    ['grpc://x:50051', { protocol: 'grpc', host: 'x', port: 50_051, path: null }],
  ])('takes %s apart', (url, fields) => {
    expect(parsed('services', { url, host: 'overridden' })).toMatchObject(fields)
  })

  it.each([
    [{ url: 'http://' }, { host: 'required field missing' }],
    [{ url: 'http://x:abc' }, { port: 'expected an integer' }],
    [{ url: 'http://x:99999' }, { port: 'value should be between 0 and 65535' }],
    [{ url: 'nonsense' }, { host: 'required field missing', path: 'should start with: /' }],
    [{ url: 5 }, { url: 'expected a string' }],
    [
      { url: null },
      {
        host: 'required field missing',
        path: 'should start with: /',
        protocol: 'expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp',
      },
    ],
    [{ host: 'h', path: '/a//b' }, { path: 'must not have empty segments' }],
    [
      { host: 'h', tls_verify: true },
      {
        '@entity': ["failed conditional validation given value of field 'protocol'"],
        tls_verify: 'value must be null',
      },
    ],
    [
      { host: 'h', protocol: 'tcp', path: '/a' },
      {
        '@entity': ["failed conditional validation given value of field 'protocol'"],
        path: 'value must be null',
      },
    ],
  ])('refuses %j', (input, fields) => {
    expect(errors('services', input)?.fields).toEqual(fields)
  })

  it('unsets the path when a patch gives a URL without one', () => {
    const current = parsed('services', { url: 'http://x/a' })
    const patch = { mode: 'update', current } as const
    expect(parsed('services', { url: 'http://y' }, patch)).toMatchObject({ host: 'y', path: null })
    expect(parsed('services', { retries: 1 }, patch)).toMatchObject({ path: '/a', retries: 1 })
  })
})

describe('routes', () => {
  const oneOf = (list: string, when: string) =>
    `must set one of ${list} when 'protocols' is ${when}`

  it.each([
    [{}, { '@entity': [oneOf("'methods', 'hosts', 'headers', 'paths', 'snis'", "'https'")] }],
    [
      { protocols: ['http'] },
      { '@entity': [oneOf("'methods', 'hosts', 'headers', 'paths'", "'http'")] },
    ],
    [
      { protocols: ['grpcs'] },
      { '@entity': [oneOf("'hosts', 'headers', 'paths', 'snis'", "'grpcs'")] },
    ],
    [
      { protocols: ['tls_passthrough'] },
      { '@entity': ["must set snis when 'protocols' is 'tls_passthrough'"] },
    ],
    [
      { protocols: ['tcp'], paths: ['/x'] },
      {
        '@entity': [oneOf("'sources', 'destinations', 'snis'", "'tcp', 'tls' or 'udp'")],
        paths: "cannot set 'paths' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'",
      },
    ],
    [
      { paths: ['/x'], sources: [{ ip: '1.2.3.4' }] },
      { sources: "cannot set 'sources' when 'protocols' is 'http' or 'https'" },
    ],
    [
      { protocols: ['grpc'], paths: ['/x'], strip_path: true },
      { strip_path: "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'" },
    ],
    [
      { protocols: ['http'], paths: ['/x'], snis: ['a.b'] },
      {
        '@entity': [
          "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'",
        ],
        snis: 'length must be 0',
      },
    ],
    [
      { protocols: ['http', 'tcp'], paths: ['/x'] },
      {
        protocols: "these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')",
      },
    ],
    [{ protocols: ['gopher'] }, { protocols: 'unknown type: gopher' }],
    [{ protocols: null }, { protocols: 'required field missing' }],
    [
      { headers: { Host: ['a'] } },
      { headers: "cannot contain 'host' header, which must be specified in the 'hosts' attribute" },
    ],
    [
      { paths: ['x', '/ok', 5, '/a/../b', '~/x(', '/a//b'] },
      {
        paths: [
          'should start with: / (fixed path) or ~/ (regex path)',
          null,
          'expected a string',
          "non-normalized path, consider use '/b' instead",
          'invalid regex: \'/x(\' (PCRE returned: pcre2_compile() failed: missing closing parenthesis in "/x(")',
          'must not have empty segments',
        ],
      },
    ],
    [
      { hosts: ['*', '*.*', 'a b', 'a.*.b'] },
      {
        hosts: [
          'invalid wildcard: must be placed at leftmost or rightmost label',
          'invalid wildcard: must have at most one wildcard',
          'invalid hostname: a b',
          'invalid wildcard: must be placed at leftmost or rightmost label',
        ],
      },
    ],
    [
      { protocols: ['tcp'], sources: [{}] },
      {
        sources: [{ '@entity': ["at least one of these fields must be non-empty: 'ip', 'port'"] }],
      },
    ],
  ])('refuses %j', (input, fields) => {
    expect(errors('routes', input)?.fields).toEqual(fields)
  })

  it('keeps grpc paths whole', () => {
    expect(parsed('routes', { protocols: ['grpc'], paths: ['/x'] })['strip_path']).toBe(false)
  })

  it.each([
    [
      'traditional_compatible' as const,
      { '@entity': [expect.stringMatching(/^Router Expression failed validation: /) as string] },
    ],
    [
      'traditional' as const,
      { paths: [expect.stringMatching(/^invalid regex: '\/\(\?=a\)'/) as string] },
    ],
  ])('refuses regexes that the engine cannot run, in flavour %s', (flavor, fields) => {
    const isRegex = (text: string) => !text.includes('(?=')
    expect(errors('routes', { paths: ['~/(?=a)'] }, { flavor, isRegex })?.fields).toEqual(fields)
  })

  describe('in flavour expressions', () => {
    const checkExpression = (text: string) => (text === 'bad' ? 'no operator' : undefined)
    const options = { flavor: 'expressions', checkExpression } as const
    const others =
      "'methods', 'hosts', 'paths', 'headers', 'snis', 'sources' or 'destinations' simultaneously"

    it('takes an expression in place of all else', () => {
      expect(errors('routes', { expression: 'http.path == "/"' }, options)).toBeUndefined()
    })

    it.each([
      [{ expression: 'bad' }, 'no operator'],
      [{ expression: 'x', paths: ['/a'] }, `cannot set 'expression' with ${others}`],
      [
        { expression: 'x', regex_priority: 1 },
        "cannot set 'regex_priority' with 'expression' simultaneously",
      ],
      [{ priority: 1, paths: ['/a'] }, `cannot set 'priority' with ${others}`],
      [{ expression: 'http.path.segments.x == "a"' }, 'illformed http.path.segments.* field'],
    ])('refuses %j', (input, reason) => {
      expect(errors('routes', input, options)?.fields).toEqual({
        '@entity': [`Router Expression failed validation: ${reason}`],
      })
    })
  })
})

describe('upstreams', () => {
  it('have slow start and outlier ejection only where they are asked for', () => {
    const plain = parsed('upstreams', { name: 'u' })
    expect(Object.keys(plain)).not.toContain('slow_start')
    expect(JSON.stringify(catalogOf().describe('upstreams'))).not.toMatch(/slow_start|outlier/)
    expect(parsed('upstreams', { name: 'u', slow_start: 20, outlier_ejection: {} })).toMatchObject({
      slow_start: 20,
      outlier_ejection: {
        consecutive_failures: 5,
        http_statuses: [500, 502, 503, 504],
        base_time: 30,
        max_time: 300,
        max_percent: 50,
      },
    })
    expect(errors('upstreams', { name: 'u', slow_start: 20, hash_on: 'ip' })?.fields).toEqual({
      slow_start: 'cannot be used with consistent-hashing: keys would move with the weights',
    })
  })

  it.each([
    [
      { algorithm: 'latency', hash_on: 'ip' },
      { algorithm: 'latency', hash_on: 'none' },
    ],
    [{ algorithm: 'least-connections' }, { algorithm: 'least-connections', hash_on: 'none' }],
    [{ hash_on: 'ip' }, { algorithm: 'consistent-hashing', hash_on: 'ip' }],
    [
      { algorithm: 'round-robin', hash_on: 'ip' },
      { algorithm: 'consistent-hashing', hash_on: 'ip' },
    ],
    [
      { algorithm: 'consistent-hashing', hash_on: 'none' },
      { algorithm: 'round-robin', hash_on: 'none' },
    ],
    [{ algorithm: 'consistent-hashing' }, { algorithm: 'consistent-hashing', hash_on: 'none' }],
    [{ hash_on: null }, { algorithm: 'round-robin', hash_on: 'none' }],
  ])('makes algorithm and hash input of %j agree', (input, fields) => {
    expect(parsed('upstreams', { name: 'u', ...input })).toMatchObject(fields)
  })

  it.each([
    [{ hash_on: 'header' }, { hash_on_header: 'required field missing' }, 'hash_on'],
    [
      { hash_on: 'ip', hash_fallback: 'ip' },
      {
        hash_fallback:
          'expected one of: none, consumer, header, cookie, path, query_arg, uri_capture',
      },
      'hash_on',
    ],
    [
      { hash_on: 'ip', hash_fallback: 'uri_capture' },
      { hash_fallback_uri_capture: 'required field missing' },
      'hash_fallback',
    ],
  ])('refuses %j', (input, fields, decides) => {
    const text = `failed conditional validation given value of field '${decides}'`
    expect(errors('upstreams', { name: 'u', ...input })?.fields).toEqual({
      '@entity': [text],
      ...fields,
    })
  })

  it('shows health checks whole', () => {
    const { healthchecks } = parsed('upstreams', {
      name: 'u',
      healthchecks: { active: { healthy: { interval: 5 } } },
    })
    expect(healthchecks).toMatchObject({
      active: { healthy: { interval: 5, http_statuses: [200, 302] }, timeout: 1, headers: null },
      passive: { type: 'http', unhealthy: { http_statuses: [429, 500, 503] } },
      threshold: 0,
    })
  })
})

describe('targets', () => {
  it('are stored with their port, also from files whose values are stored ones', () => {
    const input = { upstream: { id: ID }, target: '1.2.3.4' }
    expect(parsed('targets', input)).toMatchObject({
      target: '1.2.3.4:8000',
      created_at: 1_700_000_000.123,
    })
    expect(parsed('targets', input, { skipTransformations: true })['target']).toBe('1.2.3.4:8000')
  })
})

describe('plugins', () => {
  it.each([
    [{}, { name: 'required field missing' }],
    [{ name: 5 }, { name: 'expected a string' }],
    [
      { name: 'nope' },
      { name: "plugin 'nope' not enabled; add it to the 'plugins' configuration property" },
    ],
    [{ name: 'limiter' }, { config: { minute: 'required field missing' } }],
    [{ name: 'limiter', config: 'x' }, { config: 'expected a record' }],
    [
      { name: 'limiter', config: { minute: 1 }, consumer: { id: ID } },
      { consumer: 'value must be null' },
    ],
    [
      { name: 'limiter', config: { minute: 1 }, protocols: ['tcp'] },
      { protocols: ['expected one of: grpc, grpcs, http, https'] },
    ],
    [
      { name: 'limiter', config: { minute: 1 }, route: 'r' },
      { route: { id: 'missing primary key' } },
    ],
  ])('refuses %j', (input, fields) => {
    expect(errors('plugins', input)?.fields).toEqual(fields)
  })

  it('keep the schema of their stored name when a patch gives none', () => {
    const current = parsed('plugins', { name: 'limiter', config: { minute: 1 } })
    const patched = parsed('plugins', { config: { minute: 2 } }, { mode: 'update', current })
    expect(patched['config']).toEqual({ minute: 2, redis: { host: null } })
  })

  it('take replaced fields and show them beside the new ones', () => {
    const row = parsed('plugins', { name: 'limiter', config: { minute: 1, redis_host: 'r' } })
    expect(row['config']).toEqual({ minute: 1, redis: { host: 'r' } })
    expect(catalogOf().present('plugins', row)['config']).toEqual({
      minute: 1,
      redis: { host: 'r' },
      redis_host: 'r',
    })
  })
})

describe('certificates and keys', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const jwk = (kid: string) => JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid })

  it('refuses what is no PEM, without repeating it', () => {
    const found = errors('certificates', { cert: 'c3cr3t', key: 'c3cr3t' })
    expect(found?.fields).toEqual({
      cert: 'invalid certificate: x509.new: error:688010A:asn1 encoding routines:asn1_item_embed_d2i:nested asn1 error:asn1/tasn_dec.c:349:',
      key: 'invalid key: pkey.new:load_key',
    })
    expect(JSON.stringify(found)).not.toContain('c3cr3t')
  })

  it('passes vault references on', () => {
    const pair = { cert: '{vault://env/cert}', key: '{vault://env/key}' }
    expect(parsed('certificates', pair)).toMatchObject(pair)
  })

  it.each([
    [{ jwk: jwk('k') }, undefined],
    [{ pem: { private_key: privatePem, public_key: publicPem } }, undefined],
    [{ jwk: '{' }, { '@entity': ['could not json decode jwk string'] }],
    [{ jwk: jwk('other') }, { '@entity': ['kid in jwk.kid must be equal to keys.kid'] }],
    [
      { jwk: '{"kid":"k","kty":"EC"}' },
      { '@entity': ['could not load JWK, likely not a valid key'] },
    ],
    [{ pem: { public_key: 'x' } }, { pem: 'could not load public key' }],
    [
      { pem: {} },
      {
        pem: {
          '@entity': [
            "at least one of these fields must be non-empty: 'private_key', 'public_key'",
          ],
        },
      },
    ],
  ])('judges key %j', (fields, expected) => {
    expect(errors('keys', { kid: 'k', ...fields })?.fields).toEqual(expected)
  })
})

describe('vaults', () => {
  it.each([
    [{ name: 'env', prefix: 'my-env' }, undefined],
    [{ name: 'env', prefix: 'env' }, { prefix: 'must not be one of: env' }],
    [{ name: 'env', prefix: 'My' }, { prefix: 'invalid value: My' }],
    [{ name: 'aws', prefix: 'my-aws' }, { name: "vault 'aws' is not installed" }],
  ])('judges %j', (input, fields) => {
    expect(errors('vaults', input)?.fields).toEqual(fields)
  })
})

describe('transformations', () => {
  const both = "all or none of these fields must be set: 'secret', 'owner.id'"

  it('run on insert, unless values are stored ones already', () => {
    const input = { secret: 's', owner: { id: ID } }
    expect(parsed('tokens', input)['secret']).toBe(`hashed s ${ID}`)
    expect(parsed('tokens', input, { skipTransformations: true })['secret']).toBe('s')
  })

  it('run on update only over what the update brings', () => {
    const current = { id: ID, secret: 'stored', owner: { id: ID } }
    const update = (input: object) => errors('tokens', input, { mode: 'update', current })?.fields
    expect(parsed('tokens', { owner: { id: ID } }, { mode: 'update', current })['secret']).toBe(
      'stored',
    )
    expect(update({ secret: 'new' })).toEqual({ '@entity': [both] })
    expect(update({ owner: { id: ID.replace('1', '2') } })).toEqual({ '@entity': [both] })
    expect(update({ secret: 'new', owner: { id: ID } })).toBeUndefined()
  })

  it('need what they need', () => {
    expect(errors('tokens', { secret: 's' })?.fields).toEqual({ '@entity': [both] })
  })
})

describe('references', () => {
  it.each([
    [{ name: 's' }, { id: 'missing primary key' }],
    [{ id: 'x' }, { id: 'expected a valid UUID' }],
    [
      { nope: 1, retries: 'many' },
      { nope: 'unknown field', retries: 'expected an integer' },
    ],
    ['s', { id: 'missing primary key' }],
    [null, undefined],
  ])('as %j', (service, said) => {
    const found = errors('routes', { paths: ['/'], service })?.fields
    expect(found).toEqual(said && { service: said })
  })
})

describe('what the catalog shows of a kind', () => {
  const shown = (kind: string) => catalogOf().describe(kind) as unknown as SchemaDescription
  const fieldOf = (kind: string, name: string): unknown =>
    shown(kind).fields.find((field) => name in field)?.[name]

  it('has a config that others stand in for neither as a record of fields nor as required', () => {
    for (const kind of ['plugins', 'vaults'])
      expect(fieldOf(kind, 'config')).toEqual({ type: 'record', abstract: true })
  })

  it('has the patterns and flags of a field as they were written', () => {
    expect(fieldOf('vaults', 'prefix')).toMatchObject({ match: '^[a-z][a-z%d-]-[a-z%d]+$' })
    expect(fieldOf('certificates', 'key_alt')).toMatchObject({ required: false, encrypted: true })
    expect(fieldOf('keys', 'kid')).toMatchObject({ required: true, unique: false })
    expect(fieldOf('tags', 'entity_id')).toMatchObject({ auto: true, uuid: true })
  })

  it('names the fields that a check reads', () => {
    const sources = (kind: string) =>
      shown(kind).entity_checks.flatMap((check) => {
        const custom = (check as { readonly custom_entity_check?: object }).custom_entity_check
        return custom === undefined ? [] : [custom]
      })
    expect(sources('keys')).toEqual([{ field_sources: ['jwk', 'pem', 'kid'] }])
    expect(sources('certificates')).toEqual([
      { field_sources: ['cert', 'key'] },
      { field_sources: ['cert_alt', 'key_alt'] },
      { field_sources: ['cert', 'cert_alt'] },
    ])
    expect(sources('routes')).toEqual([
      { field_sources: ['path_handling'] },
      {
        field_sources: expect.arrayContaining(['paths', 'headers', 'priority']) as string[],
        run_with_missing_fields: true,
      },
    ])
  })
})

describe('createCatalog', () => {
  it('lets only rows with a limited life have a ttl', () => {
    const input = { secret: 's', owner: { id: ID } }
    expect(parsed('tokens', { ...input, ttl: 60 })['ttl']).toBe(60)
    expect(parsed('tokens', input)).not.toHaveProperty('ttl')
    expect(errors('consumers', { username: 'a', ttl: 60 })?.fields).toEqual({
      ttl: 'unknown field',
    })
  })

  it('knows kinds of plugins after its own', () => {
    const names = catalogOf()
      .kinds()
      .map(({ name }) => name)
    expect(names.indexOf('consumers')).toBeLessThan(names.indexOf('plugins'))
    expect(names.at(-1)).toBe('tokens')
    expect(names).not.toContain('tags')
    expect(catalogOf().describe('tags')).toBeDefined()
  })

  it('describes a plugin by what is its own', () => {
    const { fields } = catalogOf().describePlugin('limiter') as { fields: object[] }
    expect(fields.map((field) => Object.keys(field)[0])).toEqual([
      'consumer',
      'protocols',
      'config',
    ])
    expect(catalogOf().describePlugin('nope')).toBeUndefined()
    expect(catalogOf().describeVault('env')).toBeDefined()
    expect(catalogOf().describeVault('aws')).toBeUndefined()
  })

  it('answers any JSON with a row or with violations', () => {
    const catalog = catalogOf()
    const kinds = [...catalog.kinds().map(({ name }) => name), 'plugins', 'routes']
    const input = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          name: fc.oneof(fc.constant('limiter'), fc.jsonValue()),
          protocols: fc.oneof(fc.constant(['http']), fc.jsonValue()),
          config: fc.jsonValue(),
          paths: fc.jsonValue(),
          healthchecks: fc.jsonValue(),
          url: fc.jsonValue(),
          pem: fc.jsonValue(),
          filters: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(fc.constantFrom(...kinds), input, (kind, value) => {
        const result = catalog.parse(kind, value, { mode: 'insert', nowSeconds: 1 })
        expect(result.ok || result.violations.length > 0).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('takes a row it made, and makes the same of it', () => {
    const rows: [string, Entity][] = [
      ['services', parsed('services', { url: 'https://x/a', tags: ['a'] })],
      ['routes', parsed('routes', { paths: ['/a'], headers: { x: ['1'] } })],
      ['upstreams', parsed('upstreams', { name: 'u', hash_on: 'ip' })],
      ['plugins', parsed('plugins', { name: 'limiter', config: { minute: 1 } })],
      ['consumers', parsed('consumers', { custom_id: 'c' })],
    ]
    for (const [kind, row] of rows) expect(parsed(kind, row)).toEqual(row)
  })
})
