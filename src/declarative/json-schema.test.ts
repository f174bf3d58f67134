import { describe, expect, it } from 'vitest'
import { createCatalog } from '../entities/create-catalog.ts'
import { integer, record } from '../schema/field.ts'
import { jsonSchemaOfDeclarative } from './json-schema.ts'

const catalog = createCatalog(
  [
    {
      name: 'limiter',
      config: record({ minute: integer({ required: true }) }) as never,
      checks: [],
      protocols: { allowed: ['http'], default: ['http'] },
      not: ['consumer'],
      entities: [],
    },
  ],
  { flavor: 'traditional_compatible' },
)

interface Shown {
  readonly properties: Readonly<Record<string, object>>
  readonly required?: readonly string[]
  readonly $defs: Readonly<Record<string, Shown>>
  readonly allOf?: readonly unknown[]
}

const schema = jsonSchemaOfDeclarative(catalog) as unknown as Shown

describe('jsonSchemaOfDeclarative', () => {
  it('lists every kind of entity at the top and where it may be nested', () => {
    expect(schema.required).toEqual(['_format_version'])
    expect(schema.properties['services']).toEqual({
      type: ['array', 'null'],
      items: { $ref: '#/$defs/services' },
    })
    expect(schema.$defs['services']!.properties['routes']).toEqual({
      type: ['array', 'null'],
      items: { $ref: '#/$defs/routes' },
    })
    expect(schema.$defs['consumers']!.properties).not.toHaveProperty('routes')
  })

  it('lets references be names, and be left out inside a parent', () => {
    expect(schema.$defs['targets']!.required).toEqual(['target'])
    expect(schema.$defs['routes']!.properties['service']).toMatchObject({
      anyOf: [{ type: 'string' }, { type: 'null' }, { type: 'object' }],
    })
  })

  it('asks for no host where a URL may stand for it', () => {
    expect(schema.$defs['services']!.required).toEqual([])
    expect(schema.$defs['services']!.properties).toHaveProperty('url')
  })

  it('knows the config of each plugin', () => {
    expect(schema.$defs['plugins']!.allOf).toEqual([
      { properties: { name: { enum: ['limiter'] } } },
      {
        if: { properties: { name: { const: 'limiter' } }, required: ['name'] },
        // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
        then: {
          properties: {
            config: {
              type: ['object', 'null'],
              properties: { minute: { type: 'integer' } },
              required: ['minute'],
              additionalProperties: false,
            },
            consumer: { type: 'null' },
          },
        },
      },
    ])
  })
})
