import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromByteString } from '../base/buffer-slices.ts'
import { parseQuery } from '../http/query.ts'
import {
  argumentsAsBytes,
  asFormWithoutArgument,
  encodeArgument,
  withoutArgument,
} from './query-arguments.ts'

describe('withoutArgument', () => {
  it.each([
    ['an argument in the middle', 'a=1&key=x&b=2', 'a=1&b=2'],
    ['every argument of the name', 'key=x&a=1&key=y', 'a=1'],
    ['a bare argument', 'key&a', 'a'],
    ['a name that is percent-encoded', '%6bey=x&a=1', 'a=1'],
    ['an only argument', 'key=x', ''],
    ['nothing from a query without it', 'a=%41&keys=1', 'a=%41&keys=1'],
    ['encodings that need not be', 'key=x&a=%41%20b+c%2Fd', 'a=A%20b%20c%2Fd'],
    ['bytes that are not UTF-8 stay as they are', 'key=x&a=%ff', 'a=%FF'],
    ['empty values and bare names stay so', 'key=x&a=&b', 'a=&b'],
    ['a broken encoding is made readable', 'key=x&a=%zz', 'a=%25zz'],
    ['bytes that are not encoded are', 'key=x&a=\u00C3\u00A4', 'a=%C3%A4'],
  ])('takes out %s', (_, query, expected) => {
    expect(withoutArgument(query, 'key')).toBe(expected)
  })

  it('leaves all other arguments in order and decoded alike, and none of the name', () => {
    const argument = fc.tuple(fc.string({ minLength: 1 }), fc.string())
    fc.assert(
      fc.property(fc.array(argument), fc.string({ minLength: 1 }), (pairs, name) => {
        const all = [...pairs, [name, 'x'] as const]
        const query = all.map(([key, value]) => `${encodeArgument(key)}=${encodeArgument(value)}`)
        const left = parseQuery(withoutArgument(query.join('&'), name))
        expect(left).toEqual(pairs.filter(([key]) => key !== name))
      }),
    )
  })
})

describe('asFormWithoutArgument', () => {
  it.each([
    ['the argument', 'a=1&key=x&b=2&%6bey=y', 'a=1&b=2'],
    ['nothing, but writes anew', 'a=%7e&b=c%20d&e=f+g', 'a=%7E&b=c+d&e=f+g'],
    ['a bare name with a value of nothing', 'time[0:1]&a=', 'time%5B0%3A1%5D=&a='],
    ['an only argument', 'key', ''],
    ['empty parts', '&a=1&&b=2&', 'a=1&b=2'],
    ['an empty name as it is', '=1&a=b=c', '=1&a=b%3Dc'],
    ['letters that need no encoding decoded', 'a=%41%2a%2D%2e%5f', 'a=A*-._'],
    ['bytes that are not UTF-8', 'a=%ff&b=%C3%A4', 'a=%FF&b=%C3%A4'],
    ['a broken encoding made readable', 'a=%zz', 'a=%25zz'],
  ])('takes out %s', (_, query, expected) => {
    expect(asFormWithoutArgument(query, 'key')).toBe(expected)
  })

  it('takes out a name beyond ASCII', () => {
    expect(asFormWithoutArgument('a=1&%C3%A4=2&\u00C3\u00A4=3', 'ä')).toBe('a=1')
  })
})

describe('argumentsAsBytes', () => {
  it('tells bytes apart that are no text', () => {
    expect(argumentsAsBytes('a=%fe&a=\u00FF&%C3%A4=x+y&b&c=&&=d')).toEqual([
      ['a', '\u00FE'],
      ['a', '\u00FF'],
      ['\u00C3\u00A4', 'x y'],
      ['b', true],
      ['c', ''],
    ])
  })

  it('gives what is parsed', () => {
    const argument = fc.tuple(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(fc.array(argument), (pairs) => {
        const query = pairs.map((pair) => pair.map(encodeArgument).join('=')).join('&')
        const read = argumentsAsBytes(query).map((pair) =>
          pair.map((text) => fromByteString(String(text))),
        )
        expect(read).toEqual(parseQuery(query))
      }),
    )
  })
})
