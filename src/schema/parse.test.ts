import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  array,
  boolean,
  foreign,
  integer,
  json,
  map,
  number,
  record,
  set,
  string,
  type Field,
  type RecordSpec,
} from './field.ts'
import { errorFields } from './kong-errors.ts'
import { parseRecord, type RecordParseOptions } from './parse.ts'

function specOf(
  fields: Readonly<Record<string, Field>>,
  more: Partial<RecordSpec> = {},
): RecordSpec {
  return { type: 'record', fields, ...more }
}

describe("fields that are not Kong's", () => {
  const spec = specOf({
    name: string(),
    limit: integer({ own: true, between: [1, 9] }),
    more: { ...record({ port: integer({ default: 80 }) }), required: false, own: true },
  })

  it('are in a row only where they are set, and then as good as others', () => {
    expect(parseRecord(spec, { name: 'a' })).toEqual({ ok: true, value: { name: 'a' } })
    expect(parseRecord(spec, { limit: 5, more: {} })).toEqual({
      ok: true,
      value: { name: null, limit: 5, more: { port: 80 } },
    })
    expect(parseRecord(spec, { limit: 10 })).toMatchObject({ ok: false })
  })

  it('go when they are unset', () => {
    const current = { name: 'a', limit: 5, more: { port: 81 } }
    expect(
      parseRecord(spec, { limit: null, more: { port: 82 } }, { mode: 'update', current }),
    ).toEqual({ ok: true, value: { name: 'a', more: { port: 82 } } })
  })
})

/** What is said of one field's value; nothing when it is good. */
function said(field: Field, value: unknown, options?: RecordParseOptions): unknown {
  const result = parseRecord(specOf({ field }), { field: value }, options)
  return result.ok ? undefined : errorFields(result.violations)['field']
}

function parsed(spec: RecordSpec, input: unknown, options?: RecordParseOptions) {
  const result = parseRecord(spec, input, options)
  return result.ok ? result.value : errorFields(result.violations)
}

describe('parseRecord › types', () => {
  it.each([
    [string(), 5, 'expected a string'],
    [string(), '', 'length must be at least 1'],
    [string({ len_min: 0 }), '', undefined],
    [number(), '5', 'expected a number'],
    [number(), Infinity, 'expected a number'],
    [number(), 1.5, undefined],
    [integer(), 1.5, 'expected an integer'],
    [integer(), 1, undefined],
    [boolean(), 'true', 'expected a boolean'],
    [array(string()), 'a', 'expected an array'],
    [array(string()), {}, undefined],
    [array(string()), ['a', 5, null], [null, 'expected a string', 'required field missing']],
    [set(string()), 'a', 'expected a set'],
    [map(string(), integer()), 5, 'expected a map'],
    [map(string(), integer()), { a: 'x' }, 'expected an integer'],
    [map(string(), integer()), ['a'], 'expected a string'],
    [record({ a: string() }), 'x', 'expected a record'],
    [record({ a: string() }), { b: 1 }, { b: 'unknown field' }],
    [record({ a: string() }), ['x'], ['unknown field']],
    [foreign('things'), { id: '11111111-1111-4111-8111-111111111111' }, undefined],
    [foreign('things'), { name: 'x' }, { id: 'missing primary key' }],
    [foreign('things'), 'x', { id: 'missing primary key' }],
    [foreign('things'), { id: 'x' }, { id: 'expected a valid UUID' }],
    [json(), { any: ['thing'] }, undefined],
  ] as readonly [Field, unknown, unknown][])('%j: %j', (field, value, message) => {
    expect(said(field, value)).toEqual(message)
  })
})

