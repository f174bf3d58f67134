import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nestFields } from './form-fields.ts'

const nested = (...pairs: [string, string][]): unknown =>
  JSON.parse(JSON.stringify(nestFields(pairs)))

describe('nestFields()', () => {
  it.each<[string, [string, string][], unknown]>([
    ['a plain name', [['a', '1']], { a: '1' }],
    ['dots', [['config.redis.host', 'h']], { config: { redis: { host: 'h' } } }],
    ['brackets', [['service[name]', 's']], { service: { name: 's' } }],
    ['a dotted name in brackets', [['headers[x.y]', 'v']], { headers: { 'x.y': 'v' } }],
    [
      'empty brackets',
      [
        ['tags[]', 'a'],
        ['tags[]', 'b'],
      ],
      { tags: ['a', 'b'] },
    ],
    [
      'numbered brackets',
      [
        ['tags[2]', 'b'],
        ['tags[1]', 'a'],
      ],
      { tags: { 1: 'a', 2: 'b' } },
    ],
    [
      'repeated names',
      [
        ['tags', 'a'],
        ['tags', 'b'],
      ],
      { tags: ['a', 'b'] },
    ],
    ['a list in an object', [['headers.x-a[]', '1']], { headers: { 'x-a': ['1'] } }],
    ['objects in a list', [['sources[1].ip', '::1']], { sources: { 1: { ip: '::1' } } }],
    [
      'lists after plain ones',
      [
        ['a', '1'],
        ['a[]', '2'],
      ],
      { a: ['2'] },
    ],
    [
      'unbalanced brackets',
      [
        ['a[b', '1'],
        ['c]d', '2'],
        ['[]', '3'],
      ],
      { 'a[b': '1', 'c]d': '2', '[]': '3' },
    ],
  ])('reads %s', (_name, pairs, expected) => {
    expect(nested(...pairs)).toEqual(expected)
  })

  it('takes a name that goes deeper than any schema as one', () => {
    const name = `a${'[b]'.repeat(5000)}`
    expect(nestFields([[name, '1']])).toEqual(Object.assign(Object.create(null), { [name]: '1' }))
  })

  it('never touches what all objects share, whatever the names', () => {
    const part = fc.constantFrom('__proto__', 'constructor', 'prototype', 'a', '')
    const name = fc
      .tuple(part, fc.array(fc.tuple(fc.constantFrom('.', '['), part), { maxLength: 4 }))
      .map(([head, rest]) =>
        rest.reduce<string>(
          (text, [mark, step]) => text + (mark === '.' ? `.${step}` : `[${step}]`),
          head,
        ),
      )
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string()), { maxLength: 6 }), (pairs) => {
        nestFields(pairs)
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(PROTOTYPE_NAMES)
        expect(({} as Record<string, unknown>)['a']).toBeUndefined()
      }),
    )
  })
})

const PROTOTYPE_NAMES = Object.getOwnPropertyNames(Object.prototype)
