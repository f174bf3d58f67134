import { describe, expect, it } from 'vitest'
import { configValue } from './config-value.ts'
import { describeSchema } from './describe.ts'
import { array, integer, map, record, string, type RecordSpec } from './field.ts'
import { jsonSchema } from './json-schema.ts'

const spec: RecordSpec = {
  type: 'record',
  fields: {
    name: string({ required: true, description: 'Its name.', custom_validator: () => undefined }),
    port: integer({ default: 80, between: [0, 65_535] }),
    method: string({ one_of: ['GET', 'PUT'] }),
    list: array(string({ match: '^%u+$' }), { len_min: 1 }),
    headers: map(string(), array(string())),
    inner: record(
      { host: string({ required: true }), limit: integer({ default: 5 }) },
      { shorthand_fields: { old: { field: string(), expand: () => ({}) } } },
    ),
    nothing: { type: 'foreign', reference: 'things', eq: null },
  },
  entity_checks: [
    { custom_entity_check: { field_sources: ['name'], fn: () => undefined } },
    { at_least_one_of: ['name'] },
  ],
}

describe('describeSchema', () => {
  it("leaves out what is not Kong's", () => {
    const fields = { name: string(), more: string({ own: true }) }
    const check = { own: true, field_sources: ['more'], fn: () => undefined } as const
    const entity_checks = [{ custom_entity_check: check }]
    expect(describeSchema({ type: 'record', fields, entity_checks })).toEqual({
      entity_checks: [],
      fields: [{ name: { type: 'string' } }],
    })
  })

  it('says all but what only the gateway can do', () => {
    expect(describeSchema(spec)).toEqual({
      entity_checks: [
        { custom_entity_check: { field_sources: ['name'] } },
        { at_least_one_of: ['name'] },
      ],
      fields: [
        { name: { type: 'string', required: true, description: 'Its name.' } },
        { port: { type: 'integer', default: 80, between: [0, 65_535] } },
        { method: { type: 'string', one_of: ['GET', 'PUT'] } },
        { list: { type: 'array', elements: { type: 'string', match: '^%u+$' }, len_min: 1 } },
        {
          headers: {
            type: 'map',
            keys: { type: 'string' },
            values: { type: 'array', elements: { type: 'string' } },
          },
        },
        {
          inner: {
            type: 'record',
            required: true,
            fields: [
              { host: { type: 'string', required: true } },
              { limit: { type: 'integer', default: 5 } },
            ],
            shorthand_fields: [{ old: { type: 'string' } }],
          },
        },
        { nothing: { type: 'foreign', reference: 'things', eq: null } },
      ],
    })
  })
})

describe('jsonSchema', () => {
  it('says the same to editors', () => {
    expect(jsonSchema(spec, 'Thing')).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Thing',
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 1, description: 'Its name.' },
        port: { type: ['integer', 'null'], minimum: 0, maximum: 65_535, default: 80 },
        method: { type: ['string', 'null'], enum: ['GET', 'PUT', null] },
        list: {
          type: ['array', 'null'],
          items: { type: 'string', minLength: 1, pattern: '^[A-Z]+$' },
          minItems: 1,
        },
        headers: {
          type: ['object', 'null'],
          propertyNames: { type: 'string', minLength: 1 },
          additionalProperties: { type: 'array', items: { type: 'string', minLength: 1 } },
        },
        inner: {
          type: 'object',
          properties: {
            host: { type: 'string', minLength: 1 },
            limit: { type: ['integer', 'null'], default: 5 },
            old: { type: ['string', 'null'], minLength: 1, writeOnly: true },
          },
          required: ['host'],
          additionalProperties: false,
        },
        nothing: { type: 'null' },
      },
      required: ['name', 'inner'],
      additionalProperties: false,
    })
  })
})

describe('configValue', () => {
  it('leaves out what is unset, but nothing of lists and maps', () => {
    const row = {
      name: 'n',
      port: null,
      list: [],
      headers: { a: ['x'] },
      inner: { host: null, limit: 5 },
      nothing: null,
    }
    expect(configValue(spec, row)).toEqual({
      name: 'n',
      list: [],
      headers: { a: ['x'] },
      inner: { limit: 5 },
    })
  })
})