describe('parseRecord › rules', () => {
  it.each([
    [string({ required: true }), null, 'required field missing'],
    [string({ eq: 'a' }), 'b', 'value must be a'],
    [string({ eq: null as never }), 'b', 'value must be null'],
    [string({ ne: 'a' }), 'a', 'value must not be a'],
    [boolean({ eq: false }), true, 'value must be false'],
    [boolean({ ne: false }), false, 'value must not be false'],
    [string({ one_of: ['a', 'b'] }), 'c', 'expected one of: a, b'],
    [string({ not_one_of: ['a', 'b'] }), 'a', 'must not be one of: a, b'],
    [number({ gt: 5 }), 5, 'value must be greater than 5'],
    [integer({ between: [1, 9] }), 10, 'value should be between 1 and 9'],
    [number({ between: [0.001, 9] }), 10, 'value should be between 0 and 9'],
    [integer({ timestamp: true }), 0, 'expected a valid timestamp'],
    [string({ uuid: true }), 'x', 'expected a valid UUID'],
    [string({ is_regex: true }), '(', 'not a valid regex: ('],
    [string({ len_eq: 2 }), 'abc', 'length must be 2'],
    [string({ len_max: 2 }), 'ää', 'length must be at most 2'],
    [array(string(), { len_min: 1 }), [], 'length must be at least 1'],
    [string({ starts_with: '/' }), 'a', 'should start with: /'],
    [string({ match: '^%u+$' }), 'get', 'invalid value: get'],
    [string({ not_match: '%s' }), 'a b', 'invalid value: a b'],
    [string({ match_none: [{ pattern: '//', err: 'no' }] }), 'a//b', 'no'],
    [string({ match_all: [{ pattern: '^a' }, { pattern: 'b$' }] }), 'ac', 'invalid value: ac'],
    [string({ match_any: { patterns: ['^a', 'b$'], err: 'none' } }), 'cd', 'none'],
    [array(string(), { contains: 'x' }), ['a'], 'expected to contain: x'],
    [string({ custom_validator: (text: string) => `bad ${text}` }), 'a', 'bad a'],
    [string({ one_of: ['a'], err: 'own words' }), 'b', 'own words'],
    [
      set(string(), { mutually_exclusive_subsets: [['a'], ['b', 'c']] }),
      ['c', 'a', 'b'],
      "these sets are mutually exclusive: ('b', 'c'), ('a')",
    ],
  ] as readonly [Field, unknown, unknown][])('%j: %j', (field, value, message) => {
    expect(said(field, value)).toEqual(message)
  })

  it('asks the gateway what a regex is', () => {
    const field = string({ is_regex: true })
    expect(said(field, 'x', { mode: 'insert', isRegex: () => false })).toBe('not a valid regex: x')
  })

  it('passes references to vaults where they may stand', () => {
    const reference = '{vault://env/x}'
    expect(said(string({ len_max: 2, referenceable: true }), reference)).toBeUndefined()
    expect(said(string({ len_max: 2 }), reference)).toBe('length must be at most 2')
  })
})

describe('parseRecord › on insert', () => {
  const spec = specOf({
    id: string({ auto: true, uuid: true }),
    created_at: integer({ auto: true, timestamp: true }),
    updated_at: integer({ auto: true, timestamp: true }),
    key: string({ auto: true }),
    list: array(string(), { default: ['a'] }),
    inner: record({ deep: record({ port: integer({ default: 80 }) }), name: string() }),
    tags: set(string()),
  })

  it('fills in what is absent, records at every depth', () => {
    expect(parsed(spec, {}, { mode: 'insert', nowSeconds: 5.5 })).toEqual({
      id: expect.stringMatching(/^[\da-f]{8}-/) as string,
      created_at: 5,
      updated_at: 5,
      key: expect.stringMatching(/^[A-Za-z0-9]{32}$/) as string,
      list: ['a'],
      inner: { deep: { port: 80 }, name: null },
      tags: null,
    })
  })

  it('makes up what is absent in records that are absent, and not in those that are null', () => {
    const nested = specOf({ inner: record({ deep: record({ key: string({ auto: true }) }) }) })
    const key = expect.stringMatching(/^[A-Za-z0-9]{32}$/) as string
    expect(parsed(nested, {})).toEqual({ inner: { deep: { key } } })
    expect(parseRecord(nested, { inner: null })).toMatchObject({ ok: false })
  })

  it('keeps what is given, but for the time of the last change', () => {
    const id = '11111111-1111-4111-8111-111111111111'
    const given = { id, created_at: 1, updated_at: 2, key: 'k', list: null, tags: ['a', 'b', 'a'] }
    expect(parsed(spec, given, { mode: 'insert', nowSeconds: 9 })).toMatchObject({
      id,
      created_at: 1,
      updated_at: 9,
      key: 'k',
      list: null,
      tags: ['a', 'b'],
    })
  })

  it('shares no default between rows', () => {
    const first = parsed(spec, {}) as { list: string[] }
    first.list.push('b')
    expect(parsed(spec, {})).toMatchObject({ list: ['a'] })
  })
})

