import { describe, expect, it } from 'vitest'
import { parseQuery } from './query.ts'

describe('parseQuery', () => {
  it.each([
    ['', []],
    [
      'a=1&b&c=',
      [
        ['a', '1'],
        ['b', true],
        ['c', ''],
      ],
    ],
    ['&a=1&&=2', [['a', '1']]],
    ['a=b=c', [['a', 'b=c']]],
    ['a+b=%20c%2B', [['a b', ' c+']]],
    ['a=%zz%4', [['a', '%zz%4']]],
    ['%C3%A4=%E2%82%AC', [['ä', '€']]],
    ['\u00C3\u00A4=x+\u00C3\u00A4', [['ä', 'x ä']]],
    ['a=%C3\u00A4', [['a', 'ä']]],
  ])('of %j', (rawQuery, pairs) => {
    expect(parseQuery(rawQuery)).toEqual(pairs)
  })
})
