import { describe, expect, it } from 'vitest'
import { coerceForm } from './coerce.ts'
import { array, boolean, foreign, integer, map, number, record, set, string } from './field.ts'
import type { RecordSpec } from './field.ts'

const spec: RecordSpec = {
  type: 'record',
  fields: {
    name: string(),
    port: integer(),
    weight: number(),
    on: boolean(),
    tags: set(string()),
    ports: array(integer()),
    sources: set(record({ ip: string(), port: integer() })),
    headers: map(string(), array(string())),
    config: record({ limit: number(), list: array(string()) }),
    service: foreign('services'),
  },
  shorthand_fields: { retries: { field: integer() } },
}

describe('coerceForm', () => {
  it.each([
    [{ name: '5' }, { name: '5' }],
    [{ name: '' }, { name: null }],
    [{ port: '80' }, { port: 80 }],
    [{ port: ' 0x10 ' }, { port: 16 }],
    [{ port: '-0x1f' }, { port: -31 }],
    [{ weight: '+.5' }, { weight: 0.5 }],
    [{ port: '-0' }, { port: 0 }],
    [{ port: '--1' }, { port: '--1' }],
    [{ port: 'many' }, { port: 'many' }],
    [{ weight: '1e3' }, { weight: 1000 }],
    [{ on: 'true' }, { on: true }],
    [{ on: 'false' }, { on: false }],
    [{ on: '1' }, { on: '1' }],
    [{ tags: 'a' }, { tags: ['a'] }],
    [{ ports: ['1', '2'] }, { ports: [1, 2] }],
    [{ ports: { 2: '9', 1: '8' } }, { ports: [8, 9] }],
    [{ sources: { 1: { ip: 'x', port: '5' } } }, { sources: [{ ip: 'x', port: 5 }] }],
    [{ headers: { a: 'x', b: ['y', 'z'] } }, { headers: { a: ['x'], b: ['y', 'z'] } }],
    [
      { config: { limit: '5', list: 'x', more: '1' } },
      { config: { limit: 5, list: ['x'], more: '1' } },
    ],
    [{ service: { id: 'x' } }, { service: { id: 'x' } }],
    [
      { retries: '5', nope: '5' },
      { retries: 5, nope: '5' },
    ],
  ])('makes %j fit', (form, value) => {
    expect(coerceForm(spec, form)).toEqual(value)
  })

  it('gives no name a meaning', () => {
    const form = JSON.parse('{"__proto__":{"a":"1"}}') as Record<string, unknown>
    expect(Object.keys(coerceForm(spec, form))).toEqual(['__proto__'])
  })
})