describe('parseRecord › on update', () => {
  const spec = specOf({
    name: string({ required: true }),
    fixed: string({ immutable: true }),
    port: integer({ default: 80 }),
    inner: record({ a: integer(), b: integer() }),
    list: array(string()),
  })
  const current = { name: 'n', fixed: 'f', port: 1, inner: { a: 1, b: 2 }, list: ['x', 'y'] }
  const update = (input: object) => parsed(spec, input, { mode: 'update', current })

  it('merges records and replaces the rest', () => {
    expect(update({ inner: { b: 3 }, list: ['z'] })).toEqual({
      ...current,
      inner: { a: 1, b: 3 },
      list: ['z'],
    })
  })

  it('unsets what is null, and fills in nothing', () => {
    expect(update({ port: null })).toEqual({ ...current, port: null })
    expect(update({ name: null })).toEqual({ name: 'required field missing' })
  })

  it('leaves what must not change', () => {
    expect(update({ fixed: 'f' })).toEqual(current)
    expect(update({ fixed: 'g' })).toEqual({ fixed: 'immutable field cannot be updated' })
  })
})

describe('parseRecord › checks across fields', () => {
  const fields = { a: string(), b: string(), c: integer(), on: boolean() }
  const check = (
    checks: RecordSpec['entity_checks'],
    input: object,
    options?: RecordParseOptions,
  ) => parsed(specOf(fields, { entity_checks: checks! }), input, options)

  it.each([
    [
      { at_least_one_of: ['a', 'b'] },
      {},
      "at least one of these fields must be non-empty: 'a', 'b'",
    ],
    [
      { only_one_of: ['a', 'b'] },
      { a: 'x', b: 'y' },
      "exactly one of these fields must be non-empty: 'a', 'b'",
    ],
    [
      { distinct: ['a', 'b'] },
      { a: 'x', b: 'x' },
      "values of these fields must be distinct: 'a', 'b'",
    ],
    [
      { mutually_required: ['a', 'b'] },
      { a: 'x' },
      "all or none of these fields must be set: 'a', 'b'",
    ],
    [
      { mutually_exclusive: ['a', 'b'] },
      { a: 'x', b: 'y' },
      "only one or none of these fields must be set: 'a', 'b'",
    ],
    [
      { mutually_exclusive_sets: { set1: ['a'], set2: ['b', 'c'] } },
      { a: 'x', c: 1 },
      "these sets are mutually exclusive: ('a'), ('c')",
    ],
    [
      {
        conditional_at_least_one_of: {
          if_field: 'a',
          if_match: { eq: 'x' },
          then_at_least_one_of: ['b', 'c'],
          then_err: 'need %s',
        },
      },
      { a: 'x' },
      "need 'b', 'c'",
    ],
    [
      { custom_entity_check: { field_sources: ['a'], fn: ({ a }) => `no ${a!}` } },
      { a: 'x' },
      'no x',
    ],
  ] as readonly [NonNullable<RecordSpec['entity_checks']>[number], object, string][])(
    '%j: %j',
    (rule, input, message) => {
      expect(check([rule], input)).toEqual({ '@entity': [message] })
    },
  )

  it('judges one field by another', () => {
    const rule = {
      conditional: {
        if_field: 'a',
        if_match: { eq: 'x' },
        then_field: 'b',
        then_match: { required: true },
      },
    }
    expect(check([rule], { a: 'y' })).toMatchObject({ a: 'y' })
    expect(check([rule], { a: 'x' })).toEqual({
      '@entity': ["failed conditional validation given value of field 'a'"],
      b: 'required field missing',
    })
  })

  it('says so differently on update', () => {
    const options = { mode: 'update', current: { a: 'x', b: null, c: null, on: null } } as const
    expect(check([{ at_least_one_of: ['a', 'b'] }], { a: null }, options)).toEqual({
      '@entity': ["when updating, at least one of these fields must be non-empty: 'a', 'b'"],
    })
  })

  it('leaves out checks on fields that are wrong already', () => {
    const rule = { custom_entity_check: { field_sources: ['a'], fn: () => 'never said' } }
    expect(check([rule], { a: 5 })).toEqual({ a: 'expected a string' })
    expect(check([{ at_least_one_of: ['a'] }], { a: '' })).toEqual({
      '@entity': ["at least one of these fields must be non-empty: 'a'"],
      a: 'length must be at least 1',
    })
  })

  it('counts fields of a record even where one is wrong', () => {
    const spec = specOf(
      { config: record({ a: string(), b: string() }) },
      { entity_checks: [{ mutually_required: ['config.a', 'config.b'] }] },
    )
    expect(parsed(spec, { config: { a: 5 } })).toEqual({
      '@entity': ["all or none of these fields must be set: 'config.a', 'config.b'"],
      config: { a: 'expected a string' },
    })
    expect(parsed(spec, { config: { a: 5, b: 'x' } })).toEqual({
      config: { a: 'expected a string' },
    })
  })

  it('sees what was sent where it was of the wrong type', () => {
    expect(check([{ at_least_one_of: ['a'] }], { a: ['x'] })).toEqual({ a: 'expected a string' })
  })
})

describe('parseRecord › shorthands', () => {
  const deprecated = (...path: string[]) => ({
    field: string({
      deprecation: { message: 'old', removal_in_version: '4.0', replaced_with: [{ path }] },
    }),
  })
  const spec = specOf(
    { host: string(), port: integer(), redis: record({ host: string(), port: integer() }) },
    {
      shorthand_fields: {
        address: {
          field: string(),
          expand: (text: string) => ({
            host: text.split(':')[0],
            port: Number(text.split(':')[1]),
          }),
        },
        redis_host: deprecated('redis', 'host'),
      },
    },
  )

  it('stand for other fields, and win over them', () => {
    expect(parsed(spec, { address: 'a:1', port: 2 })).toMatchObject({ host: 'a', port: 1 })
  })

  it('yield to the field that replaced them', () => {
    expect(parsed(spec, { redis_host: 'a' })).toMatchObject({ redis: { host: 'a', port: null } })
    expect(parsed(spec, { redis_host: 'a', redis: { host: 'a', port: 5 } })).toMatchObject({
      redis: { host: 'a', port: 5 },
    })
    expect(parsed(spec, { redis_host: null, redis: { host: 'b' } })).toMatchObject({
      redis: { host: 'b' },
    })
    expect(parsed(spec, { redis_host: 'a', redis: { host: 'b' } })).toEqual({
      redis_host:
        'both deprecated and new field are used but their values mismatch: redis_host = a vs redis.host = b',
    })
  })

  it('have types of their own', () => {
    expect(parsed(spec, { address: 5 })).toEqual({ address: 'expected a string' })
  })
})

describe('parseRecord', () => {
  it('is safe from names that mean something to objects', () => {
    const spec = specOf({ a: map(string(), string()), b: json() })
    const input = JSON.parse(
      '{"a":{"__proto__":"x","constructor":"y"},"__proto__":{"c":1}}',
    ) as object
    const result = parseRecord(spec, input)
    expect(result).toEqual({
      ok: false,
      violations: [{ path: ['__proto__'], message: 'unknown field', kind: 'field' }],
    })
    expect(({} as { c?: unknown }).c).toBeUndefined()
  })

  it('refuses values nested endlessly', () => {
    let value: unknown = 1
    for (let depth = 0; depth < 1000; depth += 1) value = [value]
    expect(said(json(), value)).toBe('nested too deeply')
  })

  it('changes nothing about what it parsed before, whatever the input', () => {
    const spec = specOf({
      text: string(),
      list: set(string({ len_min: 0 })),
      inner: record({ flag: boolean({ default: true }), more: map(string(), number()) }),
      free: json(),
    })
    const input = fc.record(
      {
        text: fc.oneof(fc.string(), fc.jsonValue()),
        list: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
        inner: fc.oneof(
          fc.record({
            flag: fc.boolean(),
            more: fc.dictionary(fc.string(), fc.double({ noNaN: true })),
          }),
          fc.jsonValue(),
        ),
        free: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(input, (value) => {
        const before = JSON.stringify(value)
        const first = parseRecord(spec, value)
        expect(JSON.stringify(value)).toBe(before)
        if (first.ok) expect(parseRecord(spec, first.value)).toEqual(first)
        else expect(first.violations.length).toBeGreaterThan(0)
      }),
    )
  })
})
